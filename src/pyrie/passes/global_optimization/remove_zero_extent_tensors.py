"""Tensors without elements need no computing."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.rewriter import Rewriter

from pyrie.dialects.linalg import StructuredOp
from pyrie.dialects.tensor import EmptyOp, InsertSliceOp
from pyrie.dialects.tensor.shapes import shape_of
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class RemoveZeroExtentTensors(ModulePass):
    """Replaces computed tensors that have a size of 0 by tensor.empty, and drops insertions of such tensors.

    before:  %r = linalg.generic ins(%x : tensor<0x4xf32>) outs(%e : tensor<0x4xf32>) { ... } -> tensor<0x4xf32>
    after:   %r = tensor.empty() : tensor<0x4xf32>

    Legal because there is no element that could differ.
    """

    name = "iree-global-opt-remove-zero-extent-tensors"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(module.walk()):
            if isinstance(op, InsertSliceOp) and 0 in shape_of(op.source):
                Rewriter.replace_op(op, [], [op.dest])
            elif isinstance(op, StructuredOp) and op.results and all(_is_empty(result.type) for result in op.results):
                ops = []
                sizes = SizeBuilder(ops.append)
                empties = []
                for result in op.results:
                    empties.append(EmptyOp(sizes.dynamic_sizes(result), result.type))
                Rewriter.replace_op(op, [*ops, *empties], [empty.tensor for empty in empties])


def _is_empty(type_: object) -> bool:
    return isinstance(type_, TensorType) and 0 in type_.get_shape()
