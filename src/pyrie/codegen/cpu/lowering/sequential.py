"""Ops whose results are made step by step in memory: sort, scatter, scan. They store what they compute to the dispatch's outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, IntegerType, MemRefType, TensorType, i1
from xdsl.ir import Attribute, SSAValue

from pyrie.codegen.cpu.lowering.dispatch import Dispatch, binding_of, is_whole, shape_of
from pyrie.codegen.cpu.lowering.elements import Elements, compare
from pyrie.codegen.cpu.lowering.indices import Position
from pyrie.codegen.cpu.lowering.nests import Piece, Tiling, target_of, walk
from pyrie.codegen.cpu.lowering.scopes import Index, index_type
from pyrie.codegen.cpu.lowering.scratch import allocate
from pyrie.codegen.cpu.lowering.transfers import Buffer, Tile, read, write
from pyrie.dialects import arith
from pyrie.dialects import iree_linalg_ext as ext
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

Target = tuple[Buffer, Callable[[tuple[Position, ...]], Sequence[Position]]]
Lower = Callable[[Elements, Dispatch, Sequence[Piece], Tiling, Index], None]


def _store(e: Elements, value: SSAValue, target: Target, at: Sequence[Index]) -> None:
    buffer, place = target
    write(e.builder, Tile(value), buffer, place(tuple(Position(i) for i in at)))


def _load(e: Elements, target: Target, at: Sequence[Index]) -> SSAValue:
    """An element of what has been stored; read again each time."""
    buffer, place = target
    return read(e.builder, Buffer(buffer.memref, buffer.extents, constant=False), place(tuple(Position(i) for i in at))).value


def _element(e: Elements, tensor: SSAValue, at: Sequence[Index]) -> SSAValue:
    return e.of(tensor, tuple(Position(i) for i in at)).value


def _region(e: Elements, block, *arguments: SSAValue) -> list[SSAValue]:
    """The values that a region yields for scalar arguments."""
    evaluation = e.bodies.run(block, [Tile(a) for a in arguments], [])
    return [evaluation.tile(v).value for v in block.last_op.operands]


def _select(e: Elements, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
    return e.builder.pure(arith.SelectOp, [condition, a, b], [a.type]).results[0]


def _bool(e: Elements, cls: type, a: SSAValue, b: SSAValue) -> SSAValue:
    return e.builder.pure(cls, [a, b], [i1]).results[0]


def _loop(e: Elements, count: Index, body: Callable[[SSAValue], None]) -> None:
    e.builder.for_(0, count, 1, [], lambda iv, _: (body(iv), [])[1])


def _rows(e: Elements, extents: Sequence[Index], dim: int, tiling: Tiling, workgroup: Index, body: Callable[[list[Index]], None]) -> None:
    """Runs `body` for each position of all dimensions but `dim`, which has a 0 in its place."""
    rest = [d for d in range(len(extents)) if d != dim]
    inner = Tiling(tuple(tiling.blocks[d] for d in rest), (1,) * len(rest), tuple(range(len(rest))))

    def row(at: tuple[Position, ...]) -> None:
        positions: list[Index] = [p.base for p in at]
        positions.insert(dim, 0)
        body(positions)

    walk(e.builder, [extents[d] for d in rest], inner, workgroup, row)


def _at(row: Sequence[Index], dim: int, index: Index) -> list[Index]:
    return [*row[:dim], index, *row[dim + 1 :]]


# ---- sort --------------------------------------------------------------------------------------------------------------


def sort(e: Elements, dispatch: Dispatch, group: Sequence[Piece], tiling: Tiling, workgroup: Index) -> None:
    """A stable merge sort of each row, bottom up: runs of 1, 2, 4, ... elements are merged into scratch memory and copied back."""
    op = group[0].value.owner
    assert isinstance(op, ext.SortOp)
    targets = [target_of(e, dispatch, piece) for piece in _in_order(group, op)]
    sources = op.inputs or op.outputs
    dim = op.dimension.value.data
    extents = dispatch.extents(sources[0])
    size = extents[dim]
    if not isinstance(size, int):
        hint = "supported: sorting along a dimension of static size"
        raise UnsupportedError("a sort along a dynamic dimension", location=location_of(op), hint=hint)
    merged = [_scratch(e, cast(TensorType, s.type).element_type, size, op) for s in sources]
    block = op.region.block
    b = e.builder

    def row(at: list[Index]) -> None:
        def copy_in(i: SSAValue) -> None:
            values = [_element(e, source, _at(at, dim, i)) for source in sources]
            for value, target in zip(values, targets, strict=True):
                _store(e, value, target, _at(at, dim, i))

        def merge_runs(power: SSAValue) -> None:
            width = b.pure(arith.ShLIOp, [b.index(1), power], [index_type]).results[0]
            double = b.add(width, width)

            def step(k: SSAValue, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
                low = b.mul(b.floordiv(k, double), double)
                middle, high = b.min(b.add(low, width), size), b.min(b.add(low, double), size)
                first = compare(b, "eq", k, low)
                i, j = (_select(e, first, b.index(start), old) for start, old in zip((low, middle), carried, strict=True))
                left = [_load(e, t, _at(at, dim, b.min(i, size - 1))) for t in targets]
                right = [_load(e, t, _at(at, dim, b.min(j, size - 1))) for t in targets]
                before = _region(e, block, *(v for pair in zip(right, left, strict=True) for v in pair))[0]
                right_next = _bool(e, arith.AndIOp, compare(b, "ult", j, high), before)
                take = _bool(e, arith.OrIOp, compare(b, "uge", i, middle), right_next)
                for x, y, buffer in zip(left, right, merged, strict=True):
                    write(b, Tile(_select(e, take, y, x)), buffer, [Position(k)])
                moved = b.pure(arith.IndexCastUIOp, [take], [index_type]).results[0]
                return [b.index(b.add(i, b.sub(1, moved))), b.index(b.add(j, moved))]

            b.for_(0, size, 1, [b.index(0), b.index(0)], step)

            def copy_back(i: SSAValue) -> None:
                for buffer, target in zip(merged, targets, strict=True):
                    _store(e, read(b, buffer, [Position(i)]).value, target, _at(at, dim, i))

            _loop(e, size, copy_back)

        _loop(e, size, copy_in)
        _loop(e, ceil(log2(size)) if size > 1 else 0, merge_runs)

    _rows(e, extents, dim, tiling, workgroup, row)


def _in_order(group: Sequence[Piece], op) -> list[Piece]:
    """One piece for each result. Raises UnsupportedError if a result is not stored: it has nowhere to be."""
    by_result = {piece.value: piece for piece in group}
    if any(result not in by_result for result in op.results):
        hint = "supported: every result is stored to an output of the dispatch"
        raise UnsupportedError(f"'{op.name}' with a result that is used inside of its dispatch", location=location_of(op), hint=hint)
    return [by_result[result] for result in op.results]


def _scratch(e: Elements, element: Attribute, size: int, op) -> Buffer:
    buffer = allocate(e.builder, MemRefType(element, [size]))
    if buffer is None:
        raise UnsupportedError(f"'{op.name}' along {size} elements", location=location_of(op), hint="supported: rows of up to 4 MB")
    return buffer


# ---- scan --------------------------------------------------------------------------------------------------------------


def scan(e: Elements, dispatch: Dispatch, group: Sequence[Piece], tiling: Tiling, workgroup: Index) -> None:
    """Each row in order, carrying what has been combined so far."""
    op = group[0].value.owner
    assert isinstance(op, ext.ScanOp)
    stored = {piece.value: target_of(e, dispatch, piece) for piece in group}
    result, last = (stored.get(r) for r in op.results)
    if result is None:
        _in_order(group, op)
    dim, inclusive = op.dimension.value.data, bool(op.inclusive.value.data)
    extents = dispatch.extents(op.input)
    block = op.region.block

    def row(at: list[Index]) -> None:
        others = [p for d, p in enumerate(at) if d != dim]

        def step(k: SSAValue, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
            here = _at(at, dim, k)
            value = _element(e, op.input, here)
            following = _region(e, block, carried[0], value)[0]
            if inclusive:
                following = _select(e, compare(e.builder, "eq", k, 0), value, following)
            kept = following if inclusive else carried[0]
            if result is not None:
                _store(e, kept, result, here)
            return [following, kept]

        start = _element(e, op.accumulator, others)
        carried = e.builder.for_(0, extents[dim], 1, [start, start], step)
        if last is not None:  # the accumulator ends as what was stored last
            _store(e, carried[1], last, others)

    _rows(e, extents, dim, tiling, workgroup, row)


# ---- scatter -----------------------------------------------------------------------------------------------------------


def scatter(e: Elements, dispatch: Dispatch, group: Sequence[Piece], tiling: Tiling, workgroup: Index) -> None:
    """The original is copied, unless it is there already; then updates go in one after another. What lies outside is left out."""
    op = group[0].value.owner
    assert isinstance(op, ext.ScatterOp)
    target = target_of(e, dispatch, group[0])
    extents = dispatch.extents(op.original)
    updates = dispatch.extents(op.updates)
    dims = [int(d) for d in cast(DenseArrayBase[IntegerType], op.dimension_map).get_values()]
    index_rank = len(shape_of(op.indices))
    has_depth = index_rank > 0 and shape_of(op.indices)[-1] == len(dims)
    batch = index_rank - 1 if has_depth else index_rank
    b = e.builder

    def copy(at: list[Index]) -> None:
        _store(e, _element(e, op.original, at), target, at)

    def update(at: list[Index]) -> None:
        outer, inner = at[:batch], at[batch:]
        starts = [_element(e, op.indices, [*outer, k] if has_depth else outer) for k in range(len(dims))]
        position: list[Index] = [0] * (len(extents) - len(inner)) + inner
        inside: SSAValue | None = None
        for dim, start in zip(dims, starts, strict=True):
            number = b.pure(arith.IndexCastOp, [start], [index_type]).results[0] if start.type != index_type else start
            position[dim] = b.add(position[dim], number)
        for dim in dims:
            test = compare(b, "ult", position[dim], extents[dim])
            inside = test if inside is None else _bool(e, arith.AndIOp, inside, test)
        if op.mask is not None:
            wanted = _element(e, op.mask, outer)
            inside = wanted if inside is None else _bool(e, arith.AndIOp, inside, wanted)

        def combine() -> Sequence[SSAValue]:
            value = _element(e, op.updates, at)
            _store(e, _region(e, op.region.block, value, _load(e, target, position))[0], target, position)
            return []

        if inside is None:
            combine()
        else:
            b.if_(inside, [], combine, list)

    if not _is_in_place(op.original, group[0]):
        _everywhere(e, extents, copy)
    _everywhere(e, updates, update)


def _everywhere(e: Elements, extents: Sequence[Index], body: Callable[[list[Index]], None]) -> None:
    tiling = Tiling((0,) * len(extents), (1,) * len(extents), tuple(range(len(extents))))
    walk(e.builder, extents, tiling, 0, lambda at: body([p.base for p in at]))


def _is_in_place(original: SSAValue, piece: Piece) -> bool:
    """Whether the original is what the output's memory holds before."""
    load, store = original.owner, piece.store
    if not isinstance(load, DispatchTensorLoadOp) or DYNAMIC_INDEX in shape_of(original):
        return False
    same = load.source is store.target or binding_of(load.source) == binding_of(store.target)
    return same and is_whole(load, load.source) and is_whole(store, store.target)


SEQUENTIAL: dict[str, Lower] = {
    "iree_linalg_ext.sort": sort,
    "iree_linalg_ext.scan": scan,
    "iree_linalg_ext.scatter": scatter,
}
