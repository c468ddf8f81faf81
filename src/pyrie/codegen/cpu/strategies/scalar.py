"""One element after another: for what no tile fits. Accepts everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import Plan, blocks
from pyrie.codegen.cpu.strategies.target import Stored

WORK = 16384  # elements and reduction steps of a workgroup: about a nanosecond each


@dataclass(frozen=True)
class ScalarNest:
    name: ClassVar[str] = "scalar"

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        lanes = (1,) * stored.rank
        work = max(1, WORK // stored.reduced_extent())
        return Plan(self.name, Tiling(blocks(stored.extents, lanes, work), lanes, tuple(range(stored.rank))))
