"""hal and check: each op is a call of the runtime.

Most ops become a call of the import with their name, argument by argument: an argument of the import takes the operand or attribute
that is called the same (or as `RENAMED` says). The rest have rules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f32,
    f64,
    i1,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import check, hal, vm
from pyrie.dialects.hal.buffers import DENSE_ROW_MAJOR, element_type_value
from pyrie.dialects.hal.enums import BitSetAttr
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.vm.conversion.converter import Converter, convert_type, converts
from pyrie.passes.vm.conversion.imports import find_import
from pyrie.passes.vm.conversion.scalars import width_of

NO_SLOT = 0
CONSTANT_BYTES = 4  # of one executable constant

# Argument of an import -> the field of the op, where they differ.
RENAMED: dict[str, dict[str, str]] = {
    "hal.allocator.allocate": {"allocation_size": "result_size"},
    "hal.buffer_view.create": {"buffer": "source_buffer"},
    "hal.buffer_view.trace": {"operands": "views"},
    "hal.device.queue.alloca": {"allocation_size": "result_size"},
}
BY_NAME: tuple[type[Operation], ...] = (
    hal.ExFileFromMemoryOp, hal.AllocatorAllocateOp, hal.BufferAssertOp, hal.BufferAllocationPreserveOp, hal.BufferAllocationDiscardOp,
    hal.BufferAllocationIsTerminalOp, hal.BufferSubspanOp, hal.BufferLengthOp, hal.BufferViewCreateOp, hal.BufferViewAssertOp,
    hal.BufferViewBufferOp, hal.BufferViewElementTypeOp, hal.BufferViewEncodingTypeOp, hal.BufferViewRankOp, hal.BufferViewDimOp,
    hal.BufferViewTraceOp, hal.CommandBufferFinalizeOp, hal.CommandBufferBeginDebugGroupOp, hal.CommandBufferEndDebugGroupOp,
    hal.CommandBufferExecutionBarrierOp, hal.DeviceAllocatorOp, hal.DeviceQueueAllocaOp, hal.DeviceQueueDeallocaOp,
    hal.DeviceQueueUpdateOp, hal.DeviceQueueCopyOp, hal.DeviceQueueReadOp, hal.DeviceQueueWriteOp, hal.DeviceQueueBarrierOp,
    hal.DeviceQueueExecuteOp, hal.DeviceQueueFlushOp, hal.DevicesCountOp, hal.DevicesGetOp, hal.FenceCreateOp, hal.FenceJoinOp,
    hal.FenceQueryOp, hal.FenceSignalOp, hal.FenceFailOp, hal.FenceAwaitOp, check.ExpectTrueOp, check.ExpectFalseOp,
)  # fmt: skip


def _argument(c: Converter, value: object, type: Attribute) -> SSAValue | list[SSAValue]:
    match value:
        case SSAValue():
            return c[value]
        case BitSetAttr():
            return c.const(value.data, type)
        case IntegerAttr() | FloatAttr():
            return c.const(value.value.data, type)
        case StringAttr():
            return c.string(value.data)
        case _:
            return [c[element] for element in value]  # pyright: ignore[reportGeneralTypeIssues]


def _bind_results(c: Converter, op: Operation, results: Sequence[SSAValue]) -> None:
    for old, new in zip(op.results, results, strict=True):
        c.bind(old, c.cast(new, c.type_of(old)))


@converts(*BY_NAME)
def by_name(c: Converter, op: Operation) -> None:
    renamed = RENAMED.get(op.name, {})
    arguments = [
        _argument(c, getattr(op, renamed.get(argument.name, argument.name)), argument.type) for argument in find_import(op.name).arguments
    ]
    _bind_results(c, op, c.call(op.name, *arguments))


# ---- numbers -----------------------------------------------------------------------------------------------------------


@converts(hal.MemoryTypeOp, hal.BufferUsageOp, hal.ElementTypeOp, hal.EncodingTypeOp)
def number(c: Converter, op: Operation) -> None:
    match op:
        case hal.MemoryTypeOp():
            value = op.type.data
        case hal.BufferUsageOp():
            value = op.usage.data
        case hal.ElementTypeOp():
            value = element_type_value(op.type)
        case _:
            value = DENSE_ROW_MAJOR
    if value is None:
        raise unsupported_at(op, "the runtime has no number for this element type")
    c.bind(op.results[0], c.const(value))


# ---- buffers -----------------------------------------------------------------------------------------------------------


@converts(hal.AllocatorImportOp)
def allocator_import(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.AllocatorImportOp)
    fields = c.all([op.queue_affinity, op.memory_types, op.buffer_usage, op.source, op.offset, op.length])
    (buffer,) = c.call(op.name, c[op.allocator], c.const(1), *fields)
    c.bind(op.did_import, c.op("cmp.nz.ref", buffer))
    c.bind(op.result, buffer)


@converts(hal.AllocatorSelectOp)
def allocator_select(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.AllocatorSelectOp)
    choices = [c.all(pair) for pair in zip(op.devices, op.queue_affinities, strict=True)]
    _bind_results(c, op, c.call(op.name, c[op.memory_types], c[op.buffer_usage], c.const(0, i64), choices))


HALF = 4  # bytes that one load or store of the runtime moves at most


@converts(hal.BufferLoadOp)
def buffer_load(c: Converter, op: Operation) -> None:
    """Numbers of 64 bits are loaded in two halves, floats as integers of their width."""
    assert isinstance(op, hal.BufferLoadOp)
    type_ = c.type_of(op.result)
    buffer, offset = c[op.source_buffer], c.cast(c[op.source_offset], i64)
    width = _bytes(op, op.result.type)

    def load(at: SSAValue, length: int) -> SSAValue:
        return c.call(op.name, buffer, at, c.const(length))[0]

    if width <= HALF:
        value = load(offset, width)
    else:
        high = c.op("ext.i32.i64.u", load(c.op("add.i64", offset, c.const(HALF, i64)), HALF))
        low = c.op("ext.i32.i64.u", load(offset, HALF))
        value = c.op("or.i64", c.op("shl.i64", high, c.const(32)), low)
    c.bind(op.result, c.op(f"bitcast.{value.type}.{type_}", value) if type_ in (f32, f64) else value)


@converts(hal.BufferStoreOp)
def buffer_store(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.BufferStoreOp)
    value, buffer, offset = c[op.value], c[op.target_buffer], c.cast(c[op.target_offset], i64)
    width = _bytes(op, op.value.type)
    if value.type in (f32, f64):
        value = c.op(f"bitcast.{value.type}.i{width * 8}", value)
    if width <= HALF:
        c.call(op.name, value, buffer, offset, c.const(width))
        return
    c.call(op.name, c.op("trunc.i64.i32", value), buffer, offset, c.const(HALF))
    high = c.op("trunc.i64.i32", c.op("shr.i64.u", value, c.const(32)))
    c.call(op.name, high, buffer, c.op("add.i64", offset, c.const(HALF, i64)), c.const(HALF))


def _bytes(op: Operation, type: Attribute) -> int:
    width = width_of(type) or {Float32Type: 32, Float64Type: 64}.get(type.__class__, 0)
    if isinstance(type, IndexType) or not width or convert_type(type) is None:
        raise unsupported_at(op, f"{type} has no size in a device buffer that the host can read")
    return (width + 7) // 8


# ---- command buffers ---------------------------------------------------------------------------------------------------


def _slot(c: Converter, buffer: SSAValue) -> tuple[SSAValue, SSAValue]:
    """A slot of the binding table and the buffer recorded directly; one of them is empty."""
    if isinstance(buffer.type, IndexType):
        return c.cast(c[buffer], i32), c.null(vm.RefType(hal.BufferType()))
    return c.const(NO_SLOT), c[buffer]


def _pattern(c: Converter, pattern: SSAValue) -> tuple[SSAValue, SSAValue]:
    """A fill pattern as the runtime takes it: the bits, and how many bytes of them count."""
    value = c[pattern]
    if value.type in (f32, f64):
        value = c.op(f"bitcast.{value.type}.i{32 if value.type == f32 else 64}", value)
    width = width_of(pattern.type) or (32 if pattern.type == f32 else 64)
    return c.cast(value, i64), c.const((width + 7) // 8)


@converts(hal.CommandBufferCreateOp)
def command_buffer_create(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferCreateOp)
    affinity = c[op.queue_affinity] if op.queue_affinity is not None else c.const(-1, i64)
    capacity = c[op.binding_capacity] if op.binding_capacity is not None else c.const(0)
    _bind_results(c, op, c.call(op.name, c[op.device], c.const(op.modes.data), c.const(op.command_categories.data), affinity, capacity))


@converts(hal.CommandBufferFillBufferOp)
def fill_buffer(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferFillBufferOp)
    slot, buffer = _slot(c, op.target_buffer)
    bits, length = _pattern(c, op.pattern)
    c.call(op.name, c[op.command_buffer], buffer, c[op.target_offset], c[op.length], slot, bits, length, c.const(op.flags.data, i64))


@converts(hal.CommandBufferUpdateBufferOp)
def update_buffer(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferUpdateBufferOp)
    slot, buffer = _slot(c, op.target_buffer)
    source = c.all([op.command_buffer, op.source_buffer, op.source_offset])
    c.call(op.name, *source, buffer, c[op.target_offset], c[op.length], slot, c.const(op.flags.data, i64))


@converts(hal.CommandBufferCopyBufferOp)
def copy_buffer(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferCopyBufferOp)
    (source_slot, source), (target_slot, target) = _slot(c, op.source_buffer), _slot(c, op.target_buffer)
    offsets = c.all([op.source_offset, op.target_offset])
    flags = c.const(op.flags.data, i64)
    c.call(op.name, c[op.command_buffer], source_slot, target_slot, source, offsets[0], target, offsets[1], c[op.length], flags)


def _bindings(c: Converter, op: hal.CommandBufferDispatchOp | hal.CommandBufferDispatchIndirectOp) -> list[list[SSAValue]]:
    bindings = []
    for buffer, offset, length in zip(op.binding_buffers, op.binding_offsets, op.binding_lengths, strict=True):
        bindings.append([c.const(0), *_slot(c, buffer), c[offset], c[length]])  # the first is reserved
    return bindings


@converts(hal.CommandBufferDispatchOp)
def dispatch(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferDispatchOp)
    target = c.all([op.command_buffer, op.executable, op.entry_point, op.workgroup_x, op.workgroup_y, op.workgroup_z])
    flags = c.const(op.flags.data if op.flags else 0, i64)
    c.call(op.name, *target, flags, c.all(op.constants), _bindings(c, op))


@converts(hal.CommandBufferDispatchIndirectOp)
def dispatch_indirect(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.CommandBufferDispatchIndirectOp)
    target = c.all([op.command_buffer, op.executable, op.entry_point])
    slot, buffer = _slot(c, op.workgroups_buffer)
    flags = c.const(op.flags.data if op.flags else 0, i64)
    c.call(op.name, *target, slot, buffer, c[op.workgroups_offset], flags, c.all(op.constants), _bindings(c, op))


# ---- devices and queues ------------------------------------------------------------------------------------------------


@converts(hal.DeviceQueryOp)
def device_query(c: Converter, op: Operation) -> None:
    """The runtime answers with 64 bits, of which a boolean is whether they are 0; an unanswered query gives the default, if it has one."""
    assert isinstance(op, hal.DeviceQueryOp)
    type_ = c.type_of(op.value)
    ok, answer = c.call("hal.device.query.i64", c[op.device], c.string(op.category.data), c.string(op.key.data))
    value = c.op("cmp.nz.i64", answer) if op.value.type == i1 else c.cast(answer, type_)
    if value.type != type_:
        raise unsupported_at(op, f"devices cannot be asked for values of type {op.value.type}", hint="supported: integers and index")
    if isinstance(op.default_value, IntegerAttr):
        default = op.default_value.value.data & 1 if op.value.type == i1 else op.default_value.value.data
        value = c.op(f"select.{type_}", ok, value, c.const(default, type_))
    c.bind(op.ok, ok)
    c.bind(op.value, value)


@converts(hal.DeviceQueueFillOp)
def queue_fill(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.DeviceQueueFillOp)
    queue = c.all([op.device, op.queue_affinity, op.wait_fence, op.signal_fence])
    bits, length = _pattern(c, op.pattern)
    c.call(op.name, *queue, *c.all([op.target_buffer, op.target_offset, op.length]), bits, length, c.const(op.flags.data, i64))


@converts(hal.DeviceQueueExecuteIndirectOp)
def queue_execute_indirect(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.DeviceQueueExecuteIndirectOp)
    queue = c.all([op.device, op.queue_affinity, op.wait_fence, op.signal_fence, op.command_buffer])
    table = [c.all(row) for row in zip(op.binding_buffers, op.binding_offsets, op.binding_lengths, strict=True)]
    c.call(op.name, *queue, c.const(op.flags.data, i64), table)


# ---- executables -------------------------------------------------------------------------------------------------------


@converts(hal.ExecutableCreateOp)
def executable_create(c: Converter, op: Operation) -> None:
    """The binary and its format come from read-only data, the constants from a buffer made here."""
    assert isinstance(op, hal.ExecutableCreateOp)
    executable, name = op.executable_target.root_reference.data, op.executable_target.nested_references.data[0].data
    holder = c.executables.get(executable)
    assert isinstance(holder, hal.ExecutableOp)
    binary = next((binary for binary in holder.binaries if binary.sym_name.data == name), None)
    if binary is None:
        raise unsupported_at(op, f"executable @{executable} has no binary @{name}", hint="executables are serialized in the hal phase")
    data = c.op("const.ref.rodata", result=vm.BufferType(), rodata=SymbolRefAttr(f"{executable}_{name}"))
    if op.constants:
        constants = c.op("buffer.alloc", c.const(len(op.constants) * CONSTANT_BYTES, i64), c.const(16), result=vm.BufferType())
        for i, value in enumerate(op.constants):
            c.effect("buffer.store.i32", constants, c.const(i, i64), c[value])
    else:
        constants = c.null(vm.BufferType())
    format_ = c.string(binary.format.data)
    _bind_results(c, op, c.call(op.name, c[op.device], c[op.queue_affinity], format_, data, constants))


@converts(hal.ExecutableLookupFunctionOp)
def executable_lookup_function(c: Converter, op: Operation) -> None:
    assert isinstance(op, hal.ExecutableLookupFunctionOp)
    _bind_results(c, op, c.call(op.name, c[op.executable], c.string(op.entry_point.nested_references.data[-1].data)))


# ---- check -------------------------------------------------------------------------------------------------------------


@converts(check.ExpectAllTrueOp, check.ExpectEqOp, check.ExpectAlmostEqOp)
def expectation(c: Converter, op: Operation) -> None:
    assert isinstance(op, check.ExpectAllTrueOp | check.ExpectEqOp | check.ExpectAlmostEqOp)
    if op.device is None:
        raise unsupported_at(op, "the device to compare on is not known", hint="the hal phase fills it in")
    tolerances = [c.const(value.value.data, f32) for value in (op.atol, op.rtol)] if isinstance(op, check.ExpectAlmostEqOp) else []
    values = [value for value in op.operands if value is not op.device]
    c.call(op.name, c[op.device], *c.all(values), *tolerances)
