"""Matrix multiplication in all its shapes, convolutions included: a register tile of accumulators, rows by vectors.

One factor is contiguous along a stored dimension and is loaded in vectors; the other does not depend on it and is broadcast element by
element, which costs nothing where an FMA takes a broadcast operand from memory. If neither is (B transposed, a matrix times a vector),
tiles are small and the reduction itself is stepped through in lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.lowering.reductions import reduction_steps
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import UNKNOWN_EXTENT, Plan
from pyrie.codegen.cpu.strategies.target import Stored, coefficient, comes_from_reduction, is_unit_stride, loop_extent, uses
from pyrie.codegen.cpu.structured import Structured
from pyrie.dialects import arith
from pyrie.support.shape import row_major_strides

MOST_ROWS = 8  # rows may be 4096 bytes apart, and L1 has 8 ways
MOST_SHARING_ROWS = 6  # if they are: the other operands need ways too
LATENCY = 8  # FMAs in flight that keep both units busy
LEAST_WORKGROUPS = 16  # where there is enough to do for each: a worker that comes late should cost others little
LEAST_STEPS = 1 << 20  # multiply-adds of a workgroup, about 20 us
MOST_STEPS = 1 << 24
INNER_ROWS, INNER_COLUMNS = 4, 4  # of a tile whose reduction is in lanes


@dataclass(frozen=True)
class Contraction:
    name: ClassVar[str] = "contraction"

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        root = stored.root
        if root is None or not is_contraction(root):
            return None
        column = stored.rank - 1
        loop = stored.loop_of.get(column)
        if loop is None:
            return None
        factors = [i for i in range(2) if is_unit_stride(root, i, loop) and not uses(root, 1 - i, loop)]
        if not factors:
            return self._inner_product(stored, root, machine)
        row = _row_dimension(stored, root, factors[0])
        most = MOST_ROWS
        if row is not None and _rows_share_sets(root, 1 - factors[0], stored.loop_of[row]):
            most = MOST_SHARING_ROWS
        if comes_from_reduction(root.inputs[1 - factors[0]]):
            row = None  # what is kept of it is kept a row at a time
        rows, columns = register_tile(stored.extents[row] if row is not None else 1, stored.extents[column], machine, most)
        lanes = tuple(rows if d == row else columns if d == column else 1 for d in range(stored.rank))
        outer = [d for d in range(stored.rank) if d not in (row, column)]
        order = (*outer, column, *(() if row is None else (row,)))
        blocks = self._blocks(stored, lanes, row)
        packed = factors[0] if row is not None and _pays_to_pack(stored, root, factors[0], row, lanes, blocks) else -1
        return Plan(self.name, Tiling(blocks, lanes, order), packed=packed)

    def _inner_product(self, stored: Stored, root: Structured, machine: Machine) -> Plan | None:
        """Rows of one factor times rows of the other, both contiguous along the reduction."""
        inner = root.reduction_dims[-1]
        if not all(is_unit_stride(root, i, inner) for i in range(2)):
            return None
        column = stored.rank - 1
        factor = next((i for i in range(2) if uses(root, i, stored.loop_of[column])), 0)
        row = _row_dimension(stored, root, factor)
        lanes = [1] * stored.rank
        lanes[column] = min(INNER_COLUMNS, stored.extents[column] or 1)
        if row is not None:
            lanes[row] = min(INNER_ROWS, stored.extents[row] or 1)
        tiling = Tiling(self._blocks(stored, tuple(lanes), row), tuple(lanes), tuple(range(stored.rank)))
        return Plan(self.name, tiling, VECTORS_OF_ROW * machine.lanes, machine.lanes)

    def _blocks(self, stored: Stored, lanes: tuple[int, ...], row: int | None) -> tuple[int, ...]:
        """Whole tensors if they are small; else halves of a dimension, in tiles, until there are enough workgroups of enough work.

        Outer dimensions are cut first, since their blocks share nothing, then columns, whose panels are then read by all rows, then rows.
        """
        sizes = [UNKNOWN_EXTENT if e is None else e for e in stored.extents]
        block = [-(-size // lane) * lane for size, lane in zip(sizes, lanes, strict=True)]
        steps = stored.reduced_extent()
        column = stored.rank - 1
        outer = [d for d in range(stored.rank) if d not in (row, column)]

        def workgroups() -> int:
            return prod(-(-size // b) for size, b in zip(sizes, block, strict=True))

        for dim in (*outer, column, *(() if row is None else (row,))):
            while block[dim] > lanes[dim]:
                work = prod(block) * steps
                if work <= 2 * LEAST_STEPS or (workgroups() >= LEAST_WORKGROUPS and work <= MOST_STEPS):
                    break
                block[dim] = -(-(block[dim] // lanes[dim]) // 2) * lanes[dim]
        return tuple(0 if e is not None and b >= e else b for e, b in zip(stored.extents, block, strict=True))


PAGE_BYTES = 4096
MOST_PANEL_BYTES = 512 << 10  # a worker's local memory is as large as its L2 in IREE's runtime
MOST_PAGES = 640  # that a panel may be spread over before translations miss (measured: 576 do no harm, 2304 halve the speed)
LEAST_PACKED_ROWS = 4  # tiles of rows that share a packed panel


def _rows_share_sets(root: Structured, factor: int, loop: int) -> bool:
    """Whether neighbours along `loop` are a multiple of a page apart in a factor, and so fall into the same sets of the L1 cache."""
    type = root.inputs[factor].type
    if not isinstance(type, TensorType) or DYNAMIC_INDEX in type.get_shape():
        return False
    strides = row_major_strides(type.get_shape())
    step = sum(coefficient(expr, loop) * stride for expr, stride in zip(root.maps[factor].results, strides, strict=True))
    return step > 0 and step * bits(type) // 8 % PAGE_BYTES == 0


def _pays_to_pack(stored: Stored, root: Structured, factor: int, row: int, lanes: tuple[int, ...], blocks: tuple[int, ...]) -> bool:
    """Whether a panel of the vector factor is worth copying: its rows share cache sets, or lie in too many pages."""
    type = root.inputs[factor].type
    rows = blocks[row] or stored.extents[row]
    if not isinstance(type, TensorType) or rows is None or rows < LEAST_PACKED_ROWS * lanes[row]:
        return False
    shape = type.get_shape()
    steps = stored.reduced_extent()
    if DYNAMIC_INDEX in shape or len(shape) < 2 or (root.maps[factor].num_dims and _extent_is_unknown(root)):
        return False
    stride = shape[-1] * bits(type) // 8
    panel = steps * lanes[-1] * bits(type) // 8
    pages = steps * min(1.0, stride / PAGE_BYTES)
    return panel <= MOST_PANEL_BYTES and (pages > MOST_PAGES or (stride % PAGE_BYTES == 0 and steps >= 64))


def _extent_is_unknown(root: Structured) -> bool:
    return any(loop_extent(root, d) is None for d in root.reduction_dims)


def bits(type: TensorType) -> int:
    return getattr(type.element_type, "bitwidth", 64)


VECTORS_OF_ROW = 4


def is_contraction(loops: Structured) -> bool:
    """Sums of products of two tensors."""
    steps = reduction_steps(loops)
    if steps is None or len(steps) != 1 or len(loops.inputs) != 2:
        return False
    product = steps[0].contribution.owner
    return isinstance(steps[0].op, arith.AddfOp | arith.AddiOp) and isinstance(product, arith.MulfOp | arith.MuliOp)


def _row_dimension(stored: Stored, root: Structured, vector_factor: int) -> int | None:
    """The innermost stored dimension that moves the other factor and leaves the vectors where they are."""
    for d in range(stored.rank - 2, -1, -1):
        loop = stored.loop_of.get(d)
        if loop is not None and stored.extents[d] != 1 and uses(root, 1 - vector_factor, loop) and not uses(root, vector_factor, loop):
            return d
    return None


def register_tile(rows: int | None, columns: int | None, machine: Machine, most_rows: int = MOST_ROWS) -> tuple[int, int]:
    """Rows and columns of the accumulators: of the tiles that fit in registers the one that wastes least on this shape."""
    best: tuple[float, int, int] | None = None
    for vectors in range(8, 0, -1):
        fitting = min(most_rows, (machine.vector_registers - 1 - vectors) // vectors)
        if fitting < 1 or (vectors > 4 and (rows is None or rows > 2)):
            continue
        height = fitting if rows is None else min(fitting, balanced(rows, fitting))
        width = vectors * machine.lanes
        cost = _cost(height, width, rows, columns, machine)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, height, width if columns is None else min(width, columns))
    assert best is not None
    return best[1], best[2]


def balanced(rows: int, most: int) -> int:
    """The height that cuts `rows` into the fewest tiles, as equal as can be."""
    return -(-rows // max(1, -(-rows // most)))


LOAD_COST = 0.05  # of a vector load or a broadcast that an FMA hides, in FMAs


def _cost(height: int, width: int, rows: int | None, columns: int | None, machine: Machine) -> float:
    """Cycles per element and reduction step: FMAs, or latency if there are too few of them, or loads. A partial tile costs what a whole one
    does."""
    total = columns or width
    widths = [width] * (total // width) + ([total % width] if total % width else [])
    cycles = 0.0
    for w in widths:
        vectors = -(-w // machine.lanes) + (0.5 if w % machine.lanes else 0.0)
        cycles += max(height * vectors, LATENCY, (height + vectors) * 1.25) + LOAD_COST * (height + vectors)
    tiles = 1.0 if rows is None else -(-rows // height) * height / rows
    return cycles * tiles / height / total
