"""Rewrites of hal ops into simpler ones, run by canonicalization."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from pyrie.dialects import arith
from pyrie.dialects.hal.fences import FenceAwaitOp, FenceJoinOp
from pyrie.dialects.hal.types import FenceType
from pyrie.dialects.util.values import NullOp


def _needed(fences: list[SSAValue]) -> list[SSAValue]:
    """Each fence once, without null: a null fence is reached."""
    return [fence for fence in dict.fromkeys(fences) if not isinstance(fence.owner, NullOp)]


class SimplifyFenceJoin(RewritePattern):
    """`fence.join`: drops null and repeated fences; a join of nothing is null."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FenceJoinOp, rewriter: PatternRewriter) -> None:
        needed = _needed(list(op.fences))
        if not needed:
            rewriter.replace(op, NullOp(FenceType()))
        elif len(needed) < len(op.fences):
            rewriter.replace(op, FenceJoinOp(needed))


class SimplifyFenceAwait(RewritePattern):
    """`fence.await`: drops null and repeated fences; waiting for nothing is ok."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FenceAwaitOp, rewriter: PatternRewriter) -> None:
        needed = _needed(list(op.fences))
        if not needed:
            rewriter.replace(op, arith.ConstantOp(IntegerAttr(0, i32)))
        elif len(needed) < len(op.fences):
            rewriter.replace(op, FenceAwaitOp(op.timeout_millis, needed))
