"""The worklist driver: patterns to a fixed point, locations of new ops, shared constants, and patterns that never settle."""

from __future__ import annotations

import pytest

from pyrie.dialects import arith
from pyrie.dialects.registry import make_context
from pyrie.ir.diagnostics import location_of
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.ir.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern, root_types
from pyrie.ir.symbol_table import SymbolTable, symbol_uses
from pyrie.support.errors import CompileError

TEXT = """
util.func public @f(%a: index, %b: index) -> index {
  %0 = arith.addi %a, %b : index loc("node")
  %1 = arith.addi %0, %b : index
  util.return %1 : index
}
"""


class AddToSub(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, arith.SubiOp(op.lhs, op.rhs))


class SubToAdd(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SubiOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, arith.AddiOp(op.lhs, op.rhs))


class Anything(RewritePattern):
    def match_and_rewrite(self, op, rewriter: PatternRewriter) -> None:
        pass


def module(text: str = TEXT):
    return parse_module(text, make_context(), name="f.mlir")


def test_patterns_run_until_none_matches():
    result = module()
    assert apply_patterns(result, [AddToSub()], fold=False)
    text = print_module(result)
    assert text.count("arith.subi") == 2 and "arith.addi" not in text
    assert not apply_patterns(result, [AddToSub()], fold=False)


def test_new_ops_take_the_location_of_what_they_replace():
    result = module()
    apply_patterns(result, [AddToSub()], fold=False)
    ops = [op for op in result.walk() if op.name == "arith.subi"]
    assert [location_of(op) for op in ops] == ["node", "f.mlir:4:8"]


def test_patterns_that_undo_each_other_are_an_error():
    with pytest.raises(CompileError, match="rewritten for ever"):
        apply_patterns(module(), [AddToSub(), SubToAdd()], fold=False)


def test_patterns_are_asked_only_about_their_ops():
    assert root_types(AddToSub()) == (arith.AddiOp,) and root_types(Anything()) is None


def test_what_is_dead_goes_with_what_fed_it():
    result = module("util.func public @f(%a: index) { %0 = arith.addi %a, %a : index %1 = arith.muli %0, %0 : index util.return }")
    assert apply_patterns(result, [])
    assert "arith" not in print_module(result)


def test_symbols_are_made_unique_renamed_and_found():
    result = module(
        TEXT + "util.func private @g() { util.call @f_caller() : () -> () util.return }\nutil.func private @f_caller() { util.return }\n"
    )
    table = SymbolTable(result)
    copy = table.lookup("f").clone()
    assert table.insert(copy) == "f_0" and table.lookup("f_0") is copy
    assert table.lookup("missing") is None
    assert [op.name for op in table.uses("f_caller")] == ["util.call"]
    table.rename(table.lookup("f_caller"), "g")
    assert "util.call @g_0()" in print_module(result)
    table.erase(copy)
    assert "f_0" not in table and set(symbol_uses(result)) == {"g_0"}
