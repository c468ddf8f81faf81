"""`stream.cmd.execute` -> a command buffer, memoized where it can be; a queue operation where it is a single transfer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import IsTerminator

from pyrie.dialects import hal, stream
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.passes.hal.captures import captures_dynamic_scalars, is_dynamic
from pyrie.passes.hal.conversion import Conversion, signal_fence, wait_fence
from pyrie.passes.stream.emitter import Emitter, replace

SOURCE_STAGES = hal.ExecutionStageAttr.of("CommandRetire", "Transfer", "Dispatch")
TARGET_STAGES = hal.ExecutionStageAttr.of("CommandIssue", "Transfer", "Dispatch")
CACHE_CONTROL = (stream.CmdFlushOp, stream.CmdInvalidateOp, stream.CmdDiscardOp)


def lower_execute(c: Conversion, emit: Emitter, op: stream.CmdExecuteOp) -> list[SSAValue]:
    """Returns the fence that stands for the execution's timepoint.

    A recording is memoized when the execution is not `once`, it captures no integer, index or float that may change, and at least one
    of its buffers may: that one goes through a slot of the binding table.
    """
    device, affinity = c.queue(emit, op)
    if (transfer := _single_transfer(op.body.block)) is not None:
        return [_queue_transfer(emit, op, transfer, device, affinity)]
    bindings = [] if op.once is not None or captures_dynamic_scalars(op) else _bind_slots(emit, op)
    for argument, operand in zip(op.body.block.args, op.resource_operands, strict=True):
        argument.replace_all_uses_with(operand)  # what took no slot is recorded directly
    if bindings:
        body = Region(Block())
        region = hal.DeviceMemoizeOp(device, affinity, [hal.CommandBufferType()], body)
        emit.emit(region)
        recorded = _record(c, emit, op, body.block, device, affinity, hal.CommandBufferModeAttr(0), len(bindings))
        body.block.add_op(hal.ReturnOp.build(operands=[[recorded]]))
        commands = region.results[0]
    else:
        modes = ["OneShot"] if op.await_timepoint is not None else ["OneShot", "AllowInlineExecution"]
        commands = _record(c, emit, op, None, device, affinity, hal.CommandBufferModeAttr.of(*modes), 0)
    emit.before(op)
    signal = signal_fence(emit, device, op.result_timepoint)
    queue = (device, affinity, wait_fence(emit, op.await_timepoint), signal)
    emit.emit(hal.DeviceQueueExecuteIndirectOp(queue, commands, bindings) if bindings else hal.DeviceQueueExecuteOp(queue, commands))
    return [signal]


def _single_transfer(block: Block) -> Operation | None:
    """The only command of the block if it is a fill or a copy."""
    commands = [op for op in block.ops if not isinstance(op, CACHE_CONTROL) and not op.has_trait(IsTerminator)]
    return commands[0] if len(commands) == 1 and isinstance(commands[0], stream.CmdFillOp | stream.CmdCopyOp) else None


def _queue_transfer(emit: Emitter, op: stream.CmdExecuteOp, transfer: Operation, device: SSAValue, affinity: SSAValue) -> SSAValue:
    for argument, operand in zip(op.body.block.args, op.resource_operands, strict=True):
        argument.replace_all_uses_with(operand)
    signal = signal_fence(emit, device, op.result_timepoint)
    queue = (device, affinity, wait_fence(emit, op.await_timepoint), signal)
    if isinstance(transfer, stream.CmdFillOp):
        t = transfer
        emit.emit(hal.DeviceQueueFillOp(queue, t.target, t.target_offset, t.target_length, t.value))
    elif isinstance(transfer, stream.CmdCopyOp):
        t = transfer
        emit.emit(hal.DeviceQueueCopyOp(queue, t.source, t.source_offset, t.target, t.target_offset, t.length))
    return signal


def _bind_slots(emit: Emitter, op: stream.CmdExecuteOp) -> list[tuple[SSAValue, SSAValue, SSAValue]]:
    """Gives each buffer that may change a slot; returns the binding table: buffer, offset and length of each slot."""
    bindings: list[tuple[SSAValue, SSAValue, SSAValue]] = []
    for argument, operand, size in zip(op.body.block.args, op.resource_operands, op.resource_operand_sizes, strict=True):
        if is_dynamic(operand):
            argument.replace_all_uses_with(emit.constant(len(bindings)))
            bindings.append((operand, emit.constant(0), size))
    return bindings


def _categories(op: stream.CmdExecuteOp) -> hal.CommandCategoryAttr:
    words: set[str] = set()
    for inner in op.body.walk():
        if not inner.has_trait(IsTerminator):
            words |= {"Dispatch", "Transfer"} if isinstance(inner, stream.CmdCollectiveOp) else set()
            words.add("Dispatch" if isinstance(inner, stream.CmdDispatchOp) else "Transfer")
    return hal.CommandCategoryAttr.of(*sorted(words))


def _record(
    c: Conversion,
    emit: Emitter,
    op: stream.CmdExecuteOp,
    into: Block | None,
    device: SSAValue,
    affinity: SSAValue,
    modes: hal.CommandBufferModeAttr,
    slots: int,
) -> SSAValue:
    """Moves the commands of `op` behind a new command buffer, in `into` or before `op`, and lowers them there."""
    capacity = emit.constant(slots) if slots else None
    create = hal.CommandBufferCreateOp(device, modes, _categories(op), affinity, capacity)
    create.location = op.location
    finalize = hal.CommandBufferFinalizeOp(create.result)
    finalize.location = op.location
    commands = _with_barriers(op.body.block, create.result)
    for made in (create, *commands, finalize):
        if into is not None:
            into.add_op(made)
        else:
            emit.emit(made)
    for command in commands:
        if not isinstance(command, hal.CommandBufferExecutionBarrierOp):
            lower_command(c, create.result, device, command)
    return create.result


def _with_barriers(block: Block, command_buffer: SSAValue) -> list[Operation]:
    """The commands of a serial block, detached, with a barrier behind each; those of concurrent regions have one behind all."""
    flat: list[Operation] = []
    for op in list(block.ops):
        op.detach()
        if op.has_trait(IsTerminator) or isinstance(op, CACHE_CONTROL):
            op.erase()
            continue
        if isinstance(op, stream.CmdSerialOp):
            flat += _with_barriers(op.body.block, command_buffer)
            op.erase()
        elif isinstance(op, stream.CmdConcurrentOp):
            flat += _concurrent(op, command_buffer)
        else:
            flat.append(op)
        if flat and not isinstance(flat[-1], hal.CommandBufferExecutionBarrierOp):
            barrier = hal.CommandBufferExecutionBarrierOp(command_buffer, SOURCE_STAGES, TARGET_STAGES)
            barrier.location = op.location
            flat.append(barrier)
    return flat


def _concurrent(op: stream.CmdConcurrentOp, command_buffer: SSAValue) -> list[Operation]:
    flat: list[Operation] = []
    for inner in list(op.body.block.ops):
        inner.detach()
        if inner.has_trait(IsTerminator) or isinstance(inner, CACHE_CONTROL):
            inner.erase()
        elif isinstance(inner, stream.CmdSerialOp):
            flat += _with_barriers(inner.body.block, command_buffer)
            inner.erase()
        elif isinstance(inner, stream.CmdConcurrentOp):
            flat += _concurrent(inner, command_buffer)
        else:
            flat.append(inner)
    op.erase()
    return flat


# ---- commands ----------------------------------------------------------------------------------------------------------


def lower_command(c: Conversion, command_buffer: SSAValue, device: SSAValue, op: Operation) -> None:
    """Replaces one command by its recording."""
    lower = COMMANDS.get(type(op))
    if lower is None:
        raise unsupported_at(op, "cannot be recorded", hint="supported: " + ", ".join(cls.name for cls in COMMANDS))
    lower(c, Emitter(op), command_buffer, device, op)
    replace(op, ())


def record_fill(c: Conversion, emit: Emitter, command_buffer: SSAValue, device: SSAValue, op: stream.CmdFillOp) -> None:
    emit.emit(hal.CommandBufferFillBufferOp(command_buffer, op.target, op.target_offset, op.target_length, op.value))


def record_copy(c: Conversion, emit: Emitter, command_buffer: SSAValue, device: SSAValue, op: stream.CmdCopyOp) -> None:
    emit.emit(hal.CommandBufferCopyBufferOp(command_buffer, op.source, op.source_offset, op.target, op.target_offset, op.length))


def record_dispatch(c: Conversion, emit: Emitter, command_buffer: SSAValue, device: SSAValue, op: stream.CmdDispatchOp) -> None:
    if len(op.entry_points) != 1:
        raise unsupported_at(op, f"has {len(op.entry_points)} variants to choose from", hint="compile for one target at a time")
    entry_point = op.entry_points.data[0]
    export = c.symbols.lookup(entry_point)
    if not isinstance(export, hal.ExecutableExportOp):
        raise error_at(op, f"dispatches {entry_point}, which is no hal.executable.export")
    executable = emit.emit(hal.ExecutableLookupOp(device, entry_point.root_reference.data)).result
    function = emit.emit(hal.ExecutableLookupFunctionOp(executable, entry_point)).result
    workgroups = inline_workgroup_count(emit, export, device, list(op.workload))
    bindings = list(zip(op.resources, op.resource_offsets, op.resource_lengths, strict=True))
    emit.emit(hal.CommandBufferDispatchOp(command_buffer, executable, function, workgroups, list(op.uniform_operands), bindings))


def inline_workgroup_count(emit: Emitter, export: hal.ExecutableExportOp, device: SSAValue, workload: list[SSAValue]) -> list[SSAValue]:
    """Clones the export's count region and returns the three counts for `workload`."""
    if not export.workgroup_count.blocks:
        raise error_at(export, "has no workgroup count region, which a dispatch needs")
    body = export.workgroup_count.block
    arguments = [device, *workload] if body.args and isinstance(body.args[0].type, hal.DeviceType) else workload
    if len(arguments) != len(body.args):
        raise error_at(export, f"takes a workload of {len(body.args)} values but is dispatched with {len(arguments)}")
    mapping: dict[SSAValue, SSAValue] = dict(zip(body.args, arguments, strict=True))
    for inner in body.ops:
        if isinstance(inner, hal.ReturnOp):
            return [mapping.get(value, value) for value in inner.operands]
        emit.emit(inner.clone(mapping))
    raise error_at(export, "has a workgroup count region that does not return")


Recorder = Callable[[Conversion, Emitter, SSAValue, SSAValue, Any], None]

COMMANDS: dict[type[Operation], Recorder] = {
    stream.CmdFillOp: record_fill,
    stream.CmdCopyOp: record_copy,
    stream.CmdDispatchOp: record_dispatch,
}
