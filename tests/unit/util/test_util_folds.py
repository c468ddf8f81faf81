"""Folds and canonicalizations of util and hal ops."""

from __future__ import annotations

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.ir.transforms.canonicalize import Canonicalize

CASES = {
    "align": ("%c5 = arith.constant 5 : index\n%c4 = arith.constant 4 : index\n%0 = util.align %c5, %c4 : index", "%c8"),
    "align twice": ("%1 = util.align %i, %j : index\n%0 = util.align %1, %j : index", "%0"),
    "range.max": ("%c5 = arith.constant 5 : index\n%c4 = arith.constant 4 : index\n%0 = util.range.max %c5, %c4 : index", "%c5"),
    "range.min of one": ("%0 = util.range.min %i, %i : index", "%arg0"),
    "switch": ("%c1 = arith.constant 1 : index\n%0 = util.switch index from [%i, %j] at %c1 else %i : index", "%arg1"),
    "assume of what nobody uses": ("%0, %1 = util.assume.int %i<umax = 8>, %j<umax = 4> : index, index", "%0"),
    "assume of a constant": ("%c4 = arith.constant 4 : index\n%0 = util.assume.int %c4<umax = 8> : index", "%c4"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_folds(case: str):
    body, result = CASES[case]
    context = make_context()
    text = f"util.func public @f(%i: index, %j: index) -> index {{\n{body}\nutil.return %0 : index\n}}"
    module = parse_module(text, context)
    Canonicalize().apply(context, module)
    assert f"util.return {result} : index" in print_module(module)
