"""Which fence an asynchronous op waits for and which it signals."""

from __future__ import annotations

from xdsl.ir import Block, Operation, SSAValue

from pyrie.dialects import hal, stream, util
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.state import Conversion

Queue = tuple[SSAValue, SSAValue, SSAValue, SSAValue]  # device, affinity, the fence to wait for, the fence to signal


def null_fence(emit: Emitter) -> SSAValue:
    """A fence that is reached."""
    return emit.emit(util.NullOp(hal.FenceType())).result


def timeline(emit: Emitter, device: SSAValue, affinity: SSAValue, wait: SSAValue | None, timepoint: SSAValue) -> Queue:
    """A queue with its fences: waits for `wait`, if any, and signals what stands for `timepoint` from now on."""
    waits_for = wait if wait is not None else null_fence(emit)
    return device, affinity, waits_for, _signal_fence(emit, device, timepoint)


def queue_timeline(c: Conversion, emit: Emitter, op: stream.FileReadOp | stream.FileWriteOp) -> Queue:
    """The queue that `op` runs on, with its fences."""
    device, affinity = c.queue(emit, op)
    return timeline(emit, device, affinity, op.await_timepoint, op.result_timepoint)


def _signal_fence(emit: Emitter, device: SSAValue, timepoint: SSAValue) -> SSAValue:
    """Null if nobody waits, the caller's own fence where the timepoint is only chained to one, else a new one."""
    uses = list(timepoint.uses)
    if not uses:
        return null_fence(emit)
    chain = uses[0].operation
    if len(uses) == 1 and isinstance(chain, stream.TimepointChainExternalOp) and len(chain.external_values) == 1:
        fence = chain.external_values[0]
        is_reached_always = chain.parent is emit.block  # a chain on one side of a branch may not be
        if is_reached_always and isinstance(fence.type, hal.FenceType) and _is_usable(fence, emit):
            chain.detach()
            chain.erase()
            return fence
    return emit.emit(hal.FenceCreateOp(device)).result


def _is_usable(value: SSAValue, emit: Emitter) -> bool:
    """Whether `value` is known where ops are put: an argument of this block or of the function, or made earlier in this block."""
    owner = value.owner
    if isinstance(owner, Block):
        region = emit.block.parent
        return owner is emit.block or (region is not None and owner is region.blocks[0])
    return owner.parent is emit.block and emit.anchor is not None and _stands_before(owner, emit.anchor)


def _stands_before(op: Operation, other: Operation) -> bool:
    current = other.prev_op
    while current is not None and current is not op:
        current = current.prev_op
    return current is op
