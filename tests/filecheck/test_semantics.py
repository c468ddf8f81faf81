"""FileCheck itself: each directive is met by what it should be, and fails on what it should not be met by."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from filecheck import CheckFailure, check, parse_arguments

HOLDS = [
    ("plain", "a\nb\nc", "CHECK: a\nCHECK: c"),
    ("blanks are folded", "a   b\t c", "CHECK: a b c"),
    ("next", "a\nb", "CHECK: a\nCHECK-NEXT: b"),
    ("same", "a b c", "CHECK: a\nCHECK-SAME: c"),
    ("empty", "a\n\nb", "CHECK: a\nCHECK-EMPTY:\nCHECK-NEXT: b"),
    ("not before", "a\nc\nb", "CHECK: a\nCHECK-NOT: b\nCHECK: c"),
    ("not at the end", "a\nb", "CHECK: a\nCHECK-NOT: a\nCHECK: b\nCHECK-NOT: a"),
    ("count", "x\nx\nx\ny", "CHECK-COUNT-3: x\nCHECK: y"),
    ("dag", "b\na\nc", "CHECK-DAG: a\nCHECK-DAG: b\nCHECK: c"),
    ("dag does not overlap", "x1\nx2", "CHECK-DAG: x{{[0-9]}}\nCHECK-DAG: x{{[0-9]}}"),
    ("regex", "value 42 end", "CHECK: value {{[0-9]+}} end"),
    ("regex with braces", "aaa", "CHECK: {{a{3}}}"),
    ("variable", "%0 = f\nuse %0", "CHECK: %[[R:.+]] = f\nCHECK: use %[[R]]"),
    ("variable in the same line", "x x", "CHECK: [[A:x]] [[A]]"),
    ("variable with a class", "%a1 %a1", "CHECK: %[[A:[a-z0-9]+]] %[[A]]"),
    ("number", "3\n4", "CHECK: [[#N:]]\nCHECK: [[#N+1]]"),
    ("label", "f:\na\ng:\nb", "CHECK-LABEL: f:\nCHECK: a\nCHECK-LABEL: g:\nCHECK: b"),
    ("literal", "a {{b}} [[c]]", "CHECK{LITERAL}: a {{b}} [[c]]"),
    ("comments are not directives", "a", "MYCHECK: b\nCHECK: a"),
]
FAILS = [
    ("absent", "a", "CHECK: b"),
    ("order", "b\na", "CHECK: a\nCHECK: b"),
    ("next is too far", "a\nx\nb", "CHECK: a\nCHECK-NEXT: b"),
    ("next is on the same line", "a b", "CHECK: a\nCHECK-NEXT: b"),
    ("same is on another line", "a\nb", "CHECK: a\nCHECK-SAME: b"),
    ("empty is not", "a\nb", "CHECK: a\nCHECK-EMPTY:"),
    ("not in between", "a\nb\nc", "CHECK: a\nCHECK-NOT: b\nCHECK: c"),
    ("not after the last", "a\nb", "CHECK: a\nCHECK-NOT: b"),
    ("not before the first", "b\na", "CHECK-NOT: b\nCHECK: a"),
    ("count is short", "x\nx", "CHECK-COUNT-3: x"),
    ("dag lacks one", "x1", "CHECK-DAG: x{{[0-9]}}\nCHECK-DAG: x{{[0-9]}}"),
    ("variable differs", "%0 = f\nuse %1", "CHECK: %[[R:.+]] = f\nCHECK: use %[[R]]"),
    ("variable is unknown", "a", "CHECK: [[R]]"),
    ("number differs", "3\n5", "CHECK: [[#N:]]\nCHECK: [[#N+1]]"),
    ("a label bounds the search", "f:\ng:\na", "CHECK-LABEL: f:\nCHECK: a\nCHECK-LABEL: g:"),
    ("a not ends at the label", "f:\na\ng:\nb", "CHECK-LABEL: f:\nCHECK-NOT: a\nCHECK-LABEL: g:"),
    ("no directive", "a", "nothing"),
    ("empty input", "", "CHECK: a"),
    ("empty pattern", "a", "CHECK:"),
    ("next comes first", "a", "CHECK-NEXT: a"),
    ("regex is not closed", "a", "CHECK: {{a"),
    ("text is not a regex", "abc", "CHECK: a.c"),
]


@pytest.mark.parametrize("text, checks", [row[1:] for row in HOLDS], ids=[row[0] for row in HOLDS])
def test_holds(text: str, checks: str):
    check(text, checks)


@pytest.mark.parametrize("text, checks", [row[1:] for row in FAILS], ids=[row[0] for row in FAILS])
def test_fails(text: str, checks: str):
    with pytest.raises(CheckFailure):
        check(text, checks)


def test_flags():
    options, positional = parse_arguments(["--check-prefixes=A,B", "--implicit-check-not=bad", "-DX=7", "--enable-var-scope", "file"])
    assert positional == ["file"]
    check("one\ntwo 7", "A: one\nB: two [[X]]", options)
    with pytest.raises(CheckFailure):
        check("one\nbad\ntwo 7", "A: one\nB: two [[X]]", options)


def test_variables_end_with_their_scope():
    options, _ = parse_arguments(["--enable-var-scope"])
    checks = "CHECK-LABEL: f\nCHECK: [[A:a]]\nCHECK: [[$G:g]]\nCHECK-LABEL: h\nCHECK: [[$G]]"
    check("f\na\ng\nh\ng", checks, options)
    with pytest.raises(CheckFailure, match="before it is defined"):
        check("f\na\ng\nh\ng\na", checks + "\nCHECK: [[A]]", options)
