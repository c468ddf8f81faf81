"""Caches of recordings, on our runtime and on the real one: the same numbers as without, however many recordings are evicted."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import iree.runtime as iree
import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file
from pyrie.ir.passes import ModulePass, Pipeline
from pyrie.ir.printer import print_module
from pyrie.passes.hal.initialize_devices import InitializeDevices
from pyrie.passes.hal.inline_memoize_regions import InlineMemoizeRegions
from pyrie.passes.hal.outline_memoize_regions import OutlineMemoizeRegions
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.pipeline import vm_phase
from pyrie.program import Program
from pyrie.runtime.arrays import arrays_from
from pyrie.runtime.hal.buffer import BufferView
from pyrie.runtime.hal.semaphore import Fence

pytestmark = pytest.mark.interop
SOURCE = Path(__file__).parent / "memoized_copies.mlir"
DRIVERS = ("local-sync", "local-task")
ENTRIES, SHAPES = 4, 13


CACHED = OutlineMemoizeRegions(memoize_dynamic=ENTRIES, minimum_dispatches=0, statistics=True)


def lowered(item: ModulePass, *phases: Pipeline) -> ModuleOp:
    context = make_context()
    module = parse_file(SOURCE, context)
    for phase in (Pipeline("under test", item, InitializeDevices()), *phases):
        phase.run(context, module)
    return module


def compiled(item: ModulePass) -> bytes:
    return emit_module(lowered(item, vm_phase(CompileOptions())))


@pytest.fixture(scope="module")
def module() -> bytes:
    return compiled(CACHED)


def call_sizes(count: int) -> list[int]:
    rng = random.Random(20261126)
    return [rng.randrange(1, SHAPES + 1) for _ in range(count)]


def given(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 4), dtype=np.float32)


def wanted(x: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones(x.size // 2, np.float32), x.reshape(-1)[: x.size // 2]]).reshape(x.shape)


@pytest.mark.parametrize("driver", DRIVERS)
def test_our_runtime_replays_what_it_has_and_records_what_it_lacks(module: bytes, driver: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_CALL_PLANS", "0")
    program = Program(module, driver)
    kept: list[int] = []
    misses = 0
    for seed, rows in enumerate(call_sizes(600)):
        np.testing.assert_array_equal(program(given(rows, seed)), wanted(given(rows, seed)))
        misses += rows not in kept
        kept = [rows, *(n for n in kept if n != rows)][:ENTRIES]
    stats = program.memo_stats()["work"]
    assert (stats.hits, stats.misses, stats.evictions, stats.entries) == (600 - misses, misses, misses - ENTRIES, ENTRIES)
    assert stats.bytes > 0
    assert stats.evictions > 100


@pytest.mark.parametrize("driver", DRIVERS)
def test_calls_that_run_by_a_plan_count_as_hits(module: bytes, driver: str):
    program = Program(module, driver)
    sizes = call_sizes(600)
    for seed, rows in enumerate(sizes):
        np.testing.assert_array_equal(program(given(rows, seed)), wanted(given(rows, seed)))
    assert program["main"].plans.plans, program["main"].plans.why_not
    stats = program.memo_stats()["work"]
    assert stats.hits is not None and stats.hits + stats.misses >= 600  # making a plan looks up too
    assert stats.misses < 450 and stats.entries == ENTRIES


@pytest.mark.parametrize("driver", DRIVERS)
def test_memoization_changes_no_bit(module: bytes, driver: str, monkeypatch: pytest.MonkeyPatch):
    programs = [Program(module, driver), Program(compiled(InlineMemoizeRegions()), driver)]
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    programs.append(Program(module, driver))
    for seed, rows in enumerate(call_sizes(100)):
        first, *others = [program(given(rows, seed)) for program in programs]
        assert all(np.array_equal(first, other) for other in others)
    assert programs[1].memo_stats() == {}
    assert programs[2].memo_stats()["work"].hits == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_recordings_may_be_evicted_while_they_run(module: bytes, driver: str):
    """No call waits for the one before it; all results are looked at in the end."""
    program = Program(module, driver)
    converter = program["main"]._converters
    assert converter is not None
    running: list[tuple[int, BufferView, Fence]] = []
    for seed, rows in enumerate(call_sizes(300)):
        done = Fence()
        view = converter[0](given(rows, seed))
        running.append((seed, program.context.call("later", view, None, done), done))
    for seed, view, done in running:
        done.wait()
        np.testing.assert_array_equal(arrays_from((view,))[0], wanted(given(view.shape[0], seed)))
    assert program.memo_stats()["work"].evictions > 50


def evictions_on_the_real_runtime(module: bytes, driver: str) -> int:
    """Calls with many sizes, looks at all results, and returns how many recordings were evicted."""
    config = iree.Config(driver)
    context = iree.SystemContext(config=config)
    real = iree.VmModule.copy_buffer(context.instance, module)
    context.add_vm_module(real)
    invoke = iree.FunctionInvoker(context.vm_context, config.device, real.lookup_function("main"))
    sizes = call_sizes(600)
    for seed, rows in enumerate(sizes):
        np.testing.assert_array_equal(np.asarray(invoke(given(rows, seed))), wanted(given(rows, seed)))
    numbers = iree.VmVariantList(3)
    context.vm_context.invoke(real.lookup_function("__memo_stats"), iree.VmVariantList(0), numbers)
    lookups, misses, evictions = (numbers.get_variant(i) for i in range(3))
    assert lookups == len(sizes) and evictions == misses - ENTRIES
    return evictions


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_real_runtime_gives_the_same_numbers(module: bytes, driver: str):
    assert evictions_on_the_real_runtime(module, driver) > 100


def test_the_real_compiler_finishes_a_cache(tmp_path: Path):
    """Its passes fold globals that are only stored with one another; slots never are."""
    source, path = tmp_path / "hal.mlir", tmp_path / "module.vmfb"
    source.write_text(print_module(lowered(CACHED)) + "\n")
    command = [iree_tool("iree-compile"), "--compile-from=hal", str(source), "-o", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:4000]
    assert evictions_on_the_real_runtime(path.read_bytes(), "local-sync") > 100


def test_the_real_tool_runs_it(module: bytes, tmp_path: Path):
    path = tmp_path / "module.vmfb"
    path.write_bytes(module)
    command = [
        iree_tool("iree-run-module"),
        f"--module={path}",
        "--device=local-task",
        "--function=main",
        "--input=2x4xf32=1,2,3,4,5,6,7,8",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "2x4xf32=[1 1 1 1][1 2 3 4]" in result.stdout, result.stderr
