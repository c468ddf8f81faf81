"""Says on which devices the program runs, by what makes their code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp

from pyrie.codegen.target import TargetOptions, default_device, load_backend
from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import TARGETS, names_devices


@dataclass(frozen=True)
class AssignLegacyTargetDevices(ModulePass):
    """Attaches to a module that names no device one that runs the code of some backend; of several, the first that is there.

    before:  module { ... }
    after:   module attributes {hal.device.targets = [#hal.device.target<"local", [#hal.executable.target<...>]>]} { ... }
    """

    name: ClassVar[str] = "iree-hal-assign-legacy-target-devices"

    backends: tuple[str, ...] = field(default=(), metadata={"option": "targetBackends"})
    cpu: str = "host"
    cpu_features: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        if not self.backends or names_devices(module):
            return
        options = TargetOptions(cpu=self.cpu, cpu_features=self.cpu_features)
        found: dict[hal.DeviceAttr, None] = {}
        for name in self.backends:
            device, targets = default_device(name), load_backend(name).executable_targets(options)
            found[hal.DeviceTargetAttr.of(device, DictionaryAttr({}), targets)] = None  # pyright: ignore[reportArgumentType]
        module.attributes[TARGETS] = ArrayAttr([hal.DeviceSelectAttr.of(list(found))])
