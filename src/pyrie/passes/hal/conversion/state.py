"""What the rules share: options, symbols, what values were before the conversion, and how affinities become devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr, i64
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import hal, stream, util
from pyrie.dialects.hal.attributes import ANY_QUEUE
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.conversion.emitter import Emitter


@dataclass(frozen=True)
class Recording:
    """How executions may be recorded; the options of the pass."""

    memoization: bool = True
    indirect_command_buffers: bool = True
    force_indirect_command_buffers: bool = False
    memoize_dynamic: bool = False


class Conversion:
    """State of one conversion: what is noted of ops before types change, symbols and affinities."""

    def __init__(self, module: ModuleOp, recording: Recording):
        self.recording = recording
        self.lifetimes: dict[Operation, str] = {}  # of the resource that an op allocates, frees or imports
        self.ranks: dict[Operation, int] = {}  # of the tensor that an op asks about
        self.call_resources: dict[Operation, frozenset[int]] = {}  # which operands of a call are resources
        self._symbols = SymbolTable(module)
        self._exports: dict[SymbolRefAttr, hal.ExecutableExportOp] = {}
        self._default = module.attributes.get("stream.affinity.default")

    def export(self, op: Operation, entry_point: SymbolRefAttr) -> hal.ExecutableExportOp:
        """The export that `op` names."""
        export = self._exports.get(entry_point)
        if export is None:
            found = self._symbols.lookup(entry_point)
            if not isinstance(found, hal.ExecutableExportOp):
                raise error_at(op, f"names {entry_point}, which is no hal.executable.export")
            export = self._exports[entry_point] = found
        return export

    # ---- affinities

    def affinity_of(self, op: Operation) -> Attribute | None:
        """Where `op` runs: its own affinity, that of the nearest op round it, or the module's default."""
        current: Operation | None = op
        while current is not None:
            own = current.properties.get("affinity") if isinstance(current, stream.StreamOp) else None
            if (found := own or current.attributes.get("stream.affinity")) is not None:
                return found
            current = current.parent_op()
        return self._default

    def device(self, emit: Emitter, op: Operation, affinity: Attribute | None) -> SSAValue:
        """The device of an affinity: the first that the program is given if there is none."""
        if affinity is None:
            return emit.emit(hal.DevicesGetOp(emit.constant(0))).result
        name = _single(op, affinity).device
        if name.nested_references.data:
            raise unsupported_at(
                op, f"has an affinity for {name}, a device inside of another op", hint="supported: device globals of the module"
            )
        return emit.emit(util.GlobalLoadOp(name.string_value(), hal.DeviceType(), immutable=True)).result

    def queues(self, emit: Emitter, op: Operation, affinity: Attribute | None) -> SSAValue:
        """The queues of an affinity."""
        mask = ANY_QUEUE if affinity is None else _single(op, affinity).queue_mask.data
        return emit.constant(mask, i64)

    def queue(self, emit: Emitter, op: Operation) -> tuple[SSAValue, SSAValue]:
        """The device and the queue affinity that `op` runs on."""
        affinity = self.affinity_of(op)
        return self.device(emit, op, affinity), self.queues(emit, op, affinity)

    def queue_for_memory(self, emit: Emitter, op: Operation, memory_types: SSAValue, usage: SSAValue) -> tuple[SSAValue, SSAValue]:
        """The device and the queue affinity for memory: where several would do, the program chooses when it runs."""
        affinity = self.affinity_of(op)
        choices = affinity.affinities.data if isinstance(affinity, hal.DeviceOptimalAttr) else (affinity,)
        queues = [(self.device(emit, op, choice), self.queues(emit, op, choice)) for choice in choices]
        if len(queues) == 1:
            return queues[0]
        devices, masks = zip(*queues, strict=True)
        select = emit.emit(hal.AllocatorSelectOp(devices, masks, memory_types, usage))
        return select.selected_device, select.selected_queue_affinity

    def allocator_for_memory(self, emit: Emitter, op: Operation, memory_types: SSAValue, usage: SSAValue) -> tuple[SSAValue, SSAValue]:
        """The allocator and the queue affinity for memory of a kind."""
        device, queues = self.queue_for_memory(emit, op, memory_types, usage)
        return emit.emit(hal.DeviceAllocatorOp(device)).result, queues


def _single(op: Operation, affinity: Attribute) -> hal.DeviceAffinityAttr:
    """The affinity itself; of several among which nothing chooses when the program runs, the first."""
    first = affinity.affinities.data[0] if isinstance(affinity, hal.DeviceOptimalAttr) else affinity
    if not isinstance(first, hal.DeviceAffinityAttr):
        hint = "supported: #hal.device.affinity, #hal.device.optimal of such"
        raise unsupported_at(op, f"has the affinity {affinity}: failed to resolve it, only HAL device affinities are supported", hint=hint)
    return first


# Lowers an op and returns what stands for its results.
Lowering = Callable[[Conversion, Emitter, Any], list[SSAValue]]
