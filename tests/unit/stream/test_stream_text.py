"""The texts of flow, stream and their neighbours: parsed, verified and printed as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.diagnostics import verify
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module

HERE = Path(__file__).parent
TEXTS = [*sorted(HERE.glob("*.mlir")), *sorted((HERE.parent / "flow").glob("*.mlir"))]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_text_is_printed_as_it_was_read(path: Path):
    text = path.read_text()
    module = parse_module(text, make_context(), name=path.name)
    verify(module)
    assert print_module(module).rstrip() == text.partition("\n")[2].rstrip()


@pytest.mark.interop
@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_the_real_tool_prints_it_the_same(path: Path):
    import subprocess

    from conftest import iree_tool

    result = subprocess.run([iree_tool("iree-opt"), str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    assert result.stdout.rstrip() == path.read_text().partition("\n")[2].rstrip()


@pytest.mark.interop
@pytest.mark.parametrize("phase", ["dispatch-creation", "flow", "stream", "executable-sources"])
@pytest.mark.parametrize("example", ["mlp", "loop", "counter", "transformer_block"])
def test_phase_dumps_are_printed_as_they_were(real_iree, example: str, phase: str):
    text = real_iree(example).phases[phase].read_text()
    module = parse_module(text, make_context())
    verify(module)
    assert print_module(module).rstrip() == text.rstrip()


AWAIT = (
    '%0 = "stream.timepoint.await"(%r, %p) <{operandSegmentSizes = array<i32: 1, 0, 1>}>'
    " : (!stream.resource<*>, !stream.timepoint) -> !stream.resource<*>"
)
BAD = [
    ("flow.tensor.load", "%0 = flow.tensor.load %t[%i] : tensor<4x4xf32>", "has 1 indices"),
    ("flow.tensor.reshape", "%0 = flow.tensor.reshape %t : tensor<4x4xf32> -> tensor<16xi32>", "element type"),
    ("stream.timepoint.join", '%0 = "stream.timepoint.join"() : () -> !stream.timepoint', "no timepoint"),
    ("lifetime", "%0 = util.null : !stream.resource<eternal>", "is no lifetime"),
    ("sizes", AWAIT, "0 resource_operand_sizes"),
    ("access", "%0 = util.null : !iree_tensor_ext.dispatch.tensor<sometimes:tensor<4xf32>>", "sometimes"),
]


@pytest.mark.parametrize("name, op, message", BAD, ids=[row[0] for row in BAD])
def test_what_breaks_a_rule_is_refused(name: str, op: str, message: str):
    arguments = "%t: tensor<4x4xf32>, %i: index, %r: !stream.resource<*>, %p: !stream.timepoint"
    text = f"util.func private @f({arguments}) {{\n  {op}\n  util.return\n}}\n"
    with pytest.raises(Exception, match=message):
        verify(parse_module(text, make_context()))
