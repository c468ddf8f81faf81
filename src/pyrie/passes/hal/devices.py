"""Which devices the program names, and what they run."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.codegen.target import TargetBackend, load_backend
from pyrie.dialects import hal, util


def device_globals(module: ModuleOp) -> Iterator[util.GlobalOp]:
    """The globals that hold devices, in order."""
    for op in module.body.block.ops:
        if isinstance(op, util.GlobalOp) and isinstance(op.type, hal.DeviceType):
            yield op


def device_targets(value: Attribute | None) -> Iterator[hal.DeviceTargetAttr]:
    """The targets among which a device global's initial value chooses."""
    if isinstance(value, hal.DeviceTargetAttr):
        yield value
    elif isinstance(value, hal.DeviceSelectAttr):
        for choice in value.devices.data:
            yield from device_targets(choice)


def executable_targets(module: ModuleOp) -> list[hal.ExecutableTargetAttr]:
    """The targets that code of the module is compiled for: those of all its devices, each once."""
    found: dict[hal.ExecutableTargetAttr, None] = {}
    for device in device_globals(module):
        for target in device_targets(device.initial_value):
            for executable in target.executable_targets.data:
                if isinstance(executable, hal.ExecutableTargetAttr):
                    found[executable] = None
    return list(found)


def loaded_device(value: SSAValue) -> str | None:
    """The name of the global that `value` was loaded from, if it is a device loaded from a global."""
    op = value.owner
    return op.global_name if isinstance(op, util.GlobalLoadOp) else None


def variants_with_backends(module: ModuleOp) -> Iterator[tuple[TargetBackend, hal.ExecutableVariantOp]]:
    """Every variant of every executable, with the code generator for its target. Raises InputError for a backend that does not exist."""
    for op in module.body.block.ops:
        if isinstance(op, hal.ExecutableOp):
            for variant in op.variants:
                yield load_backend(variant.target.backend.data), variant


def inherited_affinities(op: Operation) -> dict[str, Attribute]:
    """The affinities that hold at `op`: its own, then those of the ops round it."""
    found: dict[str, Attribute] = {}
    holder: Operation | None = op
    while holder is not None:
        for name, attribute in holder.attributes.items():
            if "." in name and isinstance(attribute, hal.DeviceAffinityAttr):
                found.setdefault(name, attribute)
        holder = holder.parent_op()
    return found
