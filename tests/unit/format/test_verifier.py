"""Each invariant that the verifier promises, by a function that breaks it."""

from __future__ import annotations

import dataclasses

import pytest
from hand_made_modules import R0, adder, every_opcode, function, module

from pyrie.format.module import Import, Module, Segment, Signature
from pyrie.format.opcodes import MOVE_BIT, Feature
from pyrie.format.verifier import verify_module
from pyrie.support.errors import VerifyError

IMPORT = 0x8000_0000
E = ("^entry",)
END = ("return", [])


@pytest.mark.parametrize("make", [adder, every_opcode])
def test_good_modules_pass(make):
    verified = verify_module(make())
    assert [f.ordinal for f in verified.functions] == [0]
    assert next(iter(verified.functions[0].blocks)) == 0


def with_imports(*functions) -> Module:
    imports = (Import("m.fixed", Signature("0iI_I")), Import("m.spans", Signature("0rCiID_v")))
    return module(*functions, imports=imports, rodata=(Segment(b""),), global_bytes=8, global_refs=1)


I32S = [("const.i32.zero", r) for r in range(2)]
WRONG = {
    "no marker at the start": (function("0v_v", END), "outside of a block"),
    "no terminator": (function("0v_v", E, ("const.i32.zero", 0)), "terminator"),
    "marker in a block": (function("0v_v", E, ("^next",), END), "does not end with a terminator"),
    "code after a terminator": (function("0v_v", E, END, END), "outside of a block"),
    "count of blocks": (dataclasses.replace(function("0v_v", E, END), block_count=2), "declares 2 blocks and has 1"),
    "unknown opcode": (dataclasses.replace(function("0v_v", E, END), bytecode=b"\x79\xff"), "unknown opcode 0xFF"),
    "unknown extension opcode": (dataclasses.replace(function("0v_v", E, END), bytecode=b"\x79\xe0\xff"), "unknown opcode 0xE0FF"),
    "cut off": (dataclasses.replace(function("0v_v", E, END), bytecode=b"\x79\x22\x00"), "past the end"),
    "extension not required": (function("0v_v", E, ("const.f32.zero", 0), END), "F32 extension"),
    "scalar register out of range": (function("0v_v", E, ("const.i32.zero", 8), END), "scalar register 8 of 8"),
    "upper half out of range": (function("0v_v", E, ("const.i64.zero", 6), END, scalars=7), "scalar register 6 of 7"),
    "odd 64-bit register": (function("0v_v", E, ("const.i64.zero", 1), END), "odd"),
    "ref register out of range": (function("0v_v", E, ("const.ref.zero", R0 | 4), END), "reference register 4 of 4"),
    "ref where scalar": (function("0v_v", E, ("const.i32.zero", R0), END), "where i32 is expected"),
    "scalar where ref": (function("0v_v", E, ("const.ref.zero", 0), END), "where ref is expected"),
    "move where not allowed": (function("0v_v", E, ("cmp.nz.ref", R0 | MOVE_BIT, 0), END), "moving is not allowed"),
    "scalar discarded": (function("0v_v", E, ("discard.refs", [0]), END), "where ref is expected"),
    "branch into the middle": (
        dataclasses.replace(function("0v_v", E, END), bytecode=b"\x79\x56\x02\0\0\0\0\0"),
        "branches to offset 2",
    ),
    "branch to the other bank": (function("0v_v", E, *I32S, ("br", "^entry", [(0, R0)])), "copies scalar register 0 to reference"),
    "no such function": (function("0v_v", E, ("call", 5, [], []), END), "function 5 of 1"),
    "no such import": (function("0v_v", E, ("call", IMPORT | 2, [], []), END), "import 2 of 2"),
    "no such rodata": (function("0v_v", E, ("const.ref.rodata", 1, R0), END), "rodata segment 1 of 1"),
    "no such type": (function("0v_v", E, ("list.alloc", 2, 0, R0), END), "type 2 of 2"),
    "no such global reference": (function("0v_v", E, ("global.load.ref", 1, 0, R0), END), "global reference 1 of 1"),
    "global out of range": (function("0v_v", E, ("global.load.i64", 4, 0), END), "global at byte 4"),
    "too few arguments": (function("0v_v", E, *I32S, ("call", IMPORT, [0], [2]), END), "passes 1 arguments"),
    "wrong bank of an argument": (function("0v_v", E, *I32S, ("call", IMPORT, [0, 1], [2]), END), "odd"),
    "missing result": (function("0v_v", E, *I32S, ("const.i64.zero", 2), ("call", IMPORT, [0, 2], []), END), "takes 0 registers"),
    "fixed call of a variadic import": (function("0v_v", E, ("call", IMPORT | 1, [R0], []), END), "fixed call to a variadic"),
    "variadic call inside": (function("0v_v", E, ("call.variadic", 0, [], [], []), END), "only imports may be variadic"),
    "segment size for a fixed argument": (function("0v_v", E, ("call.variadic", IMPORT | 1, [1, 0], [R0], []), END), "segment sizes"),
    "segment sizes too large": (
        function("0v_v", E, *I32S, ("call.variadic", IMPORT | 1, [0xFFFF, 9000], [R0, 0, 0], []), END),
        "fewer than its segment sizes say",
    ),
    "return of nothing": (function("0v_i", E, END), "returns 0 registers"),
    "return of the wrong bank": (function("0v_i", E, ("return", [R0])), "where i32 is expected"),
    "arguments do not fit": (function("0iiI_v", E, END, scalars=3), "scalar register 2 of 3"),
    "variadic function": (function("0CiD_v", E, END), "only imports may"),
    "asking for an own function": (function("0v_v", E, ("import.resolved", 0, 0), END), "function of the module itself"),
    "read before written": (function("0v_v", E, ("add.i32", 0, 1, 2), END), "register 0 does not hold a value of type i32"),
    "i32 read as i64": (function("0ii_v", E, ("add.i64", 0, 0, 2), END), "type i64"),
    "half overwritten": (function("0I_v", E, ("const.i32.zero", 1), ("add.i64", 0, 0, 2), END), "type i64"),
    "written on one path only": (
        function("0i_v", E, ("cond_br", 0, "^a", (), "^b", ()), ("^a",), ("const.i32.zero", 1), ("br", "^b", ()), ("^b",), ("fail", 1, "")),
        "register 1 does not hold a value of type i32 on every path",
    ),
    "half of a 64-bit value copied": (
        function("0I_v", E, ("br", "^b", [(0, 2)]), ("^b",), ("add.i64", 2, 2, 4), END),
        "type i64",
    ),
    "float read as integer": (
        function("0f_i", E, ("return", [0]), requirements=Feature.F32),
        "type i32",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_broken_functions_are_refused(name: str):
    broken, message = WRONG[name]
    with pytest.raises(VerifyError, match="function 0") as caught:
        verify_module(with_imports(broken))
    assert message in str(caught.value)


def test_values_travel_through_branches():
    verify_module(
        with_imports(
            function(
                "0Ii_I",
                E,
                ("br", "^loop", [(0, 4), (1, 5), (2, 3)]),
                ("^loop",),
                ("add.i64", 4, 4, 6),
                ("cond_br", 3, "^loop", [(6, 4), (7, 5)], "^done", [(R0, R0 | 1)]),
                ("^done",),
                ("return", [6]),
            )
        )
    )


def test_registers_swap_through_a_scratch_register():
    for scratch in (5, 6):  # need not be aligned: it is only copied
        swap = [(0, scratch), (1, scratch + 1), (2, 0), (3, 1), (scratch, 2), (scratch + 1, 3)]
        verify_module(with_imports(function("0II_I", E, ("br", "^b", swap), ("^b",), ("add.i64", 0, 2, 4), ("return", [4]))))


def test_results_of_a_yieldable_call_arrive_at_its_target():
    verify_module(
        with_imports(
            function(
                "0iI_I", E, ("call.yieldable", IMPORT, [0, 2], "^resume", [4]), ("^resume",), ("return", [4]), requirements=Feature.YIELD
            )
        )
    )


def test_tangled_control_flow_ends():
    """Blocks that all reach one another and each spoil one register: as slow as the analysis can be made."""
    count = 60
    lines = [
        ("^b0",),
        *(("const.i32.zero", r) for r in range(count)),
        ("br_table", 0, "^b1", (), [(f"^b{i}", ()) for i in range(1, count)]),
    ]
    for i in range(1, count):
        targets = [(f"^b{j}", [(0, i)]) for j in range(1, count)]
        lines += [(f"^b{i}",), ("br_table", 0, "^b1", (), targets)]
    verify_module(module(function("0v_v", *lines, scalars=count)))
