"""Where things come from, in the user's words."""

from __future__ import annotations

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.diagnostics import error_at, location_of
from pyrie.ir.locations import UNKNOWN, Lines, call_site, describe, fused, named
from pyrie.ir.parser import parse_module
from pyrie.support.errors import UnsupportedError


def location(text: str):
    module = parse_module(f'"test.op"() : () -> () loc({text})', make_context(allow_unregistered=True))
    return module.body.block.first_op.location


@pytest.mark.parametrize(
    "text, expected",
    [
        ("unknown", "-"),
        ('"model.mlir":3:4', "model.mlir:3:4"),
        ('"model.mlir":3:4 to 5:6', "model.mlir:3:4"),
        ('"encoder/attn"', "encoder/attn"),
        ('"encoder/attn"("model.py":7:1)', "encoder/attn"),
        ('fused["one", "two", "one", unknown]', "one, two"),
        ('fused<"why">["one"]', "one"),
        ('callsite("callee" at "caller")', "callee"),
    ],
)
def test_places_are_described(text: str, expected: str):
    assert describe(location(text)) == expected


def test_places_are_combined():
    one, two = named("one"), named("two")
    assert describe(fused([one, UNKNOWN, fused([two, one])])) == "one, two"
    assert fused([UNKNOWN]) == UNKNOWN and fused([one, one]) == one
    assert describe(call_site(one, two)) == "one" and call_site(UNKNOWN, two) == two and call_site(one, UNKNOWN) == one


def test_lines_and_columns_count_from_one():
    lines = Lines("ab\n\ncd", "f")
    assert [lines.line_column(i) for i in (0, 1, 2, 3, 4, 5)] == [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2)]
    assert describe(lines.location(4)) == "f:3:1"


def test_an_op_without_a_place_has_that_of_what_holds_it():
    module = parse_module(
        '"test.outer"() ({ "test.inner"() : () -> () loc(unknown) }) : () -> () loc("outer")', make_context(allow_unregistered=True)
    )
    inner = module.body.block.first_op.regions[0].block.first_op
    assert location_of(inner) == "outer"


def test_errors_show_the_op_with_the_names_of_the_whole_text():
    text = "util.func public @f(%a: index, %b: index) -> index {\n  %c = arith.addi %a, %b : index\n  util.return %c : index\n}"
    add = next(op for op in parse_module(text, make_context(), name="f.mlir").walk() if op.name == "arith.addi")
    error = error_at(add, "is too much", hint="use less", kind=UnsupportedError)
    assert str(error).splitlines() == [
        "f.mlir:2:8: 'arith.addi' is too much",
        "  see: %0 = arith.addi %arg0, %arg1 : index",
        "  use less",
    ]
