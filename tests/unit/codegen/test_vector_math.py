"""The runtime functions of kernels against numpy in higher precision: errors in ulp, and what happens to zeros, infinities and NaN."""

from __future__ import annotations

import ctypes
import math

import ml_dtypes
import numpy as np
import pytest

from pyrie.codegen.cpu.emit.values import llvm_type
from pyrie.codegen.cpu.machine import Machine, describe
from pyrie.codegen.cpu.objects import compile_object
from pyrie.codegen.cpu.rt.library import definitions, function_name, functions
from pyrie.format import elf
from pyrie.runtime.native.embedded_elf import map_image

SEED = 7
MACHINES = {cpu: describe(cpu, "", None) for cpu in ("host", "generic")}
TYPES = {"float": (np.float32, ctypes.c_float), "double": (np.float64, ctypes.c_double)}
STORAGE = {"float": np.float32, "double": np.float64, "i16": np.uint16, "i32": np.int32, "i64": np.int64}

UNARY = {
    "exp": (np.exp, (-104, 88.7)), "exp2": (np.exp2, (-149, 128)), "expm1": (np.expm1, (-20, 88)), "log": (np.log, (0, 1e6)),
    "log2": (np.log2, (0, 1e6)), "log10": (np.log10, (0, 1e6)), "log1p": (np.log1p, (-1, 1e6)), "cbrt": (np.cbrt, (-1e6, 1e6)),
    "tanh": (np.tanh, (-12, 12)), "sinh": (np.sinh, (-88, 88)), "cosh": (np.cosh, (-88, 88)), "asinh": (np.arcsinh, (-1e6, 1e6)),
    "acosh": (np.arccosh, (1, 1e6)), "atanh": (np.arctanh, (-1, 1)), "erf": (np.vectorize(math.erf, otypes=[float]), (-5, 5)),
    "erfc": (np.vectorize(math.erfc, otypes=[float]), (-5, 9)), "sin": (np.sin, (-1e5, 1e5)), "cos": (np.cos, (-1e5, 1e5)),
    "tan": (np.tan, (-1e3, 1e3)), "atan": (np.arctan, (-1e3, 1e3)), "asin": (np.arcsin, (-1, 1)), "acos": (np.arccos, (-1, 1)),
}  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 1e-40, -1e-40, 3e38, -3e38]


class Evaluated:
    """Runtime functions as array functions: `f(name, *arrays)`, all compiled into one image."""

    def __init__(self, machine: Machine, wanted: list[tuple[str, str, int]]):
        declarations, loops = set(), []
        for name, type, width in wanted:
            function = functions()[name]
            result = llvm_type(function.result or type, width)
            vector, symbol = llvm_type(type, width), function_name(name, type, width)
            arguments = ", ".join([vector] * function.operands)
            declarations.add(f"declare {result} @{symbol}({arguments})")
            loads = "\n".join(f"  %v{i} = load {vector}, ptr %a{i}, align 1" for i in range(function.operands))
            values = ", ".join(f"{vector} %v{i}" for i in range(function.operands))
            parameters = ", ".join(f"ptr %a{i}" for i in range(function.operands))
            loops.append(
                f'define void @"call.{symbol}"({parameters}, ptr %r) #0 {{\n{loads}\n  %x = call {result} @{symbol}({values})\n'
                f"  store {result} %x, ptr %r, align 1\n  ret void\n}}"
            )
        runtime, needed = definitions(declarations, machine)
        head = [f'target triple = "{machine.triple}"', *sorted(d for d in needed if "@pyrie." not in d)]
        tail = f'attributes #0 = {{ nounwind "target-cpu"="{machine.cpu}" "target-features"="{machine.feature_string}" }}'
        text = "\n".join([*head, *runtime, *loops, tail]) + "\n"
        names = [f"call.{function_name(*w)}" for w in wanted]
        image = elf.read_image(memoryview(elf.link([compile_object(text, machine)], exported=names)))
        self.loaded = map_image(image)
        self.entries = {n: self.loaded.memory.address + image.exports[n] for n in names}

    def __call__(self, name: str, type: str, width: int, *arrays: np.ndarray) -> np.ndarray:
        lanes = max(width, 1)
        size = len(arrays[0])
        padded = [np.concatenate([a, a[-1:].repeat(-size % lanes)]) for a in arrays]
        result = np.zeros(len(padded[0]), STORAGE[functions()[name].result or type])
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(arrays) + 1))(self.entries[f"call.{function_name(name, type, width)}"])
        for start in range(0, len(result), lanes):
            call(*[a[start:].ctypes.data for a in padded], result[start:].ctypes.data)
        return result[:size]


WIDTH = 4
OTHER_WIDTHS = (0, 1, 16)
WIDE = [(name, "float", width) for name in ("exp", "exp2", "tanh", "erf", "log", "sin") for width in OTHER_WIDTHS]
WANTED = [
    (name, type, WIDTH)
    for name in functions()
    for type in TYPES
    if name not in ("ipow", "f16_to_f32", "f32_to_f16", "f32_to_bf16", "f64_to_f32_odd")
]
NARROW = [
    ("f16_to_f32", "i16", WIDTH),
    ("f32_to_f16", "float", WIDTH),
    ("f32_to_bf16", "float", WIDTH),
    ("f64_to_f32_odd", "double", WIDTH),
    ("ipow", "i32", WIDTH),
]


@pytest.fixture(scope="module", params=MACHINES)
def evaluated(request: pytest.FixtureRequest) -> Evaluated:
    return Evaluated(MACHINES[request.param], WANTED + NARROW + WIDE)


def samples(low: float, high: float, dtype: type, count: int = 3000) -> np.ndarray:
    """Uniform numbers of the range, and numbers of all magnitudes in it."""
    rng = np.random.default_rng(SEED)
    uniform = rng.uniform(low, high, count)
    small = np.exp(rng.uniform(np.log(1e-30), np.log(max(abs(low), abs(high))), count)) * rng.choice([-1, 1], count)
    values = np.concatenate([uniform, small[(small >= low) & (small <= high)]]).astype(dtype)
    return values[(values > low) & (values < high)]


def ulps(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """The error in units of the last place of the wanted number."""
    spacing = np.spacing(np.abs(want.astype(got.dtype)))
    return np.abs(got.astype(np.longdouble) - want.astype(np.longdouble)) / spacing


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", UNARY)
def test_error_stays_within_its_promise(evaluated: Evaluated, name: str, type: str):
    dtype, _ = TYPES[type]
    reference, (low, high) = UNARY[name]
    x = samples(low, high, dtype)
    wide = x.astype(np.longdouble) if type == "double" and name not in ("erf", "erfc") else x.astype(np.float64)
    with np.errstate(all="ignore"):
        want = reference(wide)
    error = ulps(evaluated(name, type, WIDTH, x), want)
    # without FMA each step rounds twice; numpy's own erf is right to an ulp of double only
    slack = 1.0 + (2.0 if evaluated is not None and type == "double" else 0.0)
    assert error.max() <= functions()[name].ulp + slack, f"{name}({x[error.argmax()]!r}) is {error.max()} ulp off, seed {SEED}"


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", UNARY)
def test_special_values(evaluated: Evaluated, name: str, type: str):
    dtype, _ = TYPES[type]
    x = np.array(SPECIAL, np.float32).astype(dtype)
    with np.errstate(all="ignore"):
        want = UNARY[name][0](x.astype(np.float64)).astype(dtype)
    if name in ("sin", "cos", "tan"):  # of 3e38 nothing is promised
        x, want = x[:-2], want[:-2]
    got = evaluated(name, type, WIDTH, x)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=f"{name}: {dict(zip(x, got, strict=True))}")
    np.testing.assert_array_equal(np.isinf(got), np.isinf(want), err_msg=name)
    finite = np.isfinite(want)
    np.testing.assert_allclose(got[finite], want[finite], rtol=3e-6 if type == "float" else 1e-13, atol=1e-44, err_msg=name)
    zeros = want == 0
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(want[zeros]), err_msg=name)


@pytest.mark.parametrize("type", TYPES)
def test_pow_and_atan2(evaluated: Evaluated, type: str):
    dtype, _ = TYPES[type]
    special = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, math.inf, -math.inf, math.nan], dtype)
    a, b = (v.ravel() for v in np.meshgrid(special, special))
    for name, reference in (("pow", np.power), ("atan2", np.arctan2)):
        with np.errstate(all="ignore"):
            want = reference(a, b)
        np.testing.assert_allclose(evaluated(name, type, WIDTH, a, b), want, rtol=1e-6 if type == "float" else 1e-15, err_msg=name)
    rng = np.random.default_rng(SEED)
    x, y = np.exp(rng.uniform(-20, 20, 4000)).astype(dtype), rng.uniform(-4, 4, 4000).astype(dtype)
    want = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    regular = (want > 1e-35) & (want < 1e35)
    assert ulps(evaluated("pow", type, WIDTH, x, y)[regular], want[regular]).max() <= functions()["pow"].ulp


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name, reference", [("ceil", np.ceil), ("floor", np.floor), ("trunc", np.trunc), ("roundeven", np.rint)])
def test_rounding_is_exact(evaluated: Evaluated, name: str, reference, type: str):
    dtype, _ = TYPES[type]
    x = np.array([*np.arange(-6, 6, 0.25), 8388607.5, 8388609.0, 4503599627370495.5, *SPECIAL], np.float64).astype(dtype)
    got, want = evaluated(name, type, WIDTH, x), reference(x)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("name", ["exp", "exp2", "tanh", "erf", "log", "sin"])
def test_every_width_gives_about_the_same(evaluated: Evaluated, name: str):
    x = np.concatenate([samples(-104, 88.7, np.float32, 1000), np.array(SPECIAL, np.float32)])
    results = [evaluated(name, "float", width, x) for width in (WIDTH, *OTHER_WIDTHS)]
    for other in results[1:]:
        np.testing.assert_array_equal(np.isnan(other), np.isnan(results[0]))
        close = np.isfinite(results[0])
        assert ulps(other[close], results[0][close].astype(np.float64)).max() <= 1, f"seed {SEED}"


def test_round_goes_away_from_zero(evaluated: Evaluated):
    x = np.array([0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 8388607.5], np.float32)
    np.testing.assert_array_equal(evaluated("round", "float", WIDTH, x), np.array([1, -1, 2, 3, -3, 0, 8388608], np.float32))


@pytest.mark.parametrize("type", TYPES)
def test_fmod_is_exact(evaluated: Evaluated, type: str):
    dtype, _ = TYPES[type]
    rng = np.random.default_rng(SEED)
    x = np.concatenate([rng.standard_normal(500) * 1e3, rng.standard_normal(20) * 1e30, SPECIAL]).astype(dtype)
    y = np.concatenate([rng.standard_normal(500), rng.standard_normal(20) * 1e-3, SPECIAL[::-1]]).astype(dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(evaluated("fmod", type, WIDTH, x, y), np.fmod(x, y))


def test_integer_powers(evaluated: Evaluated):
    x = np.array([2, -3, 0, 1, -1, -1, 2, 0, 7], np.int32)
    y = np.array([10, 3, 0, -5, -5, -4, -1, 5, 0], np.int32)
    np.testing.assert_array_equal(evaluated("ipow", "i32", WIDTH, x, y), [1024, -27, 1, 1, -1, 1, 0, 0, 1])


def test_half_to_float_is_exact_for_every_half(evaluated: Evaluated):
    every = np.arange(1 << 16, dtype=np.uint16)
    np.testing.assert_array_equal(evaluated("f16_to_f32", "i16", WIDTH, every), every.view(np.float16).astype(np.float32))


@pytest.mark.parametrize("name, dtype", [("f32_to_f16", np.float16), ("f32_to_bf16", ml_dtypes.bfloat16)])
def test_narrowing_rounds_to_nearest_even(evaluated: Evaluated, name: str, dtype):
    rng = np.random.default_rng(SEED)
    bits = np.concatenate(
        [rng.integers(0, 1 << 32, 20000, np.uint64).astype(np.uint32), np.arange(0x33000000, 0x47800000, 4096, np.uint32)]
    )
    x = np.concatenate([bits.view(np.float32), np.array(SPECIAL, np.float32)])
    with np.errstate(all="ignore"):
        want = x.astype(dtype)
    got = evaluated(name, "float", WIDTH, x).view(dtype)
    np.testing.assert_array_equal(got.astype(np.float32), want.astype(np.float32), err_msg=f"seed {SEED}")
