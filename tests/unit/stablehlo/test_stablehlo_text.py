"""StableHLO and CHLO text: what we print is what the real iree-opt prints, pretty and generic."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import EXAMPLES, iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import PyrieError

EVERY_OP = Path(__file__).with_name("every_op.mlir")
SOURCES = [EVERY_OP, *(EXAMPLES / f"{name}.mlir" for name in ("mlp", "transformer_block", "loop", "counter"))]


def iree_opt(path: Path, *flags: str) -> str:
    return subprocess.run([iree_tool("iree-opt"), str(path), *flags], capture_output=True, text=True, check=True).stdout


@pytest.mark.interop
@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_pretty_text_is_that_of_iree_opt(path: Path):
    module = parse_module(path.read_text(), make_context())
    module.verify()
    assert print_module(module).strip() == iree_opt(path).strip()


@pytest.mark.interop
def test_generic_text_parses_to_the_same_module():
    generic = parse_module(iree_opt(EVERY_OP, "--mlir-print-op-generic"), make_context())
    generic.verify()
    pretty = parse_module(EVERY_OP.read_text(), make_context())
    assert print_module(generic) == print_module(pretty)


WRONG = {
    "stablehlo.add %a, %b : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>": "has shape [3], expected [4]",
    "stablehlo.dot_general %a, %b, contracting_dims = [0] x [0] : (tensor<4xf32>, tensor<3xf32>) -> tensor<f32>": "4 and 3 differ",
    "stablehlo.broadcast_in_dim %b, dims = [0] : (tensor<3xf32>) -> tensor<4xf32>": "does not broadcast",
    "stablehlo.reshape %b : (tensor<3xf32>) -> tensor<2x2xf32>": "number of elements",
    "stablehlo.transpose %a, dims = [1] : (tensor<4xf32>) -> tensor<4xf32>": "not a permutation",
    "stablehlo.slice %a [2:5] : (tensor<4xf32>) -> tensor<3xf32>": "does not lie in",
    "stablehlo.concatenate %a, %b, dim = 1 : (tensor<4xf32>, tensor<3xf32>) -> tensor<7xf32>": "not distinct dimensions",
    "stablehlo.compare LT, %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi8>": "i1 elements",
    "stablehlo.iota dim = 1 : tensor<4xf32>": "iota dimension",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda t: t.split()[0])
def test_wrong_shapes_do_not_verify(text: str):
    module = parse_module(f"func.func @f(%a: tensor<4xf32>, %b: tensor<3xf32>) {{\n %0 = {text}\n return\n}}", make_context())
    with pytest.raises(Exception) as caught:
        module.verify()
    assert WRONG[text] in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    "text",
    [
        "stablehlo.reduce(%a init: %s) applies stablehlo.subtract across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>",
        "stablehlo.convolution(%a, %a) dim_numbers = [b, 1, f]x[0, i, o]->[b, 0, f], window = {}",
        "stablehlo.compare XX, %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>",
        "stablehlo.nonsense %a : tensor<4xf32>",
    ],
)
def test_wrong_text_is_refused_with_its_place(text: str):
    with pytest.raises(PyrieError, match=r"(?s)<input>:2:\d+"):
        parse_module(f"func.func @f(%a: tensor<4xf32>, %s: tensor<f32>) {{\n %0 = {text}\n return\n}}", make_context())
