"""What a running program can be asked about what it memoizes: functions that runtimes call, and a list that says what they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr, UnknownLoc, i64
from xdsl.ir import SSAValue

from pyrie.dialects import arith, hal
from pyrie.format.memo import CacheRecord, write_records
from pyrie.format.reflection import (
    MEMO,
    MEMO_CACHES,
    MEMO_LRU,
    MEMO_RECORDINGS,
    MEMO_RESET,
    MEMO_STATIC,
    MEMO_STATS,
    REFLECTION,
)
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.function_writer import FunctionWriter
from pyrie.passes.hal.memoize_lru import Cache
from pyrie.passes.hal.memoize_region import MemoizeRegion


def _writer() -> FunctionWriter:
    return FunctionWriter(UnknownLoc())


@dataclass
class Statistics:
    """Collects the caches of a module and writes `__memo_stats`, `__memo_recordings` and `__memo_reset`.

    All three are outside of what the program itself runs: hits of a static region cost nothing because nothing counts them.
    """

    records: list[CacheRecord] = field(default_factory=list)
    stats: FunctionWriter = field(default_factory=_writer)
    recordings: FunctionWriter = field(default_factory=_writer)
    reset: FunctionWriter = field(default_factory=_writer)
    _numbers: list[SSAValue] = field(default_factory=list)
    _held: list[SSAValue] = field(default_factory=list)

    def add_static(self, region: MemoizeRegion, device: str, results: Sequence[str]) -> None:
        """Counts as one look-up that missed; `reset` runs the region again."""
        self._numbers += [self.stats.constant(number) for number in (1, 1, 0)]
        self._add(region, device, [results], is_static=True)
        for value, name in zip(region.write_record(self.reset, device), results, strict=True):
            self.reset.store(value, name)

    def add_cache(self, region: MemoizeRegion, cache: Cache) -> None:
        self._numbers += [self.stats.load(name, i64) for name in (cache.clock, cache.misses, cache.evictions)]
        self._add(region, cache.device, [slot.results for slot in cache.slots], is_static=False)
        empty = self.reset.constant(0)
        for slot in cache.slots:
            used = self.reset.compare("ne", self.reset.load(slot.age, i64), empty)
            self.reset.increment(cache.evictions, self.reset.emit(arith.ExtUIOp(used, i64)).results[0])
            self.reset.store(empty, slot.age)

    def _add(self, region: MemoizeRegion, device: str, entries: Sequence[Sequence[str]], *, is_static: bool) -> None:
        held = [
            self.recordings.load(name, type)
            for results in entries
            for name, type in zip(results, region.types, strict=True)
            if isinstance(type, hal.CommandBufferType)
        ]
        self._held += held
        self.records.append(CacheRecord(region.label, device, is_static, len(entries), len(held)))

    def finish(self, module: ModuleOp, symbols: SymbolTable) -> None:
        """Adds the functions to the module, and the list to what the module says of itself."""
        if not self.records:
            return
        symbols.insert(self.stats.function(MEMO_STATS, self._numbers, public=True))
        symbols.insert(self.recordings.function(MEMO_RECORDINGS, self._held, public=True))
        symbols.insert(self.reset.function(MEMO_RESET, [], public=True))
        kind = MEMO_STATIC if all(record.is_static for record in self.records) else MEMO_LRU
        known = module.attributes.get(REFLECTION)
        said = {MEMO: StringAttr(kind), MEMO_CACHES: StringAttr(write_records(self.records))}
        module.attributes[REFLECTION] = DictionaryAttr({**(known.data if isinstance(known, DictionaryAttr) else {}), **said})
