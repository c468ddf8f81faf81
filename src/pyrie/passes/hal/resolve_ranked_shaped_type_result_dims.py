"""Asks the ops that make tensors and buffers for their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, MemRefType, ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, memref, tensor
from pyrie.dialects.folding import constant_int
from pyrie.dialects.tensor.shapes import known_size
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class ResolveRankedShapedTypeResultDims(ModulePass):
    """Replaces the size of a result by what its op says it is: a number of its type, or an operand.

    before:  %0 = hal.interface.binding.subspan ... : memref<64x?xf32>{%n}; %d = memref.dim %0, %c1
    after:   %0 = hal.interface.binding.subspan ... : memref<64x?xf32>{%n}; uses of %d use %n

    Legal because a result has the sizes that its op was given for it.
    """

    name: ClassVar[str] = "resolve-ranked-shaped-type-result-dims"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(module.walk()):
            if not isinstance(op, memref.DimOp | tensor.DimOp):
                continue
            source, axis = op.source, constant_int(op.index)
            if axis is None or not isinstance(source.type, MemRefType | TensorType) or not 0 <= axis < source.type.get_num_dims():
                continue
            size = known_size(source, axis)
            if size is None:
                continue
            if not isinstance(size, SSAValue):
                constant = arith.ConstantOp(IntegerAttr.from_index_int_value(size))
                constant.location = op.location
                Rewriter.insert_op(constant, InsertPoint.before(op))
                size = constant.results[0]
            op.results[0].replace_all_uses_with(size)
            op.detach()
            op.erase()
