"""Turns names of kinds of devices into what they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import DictionaryAttr, IndexType, IntAttr, IntegerAttr, ModuleOp

from pyrie.codegen.target import DEVICES, TargetOptions, load_backend
from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import device_globals


@dataclass(frozen=True)
class ResolveDeviceAliases(ModulePass):
    """Replaces each alias by the target of that name, with the code formats of this compilation.

    before:  util.global private @d = #hal.device.alias<"local"[1]> : !hal.device
    after:   util.global private @d = #hal.device.target<"local", {ordinal = 1 : index}, [#hal.executable.target<"llvm-cpu", ...>]>

    Legal because an alias has no meaning but what the compilation's options give it. The alias's configuration goes over the target's.
    """

    name: ClassVar[str] = "iree-hal-resolve-device-aliases"

    local_backends: tuple[str, ...] = ("llvm-cpu",)
    cpu: str = "host"
    cpu_features: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in device_globals(module):
            if isinstance(op.initial_value, hal.DeviceAttr):
                op.properties["initial_value"] = self._resolved(op, op.initial_value)

    def _resolved(self, op: util.GlobalOp, value: hal.DeviceAttr) -> hal.DeviceAttr:
        match value:
            case hal.DeviceAliasAttr():
                return self._target(op, value)
            case hal.DeviceSelectAttr():
                return hal.DeviceSelectAttr.of([self._resolved(op, choice) for choice in value.choices])
        return value

    def _target(self, op: util.GlobalOp, alias: hal.DeviceAliasAttr) -> hal.DeviceTargetAttr:
        name = alias.device_id.data
        if name not in DEVICES:
            raise error_at(op, f'names an unregistered device alias "{name}"', hint=f"available: {', '.join(DEVICES)}")
        configuration = dict(alias.configuration.data) if isinstance(alias.configuration, DictionaryAttr) else {}
        if isinstance(alias.ordinal, IntAttr):
            configuration["ordinal"] = IntegerAttr(alias.ordinal.data, IndexType())
        options = TargetOptions(cpu=self.cpu, cpu_features=self.cpu_features)
        targets = [target for backend in self.local_backends for target in load_backend(backend).executable_targets(options)]
        if not targets:
            raise error_at(op, f'uses the alias "{name}", for which no backend makes code', hint="--iree-hal-target-backends=llvm-cpu")
        return hal.DeviceTargetAttr.of(name, DictionaryAttr(configuration), targets)  # pyright: ignore[reportArgumentType]
