"""gather, as a generic that computes where to read; scatter and sort, as ops of iree_linalg_ext."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType, i1, i32, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from pyrie.dialects import arith, iree_linalg_ext, linalg, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import GatherDimensionNumbers
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


def index_place(e: Emitter, indices: SSAValue, d: GatherDimensionNumbers, batch: Sequence[SSAValue], component: int) -> list[SSAValue]:
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
    if len(op.inputs) != 1 or d.input_batching_dims:
        raise UnsupportedError("a scatter of several tensors, or with batching dimensions, is not supported", hint="a plain one is")
    operand, indices, updates = op.inputs[0], op.scatter_indices, op.updates[0]
    depth = len(d.scatter_dims_to_operand_dims)
    update_rank = len(shape_of(updates))
    batch_axes = [axis for axis in range(update_rank) if axis not in d.update_window_dims]
    window = list(d.update_window_dims)
    leading = list(d.inserted_window_dims) == list(range(len(d.inserted_window_dims)))
    windows_last = window == list(range(update_rank - len(window), update_rank))
    if not leading or not windows_last or depth != len(d.inserted_window_dims):
        raise UnsupportedError(
            "this scatter writes parts of slices or slices that are not the trailing dimensions",
            hint="supported: whole slices at indices of the leading dimensions",
        )
    if d.index_vector_dim < len(shape_of(indices)) - 1:
        order = [axis for axis in range(len(shape_of(indices))) if axis != d.index_vector_dim]
        indices = e.transposed(indices, [*order, d.index_vector_dim])
    sizes = e.sizes(updates)
    count = e.multiply(*(sizes[axis] for axis in batch_axes))
    updates = reshape(e, updates, [count, *(sizes[axis] for axis in window)])
    indices = reshape(e, indices, [count, depth])
    if element_of(indices.type) != i32:
        indices = e.pointwise([indices], [count, depth], i32, lambda inner, args: [to_i32(inner, args[0])])
    block = Block(arg_types=[element_of(operand.type)] * 2)
    inner = Emitter(InsertPoint.at_end(block), e.location)
    update, original = block.args
    inner.insert(_yield(*inline_scalar_region(inner, op.update_computation, [original, update])))
    unique = op.unique_indices is not None and bool(op.unique_indices.value.data)
    scatter = iree_linalg_ext.ScatterOp(
        operands=[updates, indices, [], operand],
        result_types=[[operand.type]],
        properties={
            "dimension_map": i64_array(d.scatter_dims_to_operand_dims),
            "unique_indices": IntegerAttr(int(unique), i1),
        },
        regions=[Region(block)],
    )
    return [e(scatter)]


def to_i32(e: Emitter, value: SSAValue) -> SSAValue:
    if isinstance(value.type, IndexType):
        return e(arith.IndexCastOp(value, i32))
    wide = value.type.width.data > 32  # pyright: ignore[reportAttributeAccessIssue]
    return e(arith.TruncIOp(value, i32) if wide else arith.ExtSIOp(value, i32))


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
