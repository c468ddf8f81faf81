"""Text of the upstream dialects: what is printed is what MLIR prints, and what is wrong is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyrie.dialects.linalg.named import NAMED_OPS, ROWS
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import PyrieError

TEXT = Path(__file__).with_name("text.mlir").read_text()


def roundtrip(text: str) -> str:
    module = parse_module(text, make_context())
    module.verify()
    return print_module(module)


def test_text_is_a_fixpoint():
    assert roundtrip(TEXT).strip() == TEXT.strip()


def test_every_named_op_verifies_with_the_shapes_of_its_row():
    """Builds each op of the table on tensors whose sizes follow from its maps, so maps, iterators and body agree."""
    from xdsl.dialects.builtin import TensorType, f32
    from xdsl.dialects.test import TestOp

    for row in ROWS:
        cls = NAMED_OPS[row.name]
        windows = row.windows
        sizes = {name: size for size, name in enumerate(dict.fromkeys(row.loops.replace("|", " ").split()), 2)}
        operands = []
        for operand in row.operands:
            terms = [] if operand == "()" else operand.split()
            shape = [sizes[t] if "~" not in t else sizes[t.split("~")[0]] + sizes[t.split("~")[1]] - 1 for t in terms]
            operands.append(TestOp(result_types=[TensorType(f32, shape) if operand != "()" or row.name == "dot" else f32]).results[0])
        op = cls(operands[:-1], operands[-1:])
        op.verify_()
        assert len(op.iterators()) == len(sizes), row.name
        assert windows == 0 or len(op.maps()[0].results) >= windows


@pytest.mark.parametrize(
    "body, message",
    [
        ("%0 = arith.cmpi less, %i, %i : index", "unknown predicate 'less'"),
        ("%0 = arith.extsi %k : i32 to i8", "arith.extsi cannot convert i32 to i8"),
        ("%0 = tensor.cast %t : tensor<4x8xf32> to tensor<4x9xf32>", "cannot be cast"),
        ("%0 = tensor.empty(%i) : tensor<4xf32>", "0 dynamic sizes, given 1"),
        ("%0 = tensor.collapse_shape %t [[0], [1]] : tensor<4x8xf32> into tensor<32xf32>", ""),
        ("%0 = tensor.extract_slice %t[0] [4] [1] : tensor<4x8xf32> to tensor<4xf32>", "for a tensor of rank 2"),
        ("%0 = tensor.concat dim(2) %t, %t : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>", "along axis 2"),
        ("%0 = linalg.softmax dimension(2) ins(%t : tensor<4x8xf32>) outs(%t : tensor<4x8xf32>) -> tensor<4x8xf32>", "dimension 2"),
        ("%0 = linalg.matmul ins(%t : tensor<4x8xf32>) outs(%t : tensor<4x8xf32>) -> tensor<4x8xf32>", ""),
        ("%0 = linalg.index 0 : index", "outside of a structured op"),
        ("%0 = linalg.nonsense ins(%t : tensor<4x8xf32>) outs(%t : tensor<4x8xf32>) -> tensor<4x8xf32>", "linalg.nonsense"),
    ],
)
def test_wrong_text_is_refused(body: str, message: str):
    text = f"func.func @f(%i: index, %k: i32, %t: tensor<4x8xf32>) {{\n  {body}\n  return\n}}"
    with pytest.raises(Exception) as caught:
        roundtrip(text)
    assert message in str(caught.value)
    assert not isinstance(caught.value, AssertionError | KeyError | TypeError), repr(caught.value)


def test_parser_errors_are_located():
    with pytest.raises(PyrieError) as caught:
        parse_module("func.func @f(%i: index) {\n  %0 = arith.cmpi less, %i, %i : index\n  return\n}", make_context(), name="x.mlir")
    assert "x.mlir:2:" in str(caught.value)
