"""Files are read and written by queues."""

from __future__ import annotations

from xdsl.dialects.builtin import i32
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal, stream
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.fences import queue_timeline
from pyrie.passes.hal.conversion.state import Conversion, Lowering


def lower_constant(c: Conversion, emit: Emitter, op: stream.FileConstantOp) -> list[SSAValue]:
    device, affinity = c.queue(emit, op)
    access = hal.MemoryAccessAttr.of("Read")
    made = hal.ExFileFromMemoryOp(device, affinity, access, op.source, op.source_offset, op.source_length, emit.constant(0, i32))
    return [emit.emit(made).result]


def lower_read(c: Conversion, emit: Emitter, op: stream.FileReadOp) -> list[SSAValue]:
    queue = queue_timeline(c, emit, op)
    emit.emit(hal.DeviceQueueReadOp(queue, op.source, op.source_offset, op.target, op.target_offset, op.length))
    return [queue[-1]]


def lower_write(c: Conversion, emit: Emitter, op: stream.FileWriteOp) -> list[SSAValue]:
    queue = queue_timeline(c, emit, op)
    emit.emit(hal.DeviceQueueWriteOp(queue, op.source, op.source_offset, op.target, op.target_offset, op.length))
    return [queue[-1]]


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.FileConstantOp: lower_constant,
    stream.FileReadOp: lower_read,
    stream.FileWriteOp: lower_write,
}
