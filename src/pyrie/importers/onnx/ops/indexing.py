"""Gathers and scatters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import IntegerType

from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection as Direction
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Size, Value, constant, symbolic
from pyrie.support.errors import InputError, UnsupportedError

# ---- gather --------------------------------------------------------------------------------------------------------------


@onnx_op("Gather", since=1)
def gather(b: Builder, x: Value, indices: Value, *, axis: int = 0) -> Value:
    axis = b.axis(axis, x.rank)
    return take(b, x, wrapped(b, indices, x.sizes[axis]), axis)


def wrapped(b: Builder, indices: Value, size: Size) -> Value:
    """Negative indices count from the end."""
    if indices.array is not None and isinstance(size, int):
        return constant(np.where(indices.array < 0, indices.array + size, indices.array))
    if isinstance(indices.element, IntegerType) and str(indices.element).startswith("ui"):
        return indices
    length = symbolic(np.array(size, dtype=object), indices.element)
    return b.select(b.compare(Direction.LT, indices, 0), b.binary(hlo.AddOp, indices, length), indices)


def take(b: Builder, x: Value, indices: Value, axis: int) -> Value:
    """Whole slices of `x` along `axis`, in the shape of the indices."""
    sizes: list[Size] = [1 if i == axis else n for i, n in enumerate(x.sizes)]
    result: list[Size] = [*x.sizes[:axis], *indices.sizes, *x.sizes[axis + 1 :]]
    offsets = [i for i in range(len(result)) if not axis <= i < axis + indices.rank]
    numbers = hlo.GatherDimensionNumbersAttr.of(
        offset_dims=offsets, collapsed_slice_dims=[axis], start_index_map=[axis], index_vector_dim=indices.rank
    )
    value = Value(x.element, tuple(result))
    if all(isinstance(n, int) for n in sizes):
        value.ssa = b.insert(hlo.GatherOp(b.ssa(x), b.ssa(indices), numbers, sizes))  # pyright: ignore[reportArgumentType]
    else:
        value.ssa = b.insert(hlo.DynamicGatherOp(b.ssa(x), b.ssa(indices), b.sizes_operand(sizes), numbers, value.type))
    return value


@onnx_op("GatherElements", since=11)
def gather_elements(b: Builder, x: Value, indices: Value, *, axis: int = 0) -> Value:
    """Each element is read at its own place, except along `axis`, where the index says."""
    places = element_places(b, x, indices, b.axis(axis, x.rank))
    numbers = hlo.GatherDimensionNumbersAttr.of(
        collapsed_slice_dims=range(x.rank), start_index_map=range(x.rank), index_vector_dim=indices.rank
    )
    return b.value(b.insert(hlo.GatherOp(b.ssa(x), b.ssa(places), numbers, [1] * x.rank)), indices.sizes)


def element_places(b: Builder, x: Value, indices: Value, axis: int) -> Value:
    """Index vectors of all elements of `indices`: each at its own place, except along `axis`."""
    where: list[Value] = []
    for i in range(x.rank):
        at = wrapped(b, indices, x.sizes[axis]) if i == axis else b.iota(indices.sizes, i, indices.element)
        where.append(b.reshape(at, [*indices.sizes, 1]))
    return b.concatenate(where, indices.rank)


@onnx_op("GatherND", since=11)
def gather_nd(b: Builder, x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    """The last dimension of the indices says where in the dimensions behind the batch."""
    depth = index_depth(x, indices, batch_dims)
    kept = list(range(batch_dims + depth, x.rank))
    batch_rank = indices.rank - 1
    numbers = hlo.GatherDimensionNumbersAttr.of(
        offset_dims=range(batch_rank, batch_rank + len(kept)),
        collapsed_slice_dims=range(batch_dims, batch_dims + depth),
        operand_batching_dims=range(batch_dims),
        start_indices_batching_dims=range(batch_dims),
        start_index_map=range(batch_dims, batch_dims + depth),
        index_vector_dim=batch_rank,
    )
    sizes = [x.sizes[i] if i in kept else 1 for i in range(x.rank)]
    if not all(isinstance(n, int) for n in sizes):
        raise UnsupportedError("GatherND of slices whose size is known only at run time is not supported")
    places = wrapped_places(b, indices, x.sizes[batch_dims : batch_dims + depth])
    op = hlo.GatherOp(b.ssa(x), b.ssa(places), numbers, sizes)  # pyright: ignore[reportArgumentType]
    return b.value(b.insert(op), [*indices.sizes[:-1], *(x.sizes[i] for i in kept)])


def index_depth(x: Value, indices: Value, batch_dims: int = 0) -> int:
    depth = indices.sizes[-1] if indices.rank else 0
    if not isinstance(depth, int) or not 0 < depth <= x.rank - batch_dims:
        raise InputError(f"indices {indices.describe()} do not point into {x.describe()}")
    return depth


def wrapped_places(b: Builder, indices: Value, sizes: Sequence[Size]) -> Value:
    """Index vectors whose negative components count from the end."""
    lengths = symbolic(np.array([*sizes], dtype=object), indices.element)
    if indices.array is not None and lengths.array is not None:
        return constant(np.where(indices.array < 0, indices.array + lengths.array, indices.array))
    return b.select(b.compare(Direction.LT, indices, 0), b.binary(hlo.AddOp, indices, lengths), indices)


# ---- scatters ------------------------------------------------------------------------------------------------------------

COMBINERS: dict[str, type[hlo.BinaryOp]] = {"add": hlo.AddOp, "mul": hlo.MultiplyOp, "max": hlo.MaximumOp, "min": hlo.MinimumOp}


def scattered(b: Builder, x: Value, places: Value, updates: Value, depth: int, reduction: str) -> Value:
    """`x` with the updates combined into the slices that index vectors of `depth` components point to."""
    from xdsl.ir import Block, Region

    if reduction == "none":
        block = Block(arg_types=[hlo.scalar_of(x.type)] * 2)
        block.add_op(hlo.ReturnOp(block.args[1]))
        body = Region(block)
    elif reduction in COMBINERS:
        body = hlo.binary_body(COMBINERS[reduction], x.type)
    else:
        raise UnsupportedError(f"reduction '{reduction}' is not supported", hint=f"supported: none, {', '.join(COMBINERS)}")
    batch = places.rank - 1
    numbers = hlo.ScatterDimensionNumbersAttr.of(
        update_window_dims=range(batch, updates.rank),
        inserted_window_dims=range(depth),
        scatter_dims_to_operand_dims=range(depth),
        index_vector_dim=batch,
    )
    return b.like(hlo.ScatterOp(b.ssa(x), b.ssa(places), b.ssa(updates), numbers, body), x)


@onnx_op("ScatterND", since=11)
def scatter_nd(b: Builder, x: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    depth = index_depth(x, indices)
    return scattered(b, x, wrapped_places(b, indices, x.sizes[:depth]), updates, depth, reduction)


@onnx_op("ScatterElements", since=11)
@onnx_op("Scatter", since=9)
def scatter_elements(b: Builder, x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none") -> Value:
    return scattered(b, x, element_places(b, x, indices, b.axis(axis, x.rank)), updates, x.rank, reduction)
