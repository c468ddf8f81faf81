"""Programs of dynamic shapes, whose recordings are kept for the last few shapes: every way of running them gives the same bits."""

from __future__ import annotations

import random

import iree.runtime as iree
import numpy as np
import pytest

from pyrie.passes.options import CompileOptions
from pyrie.program import Program
from pyrie.session import compile

ENTRIES, WIDTH, LAYERS = 3, 16, 5
DRIVERS = ("local-sync", "local-task")
SHAPES = [0, 1, 2, 5, 7, 19, 33, 64]


def layers(count: int) -> str:
    """Dependent layers, and a sum over the dynamic dimension."""
    matrix, weights = f"tensor<?x{WIDTH}xf32>", f"tensor<{WIDTH}x{WIDTH}xf32>"
    lines = [f"func.func @main(%x0: {matrix}, %w: {weights}) -> ({matrix}, tensor<{WIDTH}xf32>) {{"]
    for i in range(count):
        lines.append(f"%y{i} = stablehlo.dot_general %x{i}, %w, contracting_dims = [1] x [0] : ({matrix}, {weights}) -> {matrix}")
        lines.append(f"%x{i + 1} = stablehlo.tanh %y{i} : {matrix}")
    lines += [
        "%zero = stablehlo.constant dense<0.0> : tensor<f32>",
        f"%s = stablehlo.reduce(%x{count} init: %zero) applies stablehlo.add across dimensions = [0] :"
        f" ({matrix}, tensor<f32>) -> tensor<{WIDTH}xf32>",
        f"return %x{count}, %s : {matrix}, tensor<{WIDTH}xf32>",
        "}",
    ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def modules() -> dict[str, bytes]:
    options = {
        "cached": CompileOptions(memoize_dynamic=True, memo_entries=ENTRIES),
        "inlined": CompileOptions(memoization=False),
        "default": CompileOptions(),
    }
    return {name: compile(layers(LAYERS), chosen, cache=False) for name, chosen in options.items()}


def calls(count: int):
    rng, numbers = random.Random(20261126), np.random.default_rng(20261126)
    weights = numbers.standard_normal((WIDTH, WIDTH), dtype=np.float32) * np.float32(0.3)
    for _ in range(count):
        yield numbers.standard_normal((rng.choice(SHAPES), WIDTH), dtype=np.float32), weights


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_way_of_recording_gives_the_same_bits(modules: dict[str, bytes], driver: str, monkeypatch: pytest.MonkeyPatch):
    programs = {name: Program(module, driver) for name, module in modules.items()}
    monkeypatch.setenv("PYRIE_CALL_PLANS", "0")
    programs["looked up each time"] = Program(modules["cached"], driver)
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    programs["recorded anew"] = Program(modules["cached"], driver)
    for x, w in calls(150):
        results = {name: program(x, w) for name, program in programs.items()}
        wanted = results.pop("inlined")
        for name, found in results.items():
            assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)), (name, x.shape)
    stats = programs["looked up each time"].memo_stats()["main"]
    assert stats.hits and stats.evictions > 20 and stats.entries == ENTRIES and stats.bytes
    assert programs["recorded anew"].memo_stats()["main"].hits == 0
    assert programs["inlined"].memo_stats() == {}


TIMES = 1000


@pytest.mark.parametrize("plans", ["1", "0"], ids=["call plans", "general"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_each_shape_is_recorded_once(modules: dict[str, bytes], driver: str, plans: str, monkeypatch: pytest.MonkeyPatch):
    """Three shapes in turn: three recordings, and every other call uses one. Twenty in turn never find theirs, and stay right."""
    monkeypatch.setenv("PYRIE_CALL_PLANS", plans)
    weights = next(calls(1))[1]
    inputs = [np.full((rows, WIDTH), rows / 7, np.float32) for rows in range(1, 21)]
    program, inlined = Program(modules["default"], driver), Program(modules["inlined"], driver)
    expected = [inlined(x, weights) for x in inputs]
    for i in range(TIMES):
        found = program(inputs[i % 3], weights)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected[i % 3], strict=True)), i
    stats = program.memo_stats()["main"]
    assert (stats.misses, stats.hits, stats.evictions) == (3, TIMES - 3, 0)

    program, kept = Program(modules["default"], driver), CompileOptions().memo_entries
    for i in range(5 * len(inputs)):
        found = program(inputs[i % 20], weights)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected[i % 20], strict=True)), i
    stats = program.memo_stats()["main"]
    assert (stats.misses, stats.hits, stats.evictions, stats.entries) == (100, 0, 100 - kept, kept)


@pytest.mark.parametrize("driver", DRIVERS)
def test_static_shapes_are_recorded_once(driver: str):
    program = Program(compile(layers(3).replace("?", "4"), cache=False), driver)
    x, w = np.ones((4, WIDTH), np.float32), next(calls(1))[1]
    for _ in range(TIMES):
        program(x, w)
    stats = program.memo_stats()["main"]
    assert (stats.misses, stats.evictions, stats.entries) == (1, 0, 1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_real_runtime_evicts_and_replays_too(modules: dict[str, bytes], driver: str):
    invokers = []
    for name in ("cached", "inlined"):
        config = iree.Config(driver)
        context = iree.SystemContext(config=config)
        module = iree.VmModule.copy_buffer(context.instance, modules[name])
        context.add_vm_module(module)
        invokers.append((context, module, iree.FunctionInvoker(context.vm_context, config.device, module.lookup_function("main"))))
    for x, w in calls(150):
        found, wanted = ([np.asarray(y) for y in invoke(x, w)] for _, _, invoke in invokers)
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)), x.shape
    context, module, _ = invokers[0]
    numbers = iree.VmVariantList(3)
    context.vm_context.invoke(module.lookup_function("__memo_stats"), iree.VmVariantList(0), numbers)
    lookups, misses, evictions = (numbers.get_variant(i) for i in range(3))
    assert lookups == 150 and evictions == misses - ENTRIES > 20
