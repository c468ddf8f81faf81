"""Finds the program's devices when it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_attribute
from pyrie.ir.symbol_table import symbol_name
from pyrie.passes.hal.device_analysis import device_globals

# Looks at each device the program is given; of those that match, the one numbered $ordinal is taken.
TEMPLATE = Template("""
util.initializer {
  %incompatible = arith.constant 18 : i32
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %ordinal = arith.constant $ordinal : index
  %null = util.null : !hal.device
  %count = hal.devices.count : index
  cf.br ^next(%zero, %zero, %null : index, index, !hal.device)
^next(%i: index, %seen: index, %found: !hal.device):
  %none = util.cmp.eq %found, %null : !hal.device
  %more = arith.cmpi slt, %i, %count : index
  %look = arith.andi %none, %more : i1
  cf.cond_br %look, ^try, ^done
^try:
  %device = hal.devices.get %i : !hal.device
  %is_device_ok, %is_device = hal.device.query<%device : !hal.device> key("hal.device.id" :: $id) : i1, i1 = false
  $match
  %matches = arith.andi %is_device, %runs : i1
  %step = arith.select %matches, %one, %zero : index
  %seen_now = arith.addi %seen, %step : index
  %wanted = arith.cmpi eq, %seen, %ordinal : index
  %take = arith.andi %matches, %wanted : i1
  %taken = arith.select %take, %device, %null : !hal.device
  %j = arith.addi %i, %one : index
  cf.br ^next(%j, %seen_now, %taken : index, index, !hal.device)
^done:
  cf.cond_br %none, ^fail, ^keep
^fail:
  util.status.check_ok %incompatible, $message
  cf.br ^keep
^keep:
  util.global.store %found, $symbol : !hal.device
  util.return
}
""")
FORMAT_QUERY = '%ok{i}, %runs{i} = hal.device.query<%device : !hal.device> key("hal.executable.format" :: {format}) : i1, i1 = false'


@dataclass(frozen=True)
class InitializeDevices(ModulePass):
    """Replaces the initial value of each device global by an initializer that searches the devices given at run time.

    before:  util.global private @__device_0 = #hal.device.target<"local", [#target]> : !hal.device
    after:   util.global private @__device_0 : !hal.device
             util.initializer { the first device whose id matches "local*" and that runs the target's format; fails if there is none }

    Legal because the attribute says just that. A configuration `{ordinal = n}` takes the device numbered n among those that match.
    """

    name: ClassVar[str] = "iree-hal-initialize-devices"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(device_globals(module)):
            value = op.initial_value
            if value is None:
                continue
            if not isinstance(value, hal.DeviceTargetAttr):
                raise unsupported_at(op, f"is a device given as {value}", hint="supported: #hal.device.target")
            initializer = _initializer(context, op, value)
            for inner in initializer.walk():
                inner.location = op.location
            del op.properties["initial_value"]
            Rewriter.insert_op(initializer, InsertPoint.after(op))


def _initializer(context: Context, op: util.GlobalOp, target: hal.DeviceTargetAttr) -> util.InitializerOp:
    name = symbol_name(op)
    formats = list(dict.fromkeys(t.format.data for t in target.executable_targets.data if isinstance(t, hal.ExecutableTargetAttr)))
    lines = [FORMAT_QUERY.format(i=i, format=_quoted(format)) for i, format in enumerate(formats)]
    if formats:
        lines += [f"%either{i} = arith.ori %{'either' if i > 1 else 'runs'}{i - 1}, %runs{i} : i1" for i in range(1, len(formats))]
        lines.append(f"%runs = arith.ori %{f'either{len(formats) - 1}' if len(formats) > 1 else 'runs0'}, %runs0 : i1")
    else:
        lines.append("%runs = arith.constant true")
    message = f"HAL device `{name}` not found or unavailable: no device '{target.device_id.data}*' runs any of {', '.join(formats)}"
    ordinal = target.configuration.data.get("ordinal")
    text = TEMPLATE.substitute(
        match="\n  ".join(lines),
        id=_quoted(target.device_id.data + "*"),
        ordinal=ordinal.value.data if isinstance(ordinal, IntegerAttr) else 0,
        message=_quoted(message),
        symbol=print_attribute(_symbol(op)),
    )
    made = parse_module(text, context, name="device initializer").body.block.first_op
    assert isinstance(made, util.InitializerOp)
    made.detach()
    return made


def _quoted(text: str) -> str:
    return print_attribute(StringAttr(text))


def _symbol(op: util.GlobalOp):
    return util.GlobalLoadOp(op.sym_name.data, op.type).global_
