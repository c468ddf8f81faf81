"""Turns memoize regions into results that are computed once and looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal, util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import DeviceAnalysis
from pyrie.passes.hal.function_writer import Branch, FunctionWriter
from pyrie.passes.hal.initialization import InitializationOrder
from pyrie.passes.hal.inline_memoize_regions import inline_region
from pyrie.passes.hal.memoize_key import MOST_KEYS, can_be_key, reduce_key
from pyrie.passes.hal.memoize_lru import memoize_by_key
from pyrie.passes.hal.memoize_region import MemoizeRegion, is_used_once
from pyrie.passes.hal.memoize_statistics import Statistics

MOST_ENTRIES = 32  # each is a branch that a miss walks past
REUSES = "pyrie.reuses_recordings"  # in the configuration of a device target: false if its recordings can be submitted only once


@dataclass(frozen=True)
class OutlineMemoizeRegions(ModulePass):
    """Moves each memoize region to a function, runs it once a device in an initializer, and looks the results up where they are used.

    before:  util.func @f() { %r = hal.device.memoize<%d> affinity(%a) -> T { ...; hal.return %x } }
    after:   util.func private @__f_memoize_apply(%d, %a, immutable globals) -> T { ...; util.return %x }
             util.global private @__f_memoize_result_0_DEVICE : T             (one for each result and device)
             util.initializer { ...; util.global.store (call @__f_memoize_apply), @__f_memoize_result_0_DEVICE }
             util.func private @__f_memoize_lookup(%d, %a) -> T { the result of the device that %d equals, else null }
             util.func @f() { %r = util.call @__f_memoize_lookup(%d, %a) }

    With `memoize-dynamic=N` a region that captures numbers which may change keeps its last N results in a cache (`memoize_lru.py`):

    after:   util.func private @__f_memoize_lookup(%d, %a, immutable globals, numbers) -> T { what is kept for these numbers, else a miss }
             util.func private @__f_memoize_miss_DEVICE(...) -> T { call @__f_memoize_apply, keep its results in the oldest slot }

    Legal because a region's results may not depend on how often it runs, and whatever else they depend on is fixed or compared. A region
    that depends on anything else, that runs inside of an initializer, or whose devices are not known becomes a plain call of apply. So
    does, without `memoize-dynamic`, one that depends on numbers. What may run on a device whose recordings cannot be used again is
    spliced in place. Inner regions go first.
    """

    name: ClassVar[str] = "iree-hal-outline-memoize-regions"
    memoize_dynamic: int = 0  # results kept for each region that depends on numbers; 0 keeps none
    minimum_dispatches: int = 4  # dynamic recordings of fewer are made anew each time
    lazy: bool = False  # run regions when first needed instead of when the program is loaded
    statistics: bool = False  # add the functions that runtimes ask for statistics

    def apply(self, context: Context, module: ModuleOp) -> None:
        found: list[tuple[util.FuncOp | util.InitializerOp, hal.DeviceMemoizeOp]] = []
        for function in module.body.block.ops:
            if isinstance(function, util.FuncOp | util.InitializerOp):
                regions = [op for op in function.walk() if isinstance(op, hal.DeviceMemoizeOp)]
                found += [(function, op) for op in sorted(regions, key=_depth, reverse=True)]
        if not found:
            return
        analysis = DeviceAnalysis(module)
        devices = [analysis.lookup_device_globals(op.device) or () for _, op in found]
        work = _Work(self, module)
        single_use = {device for device in analysis.device_globals if _is_single_use(analysis, device)}
        for (function, op), known in zip(found, devices, strict=True):
            if not single_use.isdisjoint(known) and is_used_once(op):
                inline_region(op)
                continue
            if self.memoize_dynamic:
                reduce_key(op)
            work.outline(MemoizeRegion(work.symbols, function, op, [device.sym_name.data for device in known]))
        if self.statistics:
            work.statistics.finish(module, work.symbols)


def _is_single_use(analysis: DeviceAnalysis, device: util.GlobalOp) -> bool:
    """Whether the device may be one that replays a recording no more than once."""
    return any(target.configuration.data.get(REUSES) == BoolAttr.from_bool(False) for target in analysis.device_targets(device) or ())


def _depth(op: Operation) -> int:
    depth, parent = 0, op.parent_op()
    while parent is not None:
        depth, parent = depth + 1, parent.parent_op()
    return depth


class _Work:
    """One run of the pass."""

    def __init__(self, options: OutlineMemoizeRegions, module: ModuleOp):
        self.options, self.module = options, module
        self.symbols = SymbolTable(module)
        self.order = InitializationOrder(module)
        self.statistics = Statistics()
        self.prefixes: set[str] = set()
        self.counts: Counter[str] = Counter()  # of regions, by function

    def outline(self, region: MemoizeRegion) -> None:
        """Replaces a region by what memoizes it best, or by a call that memoizes nothing."""
        if number := self.counts[region.owner]:
            region.label = f"{region.owner}.{number}"
        self.counts[region.owner] += 1
        if isinstance(region.function, util.InitializerOp) or not region.devices:
            self._without_memory(region)
        elif not region.key:
            self._once(region)
        elif self._fits_cache(region):
            self._by_key(region, min(self.options.memoize_dynamic, MOST_ENTRIES))
        else:
            self._without_memory(region)

    def _fits_cache(self, region: MemoizeRegion) -> bool:
        if not self.options.memoize_dynamic or len(region.key) > MOST_KEYS or not all(can_be_key(value) for value in region.key):
            return False
        return not region.records or region.dispatch_count >= self.options.minimum_dispatches

    def _without_memory(self, region: MemoizeRegion) -> None:
        if self.options.memoize_dynamic and region.records and is_used_once(region.op):
            inline_region(region.op)
            return
        region.outline(self.prefixes, reused=False)
        region.replace_by_call(region.apply, [*region.globals, *region.dynamic])

    def _by_key(self, region: MemoizeRegion, entries: int, *, is_outlined: bool = False) -> None:
        if not is_outlined:
            region.outline(self.prefixes, reused=True)
        region.first_need = self.order.first_need(region.function)
        caches, lookup = memoize_by_key(region, entries)
        for cache in caches:
            self.statistics.add_cache(region, cache)
        region.replace_by_call(lookup, [*region.globals, *region.dynamic])

    def _once(self, region: MemoizeRegion) -> None:
        """When the program is loaded; when first needed, in a cache of one entry without a key, if an initializer may need it before."""
        region.outline(self.prefixes, reused=True)
        points = {device: self._point(region, device) for device in region.devices}
        if self.options.lazy or any(self.order.may_run_before(region.function, point) for point in points.values()):
            self._by_key(region, 1, is_outlined=True)
            return
        results = {device: self._record(region, device, point) for device, point in points.items()}
        region.replace_by_call(region.declare(_lookup(region, results)), [])

    def _point(self, region: MemoizeRegion, device: str) -> InsertPoint:
        captured = [value.owner for value in (*region.globals, region.op.queue_affinity)]
        loaded = {load.global_name for load in captured if isinstance(load, util.GlobalLoadOp)}
        return self.order.once_set({device, *loaded, *self.order.read_by(region.apply, self.symbols)}, region.function)

    def _record(self, region: MemoizeRegion, device: str, point: InsertPoint) -> list[str]:
        """Declares the results for one device and the initializer that computes them; returns the globals' names."""
        suffix = device.removeprefix("__")
        names = [
            region.declare_global(f"result_{i}_{suffix}", type, mutable=self.options.statistics) for i, type in enumerate(region.types)
        ]
        writer = region.writer()
        for name, value in zip(names, region.write_record(writer, device), strict=True):
            writer.store(value, name)
        Rewriter.insert_op(writer.initializer(), point)
        self.statistics.add_static(region, device, names)
        return names


def _lookup(region: MemoizeRegion, results: dict[str, list[str]]) -> util.FuncOp:
    """The results for the device, zero or null if it is none of those."""
    device, affinity = region.op.device.type, region.op.queue_affinity.type
    writer = region.writer([device, affinity])

    def load(names: list[str]) -> Branch:
        return lambda inner: [inner.load(name, type) for name, type in zip(names, region.types, strict=True)]

    def nothing(inner: FunctionWriter) -> Sequence[SSAValue]:
        return [inner.zero(type) for type in region.types]

    branches = {name: load(names) for name, names in results.items()}
    chosen = writer.choose_device(writer.arguments[0], branches, region.types, nothing, immutable=False)
    return writer.function(f"{region.prefix}_lookup", chosen)
