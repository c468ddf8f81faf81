"""The example that this project grew from: a memoize region, and all that outlining makes of it, compared op by op.

Two modules are equal if their ops are, in order, with the same properties, types and operands. What a value is called makes no difference,
nor where a constant stands: an operand that is a constant is compared by its value. Beside our own pair of texts there is a published one,
which lies next to the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.traits import ConstantLike

from pyrie.dialects import hal
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.ir.transforms.canonicalize import Canonicalize
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions

HERE = Path(__file__).parent
PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "spec"
PAIRS = {"ours": (HERE / "memoize_input.mlir", HERE / "memoize_output.mlir")}
LISTINGS = {"ours": HERE / "memoize_listing.mlir"}
if PUBLISHED.is_dir():
    PAIRS["published"] = (PUBLISHED / "memoize_example_input.mlir", PUBLISHED / "memoize_example_output.mlir")
    LISTINGS["published"] = PUBLISHED / "memoize_example_listing.mlir"


def parsed(path: Path) -> ModuleOp:
    module = parse_module(path.read_text(), make_context(), name=path.name)
    module.verify()
    return module


def is_constant(op: Operation) -> bool:
    return op.has_trait(ConstantLike)


class Structure:
    """An op as nested lists that are equal when the ops are."""

    def __init__(self):
        self.numbers: dict[SSAValue, int] = {}

    def value(self, value: SSAValue) -> Any:
        if isinstance(value, OpResult) and is_constant(value.op):
            return [value.op.name, str(sorted(value.op.properties.items())), str(value.type)]
        return self.numbers[value]

    def define(self, value: SSAValue) -> str:
        self.numbers[value] = len(self.numbers)
        return str(value.type)

    def op(self, op: Operation) -> list[Any]:
        said = {key: str(attribute) for key, attribute in (*op.properties.items(), *op.attributes.items())}
        operands = [self.value(operand) for operand in op.operands]
        return [op.name, said, operands, [self.define(r) for r in op.results], [[self.block(b) for b in r.blocks] for r in op.regions]]

    def block(self, block: Block) -> list[Any]:
        return [[self.define(argument) for argument in block.args], *(self.op(op) for op in block.ops if not is_constant(op))]


def structure(module: ModuleOp) -> list[Any]:
    return Structure().op(module)


@pytest.mark.parametrize("pair", PAIRS)
def test_outlining_gives_what_is_expected_op_by_op(pair: str):
    source, expected = (parsed(path) for path in PAIRS[pair])
    assert [op for op in source.walk() if isinstance(op, hal.DeviceMemoizeOp)]
    for item in (OutlineMemoizeRegions(), Canonicalize(), CSE()):
        item.apply(make_context(), source)
    source.verify()
    assert structure(source) == structure(expected)


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_expected_is_in_its_simplest_form(pair: str):
    expected, simplified = (parsed(PAIRS[pair][1]) for _ in range(2))
    for item in (Canonicalize(), CSE()):
        item.apply(make_context(), simplified)
    assert structure(simplified) == structure(expected)


@pytest.mark.parametrize("listing", LISTINGS)
def test_the_listing_parses_verifies_and_prints_to_itself(listing: str):
    module = parsed(LISTINGS[listing])
    text = print_module(module)
    again = parse_module(text, make_context())
    again.verify()
    assert print_module(again) == text
    assert structure(again) == structure(module)


@pytest.mark.parametrize("wrong", ["modes", "operand", "order", "name"])
def test_the_comparison_sees_a_difference(wrong: str):
    text = (HERE / "memoize_output.mlir").read_text()
    first = next(line for line in text.splitlines() if "util.global private" in line)
    changed = {
        "modes": text.replace("mode(None)", "mode(OneShot)").replace('mode("None")', "mode(OneShot)"),
        "operand": text.replace("arith.constant -1", "arith.constant 1", 1),
        "order": text.replace(first + "\n", "", 1) + first + "\n",
        "name": text.replace("_lookup", "_look_up"),
    }[wrong]
    assert changed != text
    assert structure(parse_module(changed, make_context())) != structure(parse_module(text, make_context()))
