"""What memoized programs do when they run: each result right, and each region run no more often than it must."""

from __future__ import annotations

import random
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from memoized import COUNTER, DEVICE, loaded

from pyrie.passes.hal.inline_memoize_regions import InlineMemoizeRegions
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions
from pyrie.runtime.memo import MemoStats

# %size and %half are both computed from %n: the key is %n alone.
DYNAMIC = (
    DEVICE
    + COUNTER
    + """
util.func public @f(%n: i64, %x: f32) -> (i64, f32) {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %c4 = arith.constant 4 : i64
  %two = arith.constant 2 : i64
  %size = arith.muli %n, %c4 : i64
  %half = arith.divui %n, %two : i64
  %r:2 = hal.device.memoize<%device : !hal.device> affinity(%any) -> i64, f32 {
    util.call @ran() : () -> ()
    %sum = arith.addi %size, %half : i64
    %twice = arith.addf %x, %x : f32
    hal.return %sum, %twice : i64, f32
  }
  util.return %r#0, %r#1 : i64, f32
}
"""
)

STATIC = (
    DEVICE
    + COUNTER
    + """
util.func public @f() -> i64 {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> i64 {
    util.call @ran() : () -> ()
    %seven = arith.constant 7 : i64
    hal.return %seven : i64
  }
  util.return %r : i64
}
"""
)


class Model:
    """What a cache of so many entries should do."""

    def __init__(self, entries: int):
        self.entries, self.kept = entries, OrderedDict[object, None]()
        self.lookups = self.misses = self.evictions = 0

    def look_up(self, key: object) -> None:
        self.lookups += 1
        if key in self.kept:
            self.kept.move_to_end(key)
            return
        self.misses += 1
        if len(self.kept) == self.entries:
            self.kept.popitem(last=False)
            self.evictions += 1
        self.kept[key] = None


@pytest.mark.parametrize("entries", [1, 2, 3, 8, 32])
def test_a_cache_keeps_the_last_used_results(entries: int):
    context = loaded(DYNAMIC, OutlineMemoizeRegions(memoize_dynamic=entries, statistics=True))
    model, rng = Model(entries), random.Random(entries)
    for _ in range(1000):
        n, x = rng.randrange(2 * entries + 1), rng.choice((0.0, -0.0, 1.5))
        assert context.call("f", n, x) == (4 * n + n // 2, 2 * x)
        model.look_up((n, str(x)))
    assert context.call("count") == model.misses
    expected = MemoStats(model.lookups - model.misses, model.misses, model.evictions, len(model.kept), 0)
    assert context.memo_stats() == {"f": expected}


def test_without_entries_each_call_runs_the_region():
    context = loaded(DYNAMIC, OutlineMemoizeRegions(statistics=True))
    for _ in range(3):
        assert context.call("f", 4, 1.0) == (18, 2.0)
    assert context.call("count") == 3
    assert context.memo_stats() == {}


def test_a_key_of_zero_is_not_an_empty_slot():
    context = loaded(DYNAMIC, OutlineMemoizeRegions(memoize_dynamic=8))
    assert context.call("f", 0, 0.0) == (0, 0.0)
    assert context.call("count") == 1


def test_not_a_number_equals_itself_as_a_key():
    context = loaded(DYNAMIC, OutlineMemoizeRegions(memoize_dynamic=8))
    for _ in range(3):
        context.call("f", 1, float("nan"))
    assert context.call("count") == 1


@pytest.mark.parametrize("variable, runs", [("1", 1), ("0", 4)])
def test_a_static_region_runs_when_the_program_is_loaded(monkeypatch: pytest.MonkeyPatch, variable: str, runs: int):
    monkeypatch.setenv("PYRIE_MEMOIZE", variable)
    context = loaded(STATIC, OutlineMemoizeRegions(statistics=True))
    assert [context.call("f") for _ in range(2)] == [7, 7]
    assert context.call("count") == runs  # each call, that of `count` among them, records anew
    assert context.memo_stats() == {"f": MemoStats(None, 1, 0, 1, 0)}


def test_a_dynamic_region_is_recorded_anew_when_memoization_is_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    context = loaded(DYNAMIC, OutlineMemoizeRegions(memoize_dynamic=8, statistics=True))
    assert [context.call("f", 4, 1.0) for _ in range(3)] == [(18, 2.0)] * 3
    assert context.call("count") == 3
    assert context.memo_stats()["f"] == MemoStats(hits=0, misses=3, evictions=3, entries=0, bytes=0)  # `count` forgot the last one


def test_a_lazy_region_runs_at_first_use():
    context = loaded(STATIC, OutlineMemoizeRegions(lazy=True, statistics=True))
    assert context.call("count") == 0
    assert [context.call("f") for _ in range(3)] == [7, 7, 7]
    assert context.call("count") == 1
    assert context.memo_stats() == {"f": MemoStats(2, 1, 0, 1, 0)}


def test_a_region_that_an_initializer_needs_early_runs_when_it_does():
    """The results' initializer would come after the one that calls @f, and @f would see zero."""
    early = """
    util.global private @early : i64
    util.initializer {
      %r = util.call @f() : () -> i64
      util.global.store %r, @early : i64
      util.return
    }
    util.func public @read() -> i64 {
      %early = util.global.load immutable @early : i64
      util.return %early : i64
    }
    """
    context = loaded(STATIC.replace("util.func public @f", early + "util.func public @f"), OutlineMemoizeRegions())
    assert (context.call("read"), context.call("f"), context.call("count")) == (7, 7, 1)


def test_inlined_regions_run_each_time():
    context = loaded(STATIC, InlineMemoizeRegions())
    assert [context.call("f") for _ in range(2)] == [7, 7]
    assert context.call("count") == 2


def test_nested_regions_run_once_each():
    inner = """
    %inner = hal.device.memoize<%device : !hal.device> affinity(%any) -> i64 {
      util.call @ran() : () -> ()
      %eight = arith.constant 8 : i64
      hal.return %eight : i64
    }
    """
    text = STATIC.replace("%seven = ", inner + "%seven = ").replace(
        "hal.return %seven", "%s = arith.addi %seven, %inner : i64\nhal.return %s"
    )
    for options in (OutlineMemoizeRegions(), OutlineMemoizeRegions(lazy=True), OutlineMemoizeRegions(memoize_dynamic=4)):
        context = loaded(text, options)
        assert [context.call("f") for _ in range(3)] == [15] * 3
        assert context.call("count") == 2


def test_a_captured_global_that_is_set_later_is_set_first():
    later = """
    util.global private @later : i64
    util.initializer {
      %c5 = arith.constant 5 : i64
      %five = util.optimization_barrier %c5 : i64
      util.global.store %five, @later : i64
      util.return
    }
    """
    text = STATIC.replace("%any =", "%later = util.global.load immutable @later : i64\n%any =").replace(
        "hal.return %seven", "hal.return %later"
    )
    assert loaded(text + later, OutlineMemoizeRegions()).call("f") == 5


def test_a_captured_global_that_is_declared_later_is_declared_first():
    text = STATIC.replace("%any =", "%later = util.global.load immutable @later : i64\n%any =")
    text = text.replace("hal.return %seven", "hal.return %later")
    assert loaded(text + "util.global private @later = 5 : i64", OutlineMemoizeRegions()).call("f") == 5


def test_a_region_that_reads_a_global_set_later_through_a_nested_one_waits_for_it():
    later = """
    util.global private @later : i64
    util.initializer {
      %c5 = arith.constant 5 : i64
      %five = util.optimization_barrier %c5 : i64
      util.global.store %five, @later : i64
      util.return
    }
    """
    inner = """
    %inner = hal.device.memoize<%device : !hal.device> affinity(%any) -> i64 {
      %sum = arith.addi %later, %later : i64
      hal.return %sum : i64
    }
    """
    text = STATIC.replace("%any =", "%later = util.global.load immutable @later : i64\n%any =")
    text = text.replace("%seven = ", inner + "%seven = ").replace("hal.return %seven", "hal.return %inner")
    assert loaded(text + later, OutlineMemoizeRegions()).call("f") == 10


def test_two_regions_in_one_function_and_functions_that_look_like_regions_keep_apart():
    region = STATIC[STATIC.index("%r = hal") : STATIC.index("util.return %r :")]
    second = region.replace("%r =", "%s =").replace("7 :", "11 :")
    text = STATIC.replace("util.return %r :", second + "%t = arith.addi %r, %s : i64\nutil.return %t :")
    text += """
    util.func private @__f_memoize_apply(%x: i64) -> i64 attributes {inlining_policy = #util.inline.never} {
      util.return %x : i64
    }
    util.func public @f_memoize(%x: i64) -> i64 {
      %y = util.call @__f_memoize_apply(%x) : (i64) -> i64
      util.return %y : i64
    }
    """
    context = loaded(text, OutlineMemoizeRegions(statistics=True))
    assert (context.call("f"), context.call("f_memoize", 3), context.call("count")) == (18, 3, 2)
    assert list(context.memo_stats()) == ["f", "f.1"]


def test_a_device_that_is_looked_up_is_not_memoized_for():
    text = STATIC.replace("util.func public @f()", "util.func public @f(%i: index)").replace(
        "util.global.load immutable @device", "hal.devices.get %i"
    )
    context = loaded(text, OutlineMemoizeRegions(memoize_dynamic=4, statistics=True))
    assert [context.call("f", 0), context.call("f", 0), context.call("count")] == [7, 7, 2]


def test_a_failing_region_leaves_the_cache_as_it_was():
    status = '%bad = arith.trunci %n : i64 to i32\nutil.status.check_ok %bad, "on purpose"\n'
    text = DYNAMIC.replace("    util.call @ran", status + "    util.call @ran")
    context = loaded(text, OutlineMemoizeRegions(memoize_dynamic=2, statistics=True))
    context.call("f", 0, 1.0)
    with pytest.raises(Exception, match="on purpose"):
        context.call("f", 3, 1.0)
    assert context.call("f", 0, 1.0) == (0, 2.0)
    assert context.memo_stats()["f"] == MemoStats(hits=2, misses=1, evictions=0, entries=1, bytes=0)


def test_threads_that_miss_together_record_once():
    """Threads change places as often as they can, in the middle of a miss too."""
    context = loaded(DYNAMIC, OutlineMemoizeRegions(memoize_dynamic=8))
    assert not context.module.is_stateful  # calls are not serialized: only looks into the cache are
    together, keys = threading.Barrier(4), 100

    def work(_: int) -> int:
        wrong = 0
        for n in range(keys):
            together.wait()
            wrong += context.call("f", n, 1.0) != (4 * n + n // 2, 2.0)
        return wrong

    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 0
    finally:
        sys.setswitchinterval(interval)
    assert context.call("count") == keys


def test_a_global_that_is_stored_with_another_is_not_taken_for_it():
    """A shift register: each push returns what was pushed two pushes before. The real compiler's fold-globals loses it."""
    text = """
    util.global private mutable @front = 0 : i64
    util.global private mutable @back = 0 : i64
    util.func public @push(%x: i64) -> i64 {
      %front = util.global.load @front : i64
      %back = util.global.load @back : i64
      util.global.store %front, @back : i64
      util.global.store %x, @front : i64
      util.return %back : i64
    }
    """
    from pyrie.passes.registry import PASSES, load_pass

    passes = [load_pass(name)() for name in PASSES if name in ("iree-util-fold-globals", "iree-util-fuse-globals", "iree-util-ipo")]
    for context in (loaded(text), loaded(text, *passes)):
        assert [context.call("push", value) for value in (5, 6, 7, 8)] == [0, 0, 5, 6]
