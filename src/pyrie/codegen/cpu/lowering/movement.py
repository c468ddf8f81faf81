"""Ops that move whole slices or tiles: what an element of the result is an element of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerType, TensorType
from xdsl.ir import SSAValue

from pyrie.codegen.cpu.lowering.elements import Elements, Handler, all_inside, choose
from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Position, Positions
from pyrie.codegen.cpu.lowering.scopes import Index, index_type
from pyrie.codegen.cpu.lowering.transfers import Tile
from pyrie.dialects import arith, linalg
from pyrie.dialects import iree_linalg_ext as ext


def gather(e: Elements, value: SSAValue, at: Positions) -> Tile:
    """Slices of the source at indices, which are clamped into it."""
    op = value.owner
    assert isinstance(op, ext.GatherOp)
    b = e.builder
    dims = [int(d) for d in cast("DenseArrayBase[IntegerType]", op.dimension_map).get_values()]
    extents = e.dispatch.extents(op.source)
    batch = len(at) - (len(extents) - len(dims))
    outer, inner = at[:batch], iter(at[batch:])
    indices = cast(TensorType, op.indices.type).get_shape()
    position: list[Position] = []
    for d, extent in enumerate(extents):
        if d not in dims:
            position.append(next(inner))
            continue
        here = (*outer, Position(dims.index(d))) if len(indices) > batch else outer
        tile = e.of(op.indices, here)
        if tile.axes:
            raise CannotVectorize
        number = tile.value
        if number.type != index_type:
            number = b.pure(arith.IndexCastOp, [number], [index_type]).results[0]
        low = b.pure(arith.MaxSIOp, [number, b.index(0)], [index_type]).results[0]
        position.append(Position(b.min(low, b.sub(extent, 1))))
    return e.of(op.source, tuple(position))


def pack(e: Elements, value: SSAValue, at: Positions) -> Tile:
    """Element (outer, inner) is element outer * tile + inner, or padding beyond the end."""
    op = value.owner
    assert isinstance(op, linalg.PackOp)
    extents = e.dispatch.extents(op.source)
    rank, axes = len(extents), op.tiled_axes()
    tiles = [e.dispatch.index(t) for t in op.tiles()]
    position: list[Position] = [Position(0)] * rank
    for place, axis in enumerate(op.outer_order(rank)):
        position[axis] = at[place]
    for place, axis in enumerate(axes):
        position[axis] = e.arithmetic.add(e.arithmetic.scale(position[axis], tiles[place]), at[rank + place])
    if op.padding_value is None:
        return e.of(op.source, tuple(position))
    padding = op.padding_value
    bounds = _padded(e, extents, axes, tiles)
    inside = all_inside(e, tuple(position), [0] * rank, extents, bounds)
    element = cast(TensorType, value.type).element_type
    return choose(e, inside, at, lambda: e.of(op.source, tuple(position)), lambda: Tile(e.dispatch.scalar(padding)), element)


def _padded(e: Elements, extents: Sequence[Index], axes: Sequence[int], tiles: Sequence[Index]) -> list[Index]:
    """The extents rounded up to whole tiles."""
    result = list(extents)
    for axis, tile in zip(axes, tiles, strict=True):
        raised = e.builder.add(result[axis], e.builder.sub(tile, 1))
        result[axis] = e.builder.mul(e.builder.floordiv(raised, tile), tile)
    return result


def unpack(e: Elements, value: SSAValue, at: Positions) -> Tile:
    """Element i is element (i / tile, i mod tile)."""
    op = value.owner
    assert isinstance(op, linalg.UnPackOp)
    rank, axes = len(at), op.tiled_axes()
    tiles = [e.dispatch.index(t) for t in op.tiles()]
    outer, inner = list(at), []
    for axis, tile in zip(axes, tiles, strict=True):
        inner.append(e.arithmetic.mod(at[axis], tile))
        outer[axis] = e.arithmetic.floordiv(at[axis], tile)
    return e.of(op.source, (*(outer[axis] for axis in op.outer_order(rank)), *inner))


MOVEMENT: dict[str, Handler] = {"iree_linalg_ext.gather": gather, "linalg.pack": pack, "linalg.unpack": unpack}
