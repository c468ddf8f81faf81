"""Normalizations."""

from __future__ import annotations

from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection as Direction
from pyrie.importers.onnx.builder import Builder, require_rank
from pyrie.importers.onnx.ops.reductions import average, square, total
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value
from pyrie.support.errors import UnsupportedError


def along(b: Builder, parameter: Value, x: Value, axis: int) -> Value:
    """A vector spread along one dimension of `x`."""
    return b.broadcast(parameter, x.sizes, [axis])


def normalized(b: Builder, x: Value, axes: list[int], epsilon: float) -> Value:
    """(x - mean) / sqrt(variance + epsilon) over `axes`."""
    return normalized_with_statistics(b, x, axes, epsilon)[0]


def normalized_with_statistics(b: Builder, x: Value, axes: list[int], epsilon: float) -> tuple[Value, Value, Value]:
    """The normalized tensor, the mean, and one over the deviation."""
    mean = average(b, x, axes, True)
    centered = b.binary(hlo.SubtractOp, x, mean)
    variance = average(b, square(b, centered), axes, True)
    inverse = b.unary(hlo.RsqrtOp, b.binary(hlo.AddOp, variance, epsilon))
    return b.binary(hlo.MultiplyOp, centered, inverse), mean, inverse


@onnx_op("BatchNormalization", since=9)
def batch_normalization(
    b: Builder, x: Value, scale: Value, offset: Value, mean: Value, variance: Value, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Value:  # fmt: skip
    if training_mode:
        raise UnsupportedError("training mode is not supported", hint="supported: inference")
    require_rank(x, 2, "the input")
    deviation = b.unary(hlo.SqrtOp, b.binary(hlo.AddOp, variance, epsilon))
    factor = b.binary(hlo.DivideOp, scale, deviation)
    centered = b.binary(hlo.SubtractOp, x, along(b, mean, x, 1))
    return b.binary(hlo.AddOp, b.binary(hlo.MultiplyOp, centered, along(b, factor, x, 1)), along(b, offset, x, 1))


@onnx_op("InstanceNormalization", since=6)
def instance_normalization(b: Builder, x: Value, scale: Value, offset: Value, *, epsilon: float = 1e-5) -> Value:
    y = normalized(b, x, list(range(2, x.rank)), epsilon)
    return b.binary(hlo.AddOp, b.binary(hlo.MultiplyOp, y, along(b, scale, x, 1)), along(b, offset, x, 1))


@onnx_op("GroupNormalization", since=21)
def group_normalization(
    b: Builder, x: Value, scale: Value, offset: Value, *, epsilon: float = 1e-5, num_groups: int, stash_type: int = 1
) -> Value:
    channels = x.sizes[1]
    grouped = b.reshape(x, [x.sizes[0], num_groups, channels // num_groups, *x.sizes[2:]])
    y = b.reshape(normalized(b, grouped, list(range(2, grouped.rank)), epsilon), x.sizes)
    return b.binary(hlo.AddOp, b.binary(hlo.MultiplyOp, y, along(b, scale, x, 1)), along(b, offset, x, 1))


@onnx_op("LayerNormalization", since=17)
def layer_normalization(
    b: Builder, x: Value, scale: Value, offset: Value | None = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> list[Value]:
    y, mean, inverse = normalized_with_statistics(b, x, list(range(b.axis(axis, x.rank), x.rank)), epsilon)
    y = b.binary(hlo.MultiplyOp, y, scale)
    return [y if offset is None else b.binary(hlo.AddOp, y, offset), mean, inverse]


@onnx_op("RMSNormalization", since=23)
def rms_normalization(b: Builder, x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Value:
    axes = list(range(b.axis(axis, x.rank), x.rank))
    mean_square = average(b, square(b, x), axes, True)
    y = b.binary(hlo.MultiplyOp, x, b.unary(hlo.RsqrtOp, b.binary(hlo.AddOp, mean_square, epsilon)))
    return b.binary(hlo.MultiplyOp, y, scale)


@onnx_op("LpNormalization", since=1)
def lp_normalization(b: Builder, x: Value, *, axis: int = -1, p: int = 2) -> Value:
    axes = [b.axis(axis, x.rank)]
    if p == 1:
        norm = total(b, b.unary(hlo.AbsOp, x), axes, True)
    else:
        norm = b.unary(hlo.SqrtOp, total(b, square(b, x), axes, True))
    empty = b.compare(Direction.EQ, norm, 0.0)
    return b.select(empty, 0.0, b.binary(hlo.DivideOp, x, norm))


@onnx_op("LRN", since=1)
def local_response_normalization(b: Builder, x: Value, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int) -> Value:
    """Divides by a power of the sum of squares over neighbouring features."""
    reach = (size - 1) // 2
    ones = [1] * x.rank
    window = hlo.ReduceWindowOp(
        [b.ssa(square(b, x))],
        [b.ssa(b.scalar(0.0, x.element))],
        hlo.binary_body(hlo.AddOp, x.type),
        window=[1, size, *ones[2:]],
        strides=ones,
        padding=[(0, 0), (reach, size - 1 - reach), *[(0, 0)] * (x.rank - 2)],
        window_dilations=ones,
    )
    sums = b.like(window, x)
    divisor = b.binary(hlo.PowerOp, b.binary(hlo.AddOp, b.binary(hlo.MultiplyOp, sums, alpha / size), bias), beta)
    return b.binary(hlo.DivideOp, x, divisor)
