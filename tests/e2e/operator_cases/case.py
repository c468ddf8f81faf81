"""A row of the tables: a StableHLO or linalg function, its arguments, and how near its results have to be."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import ml_dtypes
import numpy as np

DTYPES: dict[str, np.dtype] = {
    "i1": np.dtype(np.bool_), "i8": np.dtype(np.int8), "i16": np.dtype(np.int16), "i32": np.dtype(np.int32), "i64": np.dtype(np.int64),
    "ui8": np.dtype(np.uint8), "ui16": np.dtype(np.uint16), "ui32": np.dtype(np.uint32), "ui64": np.dtype(np.uint64),
    "f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16), "f32": np.dtype(np.float32), "f64": np.dtype(np.float64),
    "index": np.dtype(np.int64),
}  # fmt: skip
FLOATS, SIGNED, UNSIGNED = ("f16", "bf16", "f32", "f64"), ("i8", "i16", "i32", "i64"), ("ui8", "ui16", "ui32", "ui64")

NO_SIZES: Iterator[int] = iter(())
Fill = Callable[[np.random.Generator, tuple[int, ...], np.dtype], np.ndarray]


@dataclass(frozen=True)
class Exact:
    """Every bit of every number that is no NaN."""

    def __call__(self, got: np.ndarray, expected: np.ndarray, inputs: Sequence[np.ndarray]) -> np.ndarray:
        bits = np.dtype(f"u{got.dtype.itemsize}")
        return got.view(bits) == expected.view(bits)


@dataclass(frozen=True)
class Ulps:
    """Within `count` units in the last place of the expected number; subnormal results within `count` of the smallest normal step."""

    count: float = 4

    def __call__(self, got: np.ndarray, expected: np.ndarray, inputs: Sequence[np.ndarray]) -> np.ndarray:
        near = np.abs(got.astype(np.float64) - expected.astype(np.float64)) <= self.count * spacing(expected)
        return (got == expected) | near


@dataclass(frozen=True)
class Sums:
    """Within the error bound of a sum of `length` products of the sizes that the inputs have."""

    length: int
    factors: int = 1

    def __call__(self, got: np.ndarray, expected: np.ndarray, inputs: Sequence[np.ndarray]) -> np.ndarray:
        largest = np.prod([np.max(np.abs(a.astype(np.float64)), initial=0.0) for a in inputs[: self.factors] if a.dtype.kind not in "iub"])
        bound = (self.length + 2) * epsilon(got.dtype) * self.length * largest
        return (got == expected) | (np.abs(got.astype(np.float64) - expected.astype(np.float64)) <= bound)


Tolerance = Exact | Ulps | Sums


def epsilon(dtype: np.dtype) -> float:
    return float(ml_dtypes.finfo(dtype).eps)


def spacing(array: np.ndarray) -> np.ndarray:
    """One unit in the last place of each element, as float64."""
    info = ml_dtypes.finfo(array.dtype)
    size = np.abs(array.astype(np.float64))
    _, exponent = np.frexp(np.where(np.isfinite(size) & (size > 0), size, 1.0))
    return np.maximum(np.ldexp(float(info.eps), exponent - 1), float(info.smallest_subnormal))


# ---- what arguments are made of -----------------------------------------------------------------------------------------


def plain(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Ordinary numbers: normally distributed, or small integers."""
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        return random.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)
    return random.standard_normal(shape).astype(dtype)


def edges(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Where numbers end: zeros of both signs, infinities, NaN, subnormals, extremes and halves; then ordinary ones."""
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        special = [0, 1, 2, 3, 7, info.bits - 1, info.bits, info.bits + 1, info.max, info.max - 1, info.max // 2, info.min, info.min + 1]
        special += [-1, -2, -3, -7] if dtype.kind == "i" else []
        pool = np.array([*special, *random.integers(info.min, info.max, 6, dtype=dtype).tolist()], dtype)
    else:
        info = ml_dtypes.finfo(dtype)
        half = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 10.0, 80.0, 1e3, 4.2e6, 3e9, 1e19, 1e-3, 1e-6, float(info.eps) / 2]
        ends = [float(info.max), float(info.smallest_normal), float(info.smallest_subnormal), 3 * float(info.smallest_subnormal), np.inf]
        sizes = np.array([*half, *ends, *np.abs(random.standard_normal(6))])
        with np.errstate(over="ignore"):
            pool = np.concatenate([sizes, -sizes, [np.nan]]).astype(dtype)
    return spread(pool, shape)


def spread(pool: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    return np.resize(pool, count).reshape(shape) if count else np.zeros(shape, pool.dtype)


@dataclass(frozen=True)
class Between:
    """Numbers of a range; integers include both ends."""

    low: float
    high: float

    def __call__(self, random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        if dtype.kind in "iu":
            return random.integers(int(self.low), int(self.high) + 1, shape).astype(dtype)
        return random.uniform(self.low, self.high, shape).astype(dtype)


# ---- rows ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """`arguments` and `results` are tensor types, `body` uses %0, %1, ...; each `?` of the arguments takes the next of `sizes`.

    `meaning` says what the function computes in numpy, beside the interpreter; `setup` is what the module needs outside the function.
    """

    name: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    body: str
    sizes: tuple[int, ...] = ()
    fill: Fill | tuple[Fill, ...] = plain
    tolerance: Tolerance = Exact()
    meaning: Callable[..., object] | None = None
    setup: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        arguments = ", ".join(f"%a{i}: {type}" for i, type in enumerate(self.arguments))
        body = re.sub(r"%(\d+)", r"%a\1", self.body.strip())
        return f"{self.setup}\nfunc.func @{self.name}({arguments}) -> ({', '.join(self.results)}) {{\n  {body}\n}}\n"

    def inputs(self, seed: int) -> list[np.ndarray]:
        random = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        sizes = iter(self.sizes)
        fills = self.fill if isinstance(self.fill, tuple) else (self.fill,) * len(self.arguments)
        return [argument(random, type, sizes, fill) for type, fill in zip(self.arguments, fills, strict=True)]


def argument(random: np.random.Generator, type: str, sizes: Iterator[int], fill: Fill) -> np.ndarray:
    shape, dtype = shape_and_dtype(type, sizes)
    return fill(random, shape, dtype)


def shape_and_dtype(type: str, sizes: Iterator[int] = NO_SIZES) -> tuple[tuple[int, ...], np.dtype]:
    inside = re.fullmatch(r"tensor<(.*)>", type)
    *shape, element = inside[1].split("x") if inside else [type]
    return tuple(next(sizes) if n == "?" else int(n) for n in shape), DTYPES[element]


def case(name: str, arguments: str, results: str, body: str, **options) -> Case:
    """A row; types are separated by blanks, and written without `tensor<>`."""
    return Case(name, tensors(arguments), tensors(results), body, **options)


def tensors(types: str) -> tuple[str, ...]:
    return tuple(f"tensor<{type}>" for type in types.split())


def returning(op: str, result: str) -> str:
    """A body of one op."""
    return f"%r = {op}\n  return %r : tensor<{result}>"


# ---- judging ------------------------------------------------------------------------------------------------------------


def difference(
    case: Case, got: Sequence[np.ndarray], expected: Sequence[np.ndarray], inputs: Sequence[np.ndarray], oracle: str
) -> str | None:
    """What is wrong, in a line, or None."""
    if len(got) != len(expected):
        return f"{case}: {len(got)} results, {oracle} gives {len(expected)}"
    for i, (type, a, b) in enumerate(zip(case.results, got, expected, strict=True)):
        dtype = shape_and_dtype(type, repeat(0))[1]
        b = np.asarray(b)
        if dtype.kind == "u" and b.dtype.kind == "i":  # the interpreter knows bits, not signs
            b = b.view(dtype)
        if a.dtype != dtype or b.dtype != dtype or a.shape != b.shape:
            return f"{case}, result {i}: {a.dtype}{a.shape}, {oracle} gives {b.dtype}{b.shape} for {type}"
        wrong = ~agree(case.tolerance, a, b, inputs)
        if wrong.any():
            at = tuple(int(n[0]) for n in np.nonzero(np.atleast_1d(wrong)))
            one = np.atleast_1d(a)[at], np.atleast_1d(b)[at]
            same = [np.atleast_1d(x)[at] for x in inputs if np.atleast_1d(x).shape == np.atleast_1d(a).shape]
            return f"{case}, result {i}: {one[0]!r} at {at}, {oracle} gives {one[1]!r} (operands {same}); {int(wrong.sum())} of {a.size}"
    return None


def agree(tolerance: Tolerance, a: np.ndarray, b: np.ndarray, inputs: Sequence[np.ndarray]) -> np.ndarray:
    if a.dtype.kind in "iub":
        return np.asarray(a == b)
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((np.isnan(a) & np.isnan(b)) | tolerance(a, b, inputs)).reshape(a.shape)
