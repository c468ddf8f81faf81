"""Loads each executable once a device, when the program is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, ModuleOp, SymbolRefAttr, i1, i32, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, hal, scf, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import DeviceAnalysis, device_globals, fallback_devices
from pyrie.passes.hal.executable_variants import variants

UNAVAILABLE = 14  # the status code of a program that the device cannot run
NO_CASE = -1  # what is switched on when no condition holds


@dataclass(frozen=True)
class MaterializeResourceCaches(ModulePass):
    """Gives each pair of device and executable a global, set by an initializer of the device.

    before:  %e = hal.executable.lookup device(%d) executable(@e)
    after:   util.global private @__d_executable_0_e : !hal.executable
             util.initializer { the first variant that the device runs, with its constants -> hal.executable.create; store it }
             %e = util.global.load @__d_executable_0_e

    Legal because loading an executable has no effect but its result. A device that runs none of the variants fails when the program is
    loaded, with their formats in the message. A device that may turn out to be another, its fallback, takes over what that one loaded.
    Conditions and constant blocks move into initializers and functions. `immutable_loads` marks the loads in functions as those of a
    global that is set once, so that equal ones fold.
    """

    name: ClassVar[str] = "iree-hal-materialize-resource-caches"

    immutable_loads: bool = False

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        devices = _devices(module, symbols)
        for device in devices.values():
            if device.caches:
                device.materialize(symbols, self.immutable_loads)
        for variant in variants(module):
            for inner in list(variant.body.block.ops):
                if isinstance(inner, hal.ExecutableConditionOp | hal.ExecutableConstantBlockOp):
                    inner.detach()
                    inner.erase()


@dataclass
class _Cache:
    """An executable on a device: its code, who looks it up, and the global that holds it."""

    executable: hal.ExecutableOp
    lookups: list[hal.ExecutableLookupOp] = field(default_factory=list)
    symbol: str = ""


@dataclass
class _Device:
    """A device global, what is loaded on it, and the devices it may turn out to be."""

    op: util.GlobalOp
    caches: dict[str, _Cache] = field(default_factory=dict)
    fallbacks: list[_Device] = field(default_factory=list)

    def materialize(self, symbols: SymbolTable, immutable_loads: bool) -> None:
        if self.op.initial_value is None:
            raise unsupported_at(
                self.op, "has executables loaded on it and no initial value", hint="give the global a #hal.device attribute"
            )
        name = self.op.sym_name.data
        prefix = name if name.startswith("__") else f"__{name}"
        last: Operation = self.op
        for number, (executable, cache) in enumerate(self.caches.items()):
            made = util.GlobalOp(f"{prefix}_executable_{number}_{executable}", hal.ExecutableType())
            made.location = (cache.lookups or [self.op])[0].location
            cache.symbol = symbols.insert(made, after=last)
            last = made
            for lookup in cache.lookups:
                load = util.GlobalLoadOp(cache.symbol, hal.ExecutableType(), immutable=immutable_loads)
                load.location = lookup.location
                Rewriter.replace_op(lookup, load)
        _Initializer(self, symbols, last).build()


def _devices(module: ModuleOp, symbols: SymbolTable) -> dict[str, _Device]:
    """The devices in the order of their globals, each with the executables that it or a device falling back to it needs."""
    devices = {op.sym_name.data: _Device(op) for op in device_globals(module)}
    for device in devices.values():
        device.fallbacks = [devices[name] for name in fallback_devices(device.op.initial_value) if name in devices]
    analysis = DeviceAnalysis(module)
    for op in module.walk():
        if isinstance(op, hal.ExecutableLookupOp):
            name = op.executable.string_value()
            executable = symbols.lookup(name)
            if not isinstance(executable, hal.ExecutableOp):
                raise error_at(op, f"loads @{name}, which is no hal.executable")
            device = analysis.device_of(op.device)
            if device is None:
                what = "loads an executable on a device that cannot be told"
                raise unsupported_at(op, what, hint="load it from a util.global of type !hal.device")
            devices[device].caches.setdefault(name, _Cache(executable)).lookups.append(op)
    for device in reversed(devices.values()):  # a fallback stands before those that fall back to it
        for fallback in device.fallbacks:
            for name, cache in device.caches.items():
                fallback.caches.setdefault(name, _Cache(cache.executable))
    return devices


class _Initializer:
    """Builds the initializer of one device behind `last`, and behind it the functions of constant blocks."""

    def __init__(self, device: _Device, symbols: SymbolTable, last: Operation):
        self.device = device
        self.symbols = symbols
        self.last = last

    def build(self) -> None:
        block = Block()
        initializer = util.InitializerOp(Region(block))
        self._append(initializer)
        builder = Builder(InsertPoint.at_end(block))
        device = builder.insert(util.GlobalLoadOp(self.device.op.sym_name.data, hal.DeviceType())).result
        affinity = builder.insert(arith.ConstantOp(IntegerAttr(-1, i64))).results[0]
        if self.device.fallbacks:
            self._take_over_or_load(builder, device, affinity)
        else:
            self._load_all(builder, device, affinity)
        builder.insert(util.ReturnOp())
        for inner in initializer.walk():
            inner.location = self.device.op.location

    def _append(self, op: Operation) -> None:
        Rewriter.insert_op(op, InsertPoint.after(self.last))
        self.last = op

    def _take_over_or_load(self, builder: Builder, device: SSAValue, affinity: SSAValue) -> None:
        """If the device is one of its fallbacks, that one's executables are its own."""

        def is_fallback(fallback: _Device) -> SSAValue:
            other = builder.insert(util.GlobalLoadOp(fallback.op.sym_name.data, hal.DeviceType())).result
            return builder.insert(util.CmpEQOp(device, other)).results[0]

        conditions = [is_fallback(fallback) for fallback in self.device.fallbacks]
        regions: list[Region] = []
        for fallback in self.device.fallbacks:
            regions.append(Region(block := Block()))
            inner = Builder(InsertPoint.at_end(block))
            for name, cache in self.device.caches.items():
                loaded = inner.insert(util.GlobalLoadOp(fallback.caches[name].symbol, hal.ExecutableType())).result
                inner.insert(util.GlobalStoreOp(loaded, cache.symbol))
            inner.insert(scf.YieldOp())
        default = Block()
        inner = Builder(InsertPoint.at_end(default))
        self._load_all(inner, device, affinity)
        inner.insert(scf.YieldOp())
        _switch(builder, conditions, regions, Region(default), [])

    def _load_all(self, builder: Builder, device: SSAValue, affinity: SSAValue) -> None:
        for cache in self.device.caches.values():
            builder.insert(util.GlobalStoreOp(self._load(builder, cache, device, affinity), cache.symbol))

    def _load(self, builder: Builder, cache: _Cache, device: SSAValue, affinity: SSAValue) -> SSAValue:
        """The first variant or binary that the device runs; failure with the formats if there is none."""
        executable = cache.executable
        choices = [(variant.target.format.data, variant) for variant in executable.variants]
        choices += [(binary.format.data, binary) for binary in executable.binaries]
        conditions = [_condition(builder, device, format, choice) for format, choice in choices]
        regions: list[Region] = []
        for _, choice in choices:
            regions.append(Region(block := Block()))
            inner = Builder(InsertPoint.at_end(block))
            constants = self._constants(inner, cache, choice, device)
            target = SymbolRefAttr(executable.sym_name.data, [choice.sym_name.data])
            inner.insert(scf.YieldOp(inner.insert(hal.ExecutableCreateOp(device, affinity, target, constants)).result))
        default = Block()
        inner = Builder(InsertPoint.at_end(default))
        status = inner.insert(arith.ConstantOp(IntegerAttr(UNAVAILABLE, i32))).results[0]
        what = f"HAL device `{self.device.op.sym_name.data}` does not support any variant of executable `{executable.sym_name.data}`"
        inner.insert(util.StatusCheckOkOp(status, f"{what}; available formats: [{', '.join(format for format, _ in choices)}]"))
        inner.insert(scf.YieldOp(inner.insert(util.NullOp(hal.ExecutableType())).results[0]))
        return _switch(builder, conditions, regions, Region(default), [hal.ExecutableType()])[0]

    def _constants(self, builder: Builder, cache: _Cache, choice: Operation, device: SSAValue) -> list[SSAValue]:
        """Calls of functions that hold the variant's constant blocks."""
        values: list[SSAValue] = []
        blocks = [op for region in choice.regions for op in region.block.ops if isinstance(op, hal.ExecutableConstantBlockOp)]
        for number, block in enumerate(blocks):
            type = block.function_type
            function = util.FuncOp(f"{cache.symbol}_constant_block_{number}", type, block.body.clone(), visibility="private")
            function.location = block.location
            for op in list(function.walk()):
                if isinstance(op, hal.ReturnOp):
                    _replace_terminator(op, util.ReturnOp(*op.operands))
            name = self.symbols.insert(function, after=self.last)
            self.last = function
            arguments = [device] if type.inputs.data else []
            values += builder.insert(util.CallOp(name, arguments, type.outputs.data)).results
        return values


def _condition(builder: Builder, device: SSAValue, format: str, choice: Operation) -> SSAValue:
    """Whether the device runs the format, and the variant's own condition holds."""
    runs = builder.insert(hal.DeviceQueryOp(device, "hal.executable.format", format, i1, IntegerAttr(0, i1))).value
    own = next((op for region in choice.regions for op in region.block.ops if isinstance(op, hal.ExecutableConditionOp)), None)
    if own is None:
        return runs
    region = own.body.clone()
    argument = region.blocks[0].args[0]
    argument.replace_all_uses_with(device)
    region.blocks[0].erase_arg(argument)
    for block in region.blocks:
        if isinstance(block.last_op, hal.ReturnOp):
            _replace_terminator(block.last_op, scf.YieldOp(*block.last_op.operands))
    holds = builder.insert(scf.ExecuteRegionOp([i1], region)).results[0]
    return builder.insert(arith.AndIOp(runs, holds)).results[0]


def _replace_terminator(op: Operation, new: Operation) -> None:
    new.location = op.location
    Rewriter.replace_op(op, new, [])


def _switch(
    builder: Builder, conditions: Sequence[SSAValue], regions: Sequence[Region], default: Region, types: Sequence[Attribute]
) -> Sequence[SSAValue]:
    """Runs the region of the first condition that holds, else the default."""
    selected = builder.insert(arith.ConstantOp(IntegerAttr.from_index_int_value(NO_CASE))).results[0]
    for number, condition in reversed(list(enumerate(conditions))):
        case = builder.insert(arith.ConstantOp(IntegerAttr.from_index_int_value(number))).results[0]
        selected = builder.insert(arith.SelectOp(condition, case, selected)).results[0]
    cases = DenseArrayBase.from_list(i64, range(len(regions)))
    return builder.insert(scf.IndexSwitchOp(selected, cases, default, regions, types)).results
