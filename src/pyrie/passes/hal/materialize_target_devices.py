"""Makes globals of the program's devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import func, hal, stream, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import is_private
from pyrie.passes.hal.device_analysis import TARGETS, device_globals

DEFAULT_DEVICE = "hal.device.default"
DEFAULT_AFFINITY = "stream.affinity.default"
AFFINITY = "stream.affinity"


@dataclass(frozen=True)
class MaterializeTargetDevices(ModulePass):
    """Turns the module's list of devices into globals, and the first (or `hal.device.default`) into the default affinity.

    before:  module attributes {hal.device.targets = [#device]} { util.func public @f(%arg0: tensor<4xf32>) ... }
    after:   module attributes {stream.affinity.default = #hal.device.affinity<@__device_0>} {
               util.global private @__device_0 = #device
               util.func public @f(%arg0: tensor<4xf32> {stream.affinity = #hal.device.affinity<@__device_0>}) ... }

    A dictionary of devices names their globals; an array is a choice. Legal because it writes down what the list means.
    """

    name: ClassVar[str] = "iree-hal-materialize-target-devices"

    default_device: str = field(default="", metadata={"option": "defaultDevice"})

    def apply(self, context: Context, module: ModuleOp) -> None:
        listed = module.attributes.pop(TARGETS, None)
        names = _declare(module, listed) if listed is not None else []
        default = self._default(module)
        if default is None:
            # A program that declares its devices itself may have no use for a default; the first is one that is there.
            default = names[0] if names else next((op.sym_name.data for op in device_globals(module)), None)
            if default is None or DEFAULT_AFFINITY in module.attributes:
                return
        affinity = hal.DeviceAffinityAttr.of(default)
        module.attributes[DEFAULT_AFFINITY] = affinity
        _place_boundary(module, affinity)

    def _default(self, module: ModuleOp) -> str | None:
        """The device that the module or the option says is the default."""
        match module.attributes.pop(DEFAULT_DEVICE, None):
            case None if not self.default_device:
                return None
            case None:
                return f"__device_{self.default_device}" if self.default_device.isdecimal() else self.default_device
            case StringAttr(data=name):
                return name
            case IntegerAttr() as ordinal:
                return f"__device_{ordinal.value.data}"
            case other:
                raise error_at(module, f"has the {DEFAULT_DEVICE} {other}", hint="it is the name or the number of a device")


def _declare(module: ModuleOp, listed: Attribute) -> list[str]:
    """Adds a global for each device of the list, in front of everything else."""
    match listed:
        case DictionaryAttr():
            devices = dict(listed.data)
        case ArrayAttr():
            devices = {f"__device_{i}": device for i, device in enumerate(listed.data)}
        case _:
            raise _invalid(module, listed)
    first = module.body.block.first_op
    for name, device in devices.items():
        op = util.GlobalOp(name, hal.DeviceType(), _initial_value(module, device))
        op.location = module.location
        point = InsertPoint.before(first) if first is not None else InsertPoint.at_end(module.body.block)
        Rewriter.insert_op(op, point)
    return list(devices)


def _initial_value(module: ModuleOp, device: Attribute) -> hal.DeviceAttr:
    if isinstance(device, hal.DeviceAttr):
        return device
    choices = [choice for choice in device.data if isinstance(choice, hal.DeviceAttr)] if isinstance(device, ArrayAttr) else []
    if not isinstance(device, ArrayAttr) or not choices or len(choices) < len(device.data):
        raise _invalid(module, device)
    return hal.DeviceSelectAttr.of(choices)


def _invalid(module: ModuleOp, given: Attribute):
    return error_at(
        module, f"has invalid device targets specified: {given}", hint=f"{TARGETS} is an array of devices or a dictionary of them"
    )


def _place_boundary(module: ModuleOp, affinity: hal.DeviceAffinityAttr) -> None:
    """Tensors and resources that come in and go out by public functions are on the default device, unless they say where they are."""
    for op in module.body.block.ops:
        if not isinstance(op, util.FuncOp | func.FuncOp) or is_private(op):
            continue
        for key, types in (("arg_attrs", op.function_type.inputs.data), ("res_attrs", op.function_type.outputs.data)):
            placed = [i for i, type in enumerate(types) if isinstance(type, TensorType | stream.ResourceType)]
            if placed:
                attributes = op.properties.get(key)
                given = attributes.data if isinstance(attributes, ArrayAttr) else (DictionaryAttr({}),) * len(types)
                op.properties[key] = ArrayAttr([_placed(each, affinity) if i in placed else each for i, each in enumerate(given)])


def _placed(attributes: Attribute, affinity: hal.DeviceAffinityAttr) -> DictionaryAttr:
    assert isinstance(attributes, DictionaryAttr)
    return DictionaryAttr({AFFINITY: affinity, **attributes.data})
