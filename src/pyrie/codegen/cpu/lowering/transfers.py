"""Tiles in and out of buffers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    AnyFloat,
    DenseArrayBase,
    IntegerType,
    MemRefType,
    StridedLayoutAttr,
    VectorType,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap

from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Lanes, Position, axes_of
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder, index_type
from pyrie.dialects import memref, vector
from pyrie.support.shape import row_major_strides


@dataclass(frozen=True)
class Tile:
    """A value for each lane: a scalar if there are no axes, else a vector whose dimensions are the axes in order."""

    value: SSAValue
    axes: tuple[Lanes, ...] = ()

    @property
    def element_type(self) -> Attribute:
        type = self.value.type
        return type.element_type if isinstance(type, VectorType) else type


@dataclass(frozen=True)
class Buffer:
    """A memref and its extents. `constant` buffers are never written while the kernel runs."""

    memref: SSAValue
    extents: tuple[Index, ...]
    constant: bool = True

    @property
    def type(self) -> MemRefType:
        assert isinstance(self.memref.type, MemRefType)
        return self.memref.type


def vector_type(element: Attribute, axes: Sequence[Lanes]) -> Attribute:
    """The type of a tile: the element itself without axes."""
    return VectorType(element, [axis.size for axis in axes]) if axes else element


def broadcast(builder: KernelBuilder, tile: Tile, axes: tuple[Lanes, ...]) -> Tile:
    """The same values along more axes."""
    if tile.axes == axes:
        return tile
    element, value = tile.element_type, tile.value
    if tile.axes:
        first = axes.index(tile.axes[0])
        shape = [axis.size if axis in tile.axes else 1 for axis in axes[first:]]
        if len(shape) != len(tile.axes):
            value = builder.pure(vector.ShapeCastOp, [value], [VectorType(element, shape)]).results[0]
    value = builder.pure(vector.BroadcastOp, [value], [vector_type(element, axes)]).results[0]
    return Tile(value, axes)


def splat(builder: KernelBuilder, number: float, element: Attribute, axes: Sequence[Lanes]) -> SSAValue:
    return builder.number(number, vector_type(element, axes))


def read(builder: KernelBuilder, buffer: Buffer, at: Sequence[Position]) -> Tile:
    """The elements of `buffer` at `at`."""
    axes = axes_of(at)
    element = buffer.type.element_type
    if not axes:
        operands = [buffer.memref, *(builder.index(p.base) for p in at)]
        op = builder.pure(memref.LoadOp, operands, [element], speculatable=False, movable=buffer.constant)
        return Tile(op.results[0])
    source, indices, map = _window(builder, buffer, at, axes)
    padding = builder.number(0, element)
    properties = {
        "permutation_map": AffineMapAttr(map),
        "in_bounds": vector.in_bounds(len(axes)),
        "operandSegmentSizes": DenseArrayBase.from_list(_i32, [1, len(indices), 1, 0]),
    }
    operands = [source, *(builder.index(i) for i in indices), padding]
    types = [vector_type(element, axes)]
    op = builder.pure(vector.TransferReadOp, operands, types, properties, speculatable=False, movable=buffer.constant)
    return Tile(op.results[0], axes)


def write(builder: KernelBuilder, tile: Tile, buffer: Buffer, at: Sequence[Position]) -> None:
    """Stores `tile` to the elements of `buffer` at `at`, whose axes are the tile's or more."""
    axes = axes_of(at)
    if any(axis not in axes for axis in tile.axes):
        raise CannotVectorize
    tile = broadcast(builder, tile, axes)
    if not axes:
        builder.place(memref.StoreOp.create(operands=[tile.value, buffer.memref, *(builder.index(p.base) for p in at)], properties={}))
        return
    target, indices, map = _window(builder, buffer, at, axes)
    properties = {
        "permutation_map": AffineMapAttr(map),
        "in_bounds": vector.in_bounds(len(axes)),
        "operandSegmentSizes": DenseArrayBase.from_list(_i32, [1, 1, len(indices), 0]),
    }
    operands = [tile.value, target, *(builder.index(i) for i in indices)]
    builder.place(vector.TransferWriteOp.create(operands=operands, properties=properties))


_i32 = IntegerType(32)


def _window(
    builder: KernelBuilder, buffer: Buffer, at: Sequence[Position], axes: Sequence[Lanes]
) -> tuple[SSAValue, Sequence[Index], AffineMap]:
    """The memref, indices and permutation map with which a transfer reaches `at`: a strided subview if a lane is not one element."""
    dimension = {}
    for d, position in enumerate(at):
        for axis, _ in position.lanes:
            if axis in dimension:
                raise CannotVectorize  # a diagonal
            dimension[axis] = d
        if len(position.lanes) > 1:
            raise CannotVectorize
    map = AffineMap(len(at), 0, tuple(AffineDimExpr(dimension[axis]) for axis in axes))
    if all(coefficient == 1 for position in at for _, coefficient in position.lanes):
        return buffer.memref, [p.base for p in at], map
    steps = [position.lanes[0][1] if position.lanes else 1 for position in at]
    sizes = [position.lanes[0][0].size if position.lanes else 1 for position in at]
    view = _subview(builder, buffer, [p.base for p in at], sizes, steps)
    return view, [0] * len(at), map


def _subview(builder: KernelBuilder, buffer: Buffer, offsets: Sequence[Index], sizes: Sequence[int], steps: Sequence[int]) -> SSAValue:
    shape = buffer.type.get_shape()
    static = row_major_strides(shape) if DYNAMIC_INDEX not in shape[1:] else None
    strides = [None if static is None else s * step for s, step in zip(static or [0] * len(shape), steps, strict=True)]
    layout = StridedLayoutAttr(strides, None)
    result = MemRefType(buffer.type.element_type, list(sizes), layout, buffer.type.memory_space)
    dynamic = [o for o in offsets if isinstance(o, SSAValue)]
    properties = {
        "static_offsets": DenseArrayBase.from_list(i64, [o if isinstance(o, int) else DYNAMIC_INDEX for o in offsets]),
        "static_sizes": DenseArrayBase.from_list(i64, list(sizes)),
        "static_strides": DenseArrayBase.from_list(i64, list(steps)),
        "operandSegmentSizes": DenseArrayBase.from_list(_i32, [1, len(dynamic), 0, 0]),
    }
    return builder.pure(memref.SubviewOp, [buffer.memref, *dynamic], [result], properties).results[0]


def lane_numbers(builder: KernelBuilder, position: Position) -> Tile:
    """A position as a value: an index, or a vector of them."""
    if not position.lanes:
        return Tile(builder.index(position.base))
    axes = axes_of([position])
    total = broadcast(builder, Tile(builder.index(position.base)), axes).value
    type = vector_type(index_type, axes)
    from pyrie.dialects import arith

    for axis, coefficient in position.lanes:
        step = builder.pure(vector.StepOp, [], [vector_type(index_type, [axis])]).results[0]
        step = broadcast(builder, Tile(step, (axis,)), axes).value
        if coefficient != 1:
            step = builder.pure(arith.MuliOp, [step, splat(builder, coefficient, index_type, axes)], [type]).results[0]
        total = builder.pure(arith.AddiOp, [total, step], [type]).results[0]
    return Tile(total, axes)


def is_float(type: Attribute) -> bool:
    return isinstance(type, AnyFloat)
