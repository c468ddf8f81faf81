"""Timepoints become fences."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import i32
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal, stream, util
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.fences import null_fence
from pyrie.passes.hal.conversion.state import Conversion, Lowering

FOREVER = -1  # a timeout in milliseconds


def _fence(op: Operation, values: Sequence[SSAValue], does: str) -> SSAValue:
    """The only one of `values`, which is a fence."""
    if len(values) != 1 or not isinstance(values[0].type, hal.FenceType):
        raise unsupported_at(op, f"{does} something other than one fence", hint="supported: !hal.fence")
    return values[0]


def lower_immediate(c: Conversion, emit: Emitter, op: stream.TimepointImmediateOp) -> list[SSAValue]:
    return [null_fence(emit)]


def lower_import(c: Conversion, emit: Emitter, op: stream.TimepointImportOp) -> list[SSAValue]:
    return [_fence(op, op.arguments, "imports")]


def lower_export(c: Conversion, emit: Emitter, op: stream.TimepointExportOp) -> list[SSAValue]:
    _fence(op, op.results, "exports")
    return [op.await_timepoint]


def lower_chain_external(c: Conversion, emit: Emitter, op: stream.TimepointChainExternalOp) -> list[SSAValue]:
    fence = _fence(op, op.external_values, "signals")
    device, affinity = c.queue(emit, op)
    emit.emit(hal.DeviceQueueBarrierOp((device, affinity, op.await_timepoint, fence)))
    return []


def lower_join(c: Conversion, emit: Emitter, op: stream.TimepointJoinOp) -> list[SSAValue]:
    return [emit.emit(hal.FenceJoinOp(list(op.await_timepoints))).result]


def lower_barrier(c: Conversion, emit: Emitter, op: stream.TimepointBarrierOp) -> list[SSAValue]:
    return [op.resource, null_fence(emit)]  # a barrier that is left guards a resource that is there already


def lower_await(c: Conversion, emit: Emitter, op: stream.TimepointAwaitOp) -> list[SSAValue]:
    status = emit.emit(hal.FenceAwaitOp(emit.constant(FOREVER, i32), [op.await_timepoint])).status
    emit.emit(util.StatusCheckOkOp(status, "failed to wait on timepoint"))
    return list(op.resource_operands)


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.TimepointImmediateOp: lower_immediate,
    stream.TimepointImportOp: lower_import,
    stream.TimepointExportOp: lower_export,
    stream.TimepointChainExternalOp: lower_chain_external,
    stream.TimepointJoinOp: lower_join,
    stream.TimepointBarrierOp: lower_barrier,
    stream.TimepointAwaitOp: lower_await,
}
