"""Canonicalizations that all structured ops share."""

from __future__ import annotations

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern

from pyrie.dialects.linalg.structured import StructuredOp
from pyrie.dialects.tensor import CastOp


class FoldCastProducers(RewritePattern):
    """Operands that were cast to types that say less are used as they were; results are cast instead.

    before:  %c = tensor.cast %x : tensor<4xf32> to tensor<?xf32>; %r = linalg.generic ins(%c) outs(%e : tensor<?xf32>)
    after:   %r = linalg.generic ins(%x : tensor<4xf32>) outs(%e : tensor<?xf32>)
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, StructuredOp) or not op.results:
            return
        operands = [_before_cast(operand) for operand in op.operands]
        if all(new is old for new, old in zip(operands, op.operands, strict=True)):
            return
        outputs = operands[len(op.inputs) :]
        types: list[Attribute] = [output.type for output in outputs]
        new = type(op).create(
            operands=operands,
            result_types=types,
            properties=dict(op.properties),
            attributes=dict(op.attributes),
            regions=[op.body.clone()],
        )
        casts = [CastOp(result, old.type) for result, old in zip(new.results, op.results, strict=True) if result.type != old.type]
        replacements = iter(casts)
        results = [
            result if result.type == old.type else next(replacements).dest for result, old in zip(new.results, op.results, strict=True)
        ]
        rewriter.replace(op, [new, *casts], results)


def _before_cast(value: SSAValue) -> SSAValue:
    """The source of a cast that only forgets sizes, else the value."""
    op = value.owner
    if not isinstance(op, CastOp) or not isinstance(op.source.type, TensorType) or not isinstance(value.type, TensorType):
        return value
    sizes = zip(op.source.type.get_shape(), value.type.get_shape(), strict=True)
    return op.source if all(after in (before, DYNAMIC_INDEX) for before, after in sizes) else value
