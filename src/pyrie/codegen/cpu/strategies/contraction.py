"""Matrix multiplication in all its shapes, convolutions included: a register tile of accumulators, rows by vectors.

One factor is contiguous along a stored dimension and is loaded in vectors; the other does not depend on it and is broadcast element by
element, which costs nothing where an FMA takes a broadcast operand from memory. If neither is (B transposed, a matrix times a vector),
tiles are small and the reduction itself is stepped through in lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.lowering.reductions import reduction_steps
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import UNKNOWN_EXTENT, Plan
from pyrie.codegen.cpu.strategies.target import Stored, is_unit_stride, uses
from pyrie.codegen.cpu.structured import Structured
from pyrie.dialects import arith

MOST_ROWS = 8  # rows may be 4096 bytes apart, and L1 has 8 ways
LATENCY = 8  # FMAs in flight that keep both units busy
LEAST_WORKGROUPS = 8  # where there is enough to do for each
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
        rows, columns = register_tile(stored.extents[row] if row is not None else 1, stored.extents[column], machine)
        lanes = tuple(rows if d == row else columns if d == column else 1 for d in range(stored.rank))
        outer = [d for d in range(stored.rank) if d not in (row, column)]
        order = (*outer, column, *(() if row is None else (row,)))
        return Plan(self.name, Tiling(self._blocks(stored, lanes), lanes, order))

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
        tiling = Tiling(self._blocks(stored, tuple(lanes)), tuple(lanes), tuple(range(stored.rank)))
        return Plan(self.name, tiling, VECTORS_OF_ROW * machine.lanes, machine.lanes)

    def _blocks(self, stored: Stored, lanes: tuple[int, ...]) -> tuple[int, ...]:
        """Whole tensors if they are small; else halves of a dimension, in tiles, until there are enough workgroups of enough work."""
        sizes = [UNKNOWN_EXTENT if e is None else e for e in stored.extents]
        block = [-(-size // lane) * lane for size, lane in zip(sizes, lanes, strict=True)]
        steps = stored.reduced_extent()

        def workgroups() -> int:
            return prod(-(-size // b) for size, b in zip(sizes, block, strict=True))

        while True:
            work = prod(block) * steps
            if work <= 2 * LEAST_STEPS or (workgroups() >= LEAST_WORKGROUPS and work <= MOST_STEPS):
                break
            # outer dimensions first: their blocks share nothing
            dim = next((d for d in range(stored.rank - 2) if block[d] > lanes[d]), None)
            if dim is None:
                dim = max(range(stored.rank), key=lambda d: block[d] // lanes[d])
            if block[dim] <= lanes[dim]:
                break
            block[dim] = -(-(block[dim] // lanes[dim]) // 2) * lanes[dim]
        return tuple(0 if e is not None and b >= e else b for e, b in zip(stored.extents, block, strict=True))


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


def register_tile(rows: int | None, columns: int | None, machine: Machine) -> tuple[int, int]:
    """Rows and columns of the accumulators: of the tiles that fit in registers the one that wastes least on this shape."""
    best: tuple[float, int, int] | None = None
    for vectors in range(1, 9):
        fitting = min(MOST_ROWS, (machine.vector_registers - 1 - vectors) // vectors)
        if fitting < 1 or (vectors > 4 and (rows is None or rows > 2)):
            continue
        height = fitting if rows is None else min(fitting, balanced(rows, fitting))
        width = vectors * machine.lanes
        cost = _cost(height, width, columns, machine)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, height, width if columns is None else min(width, columns))
    assert best is not None
    return best[1], best[2]


def balanced(rows: int, most: int) -> int:
    """The height that cuts `rows` into the fewest tiles, as equal as can be."""
    return -(-rows // max(1, -(-rows // most)))


def _cost(height: int, width: int, columns: int | None, machine: Machine) -> float:
    """Cycles per row and reduction step over all columns: FMAs, or latency if there are too few of them, or loads."""
    total = columns or width
    widths = [width] * (total // width) + ([total % width] if total % width else [])
    cycles = 0.0
    for w in widths:
        vectors = -(-w // machine.lanes) + (0.5 if w % machine.lanes else 0.0)
        cycles += max(height * vectors, LATENCY, (height + vectors) * 1.25)
    return cycles / height / total
