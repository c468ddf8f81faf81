"""Call plans: when there are any, that they change no bit and no behaviour, and what they must not be used for."""

from __future__ import annotations

import gc
import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import ml_dtypes
import numpy as np
import pytest
from machine_kernels import ORDINALS, kernels

import pyrie
from pyrie.passes.options import CompileOptions
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.device import create_device
from pyrie.runtime.plan import cache as plan_cache
from pyrie.runtime.plan import call_plan
from pyrie.runtime.plan.call_plan import MISS, CallPlan
from pyrie.runtime.plan.trace import Source, Step, Trace, TracedBuffer, TracedView
from pyrie.session import compile
from pyrie.support.errors import DeviceError, InputError

DEVICES = ("local-sync", "local-task")

MODULE = """
util.global private mutable @total = dense<0.0> : tensor<4xf32>
func.func @scale(%x: tensor<4x6xf32>, %y: tensor<6xf32>) -> tensor<4x6xf32> {
  %b = stablehlo.broadcast_in_dim %y, dims = [1] : (tensor<6xf32>) -> tensor<4x6xf32>
  %r = stablehlo.multiply %x, %b : tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
func.func @product(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %1 = stablehlo.tanh %0 : tensor<?x8xf32>
  %2 = stablehlo.dot_general %1, %w, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}
func.func @both(%x: tensor<5xi32>) -> (tensor<5xi32>, tensor<5xi1>) {
  %0 = stablehlo.add %x, %x : tensor<5xi32>
  %1 = stablehlo.compare LT, %x, %0 : (tensor<5xi32>, tensor<5xi32>) -> tensor<5xi1>
  return %0, %1 : tensor<5xi32>, tensor<5xi1>
}
func.func @large(%x: tensor<1024x700xf32>) -> tensor<700x1024xf32> {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<1024x700xf32>) -> tensor<700x1024xf32>
  %1 = stablehlo.exponential %0 : tensor<700x1024xf32>
  return %1 : tensor<700x1024xf32>
}
func.func @half(%x: tensor<7xbf16>) -> tensor<7xbf16> {
  %0 = stablehlo.negate %x : tensor<7xbf16>
  return %0 : tensor<7xbf16>
}
func.func @none(%x: tensor<3xf32>) { return }
func.func @collect(%x: tensor<4xf32>) -> tensor<4xf32> {
  %t = util.global.load @total : tensor<4xf32>
  %r = stablehlo.add %t, %x : tensor<4xf32>
  util.global.store %r, @total : tensor<4xf32>
  return %r : tensor<4xf32>
}
func.func @peek(%x: tensor<4xf32>) -> tensor<4xf32> {
  %t = util.global.load @total : tensor<4xf32>
  %r = stablehlo.subtract %t, %x : tensor<4xf32>
  return %r : tensor<4xf32>
}
"""


@cache
def module() -> bytes:
    return compile(MODULE, cache=False)


def load(device: str = "local-sync") -> pyrie.Program:
    return pyrie.load(module(), device=device)


@pytest.fixture
def general(monkeypatch: pytest.MonkeyPatch) -> pyrie.Program:
    """The module on the general path only."""
    monkeypatch.setenv("PYRIE_CALL_PLANS", "0")
    program = load()
    monkeypatch.delenv("PYRIE_CALL_PLANS")
    return program


def normal(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


ARGUMENTS: dict[str, tuple[np.ndarray, ...]] = {
    "scale": (normal(4, 6), normal(6)),
    "product": (normal(3, 8), normal(8, 8)),
    "both": (np.array([1, -2, 0, 2**31 - 1, -7], np.int32),),
    "large": (normal(1024, 700),),
    "half": (normal(7).astype(ml_dtypes.bfloat16),),
    "none": (normal(3),),
}


def same(a: object, b: object) -> bool:
    left, right = (x if isinstance(x, tuple) else (x,) for x in (a, b))
    return len(left) == len(right) and all(
        x is y is None or (x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes())
        for x, y in zip(left, right, strict=True)
    )


def planned(function: pyrie.program.Function) -> int:
    """Calls that went through plans."""
    return sum(plan.calls for plan in function.plans.plans)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_planned_calls_give_the_same_bits(name: str, device: str, general: pyrie.Program):
    function = load(device)[name]
    results = [function(*ARGUMENTS[name]) for _ in range(5)]
    assert all(same(result, general[name](*ARGUMENTS[name])) for result in results)
    assert planned(function) >= 3, function.plans.why_not
    assert planned(general[name]) == 0 and "PYRIE_CALL_PLANS" in (general[name].plans.why_not or "")


def test_each_shape_has_its_plan_and_old_ones_go(general: pyrie.Program):
    function, weights = load()["product"], normal(8, 8)
    for rows in [n for n in range(20) for _ in range(3)]:
        x = normal(rows, 8, seed=rows)
        assert same(function(x, weights), general["product"](x, weights)), rows
    assert len(function.plans.plans) == plan_cache.MOST_PLANS
    before = planned(function)
    for rows in (19, 18, 19, 18):
        function(normal(rows, 8), weights)
    assert planned(function) == before + 4


def test_turns_of_too_many_shapes_make_no_plans(general: pyrie.Program):
    function, weights = load()["product"], normal(8, 8)
    for rows in 3 * [*range(plan_cache.MOST_PLANS + 1)]:
        x = normal(rows, 8, seed=rows)
        assert same(function(x, weights), general["product"](x, weights)), rows
    assert not function.plans.plans


def test_a_first_call_with_new_shapes_makes_no_plan():
    function = load()["product"]
    function(normal(3, 8), normal(8, 8))
    assert not function.plans.plans
    function(normal(3, 8), normal(8, 8))
    assert len(function.plans.plans) == 1


def test_results_are_fresh_and_outlive_the_program():
    for name in ("scale", "large"):
        program = load()
        results = [program[name](*ARGUMENTS[name]) for _ in range(4)]
        kept = results[0].copy()
        assert not any(np.shares_memory(a, b) for i, a in enumerate(results) for b in results[:i])
        results[1][:] = 0
        program[name](*ARGUMENTS[name])
        del program
        gc.collect()
        assert same(results[0], kept) and same(results[3], kept)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a.astype(">f4"),
        lambda a: a.tolist(),
        lambda a: a.view(np.recarray),
        lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(np.float32).reshape(a.shape),
    ],
    ids=["fortran", "strided", "byte-swapped", "list", "subclass", "misaligned"],
)
def test_other_layouts_take_the_general_way(change):
    function, (x, y) = load()["scale"], ARGUMENTS["scale"]
    expected = [function(x, y) for _ in range(3)][-1]
    given = change(x)
    before = planned(function)
    assert same(function(given, y), expected)
    assert planned(function) == before
    assert same(function(x, y), expected) and planned(function) == before + 1


def test_wrong_arguments_are_refused_as_ever():
    function, (x, y) = load()["scale"], ARGUMENTS["scale"]
    for _ in range(3):
        function(x, y)
    for bad, message in (((x,), "needs"), ((x, x), "shape"), ((x, y.astype(np.float64)), "float64"), ((x, y, y), "takes 2")):
        with pytest.raises(InputError, match=message):
            function(*bad)
    assert same(function(x, input1=y) if "input1" in str(function.signature) else function(x, y), function(x, y))


def test_arguments_are_read_each_time_and_never_written():
    for name in ("scale", "large"):
        function, arguments = load()[name], [a.copy() for a in ARGUMENTS[name]]
        for _ in range(3):
            function(*arguments)
        arguments[0][:] = 2.5
        kept = [a.copy() for a in arguments]
        assert same(function(*arguments), load()[name](*arguments))
        assert all(same(a, b) for a, b in zip(arguments, kept, strict=True))
        arguments[0].flags.writeable = False
        assert same(function(*arguments), load()[name](*arguments))


def test_the_memory_of_plans_goes_with_the_program():
    gc.disable()
    try:
        for name in ("scale", "product", "large"):
            program = load()
            for _ in range(3):
                program[name](*ARGUMENTS[name])
            plan = weakref.ref(program[name].plans.plans[0])
            del program
            assert plan() is None, name
    finally:
        gc.enable()


def test_the_memory_of_a_plan_that_gave_way_goes():
    function, weights = load()["product"], normal(8, 8)
    for _ in range(3):
        function(normal(1, 8), weights)
    plan = weakref.ref(function.plans.plans[0])
    gc.disable()
    try:
        for rows in range(2, plan_cache.MOST_PLANS + 2):
            for _ in range(2):
                function(normal(rows, 8), weights)
        assert plan() is None
    finally:
        gc.enable()


def test_the_same_array_twice():
    program = pyrie.compile("""
      func.func @main(%a: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<6xf32> {
        %r = stablehlo.add %a, %b : tensor<6xf32>
        return %r : tensor<6xf32>
      }""")
    x = normal(6)
    assert all(same(program(x, x), x + x) for _ in range(4))


def test_functions_with_state_have_no_plan():
    program = load()
    collect, peek = program["collect"], program["peek"]
    ones = np.ones(4, np.float32)
    for n in range(1, 5):
        assert same(collect(ones), n * ones)
        assert same(peek(ones), (n - 1) * ones)
    for function in (collect, peek):
        assert not function.plans.plans and "state" in (function.plans.why_not or "")


@pytest.mark.parametrize("device", DEVICES)
def test_threads_share_a_program(device: str, general: pyrie.Program):
    program = load(device)
    cases = [("product", (normal(rows, 8, seed=rows), normal(8, 8))) for rows in (1, 2, 5)] + [
        (n, ARGUMENTS[n]) for n in ("scale", "large")
    ]
    expected = [general[name](*arguments) for name, arguments in cases]

    def work(thread: int) -> bool:
        turns = range(4 if thread % 2 else 40)
        return all(
            same(program[name](*arguments), right)
            for _ in turns
            for (name, arguments), right in zip(cases, expected, strict=True)
            if thread % 2 or name != "large"
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert all(planned(program[name]) for name, _ in cases)


def test_plans_are_made_anew_after_a_fork():
    function, arguments = load("local-task")["large"], ARGUMENTS["large"]
    expected = [function(*arguments) for _ in range(3)][-1]
    child = os.fork()
    if not child:
        right = all(same(function(*arguments), expected) for _ in range(4)) and planned(function) >= 2
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert same(function(*arguments), expected)


def test_commands_recorded_in_every_call_are_recorded_once(general: pyrie.Program):
    """What the compiler did not memoize, a plan does: also in modules of other compilers."""
    program = pyrie.load(compile(MODULE, CompileOptions(memoization=False), cache=False))
    for name, arguments in ARGUMENTS.items():
        results = [program[name](*arguments) for _ in range(4)]
        assert all(same(result, general[name](*arguments)) for result in results)
        assert planned(program[name]) >= 2, program[name].plans.why_not


@pytest.mark.parametrize("driver", DEVICES)
def test_a_failing_kernel_is_named_and_the_next_call_is_unharmed(driver: str):
    device, result = create_device(driver), Source(16)
    commands = device.create_command_buffer(0, flags.CATEGORY_DISPATCH, 1)
    commands.dispatch(kernels(), ORDINALS["fail"], (4, 1, 1), (2, 77), ())
    commands.finalize()
    trace = Trace([], [result], [Step(commands, [(result, 0, 16)])], [TracedView(TracedBuffer(result, 0, 16), (4,), 0x21000020)])
    plan = CallPlan(device, trace, [], shares=True, alignment=1)
    for _ in range(3):
        with pytest.raises(DeviceError, match="kernel 'fail' failed with code 77"):
            plan.call(())
    assert plan.call((normal(4),)) is MISS
    assert len(plan.instances) == 1


def test_large_transient_memory_comes_from_the_pool(general: pyrie.Program, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(call_plan, "OWN_BYTES", 0)
    program = load()
    for name in ("product", "large", "both"):
        results = [program[name](*ARGUMENTS[name]) for _ in range(4)]
        assert all(same(result, general[name](*ARGUMENTS[name])) for result in results)
        assert planned(program[name]) >= 2
    assert program["product"].plans.plans[0].pooled
