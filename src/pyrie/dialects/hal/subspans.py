"""Subspans of buffers folded into the offsets of the ops that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern

from pyrie.dialects import arith
from pyrie.dialects.folding import constant_int
from pyrie.dialects.util.buffers import BufferSubspanOp as HostSubspanOp


class UsesRanges(HasCanonicalizationPatternsInterface):
    """Base of ops that use buffers from an offset on: `RANGES` pairs the operands that are buffers with those that are the offsets.

    A third name is the operand that is the size of the whole buffer, where the op has one.
    """

    RANGES: ClassVar[tuple[tuple[str, ...], ...]]

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return (FoldSubspans(),)


class FoldSubspans(RewritePattern):
    """An op on `subspan(%buffer, %a)` from `%b` on is one on `%buffer` from `%a + %b` on."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        assert isinstance(op, IRDLOperation) and isinstance(op, UsesRanges)
        positions = _positions(op)
        changed = False
        for names in op.RANGES:
            for buffer, *others in zip(*(positions[name] for name in names), strict=True):
                changed |= _fold(op, buffer, others, rewriter)
        if changed:
            rewriter.notify_op_modified(op)


def _fold(op: Operation, buffer: int, others: list[int], rewriter: PatternRewriter) -> bool:
    from pyrie.dialects.hal.buffers import BufferSubspanOp  # which uses ranges itself

    span = op.operands[buffer].owner
    if isinstance(span, BufferSubspanOp):
        source, offset = span.source_buffer, span.source_offset
    elif isinstance(span, HostSubspanOp):
        source, offset = span.source, span.source_offset
        op.operands[others[1]] = span.source_size
    else:
        return False
    op.operands[buffer] = source
    op.operands[others[0]] = _sum(offset, op.operands[others[0]], rewriter)
    return True


def _sum(a: SSAValue, b: SSAValue, rewriter: PatternRewriter) -> SSAValue:
    x, y = constant_int(a), constant_int(b)
    if x == 0:
        return b
    if y == 0:
        return a
    if x is not None and y is not None:
        made: Operation = arith.ConstantOp(IntegerAttr.from_index_int_value(x + y))
    else:
        made = arith.AddiOp(a, b)
    rewriter.insert(made)
    return made.results[0]


def _positions(op: IRDLOperation) -> dict[str, range]:
    """Where among the operands each declared operand is."""
    found: dict[str, range] = {}
    start = 0
    for name, _ in op.get_irdl_definition().operands:
        length = _length(getattr(op, name))
        found[name] = range(start, start + length)
        start += length
    return found


def _length(operand: SSAValue | Iterable[SSAValue] | None) -> int:
    return 0 if operand is None else 1 if isinstance(operand, SSAValue) else len(list(operand))
