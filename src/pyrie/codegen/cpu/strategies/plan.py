"""What a strategy decides, and how that is written on a function."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Protocol, cast

from xdsl.dialects.builtin import DenseArrayBase, DictionaryAttr, IntegerAttr, IntegerType, StringAttr, i64
from xdsl.ir import Attribute

from pyrie.codegen.cpu.lowering.nests import Tiling
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies.target import Stored

UNKNOWN_EXTENT = 256  # what a dynamic dimension is taken for when work is estimated


@dataclass(frozen=True)
class Plan:
    """A strategy's name, the tiling of a stored tensor, and the lanes in which reductions step through their innermost loop: `row_lanes`
    when the result is a scalar, `inner_lanes` when it is itself a tile (1: one by one). `packed` is the number of the root's input that is
    copied to scratch memory panel by panel, -1 for none."""

    strategy: str
    tiling: Tiling
    row_lanes: int = 1
    inner_lanes: int = 1
    packed: int = -1

    def attribute(self) -> DictionaryAttr:
        tiling = self.tiling
        return DictionaryAttr(
            {
                "strategy": StringAttr(self.strategy),
                "blocks": DenseArrayBase.from_list(i64, tiling.blocks),
                "lanes": DenseArrayBase.from_list(i64, tiling.lanes),
                "order": DenseArrayBase.from_list(i64, tiling.order),
                "row_lanes": IntegerAttr(self.row_lanes, i64),
                "inner_lanes": IntegerAttr(self.inner_lanes, i64),
                "packed": IntegerAttr(self.packed, i64),
            }
        )

    @staticmethod
    def from_attribute(attribute: Attribute) -> Plan:
        data = cast(DictionaryAttr, attribute).data
        numbers = [
            tuple(int(v) for v in cast(DenseArrayBase[IntegerType], data[name]).get_values()) for name in ("blocks", "lanes", "order")
        ]
        single = [cast(IntegerAttr, data[name]).value.data for name in ("row_lanes", "inner_lanes", "packed")]
        return Plan(cast(StringAttr, data["strategy"]).data, Tiling(*numbers), *single)


class Strategy(Protocol):
    """A way to cut stored tensors into tiles. A strategy holds no state."""

    name: ClassVar[str]

    def plan(self, stored: Stored, machine: Machine) -> Plan | None:
        """How to compute `stored`, None if this strategy is not for it."""
        ...


def blocks(extents: tuple[int | None, ...], lanes: tuple[int, ...], work: int) -> tuple[int, ...]:
    """Blocks of about `work` elements: inner dimensions whole, then a part of one in whole tiles, then one tile of each further out."""
    result = [0] * len(extents)
    inner = 1
    for dim in range(len(extents) - 1, -1, -1):
        extent = extents[dim]
        size = UNKNOWN_EXTENT if extent is None else extent
        if inner * size <= work and (extent is not None or dim == len(extents) - 1) and extent is not None:
            inner *= max(size, 1)
            continue
        tile = max(lanes[dim], 1)
        count = max(1, work // max(inner * tile, 1))
        result[dim] = tile * count
        inner *= min(result[dim], max(size, 1))
    return tuple(result)


def work_of(extents: tuple[int | None, ...]) -> int:
    """The number of elements, as far as it is known."""
    return prod(UNKNOWN_EXTENT if e is None else e for e in extents)
