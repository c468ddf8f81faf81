"""Makes globals of the program's devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.assign_target_devices import TARGETS
from pyrie.passes.hal.device_analysis import device_globals

DEFAULT_AFFINITY = "stream.affinity.default"


@dataclass(frozen=True)
class MaterializeTargetDevices(ModulePass):
    """Turns the module's list of devices into globals, and the first into the default affinity.

    before:  module attributes {hal.device.targets = [#device]} { ... }
    after:   module attributes {stream.affinity.default = #hal.device.affinity<@__device_0>} {
               util.global private @__device_0 = #device
               ... }
    """

    name: ClassVar[str] = "iree-hal-materialize-target-devices"

    def apply(self, context: Context, module: ModuleOp) -> None:
        targets = module.attributes.pop(TARGETS, ArrayAttr([]))
        if not isinstance(targets, ArrayAttr) or len(targets) > 1:
            raise unsupported_at(module, f"has the devices {targets}", hint="one device is supported")
        for i, target in enumerate(targets):
            device = util.GlobalOp(f"__device_{i}", hal.DeviceType(), target)
            Rewriter.insert_op(device, InsertPoint.at_start(module.body.block))
        first = next(device_globals(module), None)
        if first is not None and DEFAULT_AFFINITY not in module.attributes:
            module.attributes[DEFAULT_AFFINITY] = hal.DeviceAffinityAttr.of(first.sym_name.data)
