"""stream -> hal: resources become buffers, timepoints fences, executions command buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from xdsl.dialects.builtin import FunctionType, ModuleOp, TensorType, i32, i64
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import check, hal, stream, util
from pyrie.dialects.hal.attributes import ANY_QUEUE
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.stream.emitter import Emitter, host_functions, replace

TYPES: dict[type[Attribute], Attribute] = {
    stream.ResourceType: hal.BufferType(),
    stream.TimepointType: hal.FenceType(),
    stream.FileType: hal.FileType(),
}

# What a buffer of a lifetime is allocated as. Device-local memory of a CPU is host memory.
DEVICE_LOCAL = hal.MemoryTypeAttr.of("DeviceLocal")
STORAGE = ("Transfer", "DispatchStorage")
MEMORY: dict[str, tuple[hal.MemoryTypeAttr, hal.BufferUsageAttr]] = {
    "external": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE)),
    "transient": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE)),
    "variable": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE)),
    "constant": (DEVICE_LOCAL, hal.BufferUsageAttr.of(*STORAGE, "SharingImmutable")),
    "staging": (hal.MemoryTypeAttr.of("HostLocal", "DeviceVisible"), hal.BufferUsageAttr.of(*STORAGE, "Mapping")),
}


class Conversion:
    """State of one conversion: the module's symbols and, by value, the lifetime each buffer had as a resource."""

    def __init__(self, module: ModuleOp):
        self.symbols = SymbolTable(module)
        self.default_affinity = module.attributes.get("stream.affinity.default")
        self.lifetimes: dict[SSAValue, str] = {}

    def queue(self, emit: Emitter, op: Operation) -> tuple[SSAValue, SSAValue]:
        """The device and the queue affinity that `op` runs on."""
        affinity = op.properties.get("affinity") or self.default_affinity
        if not isinstance(affinity, hal.DeviceAffinityAttr):
            what = "has no affinity and the module no stream.affinity.default" if affinity is None else f"has the affinity {affinity}"
            raise unsupported_at(op, what, hint="supported: #hal.device.affinity<@device> of one device")
        device = emit.emit(util.GlobalLoadOp(affinity.device.string_value(), hal.DeviceType(), immutable=True)).result
        mask = affinity.queue_mask.data
        return device, emit.constant(-1 if mask == ANY_QUEUE else mask, i64)

    def allocator(self, emit: Emitter, op: Operation) -> tuple[SSAValue, SSAValue]:
        """The allocator and the queue affinity for memory of `op`."""
        device, affinity = self.queue(emit, op)
        return emit.emit(hal.DeviceAllocatorOp(device)).result, affinity

    def memory(self, emit: Emitter, op: Operation, value: SSAValue) -> tuple[SSAValue, SSAValue]:
        """Memory type and usage constants for the buffer `value`."""
        lifetime = self.lifetimes[value]
        if lifetime not in MEMORY:
            raise unsupported_at(op, f"allocates a resource of lifetime '{lifetime}'", hint="supported: " + ", ".join(MEMORY))
        types, usage = MEMORY[lifetime]
        return emit.emit(hal.MemoryTypeOp(types)).result, emit.emit(hal.BufferUsageOp(usage)).result


def wait_fence(emit: Emitter, timepoint: SSAValue | None) -> SSAValue:
    """The fence to wait for: that of the timepoint, or null."""
    return timepoint if timepoint is not None else emit.emit(util.NullOp(hal.FenceType())).results[0]


def signal_fence(emit: Emitter, device: SSAValue, timepoint: SSAValue) -> SSAValue:
    """The fence to signal: null if nobody waits, the caller's own where the timepoint is only chained to one, else a new one."""
    uses = list(timepoint.uses)
    if not uses:
        return emit.emit(util.NullOp(hal.FenceType())).results[0]
    chain = uses[0].operation
    if len(uses) == 1 and isinstance(chain, stream.TimepointChainExternalOp) and len(chain.external_values) == 1:
        fence = chain.external_values[0]
        if isinstance(fence.type, hal.FenceType) and chain.parent is emit.block:
            chain.detach()
            chain.erase()
            return fence
    return emit.emit(hal.FenceCreateOp(device)).result


# ---- resources ---------------------------------------------------------------------------------------------------------


def lower_alloc(c: Conversion, emit: Emitter, op: stream.ResourceAllocOp) -> list[SSAValue]:
    types, usage = c.memory(emit, op, op.result)
    allocator, affinity = c.allocator(emit, op)
    return [emit.emit(hal.AllocatorAllocateOp(allocator, affinity, types, usage, op.storage_size)).result]


def lower_alloca(c: Conversion, emit: Emitter, op: stream.ResourceAllocaOp) -> list[SSAValue]:
    types, usage = c.memory(emit, op, op.result)
    device, affinity = c.queue(emit, op)
    signal = signal_fence(emit, device, op.result_timepoint)
    queue = (device, affinity, wait_fence(emit, op.await_timepoint), signal)
    flags = hal.AllocaFlagsAttr.BITS["IndeterminateLifetime"] if op.indeterminate_lifetime is not None else 0
    made = emit.emit(hal.DeviceQueueAllocaOp(queue, emit.constant(0, i64), types, usage, op.storage_size, flags))
    return [made.result, signal]


def lower_dealloca(c: Conversion, emit: Emitter, op: stream.ResourceDeallocaOp) -> list[SSAValue]:
    device, affinity = c.queue(emit, op)
    signal = signal_fence(emit, device, op.result_timepoint)
    queue = (device, affinity, wait_fence(emit, op.await_timepoint), signal)
    flags = hal.DeallocaFlagsAttr.BITS["PreferOrigin"] if op.prefer_origin is not None else 0
    emit.emit(hal.DeviceQueueDeallocaOp(queue, op.operand, flags))
    return [signal]


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
    types, usage = c.memory(emit, op, op.result)
    allocator, affinity = c.allocator(emit, op)
    made = emit.emit(hal.AllocatorImportOp(allocator, affinity, types, usage, op.source, op.source_offset, op.result_size))
    return list(made.results)


def lower_load(c: Conversion, emit: Emitter, op: stream.ResourceLoadOp) -> list[SSAValue]:
    return [emit.emit(hal.BufferLoadOp(op.source, op.source_offset, op.result.type)).result]


def lower_store(c: Conversion, emit: Emitter, op: stream.ResourceStoreOp) -> list[SSAValue]:
    emit.emit(hal.BufferStoreOp(op.value, op.target, op.target_offset))
    return []


def lower_subview(c: Conversion, emit: Emitter, op: stream.ResourceSubviewOp) -> list[SSAValue]:
    return [emit.emit(hal.BufferSubspanOp(op.source, op.source_offset, op.result_size)).result]


# ---- files -------------------------------------------------------------------------------------------------------------


def lower_file_constant(c: Conversion, emit: Emitter, op: stream.FileConstantOp) -> list[SSAValue]:
    device, affinity = c.queue(emit, op)
    access = hal.MemoryAccessAttr.of("Read")
    made = hal.ExFileFromMemoryOp(device, affinity, access, op.source, op.source_offset, op.source_length, emit.constant(0, i32))
    return [emit.emit(made).results[0]]


def lower_file_read(c: Conversion, emit: Emitter, op: stream.FileReadOp) -> list[SSAValue]:
    device, affinity = c.queue(emit, op)
    signal = signal_fence(emit, device, op.result_timepoint)
    queue = (device, affinity, wait_fence(emit, op.await_timepoint), signal)
    emit.emit(hal.DeviceQueueReadOp(queue, op.source, op.source_offset, op.target, op.target_offset, op.length))
    return [signal]


# ---- tensors at the boundary -------------------------------------------------------------------------------------------


def lower_import(c: Conversion, emit: Emitter, op: stream.TensorImportOp) -> list[SSAValue]:
    buffer = op.source
    if isinstance(buffer.type, hal.BufferViewType):
        buffer = emit.emit(hal.BufferViewBufferOp(buffer)).result
    allocator, _ = c.allocator(emit, op)
    # a buffer of the caller only has to be visible to the device
    types, usage = hal.MemoryTypeAttr.of("DeviceVisible"), hal.BufferUsageAttr.of(*STORAGE)
    emit.emit(hal.BufferAssertOp(buffer, "tensor", allocator, op.result_size, types, usage))
    return [buffer]


def lower_export(c: Conversion, emit: Emitter, op: stream.TensorExportOp) -> list[SSAValue]:
    if isinstance(op.result.type, hal.BufferType):
        return [op.source]
    # a tensor that host code looks at, such as an expectation of a test, is a buffer view from here on
    tensor = op.source_encoding
    if not isinstance(tensor, TensorType):
        raise unsupported_at(op, f"exports a {tensor}", hint="supported: ranked tensors")
    dynamic = iter(op.source_encoding_dims)
    shape = [next(dynamic) if size < 0 else emit.constant(size) for size in tensor.get_shape()]
    element = emit.emit(hal.ElementTypeOp(tensor.element_type)).result
    encoding = emit.emit(hal.EncodingTypeOp()).result
    return [emit.emit(hal.BufferViewCreateOp(op.source, emit.constant(0), op.source_size, element, encoding, shape)).result]


# ---- time --------------------------------------------------------------------------------------------------------------


def lower_immediate(c: Conversion, emit: Emitter, op: stream.TimepointImmediateOp) -> list[SSAValue]:
    return [wait_fence(emit, None)]


def lower_timepoint_import(c: Conversion, emit: Emitter, op: stream.TimepointImportOp) -> list[SSAValue]:
    if len(op.arguments) != 1 or not isinstance(op.arguments[0].type, hal.FenceType):
        raise unsupported_at(op, "imports something other than one fence", hint="supported: !hal.fence")
    return [op.arguments[0]]


def lower_timepoint_export(c: Conversion, emit: Emitter, op: stream.TimepointExportOp) -> list[SSAValue]:
    if len(op.results_) != 1 or not isinstance(op.results_[0].type, hal.FenceType):
        raise unsupported_at(op, "exports something other than one fence", hint="supported: !hal.fence")
    return [op.await_timepoint]


def lower_chain_external(c: Conversion, emit: Emitter, op: stream.TimepointChainExternalOp) -> list[SSAValue]:
    if len(op.external_values) != 1 or not isinstance(op.external_values[0].type, hal.FenceType):
        raise unsupported_at(op, "signals something other than one fence", hint="supported: !hal.fence")
    device, affinity = c.queue(emit, op)
    emit.emit(hal.DeviceQueueBarrierOp((device, affinity, op.await_timepoint, op.external_values[0])))
    return []


def lower_join(c: Conversion, emit: Emitter, op: stream.TimepointJoinOp) -> list[SSAValue]:
    return [emit.emit(hal.FenceJoinOp(list(op.await_timepoints))).result]


def lower_barrier(c: Conversion, emit: Emitter, op: stream.TimepointBarrierOp) -> list[SSAValue]:
    return [op.resource, wait_fence(emit, None)]  # a barrier that is left guards a resource that is there already


def lower_await(c: Conversion, emit: Emitter, op: stream.TimepointAwaitOp) -> list[SSAValue]:
    status = emit.emit(hal.FenceAwaitOp(emit.constant(-1, i32), [op.await_timepoint])).status
    emit.emit(util.StatusCheckOkOp(status, "failed to wait on timepoint"))
    return list(op.resource_operands)


# ---- expectations of tests ---------------------------------------------------------------------------------------------

Expectation = check.ExpectAllTrueOp | check.ExpectEqOp | check.ExpectAlmostEqOp


def lower_expectation(c: Conversion, emit: Emitter, op: Expectation) -> list[SSAValue]:
    """The same op on buffer views, with the device that they are read through."""
    device = op.device if op.device is not None else c.queue(emit, op)[0]
    values = [value for value in op.operands if value is not op.device]
    emit.emit(type(op).build(operands=[[device], *values], properties=op.properties))
    return []


Lowering = Callable[[Conversion, Emitter, Any], list[SSAValue]]

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
    stream.FileConstantOp: lower_file_constant,
    stream.FileReadOp: lower_file_read,
    stream.TensorImportOp: lower_import,
    stream.TensorExportOp: lower_export,
    stream.TimepointImmediateOp: lower_immediate,
    stream.TimepointImportOp: lower_timepoint_import,
    stream.TimepointExportOp: lower_timepoint_export,
    stream.TimepointChainExternalOp: lower_chain_external,
    stream.TimepointJoinOp: lower_join,
    stream.TimepointBarrierOp: lower_barrier,
    stream.TimepointAwaitOp: lower_await,
    check.ExpectAllTrueOp: lower_expectation,
    check.ExpectEqOp: lower_expectation,
    check.ExpectAlmostEqOp: lower_expectation,
}


@dataclass(frozen=True)
class ConvertToHAL(ModulePass):
    """Converts all host code of the stream dialect to the hal dialect.

    before:  %t = stream.cmd.execute with(%r as %b: ...) { stream.cmd.dispatch @e::@v::@f { rw %b[...] } } => !stream.timepoint
    after:   %cmd = hal.device.memoize<%device> affinity(%any) -> !hal.command_buffer { ... hal.command_buffer.dispatch ... }
             hal.device.queue.execute.indirect<%device> ... signal(%fence) commands(%cmd) bindings([(%buffer)[0, %size]])

    Legal because a fence is reached when its timepoint would be, and a recording depends only on what `passes.hal.captures` proves
    not to change: buffers that may differ between executions go through the binding table.
    """

    name: ClassVar[str] = "iree-hal-conversion"

    def apply(self, context: Context, module: ModuleOp) -> None:
        from pyrie.passes.hal.conversion_of_executions import lower_execute

        conversion = Conversion(module)
        _convert_types(conversion, module)
        lowerings = {**LOWERINGS, stream.CmdExecuteOp: lower_execute}
        for function in host_functions(module):
            for region in function.regions:
                _convert_region(conversion, region, lowerings)
        module.attributes.pop("stream.affinity.default", None)
        module.attributes.pop("stream.topology", None)


def _convert_region(conversion: Conversion, region: Region, lowerings: dict[type[Operation], Lowering]) -> None:
    for block in region.blocks:
        for op in list(block.ops):
            if op.parent is None:
                continue  # consumed together with an earlier op
            lowering = lowerings.get(type(op))
            if lowering is not None:
                values = lowering(conversion, Emitter(op), op)
                replace(op, values)
            elif isinstance(op, stream.StreamOp):
                raise unsupported_at(op, "cannot be converted to the hal dialect", hint="one local device without collectives is supported")
            else:
                for nested in op.regions:
                    _convert_region(conversion, nested, lowerings)


def _convert_types(conversion: Conversion, module: ModuleOp) -> None:
    """Retypes every value, function and global outside of executables; notes the lifetime of each resource."""
    for op in module.body.block.ops:
        if isinstance(op, util.GlobalOp):
            op.properties["type"] = _converted(op.type)
            if isinstance(op.initial_value, stream.TimepointAttr):
                del op.properties["initial_value"]
        elif isinstance(op, util.FuncOp):
            inputs, outputs = op.function_type.inputs.data, op.function_type.outputs.data
            op.properties["function_type"] = FunctionType.from_lists([*map(_converted, inputs)], [*map(_converted, outputs)])
        if not isinstance(op, util.FuncOp | util.InitializerOp):
            continue
        for inner in op.walk():
            for result in inner.results:
                _retype(conversion, result)
            for region in inner.regions:
                for block in region.blocks:
                    for argument in block.args:
                        _retype(conversion, argument)


def _converted(type: Attribute) -> Attribute:
    return TYPES.get(type.__class__, type)


def _retype(conversion: Conversion, value: SSAValue) -> None:
    type = value.type
    if (new := TYPES.get(type.__class__)) is None:
        return
    made = Rewriter.replace_value_with_new_type(value, new)
    if isinstance(type, stream.ResourceType):
        conversion.lifetimes[made] = type.lifetime.data
