"""Resources become buffers."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal, stream
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.fences import timeline
from pyrie.passes.hal.conversion.state import Conversion, Lowering

Memory = tuple[hal.MemoryTypeAttr, hal.BufferUsageAttr]

STORAGE = ("Transfer", "DispatchStorage")
DEVICE_LOCAL = hal.MemoryTypeAttr.of("DeviceLocal")

# What a buffer of a lifetime must be at least. Those of callers only have to be visible to the device.
REQUIRED: dict[str, Memory] = {
    "constant": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE, "SharingImmutable")),
    "variable": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE)),
    "external": (hal.MemoryTypeAttr.of("DeviceVisible"), hal.BufferUsageAttr.of(*STORAGE)),
    "staging": (hal.MemoryTypeAttr.of("HostLocal", "DeviceVisible"), hal.BufferUsageAttr.of(*STORAGE, "Mapping")),
    "transient": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE)),
}

# What a buffer of a lifetime is allocated as. Device-local memory of a CPU is host memory.
MEMORY: dict[str, Memory] = {**REQUIRED, "external": REQUIRED["transient"]}

# What host memory is imported as; a lifetime that is not here needs memory of its own.
IMPORTED = {lifetime: REQUIRED[lifetime] for lifetime in ("constant", "variable")}


def memory_of(c: Conversion, op: Operation, table: dict[str, Memory]) -> Memory:
    """The row of `table` for the lifetime of the resource of `op`."""
    lifetime = c.lifetimes[op]
    if lifetime not in table:
        raise unsupported_at(op, f"has a resource of the unsupported lifetime '{lifetime}'", hint="supported: " + ", ".join(table))
    return table[lifetime]


def _properties(c: Conversion, emit: Emitter, op: Operation) -> tuple[SSAValue, SSAValue]:
    """Memory type and usage for the resource of `op`, which depend on the devices that may share it."""
    resolve = emit.emit(hal.AllocatorResolveMemoryPropertiesOp(op.properties.get("affinity"), c.lifetimes[op]))
    return resolve.memory_types, resolve.buffer_usage


def lower_alloc(c: Conversion, emit: Emitter, op: stream.ResourceAllocOp) -> list[SSAValue]:
    types, usage = _properties(c, emit, op)
    allocator, affinity = c.allocator_for_memory(emit, op, types, usage)
    return [emit.emit(hal.AllocatorAllocateOp(allocator, affinity, types, usage, op.storage_size)).result]


def lower_alloca(c: Conversion, emit: Emitter, op: stream.ResourceAllocaOp) -> list[SSAValue]:
    types, usage = _properties(c, emit, op)
    device, affinity = c.queue_for_memory(emit, op, types, usage)
    queue = timeline(emit, device, affinity, op.await_timepoint, op.result_timepoint)
    flags = hal.AllocaFlagsAttr.BITS["IndeterminateLifetime"] if op.indeterminate_lifetime is not None else 0
    pool = emit.constant(0, i64)
    made = emit.emit(hal.DeviceQueueAllocaOp(queue, pool, types, usage, op.storage_size, flags))
    return [made.result, queue[-1]]


def lower_dealloca(c: Conversion, emit: Emitter, op: stream.ResourceDeallocaOp) -> list[SSAValue]:
    types, usage = _properties(c, emit, op)  # as at the allocation, so that the same queue is chosen
    device, affinity = c.queue_for_memory(emit, op, types, usage)
    queue = timeline(emit, device, affinity, op.await_timepoint, op.result_timepoint)
    flags = hal.DeallocaFlagsAttr.BITS["PreferOrigin"] if op.prefer_origin is not None else 0
    emit.emit(hal.DeviceQueueDeallocaOp(queue, op.operand, flags))
    return [queue[-1]]


def lower_retain(c: Conversion, emit: Emitter, op: stream.ResourceRetainOp) -> list[SSAValue]:
    emit.emit(hal.BufferAllocationPreserveOp.build(operands=[op.operand]))
    return []


def lower_release(c: Conversion, emit: Emitter, op: stream.ResourceReleaseOp) -> list[SSAValue]:
    return list(emit.emit(hal.BufferAllocationDiscardOp.build(operands=[op.operand], result_types=[op.result.type])).results)


def lower_is_terminal(c: Conversion, emit: Emitter, op: stream.ResourceIsTerminalOp) -> list[SSAValue]:
    return list(emit.emit(hal.BufferAllocationIsTerminalOp.build(operands=[op.operand], result_types=[op.result.type])).results)


def lower_size(c: Conversion, emit: Emitter, op: stream.ResourceSizeOp) -> list[SSAValue]:
    return list(emit.emit(hal.BufferLengthOp.build(operands=[op.operand], result_types=[op.result.type])).results)


def lower_try_map(c: Conversion, emit: Emitter, op: stream.ResourceTryMapOp) -> list[SSAValue]:
    type_bits, usage_bits = memory_of(c, op, IMPORTED)
    usage = emit.emit(hal.BufferUsageOp(usage_bits)).result
    types = emit.emit(hal.MemoryTypeOp(type_bits)).result
    allocator, affinity = c.allocator_for_memory(emit, op, types, usage)
    made = emit.emit(hal.AllocatorImportOp(allocator, affinity, types, usage, op.source, op.source_offset, op.result_size))
    return list(made.results)


def lower_load(c: Conversion, emit: Emitter, op: stream.ResourceLoadOp) -> list[SSAValue]:
    return [emit.emit(hal.BufferLoadOp(op.source, op.source_offset, op.result.type)).result]


def lower_store(c: Conversion, emit: Emitter, op: stream.ResourceStoreOp) -> list[SSAValue]:
    emit.emit(hal.BufferStoreOp(op.value, op.target, op.target_offset))
    return []


def lower_subview(c: Conversion, emit: Emitter, op: stream.ResourceSubviewOp) -> list[SSAValue]:
    return [emit.emit(hal.BufferSubspanOp(op.source, op.source_offset, op.result_size)).result]


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.ResourceAllocOp: lower_alloc,
    stream.ResourceAllocaOp: lower_alloca,
    stream.ResourceDeallocaOp: lower_dealloca,
    stream.ResourceRetainOp: lower_retain,
    stream.ResourceReleaseOp: lower_release,
    stream.ResourceIsTerminalOp: lower_is_terminal,
    stream.ResourceSizeOp: lower_size,
    stream.ResourceTryMapOp: lower_try_map,
    stream.ResourceLoadOp: lower_load,
    stream.ResourceStoreOp: lower_store,
    stream.ResourceSubviewOp: lower_subview,
}
