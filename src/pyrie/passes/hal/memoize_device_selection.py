"""Chooses once among several devices, when the program is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import Block, Region, SSAValue
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, hal, util
from pyrie.dialects.folding import constant_int
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import DeviceAnalysis
from pyrie.passes.hal.initialization import InitializationOrder
from pyrie.passes.stream.emitter import host_functions, replace


@dataclass(frozen=True)
class _Choice:
    """What decides an allocator selection: the devices by name, their queues, and what the memory is for."""

    devices: tuple[str, ...]
    affinities: tuple[int, ...]
    memory_types: hal.MemoryTypeAttr
    usage: hal.BufferUsageAttr


@dataclass(frozen=True)
class MemoizeDeviceSelection(ModulePass):
    """Keeps the device and queue affinity that an allocator selection among device globals gives in globals, one pair for each choice.

    before:  %d, %a = hal.allocator.select from([(%d0, %a0), (%d1, %a1)]) type(%types) usage(%usage)
    after:   %d = util.global.load @__allocator_select_device;  %a = util.global.load @__allocator_select_affinity

    Legal because the choice depends on nothing but the operands, and those are constants and devices that are set once. A selection
    with anything else, or in an initializer that runs before all of its devices are set, stays.
    """

    name: ClassVar[str] = "iree-hal-memoize-device-selection"

    def apply(self, context: Context, module: ModuleOp) -> None:
        selections = [op for function in host_functions(module) for op in function.walk() if isinstance(op, hal.AllocatorSelectOp)]
        if not selections:
            return
        analysis, order = DeviceAnalysis(module), InitializationOrder(module)
        choices: dict[_Choice, list[hal.AllocatorSelectOp]] = {}
        for op in selections:
            choice = _choice(op, analysis)
            if choice is not None and not order.runs_before(op, order.last_set(choice.devices)):
                choices.setdefault(choice, []).append(op)
        symbols = SymbolTable(module)
        for choice, ops in choices.items():
            _memoize(symbols, choice, ops, order.once_set(choice.devices, order.top_level(ops[0])))


def _choice(op: hal.AllocatorSelectOp, analysis: DeviceAnalysis) -> _Choice | None:
    devices = [name for device in op.devices if (name := analysis.device_of(device)) is not None]
    affinities = [number for value in op.queue_affinities if (number := constant_int(value)) is not None]
    types, usage = _bits(op.memory_types), _bits(op.buffer_usage)
    if len(devices) < len(op.devices) or len(affinities) < len(op.queue_affinities) or types is None or usage is None:
        return None
    return _Choice(tuple(devices), tuple(affinities), hal.MemoryTypeAttr(types), hal.BufferUsageAttr(usage))


def _bits(value: SSAValue) -> int | None:
    match value.owner:
        case hal.MemoryTypeOp() as op:
            return op.type.data
        case hal.BufferUsageOp() as op:
            return op.usage.data
    return constant_int(value)


def _memoize(symbols: SymbolTable, choice: _Choice, ops: Sequence[hal.AllocatorSelectOp], point: InsertPoint) -> None:
    block = Block()
    choose = Builder(InsertPoint.at_end(block))
    devices: list[SSAValue] = []
    affinities: list[SSAValue] = []
    for name, affinity in zip(choice.devices, choice.affinities, strict=True):
        devices.append(choose.insert(util.GlobalLoadOp(name, hal.DeviceType())).result)
        affinities.append(choose.insert(arith.ConstantOp(IntegerAttr(affinity, i64))).results[0])
    types = choose.insert(hal.MemoryTypeOp(choice.memory_types)).result
    usage = choose.insert(hal.BufferUsageOp(choice.usage)).result
    selected = choose.insert(hal.AllocatorSelectOp(devices, affinities, types, usage))
    declare = Builder(point)
    names: list[str] = []
    for what, result in (("device", selected.selected_device), ("affinity", selected.selected_queue_affinity)):
        cache = declare.insert(util.GlobalOp(f"__allocator_select_{what}", result.type))
        cache.location = ops[0].location
        names.append(symbols.insert(cache))
        choose.insert(util.GlobalStoreOp(result, names[-1]))
    choose.insert(util.ReturnOp())
    initializer = declare.insert(util.InitializerOp(Region(block)))
    for inner in initializer.walk():
        inner.location = ops[0].location
    for op in ops:
        builder = Builder(InsertPoint.before(op))
        loads = [builder.insert(util.GlobalLoadOp(name, type)) for name, type in zip(names, (hal.DeviceType(), i64), strict=True)]
        for load in loads:
            load.location = op.location
        replace(op, [load.result for load in loads])
