"""Reductions: along rows (sums, softmax, layer norm: lanes along the row, combined at the end) or down columns (pooling, depthwise
convolution: lanes along what is stored)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import Plan, blocks
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
        steps = stored.reduced_extent()
        in_row = last is None and bool(stored.rank)
        work = max(1, WORK if in_row else WORK // steps)
        return Plan(self.name, Tiling(blocks(stored.extents, lanes, work), lanes, tuple(range(stored.rank))), VECTORS * machine.lanes)
