"""Affinities become devices, allocators and queues."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import hal, stream
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.hal.conversion.dispatches import workgroup_count
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.state import Conversion, Lowering


def _resolve(c: Conversion, emit: Emitter, op: Operation, affinity: Attribute | None) -> list[SSAValue]:
    """A value for each result of `op`, by its type."""
    device: SSAValue | None = None
    values: list[SSAValue] = []
    for result in op.results:
        if result.type == i64:
            values.append(c.queues(emit, op, affinity))
            continue
        if device is None:
            device = c.device(emit, op, affinity)
        if isinstance(result.type, hal.DeviceType):
            values.append(device)
        elif isinstance(result.type, hal.AllocatorType):
            values.append(emit.emit(hal.DeviceAllocatorOp(device)).result)
        else:
            raise unsupported_at(op, f"asks for a {result.type}", hint="supported: !hal.device, !hal.allocator, i64")
    return values


def lower_context(c: Conversion, emit: Emitter, op: stream.ContextResolveOp) -> list[SSAValue]:
    return _resolve(c, emit, op, c.affinity_of(op))


def lower_device(c: Conversion, emit: Emitter, op: hal.DeviceResolveOp) -> list[SSAValue]:
    return _resolve(c, emit, op, op.affinity)


def lower_workgroups(c: Conversion, emit: Emitter, op: hal.ExecutableCalculateWorkgroupsOp) -> list[SSAValue]:
    return workgroup_count(emit, c.export(op, op.entry_point), op.device, op.workload)


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.ContextResolveOp: lower_context,
    hal.DeviceResolveOp: lower_device,
    hal.ExecutableCalculateWorkgroupsOp: lower_workgroups,
}
