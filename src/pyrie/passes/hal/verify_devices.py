"""Refuses programs for devices that nothing can be compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute

from pyrie.codegen.target import BACKENDS, DEVICES
from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import device_globals


@dataclass(frozen=True)
class VerifyDevices(ModulePass):
    """Changes nothing; fails for a device target of an unknown kind or backend, and for a fallback to what is not there yet.

    refused:  util.global private @d = #hal.device.target<"toaster"> : !hal.device
    refused:  util.global private @d = #hal.device.fallback<@e> : !hal.device      (@e is not a device declared above @d)
    """

    name: ClassVar[str] = "iree-hal-verify-devices"

    def apply(self, context: Context, module: ModuleOp) -> None:
        declared: set[str] = set()
        for op in device_globals(module):
            if op.initial_value is not None:
                _verify(op, op.initial_value, declared)
            declared.add(op.sym_name.data)


def _verify(op: util.GlobalOp, value: Attribute, declared: set[str]) -> None:
    match value:
        case hal.DeviceSelectAttr():
            for choice in value.devices.data:
                _verify(op, choice, declared)
        case hal.DeviceFallbackAttr() if value.device.string_value() not in declared:
            raise error_at(op, f"falls back to {value.device}, which is no device declared above it", hint="declare it first")
        case hal.DeviceTargetAttr():
            _verify_target(op, value)


def _verify_target(op: util.GlobalOp, target: hal.DeviceTargetAttr) -> None:
    if target.device_id.data not in DEVICES:
        raise error_at(op, f"is on an unregistered target device {target.device_id}", hint=f"available: {', '.join(DEVICES)}")
    for executable in target.executable_targets.data:
        if isinstance(executable, hal.ExecutableTargetAttr) and executable.backend.data not in BACKENDS:
            raise error_at(
                op, f"runs code of the unregistered target backend {executable.backend}", hint=f"available: {', '.join(BACKENDS)}"
            )
