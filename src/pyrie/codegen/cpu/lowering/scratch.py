"""Values that are kept: computed once over the range of the loops about to read them, into scratch memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, MemRefType, NoneAttr, TensorType, i64
from xdsl.ir import SSAValue

from pyrie.codegen.cpu.lowering.indices import Lanes, Position, Positions, axes_of
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder, Scope
from pyrie.codegen.cpu.lowering.transfers import Buffer, Tile, broadcast, read, write
from pyrie.dialects import memref

if TYPE_CHECKING:
    from pyrie.codegen.cpu.lowering.elements import Elements

STACK_BYTES = 16 << 10  # larger scratch is the workgroup's local memory, which the runtime provides
LOCAL_MEMORY_SPACE = IntegerAttr(3, i64)
LARGEST_LOCAL_BYTES = 4 << 20
SCRATCH_RANK = 2000


@dataclass(frozen=True)
class Frame:
    """A reduction loop that is open: `outside` is where it stands, `base` its position now, `axis` its lanes."""

    outside: Scope
    base: Index
    extent: Index
    axis: Lanes | None

    def drives(self, position: Position) -> bool:
        """Whether `position` is this loop's and nothing else."""
        lanes = ((self.axis, 1),) if self.axis else ()
        return position.base is self.base and position.lanes == lanes and (self.axis is not None or isinstance(self.base, SSAValue))


@dataclass(frozen=True)
class Kept:
    """Where a value is: `fixed` positions are as when it was computed, None is the whole range of the dimension."""

    fixed: tuple[Position | None, ...]
    axes: tuple[Lanes, ...]
    buffer: Buffer
    axes_last: bool

    def place(self, axes: Sequence[Position], ranges: Sequence[Position]) -> list[Position]:
        """Positions in the buffer: what is read in lanes is contiguous."""
        return [*ranges, *axes] if self.axes_last else [*axes, *ranges]


@contextmanager
def frame(e: Elements, opened: Frame) -> Iterator[None]:
    """While a reduction loop is open."""
    e.frames.append(opened)
    try:
        yield
    finally:
        e.frames.pop()


def from_scratch(e: Elements, value: SSAValue, at: Positions) -> Tile | None:
    """`value` at `at` read from scratch memory, computed into it first if a reduction is about to read a whole range; None otherwise."""
    kept = e.builder.recall(("kept", value))
    assert kept is None or isinstance(kept, Kept)
    if kept is None or not _holds(kept, at):
        kept = _keep(e, value, at)
    if kept is None:
        return None
    ranges = [position for position, fixed in zip(at, kept.fixed, strict=True) if fixed is None]
    return read(e.builder, kept.buffer, kept.place([Position(0, ((axis, 1),)) for axis in kept.axes], ranges))


def _holds(kept: Kept, at: Positions) -> bool:
    return all(fixed is None or fixed == position for fixed, position in zip(kept.fixed, at, strict=True))


def _keep(e: Elements, value: SSAValue, at: Positions) -> Kept | None:
    driven = [next((f for f in e.frames if f.drives(position)), None) for position in at]
    fixed = tuple(None if f else position for f, position in zip(driven, at, strict=True))
    used = [f for f in driven if f]
    if not used:
        return None
    outermost = min((f.outside for f in used), key=lambda s: s.depth)
    scope = e.builder.home(*(p.base for p in fixed if p is not None))
    if scope.depth > outermost.depth or any(not isinstance(f.extent, int) for f in used):
        return None
    if any(f.axis is axis for p in fixed if p for axis, _ in p.lanes for f in e.frames):
        return None
    axes = axes_of([p for p in fixed if p is not None])
    ranges = [f.extent for f in used if isinstance(f.extent, int)]
    widths = [axis.size for axis in axes]
    axes_last = not any(f.axis for f in used)
    with e.builder.at(scope):
        buffer = _allocate(e, value, [*ranges, *widths] if axes_last else [*widths, *ranges])
        if buffer is None:
            return None
        kept = Kept(fixed, axes, buffer, axes_last)
        _fill(e, value, kept, ranges)
    e.builder.remember(("kept", value), kept, scope)
    return kept


def _allocate(e: Elements, value: SSAValue, sizes: Sequence[int]) -> Buffer | None:
    assert isinstance(value.type, TensorType)
    return allocate(e.builder, MemRefType(value.type.element_type, list(sizes)))


def allocate(builder: KernelBuilder, type: MemRefType) -> Buffer | None:
    """Scratch memory for the kernel's duration: on the stack if it is small. None if it is more than a workgroup may have."""
    sizes = type.get_shape()
    size = prod(sizes) * element_bytes(type.element_type)
    if size > LARGEST_LOCAL_BYTES:
        return None
    local = size > STACK_BYTES
    type = MemRefType(type.element_type, list(sizes), memory_space=LOCAL_MEMORY_SPACE if local else NoneAttr())
    cls = memref.AllocOp if local else memref.AllocaOp
    segments = DenseArrayBase.from_list(IntegerType(32), [0, 0])
    op = cls.create(result_types=[type], properties={"operandSegmentSizes": segments})
    first = builder.entry.block.first_op
    if first is None:
        builder.place(op, builder.entry)
    else:
        builder.entry.block.insert_op_before(op, first)
    return Buffer(op.results[0], tuple(sizes), constant=False)


def element_bytes(element) -> int:
    """Bytes of an element in memory; i1 takes one."""
    from xdsl.dialects.builtin import IndexType

    return 8 if isinstance(element, IndexType) else -(-element.bitwidth // 8)


def _fill(e: Elements, value: SSAValue, kept: Kept, ranges: Sequence[int]) -> None:
    """Loops over the whole ranges, the last one in lanes unless the tile has lanes already, and stores what is computed."""
    fixed, axes = kept.fixed, kept.axes
    dims = [d for d, position in enumerate(fixed) if position is None]
    extents = dict(zip(dims, ranges, strict=True))

    def level(depth: int, at: tuple[Position | None, ...]) -> None:
        if depth == len(dims):
            here = tuple(p for p in at if p is not None)
            target = kept.place([Position(0, ((axis, 1),)) for axis in axes], [here[d] for d in dims])
            tile = e.compute(value, here)
            write(e.builder, broadcast(e.builder, tile, axes_of(target)), kept.buffer, target)
            return
        dim = dims[depth]
        extent = extents[dim]
        in_lanes = depth == len(dims) - 1 and not axes and e.is_read_along(value, dim)
        lanes = min(extent, e.lanes) if in_lanes else 1
        for lower, upper, size in segments(extent, lanes):
            axis = Lanes(size, SCRATCH_RANK + dim) if lanes > 1 else None
            move(e, at, dim, lower, upper, size, axis, extent, lambda moved: level(depth + 1, moved))

    level(0, fixed)


def move(e, at, dim, lower, upper, size, axis, extent, then) -> None:
    """Runs `then` with position `dim` at each step of a range; without a loop if there is one step."""
    lanes = ((axis, 1),) if axis else ()

    def step(base: Index) -> None:
        with frame(e, Frame(e.builder.current, base, extent, axis)):
            then(tuple(Position(base, lanes) if d == dim else p for d, p in enumerate(at)))

    if upper - lower == size:
        step(lower)
    else:
        e.builder.for_(lower, upper, size, [], lambda iv, _: (step(iv), [])[1])


def segments(extent: int, lanes: int) -> list[tuple[int, int, int]]:
    """`(lower, upper, step)` that cover `extent`: whole steps, then one smaller one."""
    whole = extent - extent % lanes
    return [s for s in ((0, whole, lanes), (whole, extent, extent % lanes)) if s[0] != s[1]]
