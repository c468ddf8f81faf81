"""Which numbers become the key of a cache."""

from __future__ import annotations

import re

import pytest
from xdsl.ir import SSAValue

from pyrie.dialects import hal, util
from pyrie.dialects.registry import make_context
from pyrie.ir.diagnostics import verify
from pyrie.ir.parser import parse_module
from pyrie.passes.hal.captures import captured_values, is_dynamic
from pyrie.passes.hal.memoize_key import reduce_key
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions

PROGRAM = """
util.global private @device : !hal.device
util.global private mutable @state = 1 : index
util.func public @f(%a: index, %b: index, %c: index, %view: !hal.buffer_view) -> index {{
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %c4 = arith.constant 4 : index
  {computed}
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> index {{
    %used:{count} = util.optimization_barrier {used} : {types}
    hal.return %used#0 : index
  }}
  util.return %r : index
}}
"""

SUM = "%s = arith.addi %a, %b : index"
PRODUCT = "%p = arith.muli %a, %b : index"
TIMES = "%t = arith.muli %a, %c4 : index"
ROUNDED = "%q = arith.ceildivui %a, %c4 : index"
DIM = "%d = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index\n%e = arith.addi %d, %c4 : index"
STATE = "%m = util.global.load @state : index\n%n = arith.addi %m, %c4 : index"

CASES = {
    "an argument and what is computed from it": ([TIMES], "%a %t", "%a"),
    "two numbers from two others": ([SUM, PRODUCT], "%s %p", "%s %p"),
    "three numbers from two others": ([SUM, PRODUCT, TIMES], "%s %p %t", "%a %b"),
    "one number stays as it is": ([ROUNDED], "%q", "%q"),
    "a rounded number stays if nothing is saved": ([ROUNDED], "%q %b", "%q %b"),
    "a chain ends where arithmetic does": ([DIM], "%d %e", "%d"),
    "a global that may change is asked where it was": ([STATE], "%m %n", "%m"),
    "what merges merges, the rest stays": ([SUM, TIMES], "%a %t %s", "%a %b"),
    "sums of three numbers": ([SUM, "%u = arith.addi %s, %c : index", "%v = arith.muli %s, %c : index"], "%s %u %v %c", "%s %c"),
}


def named(function: util.FuncOp, text: str) -> dict[SSAValue, str]:
    """The names that the values of a function's own block have in its text."""
    block = function.body.block
    values = [*block.args, *(result for op in block.ops if not isinstance(op, hal.DeviceMemoizeOp) for result in op.results)]
    body = text[text.index("util.func") : text.index("hal.device.memoize")]
    names = [*re.findall(r"%(\w+): ", body), *re.findall(r"%(\w+) = ", body)]
    return dict(zip(values, names, strict=False))


@pytest.mark.parametrize("case", CASES)
def test_the_key_is_as_small_as_it_gets(case: str):
    computed, used, key = CASES[case]
    names = used.split()
    text = PROGRAM.format(computed="\n".join(computed), count=len(names), used=", ".join(names), types=", ".join("index" for _ in names))
    module = parse_module(text, make_context())
    function = next(op for op in module.ops if isinstance(op, util.FuncOp))
    names_of = named(function, text)
    region = next(op for op in function.body.block.ops if isinstance(op, hal.DeviceMemoizeOp))
    reduce_key(region)
    verify(module)
    assert {names_of[value] for value in captured_values(region.body) if is_dynamic(value)} == {n.removeprefix("%") for n in key.split()}


def test_a_region_with_more_numbers_than_a_key_may_have_is_not_cached():
    arguments = ", ".join(f"%x{i}: index" for i in range(17))
    names = [f"%x{i}" for i in range(17)]
    text = PROGRAM.format(computed="", count=17, used=", ".join(names), types=", ".join(["index"] * 17))
    module = parse_module(text.replace("%a: index", f"%a: index, {arguments}"), make_context())
    OutlineMemoizeRegions(memoize_dynamic=8).apply(make_context(), module)
    assert [op.callee.string_value() for op in module.walk() if isinstance(op, util.CallOp)] == ["__f_memoize_apply"]
