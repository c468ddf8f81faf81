"""The meaning of math. Functions that are not exact are computed in float64 and rounded once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from xdsl.ir import Operation

from pyrie.ir.interpreter.arith import signed, store, unsigned
from pyrie.ir.interpreter.registry import elementwise
from pyrie.ir.interpreter.values import dtype_of, width_of


def _in_double(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def evaluate(op: Operation, *arrays: np.ndarray) -> np.ndarray:
        wide = [np.asarray(array).astype(np.float64) for array in arrays]
        return np.asarray(function(*wide)).astype(dtype_of(op.results[0].type))

    return evaluate


def _exactly(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def evaluate(op: Operation, *arrays: np.ndarray) -> np.ndarray:
        return np.asarray(function(*arrays)).astype(dtype_of(op.results[0].type), copy=False)

    return evaluate


def round_half_away(a: np.ndarray) -> np.ndarray:
    """To the nearest integer, ties away from zero."""
    whole = np.trunc(a)
    return np.copysign(whole + np.where(np.abs(a - whole) >= 0.5, np.copysign(1.0, a), 0.0), a)


def fused_multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a * b + c; for f32 and narrower the product is exact in float64."""
    return a * b + c


_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])

IN_DOUBLE: dict[str, Callable[..., np.ndarray]] = {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan, "atanh": np.arctanh,
    "atan2": np.arctan2, "cbrt": np.cbrt, "cos": np.cos, "cosh": np.cosh, "erf": _erf, "erfc": _erfc, "exp": np.exp, "exp2": np.exp2,
    "expm1": np.expm1, "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2, "powf": np.power,
    "rsqrt": lambda a: 1.0 / np.sqrt(a), "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
    "round": round_half_away, "roundeven": np.rint, "fma": fused_multiply_add,
}  # fmt: skip
EXACT: dict[str, Callable[..., np.ndarray]] = {
    "absf": np.abs, "ceil": np.ceil, "copysign": np.copysign, "floor": np.floor, "trunc": np.trunc,
}  # fmt: skip

for _name, _function in IN_DOUBLE.items():
    elementwise(f"math.{_name}")(_in_double(_function))
for _name, _function in EXACT.items():
    elementwise(f"math.{_name}")(_exactly(_function))


@elementwise("math.isfinite")
def is_finite(op: Operation, a: np.ndarray) -> np.ndarray:
    return np.isfinite(a)


@elementwise("math.isinf")
def is_infinite(op: Operation, a: np.ndarray) -> np.ndarray:
    return np.isinf(a)


@elementwise("math.isnan")
def is_nan(op: Operation, a: np.ndarray) -> np.ndarray:
    return np.isnan(a)


@elementwise("math.isnormal")
def is_normal(op: Operation, a: np.ndarray) -> np.ndarray:
    import ml_dtypes

    return np.isfinite(a) & (np.abs(a) >= ml_dtypes.finfo(np.asarray(a).dtype).smallest_normal)


@elementwise("math.absi")
def absolute(op: Operation, a: np.ndarray) -> np.ndarray:
    return store(np.abs(signed(a, width_of(op.operands[0].type))), op)


@elementwise("math.ctlz")
def leading_zeros(op: Operation, a: np.ndarray) -> np.ndarray:
    width = width_of(op.operands[0].type)
    bits, length = unsigned(a, width).astype(np.uint64), np.zeros(np.shape(a), np.int64)
    for step in (32, 16, 8, 4, 2, 1):
        above = (bits >> np.uint64(step)) != 0
        length, bits = length + above * step, np.where(above, bits >> np.uint64(step), bits)
    return store(width - length - (bits != 0), op)


@elementwise("math.cttz")
def trailing_zeros(op: Operation, a: np.ndarray) -> np.ndarray:
    width = width_of(op.operands[0].type)
    bits = unsigned(a, width).astype(np.uint64)
    lowest = bits & (~bits + np.uint64(1))
    return store(np.where(bits == 0, width, np.bitwise_count(lowest - np.uint64(1)).astype(np.int64)), op)


@elementwise("math.ctpop")
def set_bits(op: Operation, a: np.ndarray) -> np.ndarray:
    return store(np.bitwise_count(unsigned(a, width_of(op.operands[0].type))).astype(np.int64), op)


@elementwise("math.ipowi")
def integer_power(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    width = width_of(op.operands[0].type)
    base, exponent = np.broadcast_arrays(signed(a, width).astype(np.int64), signed(b, width).astype(np.int64))
    result, factor, left = np.ones_like(base), base.copy(), np.maximum(exponent, 0)
    while np.any(left):
        result = np.where(left & 1, result * factor, result)
        factor, left = factor * factor, left >> 1
    negative = np.where(base == 1, 1, np.where(base == -1, np.where(exponent & 1, -1, 1), 0))
    return store(np.where(exponent < 0, negative, result), op)


@elementwise("math.fpowi")
def float_to_integer_power(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    exponent = signed(b, width_of(op.operands[1].type)).astype(np.float64)
    return np.power(np.asarray(a).astype(np.float64), exponent).astype(dtype_of(op.results[0].type))
