"""`stream.cmd.execute` -> a command buffer, memoized where it can be; a queue operation where it is a single transfer."""

from __future__ import annotations

from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import IsTerminator

from pyrie.dialects import hal, stream
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.hal.captures import captured_values, is_dynamic, is_scalar
from pyrie.passes.hal.conversion.commands import COMMANDS
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.fences import Queue, timeline
from pyrie.passes.hal.conversion.recorder import Recorder
from pyrie.passes.hal.conversion.state import Conversion, Lowering
from pyrie.passes.stream.emitter import replace

CACHE_CONTROL = (stream.CmdFlushOp, stream.CmdInvalidateOp, stream.CmdDiscardOp)
DISPATCHES = (stream.CmdDispatchOp, stream.CmdCollectiveOp, stream.CmdCallOp)  # what may need more than a transfer queue

Binding = tuple[SSAValue, SSAValue, SSAValue]  # a slot of the binding table: buffer, offset, length


def lower_execute(c: Conversion, emit: Emitter, op: stream.CmdExecuteOp) -> list[SSAValue]:
    """Returns the fence that stands for the execution's timepoint."""
    device, affinity = c.queue(emit, op)
    transfer = _single_transfer(op.body.block)
    if transfer is not None:
        _record_buffers_directly(op)
        queue = timeline(emit, device, affinity, op.await_timepoint, op.result_timepoint)
        TRANSFERS[type(transfer)](emit, queue, transfer)
        return [queue[-1]]
    bindings = _bind_slots(emit, op) if _is_reusable(c, op) else []
    _record_buffers_directly(op)
    if bindings:
        region = emit.emit(hal.DeviceMemoizeOp(device, affinity, [hal.CommandBufferType()], Region(Block())))
        inner = emit.into(region.body.block)
        inner.emit(hal.ReturnOp.build(operands=[[_record(c, inner, op, device, affinity, 0, len(bindings))]]))
        commands = region.results[0]
    else:
        words = ["OneShot"] if op.await_timepoint is not None else ["OneShot", "AllowInlineExecution"]
        commands = _record(c, emit, op, device, affinity, hal.CommandBufferModeAttr.of(*words).data, 0)
    queue = timeline(emit, device, affinity, op.await_timepoint, op.result_timepoint)
    emit.emit(hal.DeviceQueueExecuteIndirectOp(queue, commands, bindings) if bindings else hal.DeviceQueueExecuteOp(queue, commands))
    return [queue[-1]]


# ---- a single transfer -------------------------------------------------------------------------------------------------


def _single_transfer(block: Block) -> Operation | None:
    """The only command of the block if it is a fill or a copy."""
    commands = [op for op in block.ops if not isinstance(op, CACHE_CONTROL) and not op.has_trait(IsTerminator)]
    return commands[0] if len(commands) == 1 and type(commands[0]) in TRANSFERS else None


def _queue_fill(emit: Emitter, queue: Queue, op: Operation) -> None:
    assert isinstance(op, stream.CmdFillOp)
    emit.emit(hal.DeviceQueueFillOp(queue, op.target, op.target_offset, op.target_length, op.value))


def _queue_copy(emit: Emitter, queue: Queue, op: Operation) -> None:
    assert isinstance(op, stream.CmdCopyOp)
    emit.emit(hal.DeviceQueueCopyOp(queue, op.source, op.source_offset, op.target, op.target_offset, op.length))


TRANSFERS = {stream.CmdFillOp: _queue_fill, stream.CmdCopyOp: _queue_copy}


# ---- which buffers go through the binding table ------------------------------------------------------------------------


def _is_reusable(c: Conversion, op: stream.CmdExecuteOp) -> bool:
    """Whether one recording may serve several executions: what it depends on does not change, or is a key of the cache it goes to."""
    options = c.recording
    if op.once is not None or not options.memoization or not options.indirect_command_buffers:
        return False
    return options.force_indirect_command_buffers or options.memoize_dynamic or not _depends_on_dynamic_scalars(op)


def _depends_on_dynamic_scalars(op: stream.CmdExecuteOp) -> bool:
    """Whether integers, indices or floats that may change are sizes of resources or are recorded.

    Scalars that only calls take do not count: what a function outside of the program records is its own affair, and a memoize region
    whose captures turn out to change when it is outlined runs each time.
    """
    if any(is_scalar(value) and is_dynamic(value) for value in op.operands):
        return True
    dynamic = [value for value in captured_values(op.body) if is_scalar(value) and is_dynamic(value)]
    return any(not isinstance(use.operation, stream.CmdCallOp) for value in dynamic for use in value.uses if op.is_ancestor(use.operation))


def _bind_slots(emit: Emitter, op: stream.CmdExecuteOp) -> list[Binding]:
    """Gives each buffer that may change a slot; returns the binding table."""
    numbers: dict[int, SSAValue] = {}
    bindings: list[Binding] = []

    def number(value: int) -> SSAValue:
        if value not in numbers:
            numbers[value] = emit.constant(value)
        return numbers[value]

    for argument, operand, size in zip(op.body.block.args, op.resource_operands, op.resource_operand_sizes, strict=True):
        if is_dynamic(operand):
            argument.replace_all_uses_with(number(len(bindings)))
            bindings.append((operand, number(0), size))
    return bindings


def _record_buffers_directly(op: stream.CmdExecuteOp) -> None:
    """Has commands name the buffers that took no slot."""
    for argument, operand in zip(op.body.block.args, op.resource_operands, strict=True):
        argument.replace_all_uses_with(operand)


# ---- recording ---------------------------------------------------------------------------------------------------------


def _record(
    c: Conversion,
    emit: Emitter,
    op: stream.CmdExecuteOp,
    device: SSAValue,
    affinity: SSAValue,
    modes: int,
    slots: int,
) -> SSAValue:
    """Creates a command buffer with the commands of `op` and returns it."""
    capacity = emit.constant(slots) if slots else None
    create = hal.CommandBufferCreateOp(device, hal.CommandBufferModeAttr(modes), _categories(op), affinity, capacity)
    recorder = Recorder(c, emit, emit.emit(create).result)
    location = emit.location
    _record_block(recorder, op.body.block, is_serial=True)
    emit.location = location
    emit.emit(hal.CommandBufferFinalizeOp(create.result))
    return create.result


def _categories(op: stream.CmdExecuteOp) -> hal.CommandCategoryAttr:
    """Which queues the recording needs. Any may transfer."""
    dispatches = any(isinstance(inner, DISPATCHES) for inner in op.body.walk())
    return hal.CommandCategoryAttr.of(*(("Transfer", "Dispatch") if dispatches else ("Transfer",)))


def _record_block(r: Recorder, block: Block, *, is_serial: bool) -> None:
    """Records the commands of a block in order, in a serial one with a barrier behind each; regions inside are spliced in."""
    for op in list(block.ops):
        if op.has_trait(IsTerminator):
            continue
        if not isinstance(op, stream.StreamOp):  # arithmetic on what is recorded, which nothing waits for
            op.detach()
            r.emit.emit(op)
            continue
        r.emit.location = op.location
        if isinstance(op, stream.CmdSerialOp | stream.CmdConcurrentOp):
            _record_block(r, op.body.block, is_serial=isinstance(op, stream.CmdSerialOp))
            r.emit.location = op.location
        elif (record := COMMANDS.get(type(op))) is not None:
            replace(op, record(r, op))
        else:
            raise unsupported_at(op, "cannot be recorded", hint="supported: " + ", ".join(cls.name for cls in COMMANDS))
        if is_serial:
            r.barrier()


LOWERINGS: dict[type[Operation], Lowering] = {stream.CmdExecuteOp: lower_execute}
