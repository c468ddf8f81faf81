"""Says on which devices the program runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp

from pyrie.codegen.target import TargetOptions, load_backend
from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import device_globals

TARGETS = "hal.device.targets"


@dataclass(frozen=True)
class AssignTargetDevices(ModulePass):
    """Attaches the device of the options to a module that names none.

    before:  module { ... }
    after:   module attributes {hal.device.targets = [#hal.device.target<"local", [#hal.executable.target<...>]>]} { ... }
    """

    name: ClassVar[str] = "iree-hal-assign-target-devices"

    device: str = "local"
    backends: tuple[str, ...] = ("llvm-cpu",)
    cpu: str = "host"
    cpu_features: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        if TARGETS in module.attributes or next(device_globals(module), None) is not None:
            return
        options = TargetOptions(cpu=self.cpu, cpu_features=self.cpu_features)
        targets = [target for name in self.backends for target in load_backend(name).executable_targets(options)]
        device = hal.DeviceTargetAttr.of(self.device, DictionaryAttr({}), targets)  # pyright: ignore[reportArgumentType]
        module.attributes[TARGETS] = ArrayAttr([device])
