"""Loops over what a dispatch stores, cut into workgroups.

Each stored tensor is one nest (a concatenation is one for each part). Workgroups are numbered along x; a nest's share of the grid is the
product of its blocks, and the grid is as large as the largest nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerAttr
from xdsl.ir import Operation, SSAValue

from pyrie.codegen.cpu.lowering.dispatch import Dispatch, is_whole, shape_of
from pyrie.codegen.cpu.lowering.elements import Elements, slice_positions
from pyrie.codegen.cpu.lowering.indices import Lanes, Position
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder, index_type
from pyrie.codegen.cpu.lowering.transfers import Buffer, write
from pyrie.dialects import tensor
from pyrie.dialects.iree_tensor_ext import DispatchTensorStoreOp


@dataclass(frozen=True)
class Tiling:
    """How a nest is stepped through: for each dimension of the stored tensor the block of a workgroup (0: all of it) and the lanes of a
    tile (1: a scalar); `order` lists the dimensions outermost first."""

    blocks: tuple[int, ...]
    lanes: tuple[int, ...]
    order: tuple[int, ...]

    def __post_init__(self) -> None:
        assert sorted(self.order) == list(range(len(self.lanes))) and len(self.blocks) == len(self.lanes)


@dataclass(frozen=True)
class Piece:
    """A tensor and the part of a dispatch's output it is stored to: at `offsets` of the stored tensor `whole`."""

    store: DispatchTensorStoreOp
    value: SSAValue
    offsets: tuple[tuple[SSAValue, ...], ...] = ()
    axis: int = 0

    @property
    def owner_name(self) -> str:
        """The name of the op that makes the tensor."""
        return self.value.owner.name if isinstance(self.value.owner, Operation) else ""


def pieces(dispatch: Dispatch) -> list[Piece]:
    """What is to be stored, in order."""
    result: list[Piece] = []
    for store in dispatch.stores:
        value = store.value
        while is_whole(store, store.target) and isinstance(value.owner, tensor.ExpandShapeOp | tensor.CollapseShapeOp):
            value = value.owner.operands[0]
        if isinstance(value.owner, tensor.ConcatOp) and value is store.value:
            concat = value.owner
            axis = concat.dim.value.data
            result += [Piece(store, part, (tuple(concat.inputs[:i]),), axis) for i, part in enumerate(concat.inputs)]
        else:
            result.append(Piece(store, value))
    return result


def lower_nest(e: Elements, dispatch: Dispatch, group: Sequence[Piece], tiling: Tiling, workgroup: Index) -> None:
    """Builds the loops that store the pieces of a group, which have one shape, for the workgroup numbered `workgroup` of this nest."""
    targets = [target_of(e, dispatch, piece) for piece in group]

    def body(at: tuple[Position, ...]) -> None:
        tiles = [e.of(piece.value, at) for piece in group]  # all are read before any is written: an output may be an input as well
        for tile, (buffer, place) in zip(tiles, targets, strict=True):
            write(e.builder, tile, buffer, place(at))

    walk(e.builder, dispatch.extents(group[0].value), tiling, workgroup, body)


def walk(
    builder: KernelBuilder, extents: Sequence[Index], tiling: Tiling, workgroup: Index, body: Callable[[tuple[Position, ...]], None]
) -> None:
    """Runs `body` at every tile of the workgroup's part of an index space."""
    bounds = _bounds(builder, extents, tiling, workgroup)
    axes: dict[int, tuple[tuple[Lanes, int], ...]] = {}
    bases: dict[int, Index] = {}

    def level(depth: int) -> None:
        if depth == len(tiling.order):
            body(tuple(Position(bases[d], axes[d]) for d in range(len(extents))))
            return
        dim = tiling.order[depth]

        def tile(size: int, *, scalar: bool = False) -> Callable[[Index], None]:
            lanes = () if scalar else ((Lanes(size, dim), 1),)

            def at(base: Index) -> None:
                bases[dim], axes[dim] = base, lanes
                level(depth + 1)

            return at

        _steps(builder, bounds[dim], extents[dim], tiling.lanes[dim], tile)

    level(0)


def _steps(
    builder: KernelBuilder, bounds: tuple[Index, Index], extent: Index, lanes: int, tile: Callable[..., Callable[[Index], None]]
) -> None:
    """Covers `bounds`, a block of `extent`, with tiles of `lanes`: whole ones, then what is left as one smaller tile or one by one."""
    lower, upper = bounds
    if lanes == 1:
        _range(builder, lower, upper, 1, tile(1, scalar=True))
        return
    if isinstance(extent, int):
        rest = extent % lanes
        _range(builder, lower, upper if not rest else builder.min(upper, extent - rest), lanes, tile(lanes))
        if rest:
            _range(builder, extent - rest, upper, rest, tile(rest))
        return
    whole = builder.sub(upper, builder.mod(upper, lanes))
    _range(builder, lower, whole, lanes, tile(lanes))
    _range(builder, whole, upper, 1, tile(1, scalar=True))


def _range(builder: KernelBuilder, lower: Index, upper: Index, step: int, body: Callable[[Index], None]) -> None:
    if isinstance(lower, int) and isinstance(upper, int) and upper - lower <= step:
        if upper > lower:
            body(lower)
        return

    def one(iv: SSAValue, _: Sequence[SSAValue]) -> Sequence[SSAValue]:
        body(iv)
        return []

    builder.for_(lower, upper, step, [], one)


def blocks_of(builder: KernelBuilder, extents: Sequence[Index], tiling: Tiling) -> list[tuple[int, Index]]:
    """The dimensions that are cut into blocks, and how many blocks each has."""
    cut = []
    for dim, (extent, block) in enumerate(zip(extents, tiling.blocks, strict=True)):
        if block and not (isinstance(extent, int) and extent <= block):
            cut.append((dim, builder.ceildiv(extent, block)))
    return cut


def _bounds(builder: KernelBuilder, extents: Sequence[Index], tiling: Tiling, workgroup: Index) -> list[tuple[Index, Index]]:
    """The part of each dimension that the workgroup covers."""
    bounds: list[tuple[Index, Index]] = [(0, extent) for extent in extents]
    rest = workgroup
    cut = blocks_of(builder, extents, tiling)
    for number, (dim, count) in enumerate(reversed(cut)):
        last = number == len(cut) - 1
        position = rest if last else builder.mod(rest, count)
        rest = rest if last else builder.floordiv(rest, count)
        block, extent = tiling.blocks[dim], extents[dim]
        lower = builder.mul(position, block)
        upper = builder.add(lower, block)
        if not (isinstance(extent, int) and extent % block == 0):
            upper = builder.min(upper, extent)
        bounds[dim] = (lower, upper)
    return bounds


def target_of(e: Elements, dispatch: Dispatch, piece: Piece) -> tuple[Buffer, Callable[[tuple[Position, ...]], Sequence[Position]]]:
    """The buffer that a piece is stored to, and where in it an element of the piece goes."""
    store = piece.store
    if piece.offsets:
        start: Index = 0
        for earlier in piece.offsets[0]:
            start = e.builder.add(start, dispatch.extent(earlier, piece.axis))

        def shifted(at: tuple[Position, ...]) -> Sequence[Position]:
            moved = tuple(e.arithmetic.add(p, Position(start)) if d == piece.axis else p for d, p in enumerate(at))
            return slice_positions(e, store, moved)

        return dispatch.buffer(store.target), shifted
    if not is_whole(store, store.target):
        return dispatch.buffer(store.target), lambda at: slice_positions(e, store, at)
    if piece.value is not store.value:
        return dispatch.buffer(store.target, shape_of(piece.value), dispatch.extents(piece.value)), lambda at: at
    return dispatch.buffer(store.target), lambda at: at


def workgroup_id(builder: KernelBuilder) -> SSAValue:
    """`hal.interface.workgroup.id[0] : index`."""
    from pyrie.dialects.hal import InterfaceWorkgroupIDOp

    return builder.pure(InterfaceWorkgroupIDOp, [], [index_type], {"dimension": IntegerAttr(0, index_type)}).results[0]


__all__ = ["DYNAMIC_INDEX", "Piece", "Tiling", "blocks_of", "lower_nest", "pieces", "workgroup_id"]
