"""Resize, one axis after the other: each output is a weighted sum of a few inputs, whose places are computed while importing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import AnyFloat, f32

from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.ops.indexing import take
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value, constant
from pyrie.support.errors import InputError, UnsupportedError

# coordinate_transformation_mode -> (output places, input size, output size, scale) -> input places
COORDINATES: dict[str, Callable[[np.ndarray, int, int, float], np.ndarray]] = {
    "half_pixel": lambda x, n, m, s: (x + 0.5) / s - 0.5,
    "half_pixel_symmetric": lambda x, n, m, s: n / 2 * (1 - m / (s * n)) + (x + 0.5) / s - 0.5,
    "pytorch_half_pixel": lambda x, n, m, s: (x + 0.5) / s - 0.5 if m > 1 else x * 0.0,
    "align_corners": lambda x, n, m, s: x * (n - 1) / (s * n - 1) if m > 1 else x * 0.0,
    "asymmetric": lambda x, n, m, s: x / s,
}
ROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@onnx_op("Resize", since=11)
def resize(
    b: Builder, x: Value, roi: Value | None = None, scales: Value | None = None, sizes: Value | None = None, *,
    antialias: int = 0, axes: list[int] | None = None, coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0, extrapolation_value: float = 0.0, keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:  # fmt: skip
    along = list(range(x.rank)) if axes is None else b.axes(axes, x.rank)
    if antialias or coordinate_transformation_mode not in COORDINATES or keep_aspect_ratio_policy != "stretch":
        raise UnsupportedError(
            f"mode '{mode}' with antialias={antialias}, {coordinate_transformation_mode}, {keep_aspect_ratio_policy} is not supported",
            hint=f"supported: no antialias, stretch, {', '.join(COORDINATES)}",
        )
    for axis, (size, scale) in zip(along, targets(b, x, along, scales, sizes), strict=True):
        if scale == 1.0 and x.sizes[axis] == size:
            continue
        n = x.sizes[axis]
        if not isinstance(n, int):
            raise UnsupportedError(f"dimension {axis} is resized, and its size is known only at run time", hint="supported: static sizes")
        places = COORDINATES[coordinate_transformation_mode](np.arange(size, dtype=np.float64), n, size, scale)
        if mode == "nearest":
            indices = np.clip(ROUNDINGS[nearest_mode](places), 0, n - 1).astype(np.int64)
            x = take(b, x, constant(indices), axis)
        else:
            x = interpolated(b, x, axis, *taps(places, n, mode, cubic_coeff_a, bool(exclude_outside)))
    return x


@onnx_op("Upsample", since=9)
def upsample(b: Builder, x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    return resize(b, x, None, scales, None, mode=mode, coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def targets(b: Builder, x: Value, axes: list[int], scales: Value | None, sizes: Value | None) -> list[tuple[int, float]]:
    """(new size, scale) of each axis."""
    if sizes is not None:
        wanted = b.constants(sizes, "sizes")
        old = [x.sizes[axis] for axis in axes]
        return [(n, n / m if isinstance(m, int) and m else 1.0) for n, m in zip(wanted, old, strict=True)]
    if scales is None:
        raise InputError("neither scales nor sizes are given")
    factors = [float(s) for s in b.constant_array(scales, "scales").reshape(-1)]
    result = []
    for axis, factor in zip(axes, factors, strict=True):
        size = x.sizes[axis]
        if not isinstance(size, int):
            if factor != 1.0:
                raise UnsupportedError(
                    f"dimension {axis} is scaled, and its size is known only at run time", hint="supported: static sizes"
                )
            result.append((size, 1.0))
        else:
            result.append((math.floor(size * factor), factor))
    return result


def taps(places: np.ndarray, n: int, mode: str, a: float, exclude_outside: bool) -> tuple[np.ndarray, np.ndarray]:
    """Indices and weights, a row a tap."""
    base = np.floor(places)
    t = places - base
    if mode == "linear":
        weights = np.stack([1 - t, t])
        first = 0
    elif mode == "cubic":
        near = [((a + 2) * d - (a + 3)) * d * d + 1 for d in (t, 1 - t)]
        far = [((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in (t + 1, 2 - t)]
        weights = np.stack([far[0], near[0], near[1], far[1]])
        first = -1
    else:
        raise UnsupportedError(f"mode '{mode}' is not supported", hint="supported: nearest, linear, cubic")
    indices = base[None] + np.arange(first, first + len(weights))[:, None]
    if exclude_outside:
        weights = np.where((indices >= 0) & (indices < n), weights, 0)
        weights = weights / weights.sum(0)
    return np.clip(indices, 0, n - 1).astype(np.int64), weights


def interpolated(b: Builder, x: Value, axis: int, indices: np.ndarray, weights: np.ndarray) -> Value:
    """The weighted sum of the taps."""
    number = x if isinstance(x.element, AnyFloat) else b.convert(x, f32)
    total: Value | None = None
    for row, weight in zip(indices, weights, strict=True):
        part = take(b, number, constant(row), axis)
        factor = b.broadcast(b.convert(constant(weight), number.element), part.sizes, [axis])
        term = b.binary(hlo.MultiplyOp, part, factor)
        total = term if total is None else b.binary(hlo.AddOp, total, term)
    assert total is not None
    return b.convert(total, x.element)
