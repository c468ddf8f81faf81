"""Convolutions and reduce_window: linalg's named windowed ops where one has the layout, a generic where none does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import AnyFloat, TensorType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from pyrie.dialects import linalg, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ConvDimensionNumbers
from pyrie.dialects.stablehlo.assembly import dims_of
from pyrie.dialects.stablehlo.contraction import padding_of, window_numbers
from pyrie.dialects.stablehlo.regions import body_op
from pyrie.ir import elements
from pyrie.passes.input.stablehlo_to_linalg.contraction import multiply_add
from pyrie.passes.input.stablehlo_to_linalg.elementwise import inline_scalar_region
from pyrie.passes.input.stablehlo_to_linalg.emitter import PARALLEL, REDUCTION, Emitter, Size, element_of, shape_of, signless
from pyrie.passes.input.stablehlo_to_linalg.movement import pad, reshape, reverse
from pyrie.support.errors import UnsupportedError

Dims = Sequence[int]

# (input, kernel, output) layouts -> the op. Numbers are spatial dimensions; b, f: batch and features; i, o: features of the kernel.
CONVOLUTIONS: dict[tuple[str, str, str], str] = {
    ("b0f", "0io", "b0f"): "conv_1d_nwc_wcf",
    ("bf0", "oi0", "bf0"): "conv_1d_ncw_fcw",
    ("b01f", "01io", "b01f"): "conv_2d_nhwc_hwcf",
    ("b01f", "o01i", "b01f"): "conv_2d_nhwc_fhwc",
    ("bf01", "oi01", "bf01"): "conv_2d_nchw_fchw",
    ("b012f", "012io", "b012f"): "conv_3d_ndhwc_dhwcf",
    ("bf012", "oi012", "bf012"): "conv_3d_ncdhw_fcdhw",
}
# With one feature a group and one output a feature; the kernel's feature dimension of size one is dropped.
DEPTHWISE: dict[tuple[str, str, str], tuple[str, str]] = {
    ("b0f", "0io", "b0f"): ("depthwise_conv_1d_nwc_wc", "0o"),
    ("bf0", "oi0", "bf0"): ("depthwise_conv_1d_ncw_cw", "o0"),
    ("b01f", "01io", "b01f"): ("depthwise_conv_2d_nhwc_hwc", "01o"),
    ("bf01", "oi01", "bf01"): ("depthwise_conv_2d_nchw_chw", "o01"),
}


def layouts(d: ConvDimensionNumbers) -> tuple[str, str, str]:
    """The dimension numbers as three words, such as `bf01`, `oi01`, `bf01`."""

    def word(first: tuple[str, int], second: tuple[str, int], spatial: Dims) -> str:
        letters = {first[1]: first[0], second[1]: second[0], **{axis: str(i) for i, axis in enumerate(spatial)}}
        return "".join(letters[axis] for axis in range(len(letters)))

    return (
        word(("b", d.input_batch_dimension), ("f", d.input_feature_dimension), d.input_spatial_dimensions),
        word(("i", d.kernel_input_feature_dimension), ("o", d.kernel_output_feature_dimension), d.kernel_spatial_dimensions),
        word(("b", d.output_batch_dimension), ("f", d.output_feature_dimension), d.output_spatial_dimensions),
    )


def window_attributes(strides: Dims, dilations: Dims) -> dict[str, Attribute]:
    def vector(numbers: Dims) -> Attribute:
        return elements.from_numpy(np.array(numbers, np.int64), TensorType(i64, [len(numbers)]))

    return {"strides": vector(strides), "dilations": vector(dilations)}


def window_count(e: Emitter, size: Size, window: Size, stride: int, dilation: int) -> Size:
    """How many windows fit into a dimension that is already padded; the importer and verifier know that one does."""
    if window == 1 and stride == 1:
        return size
    reach = e.multiply(e.subtract(window, 1), dilation)
    return e.add(e.divide(e.subtract(e.subtract(size, reach), 1), stride), 1)


# ---- convolution ---------------------------------------------------------------------------------------------------------


def lower_convolution(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.ConvolutionOp)
    result_type = cast(TensorType, op.result.type)
    if 0 in result_type.get_shape():
        return [e.empty(list(result_type.get_shape()), signless(result_type.element_type))]
    d, n = op.dimension_numbers.data, op.spatial_rank
    strides, dilations = window_numbers(op.window_strides, n), window_numbers(op.rhs_dilation, n)
    image, kernel, groups = padded_input(e, op), op.rhs, op.feature_group_count.value.data
    features = e.multiply(e.size(kernel, d.kernel_input_feature_dimension), groups)
    e.require_equal(e.size(image, d.input_feature_dimension), features, "a convolution must be given the features its kernel reads")
    if op.batch_group_count.value.data != 1:
        groups = op.batch_group_count.value.data
        image = batches_as_features(e, image, d, groups)
    if op.window_reversal is not None and any(dims_of(op.window_reversal)):
        flipped = [axis for axis, flip in zip(d.kernel_spatial_dimensions, dims_of(op.window_reversal), strict=True) if flip]
        kernel = reverse(e, kernel, flipped)
    convolution = Convolution(e, image, kernel, d, strides, dilations, groups, result_type)
    return [e.as_type(convolution.lowered(), signless(result_type))]


def batches_as_features(e: Emitter, image: SSAValue, d: ConvDimensionNumbers, groups: int) -> SSAValue:
    """The groups of the batch side by side as groups of features: each meets the kernels of its own outputs either way."""
    sizes = e.sizes(image)
    batch = sizes[d.input_batch_dimension]
    if not isinstance(batch, int):
        raise UnsupportedError(
            "a convolution in batch groups of a batch known only at run time is not supported", hint="feature groups are"
        )
    split = [*sizes]
    split[d.input_batch_dimension : d.input_batch_dimension + 1] = [groups, batch // groups]
    apart = reshape(e, image, split)
    order = [axis for axis in range(len(split)) if axis != d.input_batch_dimension]
    feature = d.input_feature_dimension + (d.input_feature_dimension > d.input_batch_dimension)
    order.insert(order.index(feature), d.input_batch_dimension)
    sizes[d.input_batch_dimension] = batch // groups
    sizes[d.input_feature_dimension] = e.multiply(sizes[d.input_feature_dimension], groups)
    return reshape(e, e.transposed(apart, order), sizes)


def padded_input(e: Emitter, op: hlo.ConvolutionOp) -> SSAValue:
    """The input with zeros round it and, where it is dilated, between its elements."""
    d, n = op.dimension_numbers.data, op.spatial_rank
    low, high, interior = ([0] * (n + 2) for _ in range(3))
    spatial = zip(d.input_spatial_dimensions, padding_of(op.padding, n), window_numbers(op.lhs_dilation, n), strict=True)
    for axis, (before, after), dilation in spatial:
        low[axis], high[axis], interior[axis] = before, after, dilation - 1
    if not any((*low, *high, *interior)):
        return op.lhs
    return pad(e, op.lhs, e.constant(0, element_of(op.lhs.type)), low, high, interior)


class Convolution:
    """A convolution of an already padded image."""

    def __init__(
        self,
        e: Emitter,
        image: SSAValue,
        kernel: SSAValue,
        numbers: ConvDimensionNumbers,
        strides: Dims,
        dilations: Dims,
        groups: int,
        result_type: TensorType,
    ):
        self.e, self.image, self.kernel, self.d = e, image, kernel, numbers
        self.strides, self.dilations, self.groups = strides, dilations, groups
        self.element = signless(result_type.element_type)
        self.layout = layouts(numbers)

    def lowered(self) -> SSAValue:
        same = element_of(self.image.type) == element_of(self.kernel.type)
        plain = same and all(isinstance(sign, AnyFloat) for sign in self.e.signs.operands[:2])
        if plain and self.groups == 1 and self.layout in CONVOLUTIONS:
            return self.named(CONVOLUTIONS[self.layout], self.kernel)
        features = shape_of(self.kernel)[self.d.kernel_input_feature_dimension]
        outputs = shape_of(self.kernel)[self.d.kernel_output_feature_dimension]
        if plain and features == 1 and outputs == self.groups and self.layout in DEPTHWISE:
            name, _ = DEPTHWISE[self.layout]
            sizes = self.e.sizes(self.kernel)
            del sizes[self.d.kernel_input_feature_dimension]
            return self.named(name, reshape(self.e, self.kernel, sizes))
        return self.generic()

    def result_sizes(self) -> list[Size]:
        e, d = self.e, self.d
        sizes: list[Size] = [0] * len(shape_of(self.image))
        sizes[d.output_batch_dimension] = e.size(self.image, d.input_batch_dimension)
        sizes[d.output_feature_dimension] = e.size(self.kernel, d.kernel_output_feature_dimension)
        axes = zip(d.output_spatial_dimensions, d.input_spatial_dimensions, d.kernel_spatial_dimensions, strict=True)
        for (out, source, window), stride, dilation in zip(axes, self.strides, self.dilations, strict=True):
            sizes[out] = window_count(e, e.size(self.image, source), e.size(self.kernel, window), stride, dilation)
        return sizes

    def named(self, name: str, kernel: SSAValue) -> SSAValue:
        accumulator = self.e.zeros(self.result_sizes(), self.element)
        properties = window_attributes(self.strides, self.dilations)
        return self.e(linalg.NAMED_OPS[name]([self.image, kernel], [accumulator], properties=properties))

    def generic(self) -> SSAValue:
        """Loops over batch, output places, output features; then over window places and input features of the group."""
        e, d, n = self.e, self.d, len(self.strides)
        sizes = self.result_sizes()
        batch, feature, channel = 0, n + 1, 2 * n + 2
        rank = 2 * n + 3
        dim = AffineExpr.dimension
        image: list[AffineExpr] = [dim(0)] * (n + 2)
        kernel: list[AffineExpr] = [dim(0)] * (n + 2)
        result: list[AffineExpr] = [dim(0)] * (n + 2)
        image[d.input_batch_dimension] = result[d.output_batch_dimension] = dim(batch)
        kernel[d.kernel_output_feature_dimension] = result[d.output_feature_dimension] = dim(feature)
        kernel[d.kernel_input_feature_dimension] = dim(channel)
        image[d.input_feature_dimension] = self.grouped_channel(dim(feature), dim(channel))
        for i in range(n):
            out, window = dim(1 + i), dim(n + 2 + i)
            result[d.output_spatial_dimensions[i]] = out
            kernel[d.kernel_spatial_dimensions[i]] = window
            image[d.input_spatial_dimensions[i]] = scaled(out, self.strides[i]) + scaled(window, self.dilations[i])
        maps = [AffineMap(rank, 0, tuple(exprs)) for exprs in (image, kernel, result)]
        iterators = [PARALLEL] * (n + 2) + [REDUCTION] * (n + 1)
        signs = e.signs.operands[:2]
        accumulator = e.zeros(sizes, self.element)
        body = lambda inner, args: multiply_add(inner, signs, args)  # noqa: E731
        return e.generic([self.image, self.kernel], [accumulator], maps, iterators, body)[0]

    def grouped_channel(self, feature: AffineExpr, channel: AffineExpr) -> AffineExpr:
        """The input feature that output `feature` and kernel `channel` meet in."""
        if self.groups == 1:
            return channel
        outputs = shape_of(self.kernel)[self.d.kernel_output_feature_dimension] // self.groups
        channels = shape_of(self.kernel)[self.d.kernel_input_feature_dimension]
        group = feature if outputs == 1 else feature // outputs
        return scaled(group, channels) if channels == 1 else scaled(group, channels) + channel


def scaled(expr: AffineExpr, factor: int) -> AffineExpr:
    return expr if factor == 1 else expr * factor


# ---- reduce_window -------------------------------------------------------------------------------------------------------

# (axes of the window, rank) -> layout; with the body's op, the name of a pooling of floats
POOLING_LAYOUTS: dict[tuple[tuple[int, ...], int], str] = {
    ((1, 2), 4): "nhwc",
    ((2, 3), 4): "nchw",
    ((1,), 3): "nwc",
    ((2,), 3): "ncw",
    ((1, 2, 3), 5): "ndhwc",
}
POOLING_KINDS: dict[type[Operation], str] = {hlo.MaximumOp: "max", hlo.MinimumOp: "min", hlo.AddOp: "sum"}


def lower_reduce_window(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.ReduceWindowOp)
    rank = len(shape_of(op.inputs[0]))
    window = dims_of(op.window_dimensions)
    strides, dilations = window_numbers(op.window_strides, rank), window_numbers(op.window_dilations, rank)
    padding = padding_of(op.padding, rank)
    gaps = [n - 1 for n in window_numbers(op.base_dilations, rank)]
    low, high = [a for a, _ in padding], [b for _, b in padding]
    inits = [e.fill_value(init) for init in op.init_values]
    inputs = [
        pad(e, value, init, low, high, gaps) if any((*low, *high, *gaps)) else value for value, init in zip(op.inputs, inits, strict=True)
    ]
    sizes: list[Size] = [window_count(e, e.size(inputs[0], axis), window[axis], strides[axis], dilations[axis]) for axis in range(rank)]
    outputs = [e.filled(init, sizes) for init in inits]
    axes = tuple(axis for axis in range(rank) if (window[axis], strides[axis], dilations[axis]) != (1, 1, 1))
    results = named_pooling(e, op, inputs, outputs, axes)
    if results is None:
        results = generic_window(e, op, inputs, outputs, [axis for axis in range(rank) if window[axis] != 1])
    return [e.as_type(value, signless(result.type)) for value, result in zip(results, op.results, strict=True)]


def named_pooling(
    e: Emitter, op: hlo.ReduceWindowOp, inputs: list[SSAValue], outputs: list[SSAValue], axes: tuple[int, ...]
) -> list[SSAValue] | None:
    """A pooling op when one tensor of floats is reduced by one op in a layout that has a name."""
    combiner = body_op(op.body)
    rank = len(shape_of(inputs[0]))
    if combiner is None or len(inputs) != 1 or not isinstance(element_of(inputs[0].type), AnyFloat):
        return None
    for (window_axes, layout_rank), layout in POOLING_LAYOUTS.items():
        name = f"pooling_{layout}_{POOLING_KINDS.get(type(combiner))}"
        if rank == layout_rank and set(axes) <= set(window_axes) and axes and name in linalg.NAMED_OPS:
            strides, dilations = window_numbers(op.window_strides, rank), window_numbers(op.window_dilations, rank)
            window = e.empty([dims_of(op.window_dimensions)[axis] for axis in window_axes], element_of(inputs[0].type))
            properties = window_attributes([strides[a] for a in window_axes], [dilations[a] for a in window_axes])
            return [e(linalg.NAMED_OPS[name]([inputs[0], window], outputs, properties=properties))]
    return None


def generic_window(
    e: Emitter, op: hlo.ReduceWindowOp, inputs: list[SSAValue], outputs: list[SSAValue], axes: Sequence[int]
) -> list[SSAValue]:
    """A generic with a reduction loop for each windowed axis; an empty tensor gives those loops their extents."""
    rank = len(shape_of(inputs[0]))
    strides, dilations = window_numbers(op.window_strides, rank), window_numbers(op.window_dilations, rank)
    dim = AffineExpr.dimension
    source = [scaled(dim(axis), strides[axis]) for axis in range(rank)]
    for i, axis in enumerate(axes):
        source[axis] = source[axis] + scaled(dim(rank + i), dilations[axis])
    loops = rank + len(axes)
    window = e(tensor.EmptyOp([], TensorType(element_of(inputs[0].type), [dims_of(op.window_dimensions)[axis] for axis in axes])))
    input_map = AffineMap(loops, 0, tuple(source))
    window_map = AffineMap(loops, 0, tuple(dim(rank + i) for i in range(len(axes))))
    output_map = AffineMap(loops, 0, tuple(dim(axis) for axis in range(rank)))
    maps = [input_map] * len(inputs) + [window_map] + [output_map] * len(outputs)

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        count = len(inputs)
        return inline_scalar_region(inner, op.body, [*args[count + 1 :], *args[:count]])

    iterators = [PARALLEL] * rank + [REDUCTION] * len(axes)
    return e.generic([*inputs, window], outputs, maps, iterators, body)


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    hlo.ConvolutionOp: lower_convolution,
    hlo.ReduceWindowOp: lower_reduce_window,
}
