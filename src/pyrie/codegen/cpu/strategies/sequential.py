"""Sorts and scans: rows are independent, each is done by one workgroup. Scatters: one workgroup does all, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.lowering.sequential import SEQUENTIAL
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import Plan, blocks
from pyrie.codegen.cpu.strategies.target import Stored
from pyrie.dialects.iree_linalg_ext import SortOp

WORK = 4096  # elements of a workgroup


@dataclass(frozen=True)
class Sequential:
    name: ClassVar[str] = "sequential"

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        if stored.op is None or stored.op.name not in SEQUENTIAL:
            return None
        lanes, order = (1,) * stored.rank, tuple(range(stored.rank))
        cut = (0,) * stored.rank
        if isinstance(stored.op, SortOp) and stored.rank:
            dim = stored.op.dimension.value.data
            whole = tuple(1 if d == dim else extent for d, extent in enumerate(stored.extents))
            work = max(1, WORK // (stored.extents[dim] or WORK))
            cut = tuple(0 if d == dim else block for d, block in enumerate(blocks(whole, lanes, work)))
        return Plan(self.name, Tiling(cut, lanes, order))
