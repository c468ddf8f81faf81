"""Loads each executable once a device, when the program is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, SymbolRefAttr, i1, i32, i64
from xdsl.ir import Block, Region
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, hal, scf, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import device_globals, loaded_device

INCOMPATIBLE = 14  # the status code of a program and a device that do not fit


@dataclass(frozen=True)
class MaterializeResourceCaches(ModulePass):
    """Gives each pair of device and executable a global, set by an initializer.

    before:  %e = hal.executable.lookup device(%d) executable(@e)
    after:   util.global private @__device_0_executable_0_e : !hal.executable;  util.initializer { create it; store it }
             %e = util.global.load immutable @__device_0_executable_0_e

    Legal because loading an executable has no effect but its result. A device that runs none of the variants' formats fails when the
    program is loaded, with the formats in the message.
    """

    name: ClassVar[str] = "iree-hal-materialize-resource-caches"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        caches: dict[tuple[str, str], str] = {}
        for op in [op for op in module.walk() if isinstance(op, hal.ExecutableLookupOp)]:
            device = _device_of(op)
            executable = op.executable.string_value()
            if (device, executable) not in caches:
                caches[device, executable] = _make_cache(symbols, op, device, executable, len(caches))
            load = util.GlobalLoadOp(caches[device, executable], hal.ExecutableType(), immutable=True)
            load.location = op.location
            Rewriter.replace_op(op, load)


def _device_of(op: hal.ExecutableLookupOp) -> str:
    """The device global of a lookup, followed through function arguments that are loaded from it at every call."""
    device = loaded_device(op.device)
    if device is None and isinstance(op.device.owner, Block):
        module = op.parent_op()
        while module is not None and not isinstance(module, ModuleOp):
            module = module.parent_op()
        names = [g.sym_name.data for g in device_globals(module)] if module else []
        device = names[0] if len(names) == 1 else None
    if device is None:
        raise unsupported_at(
            op, "loads an executable on a device that cannot be told", hint="load it from a util.global of type !hal.device"
        )
    return device


def _make_cache(symbols: SymbolTable, op: hal.ExecutableLookupOp, device: str, executable: str, number: int) -> str:
    source = symbols.lookup(executable)
    if not isinstance(source, hal.ExecutableOp):
        raise error_at(op, f"loads @{executable}, which is no hal.executable")
    device_global = symbols.lookup(device)
    assert device_global is not None
    cache = util.GlobalOp(f"{device}_executable_{number}_{executable}", hal.ExecutableType())
    cache.location = op.location
    name = symbols.insert(cache, after=device_global)
    block = Block()
    builder = Builder(InsertPoint.at_end(block))
    loaded = builder.insert(util.GlobalLoadOp(device, hal.DeviceType(), immutable=True)).result
    formats: dict[str, str] = {v.target.format.data: v.sym_name.data for v in source.variants}
    formats |= {b.format.data: b.sym_name.data for b in source.binaries}
    value = _create(builder, loaded, device, executable, list(formats.items()), list(formats))
    builder.insert(util.GlobalStoreOp(value, name))
    builder.insert(util.ReturnOp())
    initializer = util.InitializerOp(Region(block))
    for inner in initializer.walk():
        inner.location = op.location
    Builder(InsertPoint.after(cache)).insert(initializer)
    return name


def _create(builder: Builder, device_value, device: str, executable: str, variants: list[tuple[str, str]], formats: list[str]):
    """If-else over the variants: the first whose format the device runs; failure if there is none."""
    if not variants:
        status = builder.insert(arith.ConstantOp(IntegerAttr(INCOMPATIBLE, i32))).results[0]
        message = (
            f"HAL device `{device}` does not support any variant of executable `{executable}`; available formats: [{', '.join(formats)}]"
        )
        builder.insert(util.StatusCheckOkOp(status, message))
        return builder.insert(util.NullOp(hal.ExecutableType())).results[0]
    (format, variant), *rest = variants
    runs = builder.insert(hal.DeviceQueryOp(device_value, "hal.executable.format", format, i1, IntegerAttr(0, i1))).value
    then, otherwise = Block(), Block()
    inner = Builder(InsertPoint.at_end(then))
    affinity = inner.insert(arith.ConstantOp(IntegerAttr(-1, i64))).results[0]
    made = inner.insert(hal.ExecutableCreateOp(device_value, affinity, SymbolRefAttr(executable, [variant]))).result
    inner.insert(scf.YieldOp(made))
    inner = Builder(InsertPoint.at_end(otherwise))
    inner.insert(scf.YieldOp(_create(inner, device_value, device, executable, rest, formats)))
    return builder.insert(scf.IfOp(runs, [hal.ExecutableType()], Region(then), Region(otherwise))).results[0]
