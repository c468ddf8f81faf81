"""Which devices the program names, which of them a value may be, and what they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import hal, util
from pyrie.passes.hal.value_flow import ValueFlow

AFFINITIES = ("stream.affinity", "stream.affinity.default")  # attributes of ops round the work that say where it runs
TARGETS = "hal.device.targets"  # the attribute that lists devices before they become globals


class DeviceAnalysis:
    """What can be told about devices without running the program.

    Made for one state of the module: a pass that adds devices, calls or stores makes a new one. Making it looks at the module's
    top level only; questions walk no further than they must.
    """

    def __init__(self, module: ModuleOp):
        self.module = module
        self.device_globals: tuple[util.GlobalOp, ...] = tuple(device_globals(module))
        self._by_name = {op.sym_name.data: op for op in self.device_globals}
        self._flow = ValueFlow(module)
        self._known: dict[SSAValue, tuple[util.GlobalOp, ...] | None] = {}

    def lookup_device_globals(self, value: SSAValue) -> tuple[util.GlobalOp, ...] | None:
        """The globals whose devices `value` may hold, in the order of their declaration; None if it may hold some other device.

        A global that is set once stands for itself, whatever it was set to; one that changes stands for all it is set to.
        """
        if value not in self._known:
            names = self._names(value, set())
            self._known[value] = None if names is None else tuple(op for name, op in self._by_name.items() if name in names)
        return self._known[value]

    def device_of(self, value: SSAValue) -> str | None:
        """The name of the one global whose device `value` holds; None if there may be several or another."""
        devices = self.lookup_device_globals(value)
        return devices[0].sym_name.data if devices is not None and len(devices) == 1 else None

    def device_targets(self, device: util.GlobalOp | SymbolRefAttr | str) -> tuple[hal.DeviceTargetAttr, ...] | None:
        """The targets among which a device global's value is chosen; None if others are possible."""
        name = device if isinstance(device, str) else device.string_value() if isinstance(device, SymbolRefAttr) else device.sym_name.data
        targets = self._global_targets(name, frozenset())
        return None if targets is None else tuple(dict.fromkeys(targets))

    def lookup_device_targets(self, value: SSAValue) -> tuple[hal.DeviceTargetAttr, ...] | None:
        """The targets of the devices that `value` may hold; None if others are possible."""
        devices = self.lookup_device_globals(value)
        if devices is None:
            return None
        found: dict[hal.DeviceTargetAttr, None] = {}
        for device in devices:
            targets = self.device_targets(device)
            if targets is None:
                return None
            found.update(dict.fromkeys(targets))
        return tuple(found)

    def executable_targets(
        self, affinity: hal.DeviceAffinityAttr | hal.DeviceOptimalAttr | None = None
    ) -> tuple[hal.ExecutableTargetAttr, ...]:
        """What code must be compiled for, each once: the known targets of the devices of `affinity`, or of all devices."""
        names = affinity.devices if affinity is not None else tuple(self._by_name)
        found: dict[hal.ExecutableTargetAttr, None] = {}
        for target in self._known_targets(names):
            found.update(dict.fromkeys(t for t in target.executable_targets.data if isinstance(t, hal.ExecutableTargetAttr)))
        return tuple(found)

    def _known_targets(self, names: Iterable[str]) -> Iterator[hal.DeviceTargetAttr]:
        for name in names:
            device = self._by_name.get(name)
            targets = self.device_targets(name) if device is not None else None
            if targets is not None:
                yield from targets
            elif device is not None and device.initial_value is not None:
                yield from self._leaves(device.initial_value)
            else:
                yield from listed_targets(self.module)

    def _leaves(self, value: Attribute) -> Iterator[hal.DeviceTargetAttr]:
        """The targets that stand in an initial value, beside whatever else does."""
        if isinstance(value, hal.DeviceTargetAttr):
            yield value
        elif isinstance(value, hal.DeviceSelectAttr):
            for choice in value.devices.data:
                yield from self._leaves(choice)

    def _names(self, value: SSAValue, visited: set[str]) -> set[str] | None:
        origins = self._flow.origins(value)
        if origins is None:
            return None
        found: set[str] = set()
        for origin in origins:
            op = origin.op
            names: set[str] | None = None
            if isinstance(op, util.GlobalLoadOp):
                names = self._loaded(op.global_name, visited)
            elif isinstance(op, hal.DeviceResolveOp) and op.affinity is not None and op.affinity.device.string_value() in self._by_name:
                names = {op.affinity.device.string_value()}
            if names is None:
                return None
            found |= names
        return found

    def _loaded(self, name: str, visited: set[str]) -> set[str] | None:
        device = self._by_name.get(name)
        if device is None:
            return None
        if device.is_mutable is None:
            return {name}
        stored = self._flow.stored(name)
        if device.initial_value is not None or stored is None:
            return None
        if name in visited:
            return set()
        visited.add(name)
        found: set[str] = set()
        for value in stored:
            names = self._names(value, visited)
            if names is None:
                return None
            found |= names
        return found

    def _global_targets(self, name: str, above: frozenset[str]) -> list[hal.DeviceTargetAttr] | None:
        device = self._by_name.get(name)
        if device is None or name in above or device.is_mutable is not None:
            return None
        above |= {name}
        if device.initial_value is not None:
            return self._value_targets(device.initial_value, above)
        stored = self._flow.stored(name)
        if not stored:
            return None
        found: list[hal.DeviceTargetAttr] = []
        for value in stored:
            devices = self.lookup_device_globals(value)
            for source in devices if devices is not None else (None,):
                targets = self._global_targets(source.sym_name.data, above) if source is not None else None
                if targets is None:
                    return None
                found.extend(targets)
        return found

    def _value_targets(self, value: Attribute, above: frozenset[str]) -> list[hal.DeviceTargetAttr] | None:
        match value:
            case hal.DeviceTargetAttr():
                return [value]
            case hal.DeviceFallbackAttr():
                return self._global_targets(value.device.string_value(), above)
            case hal.DeviceSelectAttr():
                parts = [self._value_targets(choice, above) for choice in value.devices.data]
                return None if None in parts else [target for part in parts if part is not None for target in part]
        return None  # an ordinal is any device; an alias is not resolved yet


def device_globals(module: ModuleOp) -> Iterator[util.GlobalOp]:
    """The globals that hold devices, in order."""
    for op in module.body.block.ops:
        if isinstance(op, util.GlobalOp) and isinstance(op.type, hal.DeviceType):
            yield op


def names_devices(module: ModuleOp) -> bool:
    """Whether the program says on which devices it runs, in a list or by globals."""
    return TARGETS in module.attributes or next(device_globals(module), None) is not None


def affinity_of(op: Operation) -> hal.DeviceAffinityAttr | hal.DeviceOptimalAttr | None:
    """Where `op` runs: its own affinity, that of the nearest op round it that says one, or the module's default."""
    current: Operation | None = op
    while current is not None:
        for attribute in (current.properties.get("affinity"), *(current.attributes.get(name) for name in AFFINITIES)):
            if isinstance(attribute, hal.DeviceAffinityAttr | hal.DeviceOptimalAttr):
                return attribute
        current = current.parent_op()
    return None


def fallback_devices(value: Attribute | None) -> list[str]:
    """The device globals that a device global's initial value names as fallbacks, in the order in which they are tried."""
    if isinstance(value, hal.DeviceFallbackAttr):
        return [value.device.string_value()]
    if isinstance(value, hal.DeviceSelectAttr):
        return [name for choice in value.devices.data for name in fallback_devices(choice)]
    return []


def listed_targets(module: ModuleOp) -> Iterator[hal.DeviceTargetAttr]:
    """The targets in the module's list of devices, if it still has one."""
    listed = module.attributes.get(TARGETS)
    if isinstance(listed, ArrayAttr):
        yield from (target for target in listed.data if isinstance(target, hal.DeviceTargetAttr))


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
