"""Convolutions and poolings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.builder import Builder, require_rank
from pyrie.importers.onnx.ops.reductions import average, largest, lowest
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Size, Value
from pyrie.support.errors import InputError, UnsupportedError

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Window:
    """Sizes, strides, dilations and padding of a window over the spatial dimensions of `x`."""

    sizes: list[int]
    strides: list[int]
    dilations: list[int]
    padding: Pairs

    def outputs(self, spatial: Sequence[Size]) -> list[Size]:
        """How many windows fit along each dimension."""
        return [
            (n + low + high - ((w - 1) * d + 1)) // s + 1
            for n, w, s, d, (low, high) in zip(spatial, self.sizes, self.strides, self.dilations, self.padding, strict=True)
        ]


def window_of(
    spatial: Sequence[Size], sizes: Sequence[int], strides: Sequence[int] | None, dilations: Sequence[int] | None,
    pads: Sequence[int] | None, auto_pad: str, ceil: bool = False,
) -> Window:  # fmt: skip
    """The window that ONNX's attributes describe. `ceil` adds padding at the end so that a last, partial window counts."""
    n = len(spatial)
    steps, spread = list(strides or [1] * n), list(dilations or [1] * n)
    pads = list(pads or [0] * 2 * n)
    if not len(sizes) == len(steps) == len(spread) == n or len(pads) != 2 * n or min((*sizes, *steps, *spread), default=1) < 1:
        raise InputError(f"the window {list(sizes)} with strides {steps}, dilations {spread} and pads {pads} is not one of {n} dimensions")
    padding = list(zip(pads[:n], pads[n:], strict=True))
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        padding = [same_padding(*row, upper=auto_pad == "SAME_UPPER") for row in zip(spatial, sizes, steps, spread, strict=True)]
    elif auto_pad == "VALID":
        padding = [(0, 0)] * n
    elif auto_pad != "NOTSET":
        raise UnsupportedError(f"auto_pad '{auto_pad}' is not supported", hint="supported: NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    if ceil:
        padding = [ceiled(*row) for row in zip(spatial, sizes, steps, spread, padding, strict=True)]
    return Window(list(sizes), steps, spread, padding)


def known_size(size: Size) -> int:
    if not isinstance(size, int):
        raise UnsupportedError("padding that depends on a size known only at run time is not supported", hint="give `pads`")
    return size


def same_padding(size: Size, window: int, stride: int, dilation: int, *, upper: bool) -> tuple[int, int]:
    """Padding that gives size / stride outputs, rounded up; the odd one at the end or at the beginning."""
    if stride == 1:
        total = (window - 1) * dilation
    else:
        n = known_size(size)
        total = max((-(-n // stride) - 1) * stride + (window - 1) * dilation + 1 - n, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if upper else (large, small)


def ceiled(size: Size, window: int, stride: int, dilation: int, padding: tuple[int, int]) -> tuple[int, int]:
    """Padding at the end such that rounding down counts as many windows as rounding up did; none begins in that padding."""
    if stride == 1:
        return padding
    n, (low, high) = known_size(size), padding
    reach = (window - 1) * dilation + 1
    count = -(-(n + low + high - reach) // stride) + 1
    if (count - 1) * stride >= n + low:
        count -= 1
    return low, max((count - 1) * stride + reach - n - low, high)


# ---- convolution ---------------------------------------------------------------------------------------------------------


def dimension_numbers(n: int) -> hlo.ConvDimensionNumbersAttr:
    """Batch, features, then space, for input and output; output and input features, then space, for the kernel."""
    space = tuple(range(2, n + 2))
    return hlo.ConvDimensionNumbersAttr(hlo.ConvDimensionNumbers(0, 1, space, 1, 0, space, 0, 1, space))


def kernel_sizes(w: Value, given: list[int] | None) -> list[int]:
    sizes = [known_size(n) for n in w.sizes[2:]]
    if given is not None and given != sizes:
        raise InputError(f"kernel_shape {given} is not that of the weights, {sizes}")
    return sizes


def biased(b: Builder, y: Value, bias: Value | None) -> Value:
    return y if bias is None else b.binary(hlo.AddOp, y, b.broadcast(bias, y.sizes, [1]))


@onnx_op("Conv", since=1)
def conv(
    b: Builder, x: Value, w: Value, bias: Value | None = None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
    group: int = 1, kernel_shape: list[int] | None = None, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    require_rank(x, 3, "the input")
    window = window_of(x.sizes[2:], kernel_sizes(w, kernel_shape), strides, dilations, pads, auto_pad)
    op = hlo.ConvolutionOp(
        b.ssa(x), b.ssa(w), dimension_numbers(x.rank - 2), strides=window.strides, padding=window.padding,
        lhs_dilation=[1] * (x.rank - 2), rhs_dilation=window.dilations, groups=group,
    )  # fmt: skip
    return biased(b, b.value(b.insert(op), [x.sizes[0], w.sizes[0], *window.outputs(x.sizes[2:])]), bias)


@onnx_op("ConvTranspose", since=1)
def conv_transpose(
    b: Builder, x: Value, w: Value, bias: Value | None = None, *, auto_pad: str = "NOTSET", dilations: list[int] | None = None,
    group: int = 1, kernel_shape: list[int] | None = None, output_padding: list[int] | None = None,
    output_shape: list[int] | None = None, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """The gradient of a convolution: a convolution of the input, spread by the strides, with the flipped kernel."""
    n = x.rank - 2
    sizes = kernel_sizes(w, kernel_shape)
    steps, spread, extra = list(strides or [1] * n), list(dilations or [1] * n), list(output_padding or [0] * n)
    reaches = [(k - 1) * d + 1 for k, d in zip(sizes, spread, strict=True)]
    cut = list(zip((pads or [0] * 2 * n)[:n], (pads or [0] * 2 * n)[n:], strict=True))
    if output_shape is not None or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        spatial = [known_size(size) for size in x.sizes[2:]]
        wanted = output_shape[-n:] if output_shape else [size * s for size, s in zip(spatial, steps, strict=True)]
        rows = zip(spatial, steps, extra, reaches, wanted, strict=True)
        totals = [(size - 1) * s + e + r - want for size, s, e, r, want in rows]
        cut = [(t // 2, t - t // 2) if auto_pad == "SAME_UPPER" else (t - t // 2, t // 2) for t in totals]
    padding = [(r - 1 - low, r - 1 - high + e) for r, (low, high), e in zip(reaches, cut, extra, strict=True)]
    flipped = b.value(b.insert(hlo.ReverseOp(b.ssa(w), list(range(2, w.rank)))), w.sizes)
    inputs, outputs = known_size(w.sizes[0]), known_size(w.sizes[1])
    kernel = b.reshape(flipped, [group, inputs // group, outputs, *sizes])
    kernel = b.reshape(b.transpose(kernel, [0, 2, 1, *range(3, n + 3)]), [group * outputs, inputs // group, *sizes])
    op = hlo.ConvolutionOp(
        b.ssa(x), b.ssa(kernel), dimension_numbers(n), strides=[1] * n, padding=padding, lhs_dilation=steps, rhs_dilation=spread,
        groups=group,
    )  # fmt: skip
    spatial_out = [
        (size - 1) * s + e + r - low - high for size, s, e, r, (low, high) in zip(x.sizes[2:], steps, extra, reaches, cut, strict=True)
    ]
    return biased(b, b.value(b.insert(op), [x.sizes[0], group * outputs, *spatial_out]), bias)


# ---- pooling -------------------------------------------------------------------------------------------------------------


def pooled(b: Builder, op: type[hlo.BinaryOp], x: Value, init: float, window: Window, padding: Pairs | None = None) -> Value:
    """Combines the elements of each window of the spatial dimensions."""
    pads = window.padding if padding is None else padding
    reduce = hlo.ReduceWindowOp(
        [b.ssa(x)],
        [b.ssa(b.scalar(init, x.element))],
        hlo.binary_body(op, x.type),
        window=[1, 1, *window.sizes],
        strides=[1, 1, *window.strides],
        padding=[(0, 0), (0, 0), *pads],
        window_dilations=[1, 1, *window.dilations],
    )
    fitted = Window(window.sizes, window.strides, window.dilations, pads)
    return b.value(b.insert(reduce), [*x.sizes[:2], *fitted.outputs(x.sizes[2:])])


@onnx_op("MaxPool", since=1)
def max_pool(
    b: Builder, x: Value, *, kernel_shape: list[int], auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: list[int] | None = None,
    pads: list[int] | None = None, storage_order: int = 0, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    require_rank(x, 3, "the input")
    window = window_of(x.sizes[2:], kernel_shape, strides, dilations, pads, auto_pad, bool(ceil_mode))
    return pooled(b, hlo.MaximumOp, x, lowest(x.element), window)


@onnx_op("AveragePool", since=7)
def average_pool(
    b: Builder, x: Value, *, kernel_shape: list[int], auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0,
    dilations: list[int] | None = None, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    """The sum of each window over the number of its elements: of those inside of the tensor, or inside of the given padding."""
    require_rank(x, 3, "the input")
    window = window_of(x.sizes[2:], kernel_shape, strides, dilations, pads, auto_pad, bool(ceil_mode))
    plain = window_of(x.sizes[2:], kernel_shape, strides, dilations, pads, auto_pad)
    sums = pooled(b, hlo.AddOp, x, 0.0, window)
    uneven = window.padding != plain.padding
    if not uneven and (count_include_pad or not any(n for pair in window.padding for n in pair)):
        return b.binary(hlo.DivideOp, sums, float(np.prod(window.sizes)))
    ones = b.full(1.0, b.value(b.ssa(x), [1, 1, *x.sizes[2:]], x.element)) if x.is_static else b.full(1.0, x)
    padding = window.padding
    if count_include_pad:  # given padding counts, what rounding up added does not
        low, high = [a for a, _ in plain.padding], [c for _, c in plain.padding]
        ones = b.pad(ones, b.scalar(1.0, x.element), [0, 0, *low], [0, 0, *high])
        padding = [(a - p, c - q) for (a, c), (p, q) in zip(window.padding, plain.padding, strict=True)]
    return b.binary(hlo.DivideOp, sums, pooled(b, hlo.AddOp, ones, 0.0, window, padding))


@onnx_op("LpPool", since=2)
def lp_pool(
    b: Builder, x: Value, *, kernel_shape: list[int], auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: list[int] | None = None,
    p: int = 2, pads: list[int] | None = None, strides: list[int] | None = None,
) -> Value:  # fmt: skip
    window = window_of(x.sizes[2:], kernel_shape, strides, dilations, pads, auto_pad, bool(ceil_mode))
    powers = b.binary(hlo.PowerOp, b.unary(hlo.AbsOp, x), float(p))
    return b.binary(hlo.PowerOp, pooled(b, hlo.AddOp, powers, 0.0, window), 1.0 / p)


@onnx_op("GlobalAveragePool", since=1)
def global_average_pool(b: Builder, x: Value) -> Value:
    return average(b, x, list(range(2, x.rank)), True)


@onnx_op("GlobalMaxPool", since=1)
def global_max_pool(b: Builder, x: Value) -> Value:
    return largest(b, x, list(range(2, x.rank)), True)
