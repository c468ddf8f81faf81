"""The cache of a dynamic memoize region, in plain IR that any runtime of the VM can run: the results of the last few keys it met.

Each device global has a number of slots, each of an age (0: empty), the keys, and the results. All begin as zero or null, so it does not
matter what initializers run before. No slot is ever copied to another: a pass that folds globals may take one that is only ever stored
with the value of another for that other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import DictionaryAttr, IndexType, IntegerAttr, StringAttr, i64
from xdsl.ir import Attribute, SSAValue

from pyrie.dialects import arith, util
from pyrie.format.reflection import MEMO, MEMO_LOOKUP, MEMO_REGION, REFLECTION
from pyrie.passes.hal.function_writer import Branch, FunctionWriter
from pyrie.passes.hal.memoize_key import kept, kept_type
from pyrie.passes.hal.memoize_region import MemoizeRegion

_index = IndexType()


@dataclass(frozen=True)
class Slot:
    """The globals of one entry."""

    age: str
    keys: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Cache:
    """The globals of one device; hits are clock - misses."""

    device: str
    clock: str
    misses: str
    evictions: str
    slots: tuple[Slot, ...]


def memoize_by_key(region: MemoizeRegion, entries: int) -> tuple[list[Cache], str]:
    """Declares a cache for each device and the functions round it; returns the caches and the name of the look-up function.

    `@P_lookup` has the arguments of apply. It takes the results of the first slot whose keys are those of the call and makes it the
    youngest; if there is none, `@P_miss_DEVICE` calls apply and keeps what that returns in the oldest slot. A device that is none of
    the globals is recorded for and nothing is kept. Without keys this is memoization at first use, in one slot.
    """
    caches = [_declare(region, device, entries) for device in region.devices]
    misses = {cache.device: region.declare(_miss(region, cache)) for cache in caches}
    return caches, region.declare(_lookup(region, caches, misses))


def _declare(region: MemoizeRegion, device: str, entries: int) -> Cache:
    suffix = device.removeprefix("__")
    zero = IntegerAttr(0, i64)

    def declare(what: str, type: Attribute, initial: Attribute | None = None) -> str:
        return region.declare_global(f"{what}_{suffix}", type, initial, mutable=True)

    clock, misses, evictions = (declare(what, i64, zero) for what in ("clock", "misses", "evictions"))
    types = [type for value in region.key if (type := kept_type(value)) is not None]
    slots: list[Slot] = []
    for s in range(entries):
        age = declare(f"age_{s}", i64, zero)
        keys = tuple(declare(f"key_{k}_{s}", type, IntegerAttr(0, type)) for k, type in enumerate(types))
        slots.append(Slot(age, keys, tuple(declare(f"result_{i}_{s}", type) for i, type in enumerate(region.types))))
    return Cache(device, clock, misses, evictions, tuple(slots))


def _lookup(region: MemoizeRegion, caches: Sequence[Cache], misses: dict[str, str]) -> util.FuncOp:
    writer = region.writer(region.argument_types)
    arguments = writer.arguments

    def calling(callee: str, *first: SSAValue) -> Branch:
        return lambda inner: inner.call(callee, [*first, *arguments], region.types)

    def cached(cache: Cache) -> Branch:
        def write(inner: FunctionWriter) -> Sequence[SSAValue]:
            now = inner.increment(cache.clock, inner.constant(1))
            keys = [kept(inner, key) for key in region.key_among(arguments)]
            return _search(inner, region, cache.slots, keys, now, calling(misses[cache.device], now))

        return write

    branches = {cache.device: cached(cache) for cache in caches}
    results = writer.choose_device(arguments[0], branches, region.types, calling(region.apply), immutable=True)
    function = writer.function(f"{region.prefix}_lookup", results, inlined=False)
    function.attributes[REFLECTION] = DictionaryAttr({MEMO: StringAttr(MEMO_LOOKUP), MEMO_REGION: StringAttr(region.label)})
    return function


def _search(
    writer: FunctionWriter, region: MemoizeRegion, slots: Sequence[Slot], keys: Sequence[SSAValue], now: SSAValue, miss: Branch
) -> Sequence[SSAValue]:
    """A chain of branches that ends at the first slot with these keys."""
    if not slots:
        return miss(writer)
    slot, *rest = slots
    matches = writer.compare("ne", writer.load(slot.age, i64), writer.constant(0))
    for name, key in zip(slot.keys, keys, strict=True):
        matches = writer.both(matches, writer.compare("eq", writer.load(name, key.type), key))

    def hit(inner: FunctionWriter) -> Sequence[SSAValue]:
        inner.store(now, slot.age)
        return [inner.load(name, type) for name, type in zip(slot.results, region.types, strict=True)]

    return writer.choose(matches, region.types, hit, lambda inner: _search(inner, region, rest, keys, now, miss))


def _miss(region: MemoizeRegion, cache: Cache) -> util.FuncOp:
    """Calls apply before anything else: if that fails, no slot has changed."""
    writer = region.writer([i64, *region.argument_types])
    now, *arguments = writer.arguments
    results = writer.call(region.apply, arguments, region.types)
    writer.increment(cache.misses, writer.constant(1))
    oldest, age = writer.constant(0, _index), writer.load(cache.slots[0].age, i64)
    for number, slot in enumerate(cache.slots[1:], 1):
        other = writer.load(slot.age, i64)
        older = writer.compare("slt", other, age)
        oldest = writer.emit(arith.SelectOp(older, writer.constant(number, _index), oldest)).results[0]
        age = writer.emit(arith.SelectOp(older, other, age)).results[0]
    evicts = writer.compare("ne", age, writer.constant(0))
    writer.increment(cache.evictions, writer.emit(arith.ExtUIOp(evicts, i64)).results[0])
    keys = [kept(writer, key) for key in region.key_among(arguments)]

    def fill(slot: Slot) -> Branch:
        def write(inner: FunctionWriter) -> Sequence[SSAValue]:
            for value, name in zip((now, *keys, *results), (slot.age, *slot.keys, *slot.results), strict=True):
                inner.store(value, name)
            return ()

        return write

    writer.switch(oldest, [fill(slot) for slot in cache.slots])
    return writer.function(f"{region.prefix}_miss_{cache.device.removeprefix('__')}", results, inlined=False)
