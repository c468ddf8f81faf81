"""Turns promises of devices into affinities, once the devices are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.traits import SymbolTable

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import device_globals


@dataclass(frozen=True)
class ResolveDevicePromises(ModulePass):
    """Replaces each promise of a device, however deep in an attribute, by an affinity to the global of that name.

    before:  util.func @f() attributes {stream.affinity = #hal.device.promise<@a, [1]>}
    after:   util.func @f() attributes {stream.affinity = #hal.device.affinity<@a, [1]>}

    Legal because a promise means the device global of its name, and it is checked that there is one.
    """

    name: ClassVar[str] = "iree-hal-resolve-device-promises"

    def apply(self, context: Context, module: ModuleOp) -> None:
        resolved: dict[int, Attribute] = {}  # by identity: attributes are shared, and hashing big ones costs more than looking inside
        devices = {op.sym_name.data for op in device_globals(module)}
        _resolve(module, devices, resolved)
        for op in module.body.block.ops:
            if not op.has_trait(SymbolTable, value_if_unregistered=False):  # executables name no devices
                for inner in op.walk():
                    _resolve(inner, devices, resolved)


def _resolve(op: Operation, devices: set[str], resolved: dict[int, Attribute]) -> None:
    for holder in (op.properties, op.attributes):
        for key, old in holder.items():
            new = resolved.get(id(old))
            if new is None:
                resolved[id(old)] = new = _resolved(op, old, devices)
                resolved[id(new)] = new
            if new is not old:
                holder[key] = new


def _resolved(op: Operation, attribute: Attribute, devices: set[str]) -> Attribute:
    """`attribute` without promises; the very same object if it holds none."""
    match attribute:
        case hal.DevicePromiseAttr():
            name = attribute.device.data
            if name not in devices:
                hint = f"devices: {', '.join(sorted(devices)) or 'none'}"
                raise error_at(op, f"op references a promised device that was not declared: @{name}", hint=hint)
            return hal.DeviceAffinityAttr.of(name, attribute.queue_mask.data)
        case ArrayAttr():
            parts = [_resolved(op, part, devices) for part in attribute.data]
            return ArrayAttr(parts) if _differ(parts, attribute.data) else attribute
        case DictionaryAttr():
            values = {key: _resolved(op, value, devices) for key, value in attribute.data.items()}
            return DictionaryAttr(values) if _differ(values.values(), attribute.data.values()) else attribute
        case hal.DeviceOptimalAttr():
            affinities = _resolved(op, attribute.affinities, devices)
            return attribute if affinities is attribute.affinities else hal.DeviceOptimalAttr.new([affinities])
    return attribute


def _differ(new, old) -> bool:
    return any(a is not b for a, b in zip(new, old, strict=True))
