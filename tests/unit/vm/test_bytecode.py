"""What becomes of ops, references and constants in bytecode."""

from __future__ import annotations

import random

import numpy as np
import pytest

from pyrie.dialects.registry import make_context
from pyrie.format.disassembler import disassemble_function
from pyrie.format.opcodes import MOVE_BIT, REF_BIT
from pyrie.ir.parser import parse_module
from pyrie.passes.vm.bytecode import build_module
from pyrie.passes.vm.bytecode.branches import Copy, Scratch, sequence
from pyrie.passes.vm.bytecode.emission import find_module
from pyrie.passes.vm.bytecode.rodata import serialize
from pyrie.support.errors import CompileError

R0, R1, R2 = REF_BIT, REF_BIT | 1, REF_BIT | 2


def module_of(text: str):
    return build_module(find_module(parse_module(f"vm.module public @m {{\n{text}\n}}", make_context())))


def listing(text: str) -> list[str]:
    """The instructions of the first function, without offsets."""
    lines = disassemble_function(module_of(text), 0).splitlines()[1:]
    return [line if line.startswith("^") else line.split(maxsplit=1)[1] for line in lines]


def test_references_are_moved_where_they_end():
    lines = listing("""
      vm.global.ref private mutable @g : !vm.ref<!hal.buffer>
      vm.import private @hal.f(%a : !vm.ref<!hal.buffer>, %b : !vm.ref<!hal.buffer>) -> i32
      vm.func private @f(%a: !vm.ref<!hal.buffer>, %b: !vm.ref<!hal.buffer>) {
        %0 = vm.call @hal.f(%a, %a) : (!vm.ref<!hal.buffer>, !vm.ref<!hal.buffer>) -> i32
        %1 = vm.call @hal.f(%a, %b) : (!vm.ref<!hal.buffer>, !vm.ref<!hal.buffer>) -> i32
        vm.discard.refs %a : !vm.ref<!hal.buffer>
        %rnz = vm.cmp.nz.ref %b : !vm.ref<!hal.buffer>
        vm.discard.refs %b : !vm.ref<!hal.buffer>
        vm.return
      }""")
    assert lines == [
        "^bb0:",
        "%i0 = vm.call @hal.f(%r0, %r0)",
        "%i0 = vm.call @hal.f(%R0, %r1)",  # the second is still compared
        "%i0 = vm.cmp.nz.ref %r1",  # comparing cannot move
        "vm.discard.refs(%r1)",
        "vm.return()",
    ]


def test_the_last_of_equal_operands_is_moved():
    lines = listing("""
      vm.import private @hal.f(%a : !vm.ref<!hal.buffer>, %b : !vm.ref<!hal.buffer>)
      vm.func private @f(%a: !vm.ref<!hal.buffer>) {
        vm.call @hal.f(%a, %a) : (!vm.ref<!hal.buffer>, !vm.ref<!hal.buffer>) -> ()
        vm.return
      }""")
    assert lines[1] == "vm.call @hal.f(%r0, %R0)"


def test_references_that_a_branch_takes_along():
    """Moved on the edge where they end, copied where the target still wants them, untouched where they already are."""
    lines = listing("""
      vm.func private @f(%a: !vm.ref<!hal.buffer>, %c: i32) -> !vm.ref<!hal.buffer> {
        vm.cond_br %c, ^both(%a, %a : !vm.ref<!hal.buffer>, !vm.ref<!hal.buffer>), ^one(%a : !vm.ref<!hal.buffer>)
      ^both(%x: !vm.ref<!hal.buffer>, %y: !vm.ref<!hal.buffer>):
        %eq = vm.cmp.eq.ref %x, %y : !vm.ref<!hal.buffer>
        vm.cond_br %eq, ^one(%x : !vm.ref<!hal.buffer>), ^one(%y : !vm.ref<!hal.buffer>)
      ^one(%z: !vm.ref<!hal.buffer>):
        vm.return %z : !vm.ref<!hal.buffer>
      }""")
    assert lines[1] == "vm.cond_br %i0, ^bb1 {%r0 -> %r1}, ^bb2"
    assert lines[4] == "vm.cond_br %i0, ^bb2, ^bb2 {%R1 -> %r0}"


def test_branch_tables_and_wide_values():
    lines = listing("""
      vm.func private @f(%i: i32, %a: i64, %b: i64) -> i64 {
        vm.br_table %i {
          default: ^done(%a : i64),
          0: ^done(%b : i64),
          1: ^done(%a : i64)
        }
      ^done(%r: i64):
        vm.return %r : i64
      }""")
    assert lines[1] == "vm.br_table %i0, ^bb1, [^bb1 {%i4 -> %i2, %i5 -> %i3}; ^bb1]"
    assert lines[-1] == "vm.return(%i2)"


def test_lists_buffers_and_their_types():
    text = """
      vm.rodata private @data dense<[1, 2]> : tensor<2xi16>
      vm.func private @f(%n: i32) -> i32 {
        %list = vm.list.alloc %n : (i32) -> !vm.list<!vm.buffer>
        %data = vm.const.ref.rodata @data : !vm.buffer
        vm.list.set.ref %list, %n, %data : (!vm.list<!vm.buffer>, i32, !vm.buffer)
        %0 = vm.list.get.ref %list, %n : (!vm.list<!vm.buffer>, i32) -> !vm.buffer
        %zero = vm.const.i64.zero
        %1 = vm.buffer.load.i16.u %0[%zero] : !vm.buffer -> i32
        vm.return %1 : i32
      }"""
    assert module_of(text).types == ("i32", "i64", "!vm.buffer", "!vm.list<!vm.buffer>")
    lines = listing(text)
    assert lines[1:5] == [
        "%r0 = vm.list.alloc !vm.buffer, %i0",
        "%r1 = vm.const.ref.rodata rodata[0]",
        "vm.list.set.ref %r0, %i0, %R1",
        "%r1 = vm.list.get.ref %r0, %i0, !vm.buffer",
    ]


def test_globals_are_packed_by_size():
    module = module_of("""
      vm.global.i32 private mutable @a : i32
      vm.global.i64 private mutable @b : i64
      vm.global.ref private mutable @c : !vm.buffer
      vm.global.f32 private mutable @d : f32
      vm.global.i32 private mutable @e : i32
      vm.func private @f() -> (i64, f32, i32) {
        %b = vm.global.load.i64 @b : i64
        %d = vm.global.load.f32 @d : f32
        %e = vm.global.load.i32 @e : i32
        vm.return %b, %d, %e : i64, f32, i32
      }""")
    assert (module.global_bytes, module.global_refs) == (24, 1)
    assert module.functions[0].requirements.name == "F32"
    lines = disassemble_function(module, 0)
    assert "vm.global.load.i64 global_bytes[16]" in lines
    assert "vm.global.load.f32 global_bytes[4]" in lines
    assert "vm.global.load.i32 global_bytes[8]" in lines


@pytest.mark.parametrize("seed", range(200))
def test_sequences_of_copies_do_what_parallel_copies_would(seed: int):
    generator = random.Random(seed)
    targets = generator.sample(range(0, 12, 2), generator.randint(1, 6))
    copies = []
    for target in targets:
        wide = generator.random() < 0.5
        source = generator.randrange(0, 12, 2) if wide else generator.randrange(12)
        copies.append(Copy(source, target if wide else target + generator.randrange(2), wide, dies=False))
    before = {r: f"v{r}" for r in range(40)}
    expected = dict(before)
    for copy in copies:
        for i in range(1 + copy.wide):
            expected[copy.target + i] = before[copy.source + i]
    scratch = Scratch(12, 0)
    state = dict(before)
    for source, target in sequence(copies, scratch):
        state[target] = state[source]
    assert {r: state[r] for r in range(12)} == {r: expected[r] for r in range(12)}, f"seed {seed}"
    assert scratch.scalars <= 40


def test_swapped_references_go_through_a_scratch_register_and_leave_nothing_behind():
    scratch = Scratch(0, 2)
    pairs = sequence([Copy(R0, R1, False, True), Copy(R1, R0, False, True)], scratch)
    assert pairs == [(R1 | MOVE_BIT, R2), (R0 | MOVE_BIT, R1), (R2 | MOVE_BIT, R0)]
    assert scratch.refs == 3


def test_a_reference_that_stays_is_not_moved_away():
    assert sequence([Copy(R0, R0, False, True), Copy(R0, R1, False, True)], Scratch(0, 2)) == [(R0, R1)]


CONSTANTS = {
    '"text"': b"text",
    "dense<[1, -1]> : tensor<2xi32>": np.array([1, -1], "<i4").tobytes(),
    "dense<1.5> : vector<3xf64>": np.array([1.5] * 3, "<f8").tobytes(),
    "dense<[true, false]> : tensor<2xi1>": b"\x01\x00",
    "dense<[1, 2, -1]> : tensor<3xi4>": b"\x21\x0f",
    "dense<> : tensor<0xf32>": b"",
    "dense<1.0> : tensor<2xbf16>": b"\x80\x3f" * 2,
    "array<i16: 1, 2>": b"\x01\x00\x02\x00",
    "#util.composite<7xi8, [\n    dense<1> : tensor<4xi8>,\n    dense<[2, 3, 4]> : vector<3xi8>,\n]>": b"\x01\x01\x01\x01\x02\x03\x04",
    "#util.byte_pattern<7> : tensor<2xi16>": b"\x07" * 4,
}


@pytest.mark.parametrize("text", CONSTANTS)
def test_constants_as_bytes(text: str):
    module = parse_module(f"vm.module public @m {{\n  vm.rodata private @c {text}\n}}", make_context())
    (rodata,) = (op for op in module.walk() if op.name == "vm.rodata")
    assert bytes(serialize(rodata.properties["value"])) == CONSTANTS[text]


WRONG = {
    "'vm.rodata.inline' has no bytecode": 'vm.func private @f() {\n %0 = vm.rodata.inline : !vm.buffer = "x"\n vm.return\n}',
    "symbol '@g' is not defined": "vm.func private @f() {\n vm.call @g() : () -> ()\n vm.return\n}",
    "names no vm.func": "vm.export @f",
    "does not say of which module": "vm.import private @f()",
    "has an initial value": "vm.global.i32 private @g = 5 : i32",
    "holds values of 1 bytes": "vm.rodata private @c #util.composite<2xi8, [\n    dense<1> : tensor<1xi8>,\n]>",
    "'vm.initializer' cannot be part": "vm.initializer {\n vm.return\n}",
}


@pytest.mark.parametrize("message", WRONG)
def test_what_has_no_bytecode_is_named(message: str):
    with pytest.raises(CompileError, match="<input>:") as caught:
        module_of(WRONG[message])
    assert message in str(caught.value)


def test_only_one_module_becomes_a_file():
    with pytest.raises(CompileError, match="found 0"):
        find_module(parse_module("module {}", make_context()))
