"""Ops that make or move data: constants, iota, broadcasts, reshapes, slices, padding, concatenation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerType, TensorType, i32
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineExpr
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, linalg, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo.assembly import dims_of
from pyrie.dialects.tensor.shapes import known_size
from pyrie.passes.input.stablehlo_to_linalg import scalars
from pyrie.passes.input.stablehlo_to_linalg.emitter import (
    Emitter,
    Size,
    constant_of,
    dense_like,
    element_of,
    index,
    shape_of,
    signless,
    signless_constant,
    splat_of,
)
from pyrie.support.errors import UnsupportedError

# ---- constants and counters ----------------------------------------------------------------------------------------------


def lower_constant(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.ConstantOp)
    return [e.attribute(signless_constant(op.value), signless(op.output.type))]


def lower_iota(e: Emitter, op: Operation) -> list[SSAValue]:
    """A generic over no inputs that reads its loop index."""
    assert isinstance(op, hlo.IotaOp | hlo.DynamicIotaOp)
    type = cast(TensorType, op.results[0].type)
    sizes: list[Size] = list(type.get_shape())
    if isinstance(op, hlo.DynamicIotaOp):
        sizes = given_sizes(e, op.output_shape, type)
    axis, element = op.iota_dimension.value.data, type.element_type

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        at = inner(linalg.IndexOp(axis))
        bits = IntegerType(element.width.data) if isinstance(element, IntegerType) else i32
        counter = inner(arith.IndexCastOp(at, bits))
        return [scalars.convert(inner, counter, bits, element)]

    return [e.as_type(e.pointwise([], sizes, signless(element), body), signless(type))]


def given_sizes(e: Emitter, shape: SSAValue, type: TensorType) -> list[Size]:
    """The sizes of a result: static ones from its type, the others from a shape operand."""
    return [size if size != DYNAMIC_INDEX else e.size_operand(shape, axis) for axis, size in enumerate(type.get_shape())]


def lower_dimension_size(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.GetDimensionSizeOp)
    size = e.index(e.size(op.operand, op.dimension.value.data))
    return [e.from_scalar(e(arith.IndexCastOp(size, i32)))]


# ---- broadcasts ----------------------------------------------------------------------------------------------------------


def lower_broadcast_in_dim(e: Emitter, op: Operation) -> list[SSAValue]:
    """A copy in which new and grown dimensions do not appear in the map of the operand."""
    assert isinstance(op, hlo.BroadcastInDimOp | hlo.DynamicBroadcastInDimOp)
    type = cast(TensorType, op.results[0].type)
    if isinstance(op, hlo.DynamicBroadcastInDimOp):
        sizes = given_sizes(e, op.output_dimensions, type)
        grows = dims_of(op.known_expanding_dimensions) if op.known_expanding_dimensions else ()
        keeps = dims_of(op.known_nonexpanding_dimensions) if op.known_nonexpanding_dimensions else ()
    else:
        grows, keeps = (), ()
        dims = dims_of(op.broadcast_dimensions)
        sizes = [n if n != DYNAMIC_INDEX else e.size(op.operand, dims.index(axis)) for axis, n in enumerate(type.get_shape())]
    return [e.as_type(broadcast(e, op.operand, dims_of(op.broadcast_dimensions), sizes, grows, keeps), signless(type))]


def broadcast(
    e: Emitter, value: SSAValue, dims: Sequence[int], sizes: Sequence[Size], grows: Sequence[int] = (), keeps: Sequence[int] = ()
) -> SSAValue:
    """Repeats `value`: its dimension i becomes dimension `dims[i]` of a tensor of `sizes`; `grows` and `keeps` are known to."""
    if (splat := splat_of(value)) is not None:
        if all(isinstance(size, int) for size in sizes):
            array = np.broadcast_to(np.asarray(splat.value.data), cast("Sequence[int]", sizes))  # pyright: ignore[reportAttributeAccessIssue]
            type = e.tensor_type(sizes, element_of(signless(value.type)))
            return e.attribute(dense_like(array, type), type)
        return e.filled(e.attribute(splat, element_of(signless(value.type))), sizes)
    uncertain = [
        i
        for i, size in enumerate(shape_of(value))
        if size == DYNAMIC_INDEX and i not in (*grows, *keeps) and not is_same_size(known_size(value, i), sizes[dims[i]])
    ]
    if uncertain:
        return broadcast_at_run_time(e, value, dims, sizes, grows, uncertain)
    results: list[AffineExpr] = []
    for i, size in enumerate(shape_of(value)):
        fixed = i in grows or (size == 1 and sizes[dims[i]] != 1)
        results.append(AffineConstantExpr(0) if fixed else AffineExpr.dimension(dims[i]))
    if any(isinstance(expr, AffineConstantExpr) for expr in results):
        value, results = drop_ones(e, value, results)
    return e.moved(value, sizes, results)


def drop_ones(e: Emitter, value: SSAValue, results: Sequence[AffineExpr]) -> tuple[SSAValue, list[AffineExpr]]:
    """Removes the dimensions of size one that a map fixes at zero, so that the map is a projection."""
    kept = [i for i, expr in enumerate(results) if not isinstance(expr, AffineConstantExpr)]
    if any(shape_of(value)[i] != 1 for i in range(len(results)) if i not in kept):
        return value, list(results)
    sizes = [e.size(value, i) for i in kept]
    return reshape(e, value, sizes), [results[i] for i in kept]


def broadcast_at_run_time(
    e: Emitter, value: SSAValue, dims: Sequence[int], sizes: Sequence[Size], grows: Sequence[int], uncertain: Sequence[int]
) -> SSAValue:
    """A broadcast of dimensions that may be one or may be as large as the result's: the index is chosen by comparing sizes."""
    zero, one = e.index(0), e.index(1)
    grown = {i: e(arith.CmpiOp(e.index(e.size(value, i)), one, "eq")) for i in uncertain}
    for i, is_one in grown.items():
        keeps = e(arith.CmpiOp(e.index(e.size(value, i)), e.index(sizes[dims[i]]), "eq"))
        e.require(e(arith.OrIOp(is_one, keeps)), f"dimension {i} of what is broadcast must be 1 or that of the result")

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        where: list[SSAValue] = []
        for i, size in enumerate(shape_of(value)):
            at = zero if size == 1 or i in grows else inner(linalg.IndexOp(dims[i]))
            where.append(inner(arith.SelectOp(grown[i], zero, at)) if i in grown else at)
        return [inner(tensor.ExtractOp(value, where))]

    return e.pointwise([], sizes, element_of(value.type), body)


def is_same_size(a: Size | None, b: Size) -> bool:
    """Whether two sizes are surely equal: the same number, the same value, or the same dimension of the same tensor."""
    return a is not None and origin(a) == origin(b)


def origin(size: Size) -> object:
    """What a size comes from, so that equal origins are equal sizes."""
    if isinstance(size, int):
        return size
    if isinstance(size, OpResult) and isinstance(size.op, tensor.DimOp):
        at = constant_of(size.op.index)
        if at is not None:
            axis = at.value.data  # pyright: ignore[reportAttributeAccessIssue]
            known = known_size(size.op.source, axis)
            return origin(known) if known is not None else (size.op.source, axis)
    return size


def lower_broadcast(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.BroadcastOp)
    new = dims_of(op.broadcast_sizes)
    dims = [len(new) + i for i in range(len(shape_of(op.operand)))]
    return [e.as_type(broadcast(e, op.operand, dims, [*new, *e.sizes(op.operand)]), signless(op.result.type))]


# ---- reshapes ------------------------------------------------------------------------------------------------------------


def lower_reshape(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.ReshapeOp | hlo.DynamicReshapeOp)
    type = cast(TensorType, op.result.type)
    if isinstance(op, hlo.DynamicReshapeOp):
        sizes = given_sizes(e, op.output_shape, type)
    else:
        sizes = [size if size != DYNAMIC_INDEX else unknown_size(e, op.operand, type) for size in type.get_shape()]
    return [e.as_type(reshape(e, op.operand, sizes), signless(type))]


def unknown_size(e: Emitter, value: SSAValue, type: TensorType) -> Size:
    """The one dynamic size of a reshape without a shape operand."""
    static = [n for n in type.get_shape() if n != DYNAMIC_INDEX]
    if len(type.get_shape()) - len(static) > 1:
        raise UnsupportedError(f"a reshape to {type} does not say its sizes", hint="stablehlo.dynamic_reshape does")
    return e.divide(e.multiply(*e.sizes(value)), int(np.prod(static)))


def reshape(e: Emitter, value: SSAValue, sizes: Sequence[Size]) -> SSAValue:
    """The elements of `value` in another shape: a collapse, an expand, or one after the other."""
    source = e.sizes(value)
    if [origin(s) for s in source] == [origin(s) for s in sizes]:
        return value
    if 0 in sizes:
        return e.empty(sizes, element_of(value.type))
    middle, collapse, expand = common_shape(e, source, list(sizes))
    if [len(group) for group in collapse] != [1] * len(source):
        value = e(tensor.CollapseShapeOp(value, collapse, e.tensor_type(middle, element_of(value.type))))
    groups = [[sizes[i] for i in group] for group in expand]
    said = [e.multiply(*group) if all(isinstance(n, int) for n in group) else size for group, size in zip(groups, middle, strict=True)]
    value = e.as_type(value, e.tensor_type(said, element_of(value.type)))  # the target may know more than the source
    if [len(group) for group in expand] != [1] * len(sizes):
        result = e.tensor_type(sizes, element_of(value.type))
        value = e(tensor.ExpandShapeOp.mixed(value, expand, list(sizes), result))
    return value


Groups = list[list[int]]


def common_shape(e: Emitter, source: list[Size], target: list[Size]) -> tuple[list[Size], Groups, Groups]:
    """The finest shape that both collapse to, and the dimensions of each that make up its dimensions."""
    if not source or not target:
        return [], [], []
    i = j = 0
    collapse: Groups = []
    expand: Groups = []
    while i < len(source) and j < len(target):
        first, second = i, j
        left, right = _Product(source[i]), _Product(target[j])
        while left != right:
            if left.is_smaller(right) and i + 1 < len(source):
                i += 1
                left = left.times(source[i])
            elif j + 1 < len(target):
                j += 1
                right = right.times(target[j])
            elif i + 1 < len(source):
                i += 1
                left = left.times(source[i])
            else:
                break
        collapse.append(list(range(first, i + 1)))
        expand.append(list(range(second, j + 1)))
        i, j = i + 1, j + 1
    collapse[-1] += range(i, len(source))
    expand[-1] += range(j, len(target))
    middle: list[Size] = []
    for left_group, right_group in zip(collapse, expand, strict=True):
        sizes = [source[k] for k in left_group] if len(left_group) <= len(right_group) else [target[k] for k in right_group]
        middle.append(e.multiply(*sizes))
    return middle, collapse, expand


class _Product:
    """A product of sizes: a number times a multiset of origins of dynamic sizes."""

    def __init__(self, *sizes: Size):
        self.number = 1
        self.unknown: list[object] = []
        for size in sizes:
            root = origin(size)
            if isinstance(root, int):
                self.number *= root
            else:
                self.unknown.append(root)
        self.sizes = sizes

    def times(self, size: Size) -> _Product:
        return _Product(*self.sizes, size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Product) or self.number != other.number or len(self.unknown) != len(other.unknown):
            return False
        return all(self.unknown.count(root) == other.unknown.count(root) for root in self.unknown)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def is_smaller(self, other: _Product) -> bool:
        """Whether this product should grow next: it lacks a dynamic size of the other, or has the smaller number."""
        if any(root not in self.unknown for root in other.unknown):
            return True
        if any(root not in other.unknown for root in self.unknown):
            return False
        return self.number < other.number


# ---- permutations --------------------------------------------------------------------------------------------------------


def lower_transpose(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.TransposeOp)
    return [e.as_type(e.transposed(op.operand, dims_of(op.permutation)), signless(op.result.type))]


def lower_reverse(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.ReverseOp)
    return [e.as_type(reverse(e, op.operand, dims_of(op.dimensions)), signless(op.result.type))]


def reverse(e: Emitter, value: SSAValue, dims: Sequence[int]) -> SSAValue:
    """Reads each element from the other end of `dims`."""
    sizes = e.sizes(value)

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        where = []
        for axis in range(len(sizes)):
            at = inner(linalg.IndexOp(axis))
            where.append(inner(arith.SubiOp(last[axis], at)) if axis in last else at)
        return [inner(tensor.ExtractOp(value, where))]

    last = {axis: e.index(e.subtract(sizes[axis], 1)) for axis in dims}
    return e.pointwise([], sizes, element_of(value.type), body)


# ---- slices and joins ----------------------------------------------------------------------------------------------------


def lower_slice(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.SliceOp)
    start, _, strides = op.ranges()
    sizes = cast(TensorType, op.result.type).get_shape()
    return [e(tensor.ExtractSliceOp(op.operand, start, sizes, strides))]


def clamped_starts(e: Emitter, starts: Sequence[SSAValue], whole: Sequence[Size], part: Sequence[Size]) -> list[Size]:
    """Start indices moved so that a part of the given sizes lies inside the whole."""
    result: list[Size] = []
    for start, size, length in zip(starts, whole, part, strict=True):
        last = e.subtract(size, length)
        if last == 0:
            result.append(0)
            continue
        at = e.to_index(e.scalar(start))
        if isinstance(at, int) and isinstance(last, int):
            result.append(min(max(at, 0), last))
        else:
            result.append(e(arith.MinSIOp(e(arith.MaxSIOp(e.index(at), e.index(0))), e.index(last))))
    return result


def lower_dynamic_slice(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.DynamicSliceOp)
    sizes = list(dims_of(op.slice_sizes))
    starts = clamped_starts(e, op.start_indices, e.sizes(op.operand), sizes)
    return [e(tensor.ExtractSliceOp(op.operand, starts, sizes))]


def lower_dynamic_update_slice(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.DynamicUpdateSliceOp)
    sizes = e.sizes(op.update)
    starts = clamped_starts(e, op.start_indices, e.sizes(op.operand), sizes)
    return [e(tensor.InsertSliceOp(op.update, op.operand, starts, sizes))]


def lower_real_dynamic_slice(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.RealDynamicSliceOp)
    type = cast(TensorType, op.result.type)
    offsets, sizes, strides = [], [], []
    for axis, size in enumerate(type.get_shape()):
        start, limit, stride = (e.size_operand(v, axis) for v in (op.start_indices, op.limit_indices, op.strides))
        e.require_at_most(start, limit, f"a slice of dimension {axis} must not end before it starts")
        e.require_at_most(limit, e.size(op.operand, axis), f"a slice must end inside of dimension {axis}")
        reach = e.add(e.subtract(limit, start), e.subtract(stride, 1))
        offsets.append(start)
        sizes.append(size if size != DYNAMIC_INDEX else e.divide(reach, stride))
        strides.append(stride)
    return [e.as_type(e(tensor.ExtractSliceOp(op.operand, offsets, sizes, strides)), signless(type))]


def lower_concatenate(e: Emitter, op: Operation) -> list[SSAValue]:
    """Each input is written into its place of an empty tensor."""
    assert isinstance(op, hlo.ConcatenateOp)
    axis = op.dimension.value.data
    parts = [e.sizes(value) for value in op.inputs]
    sizes = [*parts[0]]
    for i, size in enumerate(cast(TensorType, op.result.type).get_shape()):
        if i != axis and size != DYNAMIC_INDEX:
            sizes[i] = size
    for number, part in enumerate(parts):
        for i, size in enumerate(part):
            if i != axis:
                e.require_equal(size, sizes[i], f"dimension {i} of input {number} of a concatenation must be that of the others")
    sizes[axis] = e.add(*(part[axis] for part in parts))
    result = e.empty(sizes, element_of(signless(op.result.type)))
    offset: Size = 0
    for value, part in zip(op.inputs, parts, strict=True):
        if part[axis] != 0:
            offsets: list[Size] = [0] * len(sizes)
            offsets[axis] = offset
            result = e(tensor.InsertSliceOp(value, result, offsets, part))
        offset = e.add(offset, part[axis])
    return [e.as_type(result, signless(op.result.type))]


# ---- padding -------------------------------------------------------------------------------------------------------------


def lower_pad(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.PadOp)
    low, high, interior = op.counts()
    return [e.as_type(pad(e, op.operand, e.fill_value(op.padding_value), low, high, interior), signless(op.result.type))]


def pad(
    e: Emitter, value: SSAValue, scalar: SSAValue, low: Sequence[Size], high: Sequence[Size], interior: Sequence[int] | None = None
) -> SSAValue:
    """Adds `scalar` (see `Emitter.filled`) round and between the elements; negative counts, known when compiling, take elements away."""
    cuts = [(max(-a, 0), max(-b, 0)) if isinstance(a, int) and isinstance(b, int) else (0, 0) for a, b in zip(low, high, strict=True)]
    low = [max(n, 0) if isinstance(n, int) else n for n in low]
    high = [max(n, 0) if isinstance(n, int) else n for n in high]
    if (interior is not None and any(interior)) or (isinstance(scalar.type, TensorType) and any(n != 0 for n in (*low, *high))):
        value = spread(e, value, scalar, low, high, interior)
    elif any(n != 0 for n in (*low, *high)):
        value = padded(e, value, scalar, low, high)
    if any(n for cut in cuts for n in cut):
        sizes = [e.subtract(size, a + b) for size, (a, b) in zip(e.sizes(value), cuts, strict=True)]
        value = e(tensor.ExtractSliceOp(value, [a for a, _ in cuts], sizes))
    return value


def padded(e: Emitter, value: SSAValue, scalar: SSAValue, low: Sequence[Size], high: Sequence[Size]) -> SSAValue:
    sizes = [e.add(size, a, b) for size, a, b in zip(e.sizes(value), low, high, strict=True)]
    block = Block(arg_types=[index] * len(sizes))
    Emitter(InsertPoint.at_end(block), e.location).insert(tensor.YieldOp(scalar))
    return e(tensor.PadOp(value, low, high, Region(block), e.tensor_type(sizes, element_of(value.type))))


def spread(
    e: Emitter, value: SSAValue, scalar: SSAValue, low: Sequence[Size], high: Sequence[Size], interior: Sequence[int] | None
) -> SSAValue:
    """Puts scalars round and between the elements: writes the elements with strides into a filled tensor."""
    source = e.sizes(value)
    interior = interior or [0] * len(source)
    sizes: list[Size] = []
    for size, before, after, gap in zip(source, low, high, interior, strict=True):
        if isinstance(size, int):
            gaps: Size = max(size - 1, 0) * gap
        elif gap == 0:
            gaps = 0
        else:
            gaps = e.multiply(e(arith.MaxSIOp(e.index(e.subtract(size, 1)), e.index(0))), gap)
        sizes.append(e.add(size, before, after, gaps))
    return e(tensor.InsertSliceOp(value, e.filled(scalar, sizes), low, source, [gap + 1 for gap in interior]))


def lower_dynamic_pad(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.DynamicPadOp)
    type = cast(TensorType, op.result.type)
    rank = len(type.get_shape())
    low, high, interior = (
        [e.size_operand(v, axis) for axis in range(rank)] for v in (op.edge_padding_low, op.edge_padding_high, op.interior_padding)
    )
    if not all(isinstance(n, int) for n in interior):
        raise UnsupportedError("interior padding known only at run time is not supported", hint="edge padding is")
    gaps = cast("Sequence[int]", interior)
    return [e.as_type(pad(e, op.operand, e.fill_value(op.padding_value), low, high, gaps), signless(type))]


def lower_barrier(e: Emitter, op: Operation) -> list[SSAValue]:
    """A barrier keeps nothing apart here: all ops are pure."""
    return list(op.operands)


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    hlo.BroadcastInDimOp: lower_broadcast_in_dim,
    hlo.BroadcastOp: lower_broadcast,
    hlo.ConcatenateOp: lower_concatenate,
    hlo.ConstantOp: lower_constant,
    hlo.DynamicBroadcastInDimOp: lower_broadcast_in_dim,
    hlo.DynamicIotaOp: lower_iota,
    hlo.DynamicPadOp: lower_dynamic_pad,
    hlo.DynamicReshapeOp: lower_reshape,
    hlo.DynamicSliceOp: lower_dynamic_slice,
    hlo.DynamicUpdateSliceOp: lower_dynamic_update_slice,
    hlo.GetDimensionSizeOp: lower_dimension_size,
    hlo.IotaOp: lower_iota,
    hlo.OptimizationBarrierOp: lower_barrier,
    hlo.PadOp: lower_pad,
    hlo.RealDynamicSliceOp: lower_real_dynamic_slice,
    hlo.ReshapeOp: lower_reshape,
    hlo.ReverseOp: lower_reverse,
    hlo.SliceOp: lower_slice,
    hlo.TransposeOp: lower_transpose,
}
