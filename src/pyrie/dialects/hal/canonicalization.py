"""Rewrites of hal ops into simpler ones, run by canonicalization."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith
from pyrie.dialects.hal.buffers import AllocatorSelectOp
from pyrie.dialects.hal.devices import DeviceQueueBarrierOp
from pyrie.dialects.hal.fences import FenceAwaitOp, FenceCreateOp, FenceJoinOp, FenceSignalOp
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


class DropSignalOfNewFence(RewritePattern):
    """`fence.signal` of a fence that nobody saw since it was created: a fence that is reached from the beginning is null."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FenceSignalOp, rewriter: PatternRewriter) -> None:
        create = op.fence.owner
        if not isinstance(create, FenceCreateOp) or create.parent is not op.parent:
            return
        between: set[Operation] = set()
        current = create.next_op
        while current is not None and current is not op:
            between.add(current)
            current = current.next_op
        if any(_top(use.operation, op.parent) in between for use in create.result.uses):
            return
        rewriter.erase(op)
        rewriter.replace(create, NullOp(FenceType()))


class DropReachedBarrier(RewritePattern):
    """`queue.barrier` without a fence to wait for signals at once; one without a fence to signal does nothing."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DeviceQueueBarrierOp, rewriter: PatternRewriter) -> None:
        if isinstance(op.signal_fence.owner, NullOp):
            rewriter.erase(op)
        elif isinstance(op.wait_fence.owner, NullOp):
            rewriter.replace(op, FenceSignalOp(op.signal_fence))


class ShortenBarrierChain(RewritePattern):
    """`queue.barrier wait(%a) signal(%b)` where `%a` is created in the same block: who signals `%a` signals `%b` instead.

    `%b` must be there where `%a` is created; another new fence is moved there.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DeviceQueueBarrierOp, rewriter: PatternRewriter) -> None:
        create, signal = op.wait_fence.owner, op.signal_fence
        if not isinstance(create, FenceCreateOp) or create.parent is not op.parent or isinstance(signal.owner, NullOp):
            return
        if not _is_before(signal, create):
            other = signal.owner
            if not isinstance(other, FenceCreateOp) or not _is_before(other.device, create):
                return
            other.detach()
            rewriter.insert(other, InsertPoint.before(create))
        rewriter.erase(op)
        rewriter.replace(create, (), [signal])


class SimplifyAllocatorSelect(RewritePattern):
    """`allocator.select` among the same device or the same queues again and again gives these."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AllocatorSelectOp, rewriter: PatternRewriter) -> None:
        for choices, result in ((op.devices, op.selected_device), (op.queue_affinities, op.selected_queue_affinity)):
            if len(set(choices)) == 1 and result.first_use is not None:
                rewriter.replace_all_uses_with(result, choices[0])


def _top(op: Operation, block: Block | None) -> Operation | None:
    """The op of `block` that is or holds `op`; None if there is none."""
    current: Operation | None = op
    while current is not None and current.parent is not block:
        current = current.parent_op()
    return current


def _is_before(value: SSAValue, op: Operation) -> bool:
    """Whether `value`, which dominates an op behind `op` in its block, is there at `op` too."""
    owner = value.owner
    if not isinstance(owner, Operation) or owner.parent is not op.parent:
        return True
    current = op.next_op
    while current is not None:
        if current is owner:
            return False
        current = current.next_op
    return True
