"""Where programs meet numpy: arrays of every layout, results that outlive everything, globals, odd modules and refusals."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest

import pyrie
from pyrie.passes.options import CompileOptions
from pyrie.session import compile
from pyrie.support.errors import InputError, UnsupportedError

DEVICES = ("local-sync", "local-task")

MODULE = """
util.global private mutable @total = dense<0> : tensor<4xi32>
util.global private mutable @last : tensor<?xf32>
util.global private @scale = dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
func.func @sum(%a: tensor<3x5xf32>, %b: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %r = stablehlo.add %a, %b : tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}
func.func @same(%a: tensor<3x5xf32>) -> (tensor<3x5xf32>, tensor<3x5xf32>) {
  return %a, %a : tensor<3x5xf32>, tensor<3x5xf32>
}
func.func @pair(%a: tensor<3x5xf32>) -> (tensor<3x5xf32>, tensor<3x5xf32>) {
  %r = stablehlo.negate %a : tensor<3x5xf32>
  return %r, %r : tensor<3x5xf32>, tensor<3x5xf32>
}
func.func @fixed() -> tensor<3xi16> {
  %r = stablehlo.constant dense<[1, -2, 3]> : tensor<3xi16>
  return %r : tensor<3xi16>
}
func.func @scalar(%a: tensor<f32>, %b: tensor<i1>) -> (tensor<f32>, tensor<i1>) {
  %r = stablehlo.multiply %a, %a : tensor<f32>
  %s = stablehlo.not %b : tensor<i1>
  return %r, %s : tensor<f32>, tensor<i1>
}
func.func @collect(%x: tensor<4xi32>) -> tensor<4xi32> {
  %t = util.global.load @total : tensor<4xi32>
  %r = stablehlo.add %t, %x : tensor<4xi32>
  util.global.store %r, @total : tensor<4xi32>
  return %r : tensor<4xi32>
}
func.func @exchange(%x: tensor<4xi32>) -> tensor<4xi32> {
  %t = util.global.load @total : tensor<4xi32>
  util.global.store %x, @total : tensor<4xi32>
  return %t : tensor<4xi32>
}
func.func @remember(%x: tensor<?xf32>) {
  util.global.store %x, @last : tensor<?xf32>
  return
}
func.func @recall() -> tensor<?xf32> {
  %r = util.global.load @last : tensor<?xf32>
  %s = stablehlo.negate %r : tensor<?xf32>
  return %s : tensor<?xf32>
}
func.func @scaled(%x: tensor<2x5xf32>) -> tensor<2x5xf32> {
  %s = util.global.load @scale : tensor<5xf32>
  %b = stablehlo.broadcast_in_dim %s, dims = [1] : (tensor<5xf32>) -> tensor<2x5xf32>
  %r = stablehlo.multiply %x, %b : tensor<2x5xf32>
  return %r : tensor<2x5xf32>
}
func.func @halves(%x: tensor<7xf16>, %y: tensor<7xbf16>) -> (tensor<7xf16>, tensor<7xbf16>) {
  %r = stablehlo.add %x, %x : tensor<7xf16>
  %s = stablehlo.add %y, %y : tensor<7xbf16>
  return %r, %s : tensor<7xf16>, tensor<7xbf16>
}
func.func @rows(%x: tensor<?x3xi64>) -> tensor<?x3xi64> {
  %r = stablehlo.negate %x : tensor<?x3xi64>
  return %r : tensor<?x3xi64>
}
"""


@pytest.fixture(scope="module")
def module() -> bytes:
    return compile(MODULE, cache=False)


@pytest.fixture(params=DEVICES)
def program(module: bytes, request: pytest.FixtureRequest) -> pyrie.Program:
    return pyrie.load(module, device=request.param)


def numbers(*shape: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def misaligned(array: np.ndarray) -> np.ndarray:
    raw = np.zeros(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64 + 1
    view = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS: dict[str, Callable[[np.ndarray], object]] = {
    "contiguous": np.copy,
    "column_major": np.asfortranarray,
    "every_second": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "transposed_view": lambda a: a.T.copy().T,
    "read_only": read_only,
    "misaligned": misaligned,
    "big_endian": lambda a: a.astype(">f4"),
    "part_of_a_larger_one": lambda a: np.pad(a, 2)[2:-2, 2:-2],
    "subclass": lambda a: a.view(np.matrix),
    "list": lambda a: a.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arguments_of_every_layout(program: pyrie.Program, layout: str):
    a, b = numbers(3, 5), numbers(3, 5, seed=6)
    given = LAYOUTS[layout](a)
    before = np.array(given, copy=True)
    np.testing.assert_array_equal(program["sum"](given, b), a + b)
    np.testing.assert_array_equal(program["sum"](b, given), a + b)
    np.testing.assert_array_equal(np.array(given), before)


def test_a_broadcast_argument(program: pyrie.Program):
    row = np.broadcast_to(numbers(5), (3, 5))
    np.testing.assert_array_equal(program["sum"](row, row), row + row)


def test_the_same_array_twice(program: pyrie.Program):
    a = numbers(3, 5)
    np.testing.assert_array_equal(program["sum"](a, a), a + a)
    overlapping = np.arange(20, dtype=np.float32)
    x, y = overlapping[:15].reshape(3, 5), overlapping[5:].reshape(3, 5)
    np.testing.assert_array_equal(program["sum"](x, y), x + y)


@pytest.mark.parametrize("function, sign", [("same", 1), ("pair", -1)])
def test_results_never_share_with_arguments_or_each_other(program: pyrie.Program, function: str, sign: int):
    a = numbers(3, 5)
    kept = a.copy()
    first, second = program[function](a)
    np.testing.assert_array_equal(first, sign * kept)
    first[...] = 7
    np.testing.assert_array_equal(a, kept)
    np.testing.assert_array_equal(second, sign * kept)
    a[...] = 9
    np.testing.assert_array_equal(second, sign * kept)


def test_a_constant_result_can_be_written_without_harm(program: pyrie.Program):
    for _ in range(2):
        result = program["fixed"]()
        np.testing.assert_array_equal(result, np.array([1, -2, 3], np.int16))
        if result.flags.writeable:
            result[...] = 0


@pytest.mark.parametrize("value", [np.float32(1.5), 1.5, np.array(1.5, np.float32), [1.5][0]], ids=["numpy", "python", "0d", "item"])
def test_scalars(program: pyrie.Program, value: object):
    square, negated = program["scalar"](value, True)
    assert square.shape == () and square == np.float32(2.25) and negated.dtype == np.bool_ and not negated


def test_results_of_calls_stay_what_they_were(program: pyrie.Program):
    b = numbers(3, 5)
    results = [program["sum"](np.full((3, 5), i, np.float32), b) for i in range(20)]
    for i, result in enumerate(results):
        np.testing.assert_array_equal(result, b + np.float32(i))


@pytest.mark.parametrize("device", DEVICES)
def test_results_outlive_the_program(module: bytes, device: str):
    program = pyrie.load(module, device=device)
    a = numbers(3, 5)
    results = [program["sum"](a, a), program["fixed"](), *program["same"](a), program["exchange"](np.arange(4, dtype=np.int32))]
    kept = [r.copy() for r in results]
    del program, a
    gc.collect()
    np.zeros(1 << 16)
    for result, expected in zip(results, kept, strict=True):
        np.testing.assert_array_equal(result, expected)


def test_globals_keep_their_values(program: pyrie.Program, module: bytes):
    ones = np.ones(4, np.int32)
    other = pyrie.load(module)
    assert [int(program["collect"](ones)[0]) for _ in range(3)] == [1, 2, 3]
    assert int(other["collect"](ones)[0]) == 1
    given = np.arange(4, dtype=np.int32)
    np.testing.assert_array_equal(program["exchange"](given), 3 * ones)
    given[...] = 99  # the program keeps what it was given, not the array
    np.testing.assert_array_equal(program["exchange"](ones), np.arange(4))
    before = program["collect"](ones)
    after = program["collect"](ones)
    np.testing.assert_array_equal(before, 2 * ones)
    np.testing.assert_array_equal(after, 3 * ones)
    np.testing.assert_array_equal(program["scaled"](np.ones((2, 5), np.float32)), np.tile(np.arange(1, 6, dtype=np.float32), (2, 1)))


def test_globals_of_dynamic_size(program: pyrie.Program):
    for size in (3, 0, 65, 1):
        x = numbers(size)
        program["remember"](x)
        np.testing.assert_array_equal(program["recall"](), -x)


def test_narrow_floats(program: pyrie.Program):
    x = np.arange(7).astype(np.float16)
    y = np.arange(7).astype(ml_dtypes.bfloat16)
    r, s = program["halves"](x, y)
    assert r.dtype == x.dtype and s.dtype == y.dtype
    np.testing.assert_array_equal(r, x + x)
    np.testing.assert_array_equal(s, y + y)


def test_dynamic_sizes_change_from_call_to_call(program: pyrie.Program):
    for size in (1, 17, 0, 3, 129, 17, 1):
        x = np.arange(size * 3, dtype=np.int64).reshape(size, 3)
        np.testing.assert_array_equal(program["rows"](x), -x)


def test_calls_from_several_threads(program: pyrie.Program):
    def work(seed: int) -> bool:
        a, rows = numbers(3, 5, seed=seed), np.full((seed % 7, 3), seed, np.int64)
        return all(
            np.array_equal(program["sum"](a, a), a + a) and np.array_equal(program["rows"](rows), -rows) for _ in range(20)
        )  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(16)))


def test_memoization_off_gives_the_same(module: bytes, monkeypatch: pytest.MonkeyPatch):
    plain = pyrie.load(compile(MODULE, CompileOptions(memoization=False), cache=False))
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    recording = pyrie.load(module)
    a, b = numbers(3, 5), numbers(3, 5, seed=6)
    for program in (plain, recording):
        for _ in range(2):
            np.testing.assert_array_equal(program["sum"](a, b), a + b)
            np.testing.assert_array_equal(program["rows"](np.ones((5, 3), np.int64)), -np.ones((5, 3), np.int64))
        assert [int(program["collect"](np.ones(4, np.int32))[0]) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    "function, arguments",
    [
        ("sum", (np.zeros((3, 4), np.float32), np.zeros((3, 5), np.float32))),
        ("sum", (np.zeros((3, 5, 1), np.float32), np.zeros((3, 5), np.float32))),
        ("sum", (np.zeros((3, 5), np.float32),)),
        ("sum", (np.zeros((3, 5), np.complex64), np.zeros((3, 5), np.float32))),
        ("sum", ("text", np.zeros((3, 5), np.float32))),
        ("sum", (None, np.zeros((3, 5), np.float32))),
        ("rows", (np.zeros((2, 4), np.int64),)),
        ("scalar", (np.zeros(2, np.float32), True)),
    ],
)
def test_arguments_that_do_not_fit_are_refused(program: pyrie.Program, function: str, arguments: tuple):
    with pytest.raises(InputError):
        program[function](*arguments)


REFUSED = {
    "an element type kernels do not have": ("%r = stablehlo.add %x, %x : tensor<4xi4>", "tensor<4xi4>", "i4", "%r"),
    "an op nobody lowers": ('%r = "stablehlo.fft"(%x) <{fft_type = #stablehlo<fft_type FFT>, fft_length = array<i64: 4>}>'
                            " : (tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>", "tensor<4xcomplex<f32>>", "stablehlo.fft", "%r"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_supported_is_refused_by_name(what: str):
    body, type, words, returned = REFUSED[what]
    with pytest.raises(UnsupportedError, match=words) as refusal:
        compile(f"func.func @f(%x: {type}) -> {type} {{\n  {body}\n  return {returned} : {type}\n}}\n", cache=False, name="model.mlir")
    assert "model.mlir:" in str(refusal.value)
