"""Asks each device each question once, when the program is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, i1
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.rewriter import InsertPoint

from pyrie.dialects import hal, util
from pyrie.dialects.hal.attributes import sanitize_symbol
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import DeviceAnalysis
from pyrie.passes.hal.initialization import InitializationOrder
from pyrie.passes.stream.emitter import host_functions, replace

Question = tuple[str, str, Attribute, Attribute | None]  # category, key, type of the answer, default


@dataclass(frozen=True)
class MemoizeDeviceQueries(ModulePass):
    """Keeps the answers of queries to a device global in globals that an initializer behind it sets.

    before:  %ok, %v = hal.device.query<%d> key("c" :: "k") : i1, i32
    after:   %ok = util.global.load @__d_query_0_c_k_ok;  %v = util.global.load @__d_query_0_c_k

    Legal because a device's answers do not change. Queries differ when their device, category, key, result type or default differ. A query
    of what may be one of several devices, or of a device before it is set, stays.
    """

    name: ClassVar[str] = "iree-hal-memoize-device-queries"

    def apply(self, context: Context, module: ModuleOp) -> None:
        queries = [op for function in host_functions(module) for op in function.walk() if isinstance(op, hal.DeviceQueryOp)]
        if not queries:
            return
        analysis, order = DeviceAnalysis(module), InitializationOrder(module)
        asked: dict[str, dict[Question, list[hal.DeviceQueryOp]]] = {}
        for op in queries:
            name = analysis.device_of(op.device)
            if name is not None and not order.runs_before(op, order.last_set([name])):
                question = (op.category.data, op.key.data, op.value.type, op.default_value)
                asked.setdefault(name, {}).setdefault(question, []).append(op)
        symbols = SymbolTable(module)
        for device in analysis.device_globals:
            if (questions := asked.get(device.sym_name.data)) is not None:
                _memoize(symbols, device, questions, order.last_set([device.sym_name.data]))


def _memoize(symbols: SymbolTable, device: util.GlobalOp, questions: dict[Question, list[hal.DeviceQueryOp]], after: Operation) -> None:
    """Declares the answers behind `after`, where the device is set, then asks for them, and replaces the queries."""
    name = device.sym_name.data
    prefix = name if name.startswith("__") else f"__{name}"
    block = Block()
    ask = Builder(InsertPoint.at_end(block))
    loaded = ask.insert(util.GlobalLoadOp(name, hal.DeviceType())).result
    point = after
    for number, ((category, key, type, default), ops) in enumerate(questions.items()):
        answer = f"{prefix}_query_{number}_{sanitize_symbol(category)}_{sanitize_symbol(key)}"
        query = ask.insert(hal.DeviceQueryOp(loaded, category, key, type, default))
        names: list[str] = []
        for suffix, result in (("_ok", query.ok), ("", query.value)):
            cache = util.GlobalOp(answer + suffix, result.type)
            cache.location = ops[0].location
            names.append(symbols.insert(cache, after=point))
            ask.insert(util.GlobalStoreOp(result, names[-1]))
            point = cache
        for op in ops:
            _replace_by_loads(op, names)
    ask.insert(util.ReturnOp())
    initializer = util.InitializerOp(Region(block))
    for inner in initializer.walk():
        inner.location = device.location
    Builder(InsertPoint.after(point)).insert(initializer)


def _replace_by_loads(op: hal.DeviceQueryOp, names: list[str]) -> None:
    builder = Builder(InsertPoint.before(op))
    loads = [builder.insert(util.GlobalLoadOp(name, type)) for name, type in zip(names, (i1, op.value.type), strict=True)]
    for load in loads:
        load.location = op.location
    replace(op, [load.result for load in loads])
