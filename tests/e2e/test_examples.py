"""Each example from its source to numbers: against the reference interpreter, on every device, memoized and not."""

from __future__ import annotations

import gc
from functools import cache

import numpy as np
import onnxruntime
import pytest
from examples import CALLS, EXAMPLES, MODELS, Arrays, Call, as_tuple, assert_close, assert_same_bits

import pyrie
from pyrie.ir.interpreter import Interpreter
from pyrie.session import Session


@cache
def module_bytes(model: str, memoization: bool = True, backend: str = "llvm-cpu") -> bytes:
    from pyrie.passes.options import CompileOptions
    from pyrie.session import compile

    return compile(EXAMPLES / model, CompileOptions(memoization=memoization, target_backends=(backend,)), cache=False)


def run(call: Call, device: str = "local-sync", *, memoization: bool = True, backend: str = "llvm-cpu", times: int = 3) -> Arrays:
    """What the last of some calls gives: after two, a function that can have a call plan has one."""
    program = pyrie.load(module_bytes(call.model, memoization, backend), device=device)
    results: Arrays = ()
    for _ in range(times):
        results = as_tuple(program[call.function](*call.arguments()))
    return results


@cache
def interpreted_module(model: str):
    return Session().compile(EXAMPLES / model, until="input")


def interpret(call: Call, times: int = 3) -> Arrays:
    interpreter = Interpreter(interpreted_module(call.model), precise=True)
    results: Arrays = ()
    for _ in range(times):
        results = interpreter.call(call.function, *call.arguments())
    return results


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_agrees_with_the_interpreter(call: Call):
    assert_close(run(call), interpret(call))


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_devices_and_threads_give_the_same_bits(call: Call, monkeypatch: pytest.MonkeyPatch):
    expected = run(call)
    for threads in ("1", "2"):
        monkeypatch.setenv("PYRIE_THREADS", threads)
        assert_same_bits(run(call, "local-task"), expected)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_memoization_changes_no_bit(call: Call):
    assert_same_bits(run(call, memoization=False), run(call))


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_call_plans_change_no_bit(call: Call, monkeypatch: pytest.MonkeyPatch):
    planned = run(call)
    monkeypatch.setenv("PYRIE_CALL_PLANS", "0")
    assert_same_bits(run(call), planned)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_recording_anew_in_every_call_changes_no_bit(call: Call, monkeypatch: pytest.MonkeyPatch):
    memoized = run(call)
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    assert_same_bits(run(call), memoized)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_numpy_kernels_agree(call: Call):
    import pyrie.codegen.reference  # noqa: F401 - registers the executable format

    assert_close(run(call, backend="reference"), interpret(call))


def test_a_counter_counts_across_calls():
    program = pyrie.load(module_bytes("counter.mlir"))
    add, reset = program["add"], program["reset"]
    assert [int(add(np.int32(n))) for n in (3, 4, -2)] == [3, 7, 5]
    reset()
    assert int(add(np.int32(1))) == 1
    assert int(pyrie.load(module_bytes("counter.mlir"))["add"](np.int32(9))) == 9  # another program has globals of its own


def test_an_argument_is_handed_back_unchanged():
    call = next(c for c in CALLS if c.model == "loop.mlir")
    assert_same_bits(run(call)[2:], call.arguments()[1:2])


@pytest.mark.parametrize("batch", [0, 1, 3, 17])
def test_digits_agrees_with_onnxruntime(batch: int):
    images = np.random.default_rng(batch).random((batch, 1, 8, 8), np.float32)
    program = pyrie.load(module_bytes("digits.onnx"))
    got = program(images)
    if batch == 0:
        assert got.shape == (0, 10)
        return
    session = onnxruntime.InferenceSession(EXAMPLES / "digits.onnx")
    expected = session.run(None, {session.get_inputs()[0].name: images})[0]
    assert_close((got,), (np.asarray(expected),))


def test_digits_reads_its_pictures():
    from PIL import Image

    program = pyrie.load(module_bytes("digits.onnx"))
    for digit in range(10):
        pixels = np.asarray(Image.open(EXAMPLES / "digits" / f"{digit}.png").convert("L").resize((8, 8)), np.float32) / 255
        assert int(np.argmax(program(pixels[None, None]))) == digit


@pytest.mark.parametrize("model", MODELS)
def test_results_outlive_the_program(model: str):
    call = next(c for c in CALLS if c.model == model)
    program = pyrie.load(module_bytes(model))
    results = as_tuple(program[call.function](*call.arguments()))
    kept = tuple(result.copy() for result in results)
    del program
    gc.collect()
    assert_same_bits(results, kept)
