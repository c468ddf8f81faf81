"""tensor.concat as insertions into one tensor."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects.arith import AddiOp
from pyrie.dialects.tensor import ConcatOp, EmptyOp, InsertSliceOp
from pyrie.dialects.tensor.shapes import MixedIndex, dynamic_axes, shape_of
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class DecomposeConcat(ModulePass):
    """Writes the parts of a concatenation one after the other into an empty tensor.

    before:  %r = tensor.concat dim(0) %a, %b : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
    after:   %e = tensor.empty() : tensor<5x4xf32>
             %0 = tensor.insert_slice %a into %e[0, 0] [2, 4] [1, 1]
             %r = tensor.insert_slice %b into %0[2, 0] [3, 4] [1, 1]

    Legal because the parts cover the result.
    """

    name = "iree-global-opt-decompose-concat"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, ConcatOp)]:
            decompose(op)


def decompose(op: ConcatOp) -> None:
    """Replaces one concatenation."""
    axis = op.dim.value.data
    ops: list[Operation] = []
    sizes = SizeBuilder(ops.append)
    offset: MixedIndex = 0
    offsets: list[MixedIndex] = []
    for part in op.inputs:
        offsets.append(offset)
        offset = _plus(offset, sizes.size(part, axis), sizes, ops)
    dynamic: list[SSAValue] = []
    for dimension in dynamic_axes(op.result):
        dynamic.append(sizes.value(offset if dimension == axis else sizes.size(op.inputs[0], dimension)))
    rank = len(shape_of(op.result))
    part_sizes = [[sizes.size(part, dimension) for dimension in range(rank)] for part in op.inputs]
    empty = EmptyOp(dynamic, op.result.type)
    ops.append(empty)
    whole: SSAValue = empty.tensor
    for part, start, extent in zip(op.inputs, offsets, part_sizes, strict=True):
        insert = InsertSliceOp(part, whole, [start if dimension == axis else 0 for dimension in range(rank)], extent)
        ops.append(insert)
        whole = insert.result
    Rewriter.replace_op(op, ops, [whole])


def _plus(a: MixedIndex, b: MixedIndex, sizes: SizeBuilder, ops: list[Operation]) -> MixedIndex:
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if a == 0:
        return b
    ops.append(AddiOp(sizes.value(a), sizes.value(b)))
    return ops[-1].results[0]
