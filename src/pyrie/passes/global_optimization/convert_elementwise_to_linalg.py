"""arith and math ops on whole tensors become linalg.generic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import Rewriter

from pyrie.dialects import arith, math
from pyrie.dialects.linalg import GenericOp, IteratorType, YieldOp
from pyrie.dialects.linalg.structured import element_of
from pyrie.dialects.tensor import EmptyOp
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

ELEMENTWISE = tuple(op for dialect in (arith.DIALECT, math.DIALECT) for op in dialect.operations if op is not arith.ConstantOp)


@dataclass(frozen=True)
class ConvertElementwiseToLinalg(ModulePass):
    """Applies the op to elements instead.

    before:  %r = arith.addf %a, %b : tensor<4x?xf32>
    after:   %r = linalg.generic {identity maps} ins(%a, %b) outs(%e) { ^bb0(%x, %y, %o): %0 = arith.addf %x, %y : f32; yield %0 }

    Legal because that is what the op means on tensors; a scalar operand (the condition of arith.select) is the same everywhere.
    """

    name = "convert-elementwise-to-linalg"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, ELEMENTWISE) and isinstance(op.results[0].type, TensorType)]:
            convert(op)


def convert(op: Operation) -> None:
    """Replaces one op on tensors."""
    made: list[Operation] = []
    sizes = SizeBuilder(made.append)
    shape = next(operand for operand in op.operands if isinstance(operand.type, TensorType))
    dynamic = sizes.dynamic_sizes(shape)
    empties = [EmptyOp(dynamic, result.type) for result in op.results]
    operands: Sequence[SSAValue] = [*op.operands, *(empty.tensor for empty in empties)]
    rank = len(shape.type.get_shape())  # pyright: ignore[reportAttributeAccessIssue]
    everywhere = AffineMap(rank, 0, ())
    maps = [AffineMap.identity(rank) if isinstance(value.type, TensorType) else everywhere for value in operands]
    block = Block(arg_types=[element_of(value.type) for value in operands])
    scalar = type(op).create(
        operands=block.args[: len(op.operands)],
        result_types=[element_of(result.type) for result in op.results],
        properties=dict(op.properties),
    )
    block.add_ops([scalar, YieldOp(*scalar.results)])
    generic = GenericOp(op.operands, [empty.tensor for empty in empties], block, maps, [IteratorType.PARALLEL] * rank)
    Rewriter.replace_op(op, [*made, *empties, generic], list(generic.results))
