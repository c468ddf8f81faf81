from __future__ import annotations

from hand_made_modules import R0, adder, every_opcode, function, module

from pyrie.format.disassembler import disassemble, disassemble_function
from pyrie.format.module import Import, Signature
from pyrie.format.opcodes import MOVE_BIT, OPCODES


def test_listing_of_a_small_module():
    text = disassemble(adder())
    assert text.startswith("module @hand : version 0, bytecode 17.0\n  made.by = 'hand'\n")
    assert "rodata: 4\n  [0] 5 bytes 'hello'\n  [1] 100 bytes external\n" in text
    assert text.endswith(
        "\nfunc @fn0(i32, i32) -> (i32) : 8 scalar and 4 ref registers\n"
        "^bb0:\n  00001  %i2 = vm.add.i32 %i0, %i1\n  00008  vm.return(%i2)\n"
    )


def test_calls_branches_and_moves():
    m = module(
        function("0Ir_v", ("^a",), ("call.variadic", 1 << 31, [0xFFFF, 1], [R0 | MOVE_BIT, 0], [2]), ("br", "^a", [(2, 1), (R0, R0 | 1)])),
        imports=(Import("m.f", Signature("0rCID_i")),),
    )
    assert disassemble_function(m, 0).splitlines()[2:] == [
        "  00001  %i2 = vm.call.variadic @m.f, segments[-1, 1](%R0, %i0)",
        "  00016  vm.br ^bb0 {%i2 -> %i1, %r0 -> %r1}",
    ]


def test_every_opcode_has_a_line():
    lines = disassemble(every_opcode())
    missing = [op.mnemonic for op in OPCODES if not op.is_pseudo and f"vm.{op.mnemonic}" not in lines]
    assert not missing
