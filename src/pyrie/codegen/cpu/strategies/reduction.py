"""Reductions: along rows (sums, softmax, layer norm: lanes along the row, combined at the end) or down columns (pooling, depthwise
convolution: lanes along what is stored)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import Plan, blocks, work_of
from pyrie.codegen.cpu.strategies.pointwise import VECTORS, contiguous_lanes
from pyrie.codegen.cpu.strategies.target import Stored, is_unit_stride

WORK = 32768  # elements read by a workgroup
COLUMN_VECTORS = 4  # accumulators of a column reduction


@dataclass(frozen=True)
class Reduction:
    name: ClassVar[str] = "reduction"

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        root = stored.root
        if root is None:
            return None
        last = stored.loop_of.get(stored.rank - 1)
        contiguous = last is None or any(is_unit_stride(root, i, last) for i in range(len(root.inputs)))
        if stored.rank and contiguous:
            lanes = contiguous_lanes(stored.extents, machine, COLUMN_VECTORS)
        else:
            lanes = (1,) * stored.rank
        # dimensions that the reduction does not have come last and are never cut: a reduction is computed once for all of them
        own = [d for d in range(stored.rank) if d in stored.loop_of]
        shared = [d for d in range(stored.rank) if d not in stored.loop_of]
        steps = max(stored.reduced_extent(), work_of(tuple(stored.extents[d] for d in shared)))
        cut = dict(zip(own, blocks(_only(stored.extents, own), _only(lanes, own), max(1, WORK // steps)), strict=True))
        tiling = Tiling(tuple(cut.get(d, 0) for d in range(stored.rank)), lanes, (*own, *shared))
        return Plan(self.name, tiling, VECTORS * machine.lanes)


def _only(values: tuple, dims: list[int]) -> tuple:
    return tuple(values[d] for d in dims)
