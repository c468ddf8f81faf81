"""The meaning of arith: wrapping integers, IEEE floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation

from pyrie.ir.interpreter.registry import Value, elementwise, implements
from pyrie.ir.interpreter.values import array_of_attribute, dtype_of, width_of

NATIVE = {np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64)}


@implements("arith.constant")
def constant(machine: object, op: Operation, operands: object) -> list[Value]:
    return [array_of_attribute(op.properties["value"])]


# ---- integers -----------------------------------------------------------------------------------------------------------


def signed(array: np.ndarray, width: int) -> np.ndarray:
    """As a numpy integer with the sign that two's complement of `width` bits gives; i1 true is -1."""
    array = np.asarray(array)
    if array.dtype in NATIVE and array.dtype.itemsize * 8 == width:
        return array
    return wrap(array.astype(np.int64), width)


def unsigned(array: np.ndarray, width: int) -> np.ndarray:
    """As a numpy unsigned integer."""
    array = np.asarray(array)
    if array.dtype in NATIVE and array.dtype.itemsize * 8 == width:
        return array.view(f"u{array.dtype.itemsize}")
    return (array.astype(np.int64) & ((1 << width) - 1)).view(np.uint64) if width < 64 else array.astype(np.int64).view(np.uint64)


def wrap(array: np.ndarray, width: int) -> np.ndarray:
    """The low `width` bits of 64-bit integers, sign-extended."""
    if width >= 64:
        return array
    half = np.int64(1 << (width - 1))
    return ((array & np.int64((1 << width) - 1)) ^ half) - half


def store(array: np.ndarray, op: Operation, index: int = 0) -> np.ndarray:
    """Integers as elements of the op's result type, keeping the low bits."""
    type_ = op.results[index].type
    dtype, width = dtype_of(type_), width_of(type_)
    array = np.asarray(array)
    if array.dtype.kind == "u":
        array = array.view(f"i{array.dtype.itemsize}")
    if dtype == np.bool_:
        return (array & 1).astype(np.bool_)
    if dtype in NATIVE and dtype.itemsize * 8 == width:
        return array.astype(dtype, copy=False)
    return wrap(array.astype(np.int64), width).astype(dtype)


def _integer(names: str, function: Callable[..., np.ndarray], read: Callable[[np.ndarray, int], np.ndarray]) -> None:
    def evaluate(op: Operation, *arrays: np.ndarray) -> np.ndarray:
        width = width_of(op.operands[0].type)
        return store(function(*(read(array, width) for array in arrays)), op)

    elementwise(*names.split())(evaluate)


def divide_to_zero(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Truncated quotient; 0 for division by zero."""
    safe = np.where(b == 0, np.ones_like(b), b)
    quotient = np.floor_divide(a, safe)
    inexact = (quotient * safe != a) & ((a < 0) != (safe < 0))
    return np.where(b == 0, np.zeros_like(a), quotient + inexact.astype(quotient.dtype))


def remainder_to_zero(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b * truncated quotient; the dividend for division by zero."""
    return a - divide_to_zero(a, b) * b


def floor_divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quotient rounded down; 0 for division by zero."""
    return np.where(b == 0, np.zeros_like(a), np.floor_divide(a, np.where(b == 0, np.ones_like(b), b)))


def ceil_divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quotient rounded up; 0 for division by zero."""
    quotient = floor_divide(a, b)
    return quotient + ((b != 0) & (quotient * b != a)).astype(quotient.dtype)


def shift_left(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b < _bits(a), a << np.minimum(b, _bits(a) - 1), np.zeros_like(a))


def shift_right_unsigned(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(b < _bits(a), a >> np.minimum(b, _bits(a) - 1), np.zeros_like(a))


def _bits(array: np.ndarray) -> np.ndarray:
    return np.array(array.dtype.itemsize * 8, array.dtype)


_integer("arith.addi", np.add, signed)
_integer("arith.subi", np.subtract, signed)
_integer("arith.muli", np.multiply, signed)
_integer("arith.divsi", divide_to_zero, signed)
_integer("arith.remsi", remainder_to_zero, signed)
_integer("arith.floordivsi", floor_divide, signed)
_integer("arith.ceildivsi", ceil_divide, signed)
_integer("arith.divui", floor_divide, unsigned)
_integer("arith.remui", lambda a, b: a - floor_divide(a, b) * b, unsigned)
_integer("arith.ceildivui", ceil_divide, unsigned)
_integer("arith.andi", np.bitwise_and, signed)
_integer("arith.ori", np.bitwise_or, signed)
_integer("arith.xori", np.bitwise_xor, signed)
_integer("arith.maxsi", np.maximum, signed)
_integer("arith.minsi", np.minimum, signed)
_integer("arith.maxui", np.maximum, unsigned)
_integer("arith.minui", np.minimum, unsigned)
_integer("arith.shli", shift_left, unsigned)
_integer("arith.shrui", shift_right_unsigned, unsigned)


@elementwise("arith.shrsi")
def shift_right_signed(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    width = width_of(op.operands[0].type)
    by = np.minimum(unsigned(b, width), width - 1).astype(np.int64)
    return store(signed(a, width).astype(np.int64) >> by, op)


def _product(a: np.ndarray, b: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high half of a product, in Python integers: exact for every width."""
    mask = (1 << width) - 1

    def half(shift: int) -> np.ndarray:
        parts = np.frompyfunc(lambda x, y: (int(x) * int(y) >> shift) & mask, 2, 1)(a, b)
        return np.asarray(parts, dtype=object).astype(np.uint64).view(np.int64)

    return half(0), half(width)


@elementwise("arith.mului_extended")
def multiply_unsigned_extended(op: Operation, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = width_of(op.operands[0].type)
    low, high = _product(unsigned(a, width), unsigned(b, width), width)
    return store(low, op), store(high, op, 1)


@elementwise("arith.mulsi_extended")
def multiply_signed_extended(op: Operation, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = width_of(op.operands[0].type)
    low, high = _product(signed(a, width), signed(b, width), width)
    return store(low, op), store(high, op, 1)


@elementwise("arith.addui_extended")
def add_unsigned_extended(op: Operation, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = width_of(op.operands[0].type)
    total = store(signed(a, width) + signed(b, width), op)
    return total, unsigned(total, width) < unsigned(a, width)


# ---- comparisons and select ---------------------------------------------------------------------------------------------

_SIGNED_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
_UNSIGNED_COMPARISONS = (np.less, np.less_equal, np.greater, np.greater_equal)


@elementwise("arith.cmpi")
def compare_integers(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    predicate, width = _predicate(op), width_of(op.operands[0].type)
    if predicate < 6:
        return _SIGNED_COMPARISONS[predicate](signed(a, width), signed(b, width))
    return _UNSIGNED_COMPARISONS[predicate - 6](unsigned(a, width), unsigned(b, width))


_ORDERED = {1: np.equal, 2: np.greater, 3: np.greater_equal, 4: np.less, 5: np.less_equal, 6: np.not_equal}


@elementwise("arith.cmpf")
def compare_floats(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    predicate = _predicate(op)
    a, b = np.asarray(a), np.asarray(b)
    unordered = np.isnan(a) | np.isnan(b)
    if predicate in (0, 15):
        return np.broadcast_to(np.bool_(predicate == 15), unordered.shape)
    if predicate == 7:
        return ~unordered
    if predicate == 14:
        return unordered
    if predicate in _ORDERED:
        return _ORDERED[predicate](a, b) & ~unordered
    return _ORDERED[predicate - 7](a, b) | unordered


def _predicate(op: Operation) -> int:
    return cast(IntegerAttr, op.properties["predicate"]).value.data


@elementwise("arith.select")
def select(op: Operation, condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    condition = np.asarray(condition)
    if condition.ndim == 0:
        return a if condition else b
    return np.where(condition, a, b)


# ---- floats -------------------------------------------------------------------------------------------------------------


def _float(name: str, function: Callable[..., np.ndarray]) -> None:
    def evaluate(op: Operation, *arrays: np.ndarray) -> np.ndarray:
        return np.asarray(function(*arrays)).astype(dtype_of(op.results[0].type), copy=False)

    elementwise(name)(evaluate)


def maximum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The larger; NaN if either is; +0 is larger than -0."""
    return np.where(a == b, np.where(np.signbit(a), b, a), np.maximum(a, b))


def minimum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smaller; NaN if either is; -0 is smaller than +0."""
    return np.where(a == b, np.where(np.signbit(a), a, b), np.minimum(a, b))


_float("arith.addf", np.add)
_float("arith.subf", np.subtract)
_float("arith.mulf", np.multiply)
_float("arith.divf", np.divide)
_float("arith.negf", np.negative)
_float("arith.maximumf", maximum)
_float("arith.minimumf", minimum)
_float("arith.maxnumf", np.fmax)
_float("arith.minnumf", np.fmin)


@elementwise("arith.remf")
def remainder(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.fmod(np.asarray(a).astype(np.float64), np.asarray(b).astype(np.float64)).astype(dtype_of(op.results[0].type))


# ---- conversions --------------------------------------------------------------------------------------------------------


@elementwise("arith.extsi", "arith.trunci", "arith.index_cast")
def extend_signed(op: Operation, a: np.ndarray) -> np.ndarray:
    return store(signed(a, width_of(op.operands[0].type)), op)


@elementwise("arith.extui", "arith.index_castui")
def extend_unsigned(op: Operation, a: np.ndarray) -> np.ndarray:
    return store(unsigned(a, width_of(op.operands[0].type)).astype(np.uint64), op)


@elementwise("arith.extf", "arith.truncf")
def convert_float(op: Operation, a: np.ndarray) -> np.ndarray:
    return np.asarray(a).astype(dtype_of(op.results[0].type))


@elementwise("arith.sitofp")
def from_signed(op: Operation, a: np.ndarray) -> np.ndarray:
    return _to_float(signed(a, width_of(op.operands[0].type)), op)


@elementwise("arith.uitofp")
def from_unsigned(op: Operation, a: np.ndarray) -> np.ndarray:
    return _to_float(unsigned(a, width_of(op.operands[0].type)), op)


def _to_float(integers: np.ndarray, op: Operation) -> np.ndarray:
    return integers.astype(dtype_of(op.results[0].type))


@elementwise("arith.fptosi")
def to_signed(op: Operation, a: np.ndarray) -> np.ndarray:
    width = width_of(op.results[0].type)
    return store(_truncated(a, -(1 << (width - 1)), (1 << (width - 1)) - 1), op)


@elementwise("arith.fptoui")
def to_unsigned(op: Operation, a: np.ndarray) -> np.ndarray:
    return store(_truncated(a, 0, (1 << width_of(op.results[0].type)) - 1), op)


def _truncated(a: np.ndarray, low: int, high: int) -> np.ndarray:
    """Floats towards zero, saturated to [low, high]; NaN is 0."""
    number = np.trunc(np.nan_to_num(np.asarray(a).astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf))
    kind = np.uint64 if low == 0 else np.int64
    inside = (number > low) & (number < high)
    exact = np.where(inside, number, 0.0).astype(kind)
    return np.where(inside, exact, np.where(number >= high, np.array(high, kind), np.array(low, kind)))


@elementwise("arith.bitcast")
def bitcast(op: Operation, a: np.ndarray) -> np.ndarray:
    source, target = np.ascontiguousarray(a), dtype_of(op.results[0].type)
    return source.view(target).reshape(np.shape(a))
