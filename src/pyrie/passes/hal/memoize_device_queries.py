"""Asks each device each question once, when the program is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, i1
from xdsl.ir import Attribute, Block, Region
from xdsl.rewriter import InsertPoint

from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import loaded_device
from pyrie.passes.stream.emitter import replace

Key = tuple[str, str, str, Attribute, Attribute | None]  # device, category, key, type, default


@dataclass(frozen=True)
class MemoizeDeviceQueries(ModulePass):
    """Keeps the answers of queries to device globals in globals.

    before:  %ok, %v = hal.device.query<%d> key("c" :: "k") : i1, i32
    after:   %ok = util.global.load immutable @__d_query_0_c_k_ok;  %v = util.global.load immutable @__d_query_0_c_k

    Legal because a device's answers do not change. Queries differ when their device, category, key, result type or default differ.
    """

    name: ClassVar[str] = "iree-hal-memoize-device-queries"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        known: dict[Key, tuple[str, str]] = {}
        for op in [op for op in module.walk() if isinstance(op, hal.DeviceQueryOp)]:
            device = loaded_device(op.device)
            if device is None:
                continue
            key = (device, op.category.data, op.key.data, op.value.type, op.default_value)
            if key not in known:
                known[key] = _ask(symbols, op, key, len(known))
            builder = Builder(InsertPoint.before(op))
            ok, value = known[key]
            loads = [util.GlobalLoadOp(ok, i1, immutable=True), util.GlobalLoadOp(value, op.value.type, immutable=True)]
            for load in loads:
                load.location = op.location
                builder.insert(load)
            replace(op, [load.result for load in loads])


def _ask(symbols: SymbolTable, op: hal.DeviceQueryOp, key: Key, number: int) -> tuple[str, str]:
    device, category, name, type, default = key
    words = re.sub(r"\W+", "_", f"{category}_{name}")
    device_global = symbols.lookup(device)
    assert device_global is not None
    value = util.GlobalOp(f"{device}_query_{number}_{words}", type)
    ok = util.GlobalOp(f"{device}_query_{number}_{words}_ok", i1)
    value_name = symbols.insert(value, after=device_global)
    ok_name = symbols.insert(ok, after=device_global)
    block = Block()
    builder = Builder(InsertPoint.at_end(block))
    loaded = builder.insert(util.GlobalLoadOp(device, hal.DeviceType(), immutable=True)).result
    query = builder.insert(hal.DeviceQueryOp(loaded, category, name, type, default))
    builder.insert(util.GlobalStoreOp(query.ok, ok_name))
    builder.insert(util.GlobalStoreOp(query.value, value_name))
    builder.insert(util.ReturnOp())
    initializer = util.InitializerOp(Region(block))
    for inner in (ok, value, *initializer.walk()):
        inner.location = op.location
    Builder(InsertPoint.after(value)).insert(initializer)
    return ok_name, value_name
