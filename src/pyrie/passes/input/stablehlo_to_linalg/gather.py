"""gather, as a generic that computes where to read; scatter and sort, as ops of iree_linalg_ext."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType, i1, i32, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, iree_linalg_ext, linalg, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import GatherDimensionNumbers, ScatterDimensionNumbers
from pyrie.dialects.stablehlo.assembly import dims_of, i64_array
from pyrie.passes.input.stablehlo_to_linalg.elementwise import inline_scalar_region
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter, Size, element_of, is_unsigned, shape_of, signless
from pyrie.passes.input.stablehlo_to_linalg.movement import reshape
from pyrie.support.errors import UnsupportedError

# ---- gather --------------------------------------------------------------------------------------------------------------


def lower_gather(e: Emitter, op: Operation) -> list[SSAValue]:
    """Each element of the result reads the operand at a start index, clamped so that its slice lies inside, plus an offset."""
    assert isinstance(op, hlo.GatherOp | hlo.DynamicGatherOp)
    operand, indices, d = op.operand, op.start_indices, op.dimension_numbers.data
    rank = len(shape_of(operand))
    if isinstance(op, hlo.GatherOp):
        slices: list[Size] = list(dims_of(op.slice_sizes))
    else:
        slices = [e.size_operand(op.slice_sizes, axis) for axis in range(rank)]
    result_type = cast(TensorType, op.result.type)
    result_rank = len(result_type.get_shape())
    batch_axes = [axis for axis in range(result_rank) if axis not in d.offset_dims]
    index_axes = [axis for axis in range(len(shape_of(indices))) if axis != d.index_vector_dim]
    window_axes = [axis for axis in range(rank) if axis not in (*d.collapsed_slice_dims, *d.operand_batching_dims)]
    sizes: list[Size] = [0] * result_rank
    for axis, source in zip(batch_axes, index_axes, strict=True):
        sizes[axis] = e.size(indices, source)
    for axis, source in zip(d.offset_dims, window_axes, strict=True):
        sizes[axis] = slices[source]
    for axis in range(rank):
        e.require_at_most(slices[axis], e.size(operand, axis), f"the slices of a gather must fit into dimension {axis} of the operand")
    for axis, source in zip(d.operand_batching_dims, d.start_indices_batching_dims, strict=True):
        words = f"batching dimensions {axis} of the operand and {source} of the indices of a gather must be equal"
        e.require_equal(e.size(indices, source), e.size(operand, axis), words)
    limits = {axis: e.index(e.subtract(e.size(operand, axis), slices[axis])) for axis in d.start_index_map}
    zero = e.index(0)
    unsigned = is_unsigned(e.signs.operands[1])

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        at = {axis: inner(linalg.IndexOp(axis)) for axis in range(result_rank)}
        batch = [at[axis] for axis in batch_axes]
        where: list[SSAValue] = [zero] * rank
        for component, axis in enumerate(d.start_index_map):
            start = inner(tensor.ExtractOp(indices, index_place(inner, indices, d, batch, component)))
            start = inner((arith.IndexCastUIOp if unsigned else arith.IndexCastOp)(start, IndexType()))
            where[axis] = inner(arith.MinSIOp(inner(arith.MaxSIOp(start, zero)), limits[axis]))
        for axis, source in zip(d.operand_batching_dims, d.start_indices_batching_dims, strict=True):
            where[axis] = batch[index_axes.index(source)]
        for axis, source in zip(d.offset_dims, window_axes, strict=True):
            where[source] = at[axis] if where[source] is zero else inner(arith.AddiOp(where[source], at[axis]))
        return [inner(tensor.ExtractOp(operand, where))]

    result = e.pointwise([], sizes, element_of(operand.type), body)
    return [e.as_type(result, signless(result_type))]


def index_place(
    e: Emitter, indices: SSAValue, d: GatherDimensionNumbers | ScatterDimensionNumbers, batch: Sequence[SSAValue], component: int
) -> list[SSAValue]:
    """Where component `component` of an index vector stands in the tensor of indices."""
    place = list(batch)
    if d.index_vector_dim < len(shape_of(indices)):
        place.insert(d.index_vector_dim, e.index(component))
    return place


# ---- scatter -------------------------------------------------------------------------------------------------------------


def lower_scatter(e: Emitter, op: Operation) -> list[SSAValue]:
    """iree_linalg_ext.scatter, which wants [batch, index depth] indices and [batch, window...] updates whose windows are whole slices."""
    assert isinstance(op, hlo.ScatterOp)
    d = op.scatter_dimension_numbers.data
    if len(op.inputs) != 1:
        raise UnsupportedError("a scatter of several tensors is not supported", hint="one of a single tensor is")
    operand, updates = op.inputs[0], op.updates[0]
    update_rank = len(shape_of(updates))
    window = list(d.update_window_dims)
    leading = list(d.inserted_window_dims) == list(range(len(d.inserted_window_dims)))
    windows_last = window == list(range(update_rank - len(window), update_rank))
    whole = leading and windows_last and len(d.scatter_dims_to_operand_dims) == len(d.inserted_window_dims) and not d.input_batching_dims
    updates, indices, dimensions = slices_to_scatter(e, op) if whole else points_to_scatter(e, op)
    block = Block(arg_types=[element_of(operand.type)] * 2)
    inner = Emitter(InsertPoint.at_end(block), e.location)
    update, original = block.args
    inner.insert(_yield(*inline_scalar_region(inner, op.update_computation, [original, update])))
    unique = op.unique_indices is not None and bool(op.unique_indices.value.data)
    scatter = iree_linalg_ext.ScatterOp(
        operands=[updates, indices, [], operand],
        result_types=[[operand.type]],
        properties={"dimension_map": i64_array(dimensions), "unique_indices": IntegerAttr(int(unique), i1)},
        regions=[Region(block)],
    )
    return [e(scatter)]


Scattered = tuple[SSAValue, SSAValue, Sequence[int]]


def slices_to_scatter(e: Emitter, op: hlo.ScatterOp) -> Scattered:
    """Updates [count, slice...], indices [count, depth], and which dimensions of the operand those are of."""
    d, indices, updates = op.scatter_dimension_numbers.data, op.scatter_indices, op.updates[0]
    if d.index_vector_dim < len(shape_of(indices)) - 1:
        order = [axis for axis in range(len(shape_of(indices))) if axis != d.index_vector_dim]
        indices = e.transposed(indices, [*order, d.index_vector_dim])
    sizes, depth = e.sizes(updates), len(d.scatter_dims_to_operand_dims)
    count = e.multiply(*(size for axis, size in enumerate(sizes) if axis not in d.update_window_dims))
    updates = reshape(e, updates, [count, *(sizes[axis] for axis in d.update_window_dims)])
    indices = reshape(e, indices, [count, depth])
    if element_of(indices.type) != i32:
        unsigned = is_unsigned(e.signs.operands[1])
        indices = e.pointwise([indices], [count, depth], i32, lambda inner, args: [to_i32(inner, args[0], unsigned)])
    return updates, indices, d.scatter_dims_to_operand_dims


def points_to_scatter(e: Emitter, op: hlo.ScatterOp) -> Scattered:
    """Every element of the updates with an index vector of its own: where its window starts, plus its place in the window."""
    d, operand, indices, updates = op.scatter_dimension_numbers.data, op.inputs[0], op.scatter_indices, op.updates[0]
    rank, sizes = len(shape_of(operand)), e.sizes(updates)
    batch_axes = [axis for axis in range(len(sizes)) if axis not in d.update_window_dims]
    index_axes = [axis for axis in range(len(shape_of(indices))) if axis != d.index_vector_dim]
    window_axes = [axis for axis in range(rank) if axis not in (*d.inserted_window_dims, *d.input_batching_dims)]
    unsigned = is_unsigned(e.signs.operands[1])
    outside = [e.index(e.size(operand, axis)) for axis in range(rank)]
    before = e.index(-1)

    def coordinate(inner: Emitter, at: Sequence[SSAValue], axis: int) -> SSAValue:
        batch = [at[i] for i in batch_axes]
        if axis in d.input_batching_dims:
            return batch[index_axes.index(d.scatter_indices_batching_dims[d.input_batching_dims.index(axis)])]
        where = at[d.update_window_dims[window_axes.index(axis)]] if axis in window_axes else None
        if axis in d.scatter_dims_to_operand_dims:
            component = d.scatter_dims_to_operand_dims.index(axis)
            start = inner(tensor.ExtractOp(indices, index_place(inner, indices, d, batch, component)))
            start = inner((arith.IndexCastUIOp if unsigned else arith.IndexCastOp)(start, IndexType()))
            where = start if where is None else inner(arith.AddiOp(start, where))
        assert where is not None, "a dimension is inserted, batched or in the window"
        return inner(arith.MaxSIOp(inner(arith.MinSIOp(where, outside[axis])), before))  # what is outside stays outside in 32 bits

    def body(inner: Emitter, args: list[SSAValue]) -> list[SSAValue]:
        at = [inner(linalg.IndexOp(axis)) for axis in range(len(sizes) + 1)]
        chosen = coordinate(inner, at, rank - 1)
        for axis in reversed(range(rank - 1)):
            here = inner(arith.CmpiOp(at[-1], inner.index(axis), "eq"))
            chosen = inner(arith.SelectOp(here, coordinate(inner, at, axis), chosen))
        return [inner(arith.IndexCastOp(chosen, i32))]

    vectors = e.pointwise([], [*sizes, rank], i32, body)
    count = e.multiply(*sizes)
    return reshape(e, updates, [count]), reshape(e, vectors, [count, rank]), range(rank)


def to_i32(e: Emitter, value: SSAValue, unsigned: bool) -> SSAValue:
    """An index in 32 bits; what does not fit becomes the largest or the least number, which lies outside just the same."""
    if isinstance(value.type, IndexType):
        return e(arith.IndexCastOp(value, i32))
    width = value.type.width.data  # pyright: ignore[reportAttributeAccessIssue]
    if width < 32:
        return e((arith.ExtUIOp if unsigned else arith.ExtSIOp)(value, i32))
    if unsigned:
        value = e(arith.MinUIOp(value, e.constant(2**31 - 1, value.type)))
        return value if width == 32 else e(arith.TruncIOp(value, i32))
    value = e(arith.MinSIOp(value, e.constant(2**31 - 1, value.type)))
    return e(arith.TruncIOp(e(arith.MaxSIOp(value, e.constant(-(2**31), value.type))), i32))


def _yield(*values: SSAValue) -> Operation:
    return iree_linalg_ext.YieldOp(operands=[list(values)])


# ---- sort ----------------------------------------------------------------------------------------------------------------


def lower_sort(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.SortOp)
    types: list[Attribute] = [element_of(signless(value.type)) for value in op.inputs for _ in range(2)]
    block = Block(arg_types=types)
    inner = Emitter(InsertPoint.at_end(block), e.location)
    inner.insert(_yield(*inline_scalar_region(inner, op.comparator, list(block.args))))
    sort = iree_linalg_ext.SortOp(
        operands=[[], list(op.inputs)],
        result_types=[[signless(value.type) for value in op.inputs]],
        properties={"dimension": IntegerAttr(op.axis, i64)},
        regions=[Region(block)],
    )
    return list(e.insert(sort).results)


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    hlo.DynamicGatherOp: lower_gather,
    hlo.GatherOp: lower_gather,
    hlo.ScatterOp: lower_scatter,
    hlo.SortOp: lower_sort,
}
