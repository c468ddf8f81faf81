"""Elementwise ops, broadcasts, transposes and conversions: vectors along the dimension that is contiguous where it is stored.

If an operand is contiguous along another dimension, tiles are squares, transposed in registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.plan import Plan, blocks
from pyrie.codegen.cpu.strategies.target import Stored, dimension

CHEAP_WORK = 32768  # elements of a workgroup: some 10 us of memory traffic
EXPENSIVE_WORK = 8192  # with exponentials and the like
VECTORS = 4  # in a tile: enough independent work to hide latencies


@dataclass(frozen=True)
class Pointwise:
    name: ClassVar[str] = "pointwise"

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        if not stored.rank or stored.root is not None:
            return None
        lanes = contiguous_lanes(stored.extents, machine)
        other = _transposed_dim(stored)
        if other is not None:
            lanes = tuple(
                min(machine.lanes, stored.extents[d] or machine.lanes) if d in (other, stored.rank - 1) else 1 for d in range(stored.rank)
            )
        work = EXPENSIVE_WORK if stored.expensive else CHEAP_WORK
        return Plan(self.name, Tiling(blocks(stored.extents, lanes, work), lanes, tuple(range(stored.rank))), row_lanes=1)


def contiguous_lanes(extents: tuple[int | None, ...], machine: Machine, vectors: int = VECTORS) -> tuple[int, ...]:
    """Lanes along the last dimension that is not 1."""
    lanes = [1] * len(extents)
    for dim in range(len(extents) - 1, -1, -1):
        extent = extents[dim]
        if extent == 1:
            continue
        lanes[dim] = 2 * machine.lanes if extent is None else max(1, min(extent, vectors * machine.lanes))
        break
    return tuple(lanes)


def _transposed_dim(stored: Stored) -> int | None:
    """A stored dimension, not the last, along which an operand of the same rank is contiguous."""
    top = stored.top
    if top is None or stored.rank < 2:
        return None
    place = {dimension(expr): d for d, expr in enumerate(top.init_maps[0].results)}
    for map in top.input_maps:
        last = dimension(map.results[-1]) if map.results else None
        d = place.get(last)
        if last is not None and d is not None and d != stored.rank - 1 and place.get(None) is None:
            inner = [dimension(expr) for expr in map.results]
            if any(place.get(i) == stored.rank - 1 for i in inner if i is not None):
                return d
    return None
