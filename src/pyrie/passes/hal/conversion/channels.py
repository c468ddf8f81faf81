"""Channels of collectives."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType, i32
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal, stream, util
from pyrie.dialects.util.types import BufferType as HostBufferType
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.state import Conversion, Lowering

FROM_ENVIRONMENT = -1  # a rank or count that the program leaves to whoever runs it
NO_FLAGS = {"flags": hal.ChannelFlagsAttr(0)}


def lower_create(c: Conversion, emit: Emitter, op: stream.ChannelCreateOp) -> list[SSAValue]:
    device, affinity = c.queue(emit, op)
    id = op.id if op.id is not None else emit.emit(util.NullOp(HostBufferType())).result
    group = emit.emit(util.BufferConstantOp(op.group) if op.group is not None else util.NullOp(HostBufferType())).result
    default = emit.constant(FROM_ENVIRONMENT, i32) if op.rank is None or op.count is None else None
    rank, count = (emit.cast(value, i32) if value is not None else default for value in (op.rank, op.count))
    operands = [device, affinity, id, group, rank, count]
    made = hal.ChannelCreateOp.build(operands=operands, properties=NO_FLAGS, result_types=[hal.ChannelType()])
    return [emit.emit(made).result]


def lower_split(c: Conversion, emit: Emitter, op: stream.ChannelSplitOp) -> list[SSAValue]:
    operands = [op.channel, emit.cast(op.color, i32), emit.cast(op.key, i32)]
    made = hal.ChannelSplitOp.build(operands=operands, properties=NO_FLAGS, result_types=[hal.ChannelType()])
    return [emit.emit(made).result]


def _rank_and_count(emit: Emitter, channel: SSAValue) -> hal.ChannelRankAndCountOp:
    return emit.emit(hal.ChannelRankAndCountOp.build(operands=[channel], result_types=[i32, i32]))


def lower_rank(c: Conversion, emit: Emitter, op: stream.ChannelRankOp) -> list[SSAValue]:
    return [emit.cast(_rank_and_count(emit, op.channel).rank, IndexType())]


def lower_count(c: Conversion, emit: Emitter, op: stream.ChannelCountOp) -> list[SSAValue]:
    return [emit.cast(_rank_and_count(emit, op.channel).count, IndexType())]


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.ChannelCreateOp: lower_create,
    stream.ChannelSplitOp: lower_split,
    stream.ChannelRankOp: lower_rank,
    stream.ChannelCountOp: lower_count,
}
