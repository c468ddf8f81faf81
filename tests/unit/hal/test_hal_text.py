"""The text of util, hal and check ops: read, verified and printed as it was."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import InputError

HERE = Path(__file__).parent


def round_trip(text: str) -> str:
    module = parse_module(text, make_context())
    module.verify()
    return print_module(module)


@pytest.mark.parametrize("name", ["every_op", "more_ops", "extern_dispatch"])
def test_every_op_prints_as_it_was_read(name: str):
    text = (HERE / f"{name}.mlir").read_text()
    assert round_trip(text).strip() == text.strip()


@pytest.mark.parametrize("name", ["memoize_input", "memoize_listing", "memoize_output"])
def test_the_published_memoization_example_is_a_fixpoint(name: str):
    printed = round_trip((HERE / f"{name}.mlir").read_text())
    assert "hal.command_buffer.dispatch.indirect" in printed
    assert round_trip(printed) == printed


@pytest.mark.parametrize("example", ["mlp", "loop", "counter"])
def test_the_real_compilers_hal_phase_prints_as_it_was_read(real_iree, example: str):
    text = real_iree(example).phases["hal"].read_text()
    assert round_trip(text).strip() == text.strip()


@pytest.mark.parametrize(
    "older, newer",
    [
        ("source(Dispatch) target(CommandIssue) flags(None)", 'source(Dispatch) target(CommandIssue) flags("None")'),
        (
            'source("Dispatch") target("CommandIssue|Transfer") flags("None")',
            'source(Dispatch) target("CommandIssue|Transfer") flags("None")',
        ),
    ],
)
def test_flags_are_read_in_either_spelling(older: str, newer: str):
    line = "hal.command_buffer.execution_barrier<%arg0 : !hal.command_buffer> {}"
    function = "util.func private @f(%arg0: !hal.command_buffer) {{\n  {}\n  util.return\n}}"
    assert line.format(newer) in round_trip(function.format(line.format(older)))


@pytest.mark.parametrize(
    "text, message",
    [
        ('%0 = hal.memory_type<"DeviceVisible|Nowhere"> : i32', "'Nowhere' is not one of"),
        ("%0 = util.assume.int %arg0<umin = 0, umin = 1> : index", "given twice"),
        ("%0 = util.list.get %arg0[%arg0] : index", "expected a !util.list type"),
    ],
)
def test_wrong_text_is_named(text: str, message: str):
    with pytest.raises(InputError, match=message):
        round_trip(f"util.func private @f(%arg0: index) {{\n  {text}\n  util.return\n}}")


@pytest.mark.interop
@pytest.mark.parametrize("name", ["every_op", "more_ops", "extern_dispatch"])
def test_operands_stand_in_the_order_of_the_real_dialect(name: str):
    """In generic form, where nothing but the order says which operand is which."""
    path = HERE / f"{name}.mlir"
    command = [iree_tool("iree-opt"), "--mlir-print-op-generic", str(path)]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours = print_module(parse_module(path.read_text(), make_context()), generic=True)
    assert operand_types(ours) == {name: types for name, types in operand_types(theirs).items() if not name.endswith("_end")}


def operand_types(generic: str) -> dict[str, list[str]]:
    """The operand types of each use of our ops, by op name."""
    found: dict[str, list[str]] = {}
    for line in generic.splitlines():
        if match := re.search(r'"((?:hal|util|check)\.[\w.]+)"\(.* : \((.*?)\) ->', line):
            found.setdefault(match[1], []).append(match[2])
    return found
