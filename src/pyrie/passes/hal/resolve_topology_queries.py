"""Decides at compile time what memory a resource lives in, where the topology of the devices settles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import InsertPoint

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.conversion.resources import MEMORY
from pyrie.passes.hal.device_analysis import DeviceAnalysis
from pyrie.passes.stream.emitter import host_functions, replace

TOPOLOGY = "stream.topology"
# What a buffer needs beside the bits of its lifetime to be used by another device than its own: its memory is exported once, for good.
SHARED_TYPES = hal.MemoryTypeAttr.of("HostVisible").data
SHARED_USAGE = hal.BufferUsageAttr.of("Mapping", "MappingPersistent").data
# And to be read and written by the host when it leaves the program.
MAPPABLE_TYPES = hal.MemoryTypeAttr.of("HostVisible").data
MAPPABLE_USAGE = hal.BufferUsageAttr.of("Mapping").data


@dataclass(frozen=True)
class ResolveTopologyQueries(ModulePass):
    """Replaces the question for a resource's memory type and usage by constants.

    before:  %t, %u = hal.allocator.resolve_memory_properties for(#hal.device.affinity<@d>) lifetime(transient) : i32, i32
    after:   %t = hal.memory_type<"DeviceVisible|DeviceLocal"> : i32;  %u = hal.buffer_usage<"Transfer...|DispatchStorage..."> : i32

    Legal where the resource is on one device, where all of its possible devices are of one kind, and where some device reaches the
    memory of all others transparently; then the memory is shared. Other questions stay: the devices answer them at run time.
    """

    name: ClassVar[str] = "iree-hal-resolve-topology-queries"

    external_resources_mappable: bool = False

    def apply(self, context: Context, module: ModuleOp) -> None:
        questions = [
            op for function in host_functions(module) for op in function.walk() if isinstance(op, hal.AllocatorResolveMemoryPropertiesOp)
        ]
        if not questions:
            return
        analysis = DeviceAnalysis(module)
        topology = module.attributes.get(TOPOLOGY)
        for op in questions:
            extra = _shared(op, analysis, topology if isinstance(topology, hal.DeviceTopologyAttr) else None)
            if extra is not None:
                self._answer(op, *extra)

    def _answer(self, op: hal.AllocatorResolveMemoryPropertiesOp, types: int, usage: int) -> None:
        lifetime = op.lifetime.data
        if lifetime not in MEMORY:
            raise unsupported_at(op, f"asks for the memory of the lifetime '{lifetime}'", hint="supported: " + ", ".join(MEMORY))
        if lifetime == "external" and self.external_resources_mappable:
            types, usage = types | MAPPABLE_TYPES, usage | MAPPABLE_USAGE
        builder = Builder(InsertPoint.before(op))
        memory, use = MEMORY[lifetime]
        answers = [
            builder.insert(hal.MemoryTypeOp(hal.MemoryTypeAttr(memory.data | types))),
            builder.insert(hal.BufferUsageOp(hal.BufferUsageAttr(use.data | usage))),
        ]
        for answer in answers:
            answer.location = op.location
        replace(op, [answer.result for answer in answers])


def _shared(
    op: hal.AllocatorResolveMemoryPropertiesOp, analysis: DeviceAnalysis, topology: hal.DeviceTopologyAttr | None
) -> tuple[int, int] | None:
    """The bits that sharing among the op's possible devices adds; None if that cannot be told."""
    if not isinstance(op.affinity, hal.DeviceOptimalAttr):
        return 0, 0
    devices = op.affinity.devices
    targets = [analysis.device_targets(name) for name in devices]
    kinds = {target.device_id.data if target is not None else None for group in targets for target in (group or (None,))}
    if len(kinds) == 1 and None not in kinds:
        return 0, 0
    if topology is not None and any(all(topology.is_transparent(source, target) for target in devices) for source in devices):
        return SHARED_TYPES, SHARED_USAGE
    return None
