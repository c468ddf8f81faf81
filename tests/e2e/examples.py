"""The examples as a table: what to call in each, with which arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Call:
    """One call of an example: `make(random)` gives the arguments."""

    model: str
    function: str
    make: Callable[[np.random.Generator], Arrays]
    note: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (Path(self.model).stem, self.function, self.note)))

    @property
    def path(self) -> Path:
        return EXAMPLES / self.model

    def arguments(self, seed: int = 7) -> Arrays:
        return self.make(np.random.default_rng(seed))


def normal(*shape: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda random: random.standard_normal(shape).astype(np.float32)


def _digits(batch: int) -> Call:
    return Call("digits.onnx", "main", lambda random: (random.random((batch, 1, 8, 8), np.float32),), f"batch{batch}")


def _loop(steps: int) -> Call:
    return Call("loop.mlir", "iterate", lambda r: (normal(4, 8)(r), normal(8, 8)(r), np.array(steps, np.int32)), f"{steps}steps")


CALLS: tuple[Call, ...] = (
    Call("mlp.mlir", "main", lambda r: (normal(4, 64)(r),)),
    Call("transformer_block.mlir", "main", lambda r: (normal(32, 64)(r),)),
    _loop(0),
    _loop(5),
    Call("counter.mlir", "add", lambda r: (np.array(5, np.int32),)),
    _digits(1),
    _digits(3),
    _digits(17),
)
MODELS: tuple[str, ...] = tuple(dict.fromkeys(call.model for call in CALLS))


def as_tuple(results: object) -> Arrays:
    """What a program returns, always as a tuple."""
    return results if isinstance(results, tuple) else () if results is None else (results,)  # pyright: ignore[reportReturnType]


def assert_close(got: Arrays, expected: Arrays, tolerance: float = 1e-5) -> None:
    """Same count, shapes and dtypes; |error| <= tolerance * max |expected|, integers and booleans equal."""
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype, f"{a.dtype}{a.shape} against {b.dtype}{b.shape}"
        if a.dtype.kind in "iub":
            np.testing.assert_array_equal(a, b)
        elif b.size:
            error = np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)))
            assert error <= tolerance * max(np.max(np.abs(b)), 1e-30), (
                f"error {error:.3g} against a largest value of {np.max(np.abs(b)):.3g}"
            )


def assert_same_bits(got: Arrays, expected: Arrays) -> None:
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
