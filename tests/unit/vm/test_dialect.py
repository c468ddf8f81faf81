"""The vm dialect: text in, the same text out; classes made from the opcode table."""

from __future__ import annotations

import textwrap

import pytest
from xdsl.dialects.builtin import i32

from pyrie.dialects import vm
from pyrie.dialects.registry import make_context
from pyrie.format.opcodes import OPCODES
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module

TEXT = textwrap.dedent("""\
    module {
      vm.module public @m {
        vm.global.i32 private mutable @counter = 4 : i32
        vm.global.f32 private @scale : f32
        vm.rodata private @bytes <alignment = 16, mime_type = "text/plain"> dense<[1, 2]> : tensor<2xi8>
        vm.import private optional @other.join(%a : i32, %b : tuple<i32, !vm.buffer> ...) -> i32 attributes {minimum_version = 3 : i32}
        vm.export @f as("g") attributes {note = "x"}
        vm.func private @f(%arg0: i32, %arg1: i64, %arg2: f32, %arg3: !vm.list<i32>, %arg4: !vm.buffer, %arg5: !vm.ref<?>) -> i32 {
          %0 = vm.const.f32 1.500000e+00
          %zero = vm.const.i64.zero
          %counter = vm.global.load.i32 @counter : i32
          vm.global.store.f32 %0, @scale : f32
          %1 = vm.add.f32 %arg2, %0 : f32
          %2 = vm.cmp.lt.f32.o %1, %arg2 : f32
          %3 = vm.shl.i64 %arg1, %arg0 : i64
          %4 = vm.switch.i32 %arg0[%arg0, %counter] else %2 : i32
          %5 = vm.list.get.i32 %arg3, %arg0 : (!vm.list<i32>, i32) -> i32
          vm.list.set.i32 %arg3, %arg0, %5 : (!vm.list<i32>, i32, i32)
          %6 = vm.buffer.load.i32 %arg4[%arg1] : !vm.buffer -> i32
          vm.buffer.store.i8 %6, %arg4[%arg1] : i32 -> !vm.buffer
          %ref = vm.select.ref %arg0, %arg5, %arg5 : !vm.ref<?>
          %7 = vm.call.variadic @other.join(%arg0, [(%5, %arg4), (%6, %arg4)]) : (i32, tuple<i32, !vm.buffer> ...) -> i32
          vm.br_table %arg0 {
            default: ^bb1(%arg0 : i32),
            0: ^bb1(%counter : i32),
            1: ^bb2
          }
        ^bb1(%8: i32):  // 3 preds: ^bb0, ^bb0, ^bb2
          vm.cond_fail %8, "bad"
          vm.return %8 : i32
        ^bb2:  // pred: ^bb0
          vm.call.yieldable @g(%arg0, %arg1, %arg2, %arg3) : (i32, i64, f32, !vm.list<i32>) -> ^bb1 (i32)
        }
      }
    }
    """)


def test_text_round_trips():
    module = parse_module(TEXT, make_context(), name="vm")
    module.verify()
    assert print_module(module).strip() == TEXT.strip()


@pytest.mark.parametrize("opcode", [op for op in OPCODES if op.mnemonic in vm.OPS], ids=lambda op: op.mnemonic)
def test_operands_and_results_are_the_register_fields(opcode):
    definition = vm.OPS[opcode.mnemonic].get_irdl_definition()
    registers = [f for f in opcode.fields if f.kind.name.startswith("REGISTER")]
    assert [name for name, _ in definition.operands] == [f.name for f in registers if not f.result]
    assert [name for name, _ in definition.results] == [f.name for f in registers if f.result]


def test_ops_are_built_in_field_order():
    a = vm.OPS["const.i32.zero"].create_op()
    add = vm.OPS["add.i32"].create_op(a.results[0], a.results[0])
    assert add.results[0].type == i32
    assert vm.is_zero_constant(a) and not vm.is_zero_constant(add)
