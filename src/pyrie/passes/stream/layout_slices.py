"""iree-stream-layout-slices: slices of a slab get their offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from pyrie.dialects import stream
from pyrie.dialects.folding import constant_int
from pyrie.dialects.stream.types import HOST_CONFIG
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import Emitter, host_functions, replace
from pyrie.support.shape import align


@dataclass(frozen=True)
class LayoutSlices(ModulePass):
    """Resolves `stream.resource.pack`.

    before:  %size, %o:2 = stream.resource.pack slices({[0, 1] = %c128, [2, 3] = %c64})
    after:   %size = 128, %o#0 = 0, %o#1 = 0

    Slices whose size is a constant go, largest first, to the lowest offset at which they overlap no slice that lives at the same time.
    Those of one dynamic size share lanes of that size behind them, each lane used by one at a time. Legal because only slices with
    disjoint lifetimes share bytes. All offsets are multiples of `alignment`.
    """

    name = "iree-stream-layout-slices"

    alignment: int = HOST_CONFIG.alignment

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in list(function.walk()):
                if isinstance(op, stream.ResourcePackOp):
                    self._resolve(op)

    def _resolve(self, op: stream.ResourcePackOp) -> None:
        emitter = Emitter(op)
        numbers = [number.value.data for number in op.lifetime_intervals]
        slices = [Slice(i, numbers[2 * i], numbers[2 * i + 1], size, constant_int(size)) for i, size in enumerate(op.dynamic_slice_sizes)]
        offsets: dict[int, SSAValue] = {}
        static, total = place_static([s for s in slices if s.bytes is not None], self.alignment)
        for s, offset in static.items():
            offsets[s] = emitter.constant(offset)
        end = emitter.constant(total)
        for lane in assign_lanes([s for s in slices if s.bytes is None]):
            for s in lane:
                offsets[s.number] = end
            end = emitter.add(end, emitter.align(lane[0].size, self.alignment))
        placed = [offsets[i] for i in range(len(slices))]
        if op.offset is not None:
            placed = [emitter.add(offset, op.offset) for offset in placed]
        replace(op, [end, *placed])


class Slice(NamedTuple):
    """A slice and the closed interval of steps in which it lives; `bytes` when its size is a constant."""

    number: int
    first: int
    last: int
    size: SSAValue
    bytes: int | None

    def meets(self, other: Slice) -> bool:
        return self.first <= other.last and other.first <= self.last


def place_static(slices: Sequence[Slice], alignment: int) -> tuple[dict[int, int], int]:
    """Offsets by slice number, and the size of the slab."""
    placed: list[tuple[int, int, Slice]] = []  # sorted by offset: (offset, end, slice)
    total = 0
    for s in sorted(slices, key=lambda s: (-(s.bytes or 0), s.number)):
        offset, length = 0, align(s.bytes or 0, alignment)
        for start, end, other in placed:
            if start >= offset + length:
                break
            if s.meets(other) and end > offset:
                offset = end
        placed.append((offset, offset + length, s))
        placed.sort(key=lambda row: row[:2])
        total = max(total, offset + length)
    return {s.number: offset for offset, _, s in placed}, total


def assign_lanes(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Groups slices of the same size so that no two of a group live at the same time."""
    lanes: list[list[Slice]] = []
    for s in sorted(slices, key=lambda s: (s.first, s.number)):
        lane = next((lane for lane in lanes if lane[0].size is s.size and not lane[-1].meets(s)), None)
        if lane is None:
            lanes.append([s])
        else:
            lane.append(s)
    return lanes
