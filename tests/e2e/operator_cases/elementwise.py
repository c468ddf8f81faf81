# ruff: noqa: E501
"""One element in, one element out: every op, element type and edge of its domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import erf, erfc

import numpy as np

from operator_cases.case import DTYPES, FLOATS, SIGNED, UNSIGNED, Case, Exact, Tolerance, Ulps, case, edges, returning

INTEGERS = (*SIGNED, *UNSIGNED)
COUNT = 67  # odd, and more than the edges there are


def _all_edges(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return edges(random, shape, dtype)


def _rows(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Edges that change from row to row."""
    return np.broadcast_to(edges(random, shape[:1], dtype)[:, None], shape).copy()


def _columns(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return np.broadcast_to(edges(random, shape[1:], dtype), shape).copy()


def _angles(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Edges up to 2^30: of larger angles nothing is promised."""
    array = edges(random, shape, dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.isfinite(array) & (np.abs(array) > 2.0**30), np.remainder(array, dtype.type(7)), array).astype(dtype)


def _in_double(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Computed in float64 and rounded once."""

    def compute(*arrays: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(function(*(a.astype(np.float64) for a in arrays))).astype(arrays[0].dtype)

    return compute


def _quiet(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def compute(*arrays: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays)).astype(arrays[0].dtype)

    return compute


def _away(x: np.ndarray) -> np.ndarray:
    return np.copysign(np.trunc(np.abs(x)) + (np.abs(x) - np.trunc(np.abs(x)) >= 0.5), x)


# op -> (meaning, tolerance)
FLOAT_UNARY: dict[str, tuple[Callable[..., np.ndarray], Tolerance]] = {
    "abs": (np.abs, Exact()),
    "ceil": (np.ceil, Exact()),
    "floor": (np.floor, Exact()),
    "negate": (np.negative, Exact()),
    "round_nearest_afz": (_away, Exact()),
    "round_nearest_even": (np.rint, Exact()),
    "sign": (lambda x: np.where(x == 0, x, np.sign(x)), Exact()),
    "sqrt": (np.sqrt, Exact()),
    "cbrt": (np.cbrt, Ulps()),
    "cosine": (np.cos, Ulps()),
    "sine": (np.sin, Ulps()),
    "tan": (np.tan, Ulps(8)),
    "exponential": (np.exp, Ulps()),
    "exponential_minus_one": (np.expm1, Ulps()),
    "log": (np.log, Ulps()),
    "log_plus_one": (np.log1p, Ulps()),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), Ulps()),
    "rsqrt": (lambda x: 1 / np.sqrt(x), Ulps(2)),
    "tanh": (np.tanh, Ulps()),
}


def float_unary() -> Iterator[Case]:
    for op, (meaning, tolerance) in FLOAT_UNARY.items():
        for element in FLOATS:
            type = f"{COUNT}x{element}"
            body = returning(f"stablehlo.{op} %0 : tensor<{type}>", type)
            fill = _angles if op in ("sine", "cosine", "tan") else _all_edges
            yield case(f"{op}_{element}", type, type, body, fill=fill, tolerance=tolerance, meaning=_in_double(meaning))


def is_finite() -> Iterator[Case]:
    for element in FLOATS:
        body = returning(f"stablehlo.is_finite %0 : (tensor<{COUNT}x{element}>) -> tensor<{COUNT}xi1>", f"{COUNT}xi1")
        yield case(f"is_finite_{element}", f"{COUNT}x{element}", f"{COUNT}xi1", body, fill=_all_edges, meaning=np.isfinite)


def _bit_count(x: np.ndarray) -> np.ndarray:
    return np.bitwise_count(x.view(f"u{x.itemsize}"))


def _leading_zeros(x: np.ndarray) -> np.ndarray:
    bits = x.itemsize * 8
    return np.array([bits - int(n).bit_length() for n in x.view(f"u{x.itemsize}").ravel()]).reshape(x.shape)


INTEGER_UNARY: dict[str, tuple[Callable[..., np.ndarray], tuple[str, ...]]] = {
    "abs": (np.abs, SIGNED),
    "negate": (np.negative, INTEGERS),
    "sign": (np.sign, SIGNED),
    "not": (np.invert, ("i1", *INTEGERS)),
    "popcnt": (_bit_count, INTEGERS),
    "count_leading_zeros": (_leading_zeros, INTEGERS),
}


def integer_unary() -> Iterator[Case]:
    for op, (meaning, elements) in INTEGER_UNARY.items():
        for element in elements:
            type = f"{COUNT}x{element}"
            body = returning(f"stablehlo.{op} %0 : tensor<{type}>", type)
            yield case(f"{op}_{element}", type, type, body, fill=_all_edges, meaning=_quiet(meaning))


def _maximum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(a == b, np.where(np.signbit(a), b, a), np.maximum(a, b)) if a.dtype.kind not in "iub" else np.maximum(a, b)


def _minimum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(a == b, np.where(np.signbit(a), a, b), np.minimum(a, b)) if a.dtype.kind not in "iub" else np.minimum(a, b)


def _shift(function: Callable[..., np.ndarray], over: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def compute(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        bits = a.itemsize * 8
        inside = (b >= 0) & (b < bits)
        return np.where(inside, function(a, np.where(inside, b, 0)), over(a))

    return compute


def _logical(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    unsigned = np.dtype(f"u{a.itemsize}")
    return (a.view(unsigned) >> b.view(unsigned)).view(a.dtype)


def _zero(a: np.ndarray) -> np.ndarray:
    return np.zeros_like(a)


def _signs(a: np.ndarray) -> np.ndarray:
    return np.where(a < 0, -1, 0).astype(a.dtype) if a.dtype.kind == "i" else np.where(a >> (a.itemsize * 8 - 1), np.iinfo(a.dtype).max, 0)


# op -> (meaning or None where the interpreter alone says, element types, tolerance)
BINARY: dict[str, tuple[Callable[..., np.ndarray] | None, tuple[str, ...], Tolerance]] = {
    "add": (np.add, (*INTEGERS, *FLOATS), Exact()),
    "subtract": (np.subtract, (*INTEGERS, *FLOATS), Exact()),
    "multiply": (np.multiply, (*INTEGERS, *FLOATS), Exact()),
    "maximum": (_maximum, ("i1", *INTEGERS, *FLOATS), Exact()),
    "minimum": (_minimum, ("i1", *INTEGERS, *FLOATS), Exact()),
    "divide": (None, INTEGERS, Exact()),
    "remainder": (None, INTEGERS, Exact()),
    "power": (None, (*SIGNED, "ui8", "ui32"), Exact()),
    "and": (np.bitwise_and, ("i1", *INTEGERS), Exact()),
    "or": (np.bitwise_or, ("i1", *INTEGERS), Exact()),
    "xor": (np.bitwise_xor, ("i1", *INTEGERS), Exact()),
    "shift_left": (_shift(np.left_shift, _zero), INTEGERS, Exact()),
    "shift_right_logical": (_shift(_logical, _zero), INTEGERS, Exact()),
    "shift_right_arithmetic": (_shift(np.right_shift, _signs), SIGNED, Exact()),
}
FLOAT_BINARY: dict[str, tuple[Callable[..., np.ndarray] | None, Tolerance]] = {
    "divide": (np.divide, Exact()),
    "remainder": (np.fmod, Exact()),
    "power": (np.power, Ulps()),
    "atan2": (np.arctan2, Ulps()),
}


def binary() -> Iterator[Case]:
    """Every edge against every edge."""
    for op, (meaning, elements, tolerance) in BINARY.items():
        for element in elements:
            yield _binary(op, element, _quiet(meaning) if meaning else None, tolerance)
    for op, (meaning, tolerance) in FLOAT_BINARY.items():
        for element in FLOATS:
            exact = op == "divide"
            yield _binary(op, element, (_quiet if exact else _in_double)(meaning) if meaning else None, tolerance)


def _binary(op: str, element: str, meaning: Callable[..., np.ndarray] | None, tolerance: Tolerance) -> Case:
    edges_there_are = 57 if element in FLOATS else 23
    type = f"{edges_there_are}x{edges_there_are}x{element}"
    body = returning(f"stablehlo.{op} %0, %1 : tensor<{type}>", type)
    name = f"{op}_{element}" + ("_2" if op in FLOAT_BINARY and element in FLOATS else "")
    return case(name, f"{type} {type}", type, body, fill=(_rows, _columns), tolerance=tolerance, meaning=meaning)


COMPARISONS = {"EQ": np.equal, "NE": np.not_equal, "LT": np.less, "LE": np.less_equal, "GT": np.greater, "GE": np.greater_equal}


def compare() -> Iterator[Case]:
    for direction, meaning in COMPARISONS.items():
        for element in ("i1", *INTEGERS, *FLOATS):
            n = 57 if element in FLOATS else 23
            body = returning(f"stablehlo.compare {direction}, %0, %1 : (tensor<{n}x{n}x{element}>, tensor<{n}x{n}x{element}>)"
                             f" -> tensor<{n}x{n}xi1>", f"{n}x{n}xi1")  # fmt: skip
            yield case(f"compare_{direction}_{element}", f"{n}x{n}x{element} {n}x{n}x{element}", f"{n}x{n}xi1", body,
                       fill=(_rows, _columns), meaning=meaning)  # fmt: skip
    for direction in ("LT", "GE"):
        body = returning(f"stablehlo.compare {direction}, %0, %1, TOTALORDER : (tensor<57x57xf32>, tensor<57x57xf32>)"
                         " -> tensor<57x57xi1>", "57x57xi1")  # fmt: skip
        yield case(f"compare_total_{direction}", "57x57xf32 57x57xf32", "57x57xi1", body, fill=(_rows, _columns),
                   meaning=lambda a, b, f=COMPARISONS[direction]: f(_total(a), _total(b)))  # fmt: skip


def _total(a: np.ndarray) -> np.ndarray:
    """Integers in IEEE's total order."""
    bits = a.view(np.int32)
    return np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def convert() -> Iterator[Case]:
    """Every pair of element types; floats that no integer holds are the interpreter's to say."""
    elements = ("i1", *INTEGERS, *FLOATS)
    for source in elements:
        for target in elements:
            if source == target:
                continue
            body = returning(f"stablehlo.convert %0 : (tensor<{COUNT}x{source}>) -> tensor<{COUNT}x{target}>", f"{COUNT}x{target}")
            meaning = None if source in FLOATS and target not in FLOATS else _converted(DTYPES[target])
            yield case(f"convert_{source}_{target}", f"{COUNT}x{source}", f"{COUNT}x{target}", body, fill=_all_edges, meaning=meaning)


def _converted(dtype: np.dtype) -> Callable[[np.ndarray], np.ndarray]:
    def compute(a: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return a.astype(dtype)

    return compute


def bitcast() -> Iterator[Case]:
    pairs = ("f32 i32", "i32 f32", "f64 i64", "f16 i16", "bf16 i16", "i16 bf16", "ui32 f32", "i8 ui8", "f16 bf16")
    for source, target in (pair.split() for pair in pairs):
        body = returning(f"stablehlo.bitcast_convert %0 : (tensor<{COUNT}x{source}>) -> tensor<{COUNT}x{target}>", f"{COUNT}x{target}")
        yield case(f"bitcast_{source}_{target}", f"{COUNT}x{source}", f"{COUNT}x{target}", body, fill=_all_edges,
                   meaning=lambda a, target=target: a.view(DTYPES[target]))  # fmt: skip


def choices() -> Iterator[Case]:
    for element in ("i1", *INTEGERS, *FLOATS):
        t = f"{COUNT}x{element}"
        yield case(f"select_{element}", f"{COUNT}xi1 {t} {t}", t,
                   returning(f"stablehlo.select %0, %1, %2 : tensor<{COUNT}xi1>, tensor<{t}>", t), fill=_all_edges, meaning=np.where)  # fmt: skip
        if element == "i1":
            continue
        yield case(f"clamp_{element}", f"{t} {t} {t}", t, returning(f"stablehlo.clamp %0, %1, %2 : tensor<{t}>", t),
                   fill=_all_edges, meaning=lambda low, x, high: _minimum(_maximum(x, low), high))  # fmt: skip
        yield case(f"clamp_scalar_{element}", f"{element} {t} {element}", t,
                   returning(f"stablehlo.clamp %0, %1, %2 : (tensor<{element}>, tensor<{t}>, tensor<{element}>) -> tensor<{t}>", t),
                   fill=_all_edges, meaning=lambda low, x, high: _minimum(_maximum(x, low), high))  # fmt: skip
        yield case(f"select_scalar_{element}", f"i1 {t} {t}", t,
                   returning(f"stablehlo.select %0, %1, %2 : tensor<i1>, tensor<{t}>", t), fill=_all_edges, meaning=np.where)  # fmt: skip


def chlo() -> Iterator[Case]:
    functions = {"erf": np.vectorize(erf, otypes=[np.float64]), "erfc": np.vectorize(erfc, otypes=[np.float64]), "sinh": np.sinh, "cosh": np.cosh,
                 "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh}  # fmt: skip
    for op, meaning in functions.items():
        for element in FLOATS:
            t = f"{COUNT}x{element}"
            yield case(f"chlo_{op}_{element}", t, t, returning(f"chlo.{op} %0 : tensor<{t}> -> tensor<{t}>", t), fill=_all_edges,
                       tolerance=Ulps(), meaning=_in_double(meaning))  # fmt: skip
    for element in FLOATS:
        t = f"{COUNT}x{element}"
        yield case(f"chlo_square_{element}", t, t, returning(f"chlo.square %0 : tensor<{t}> -> tensor<{t}>", t), fill=_all_edges,
                   meaning=_quiet(np.square))  # fmt: skip


CASES = [*float_unary(), *is_finite(), *integer_unary(), *binary(), *compare(), *convert(), *bitcast(), *choices(), *chlo()]
