"""Which values of a `vm.func` are alive where: across blocks as sets, and as one interval each over the order of the text."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import Block, Operation, Region, SSAValue

from pyrie.dialects import vm

Edge = tuple[Block, int, int]  # target; first and last + 1 of the operands that it receives

_BRANCHES = (vm.BranchOp, vm.YieldOp, vm.BreakOp)


def edges(op: Operation) -> list[Edge]:
    """Where a terminator leads and which of its operands go along. The results of a yieldable call are no operands."""
    match op:
        case vm.CondBranchOp():
            middle = 1 + len(op.true_operands)
            return [(op.true_dest, 1, middle), (op.false_dest, middle, len(op.operands))]
        case vm.BranchTableOp():
            start = 1 + len(op.default_operands)
            found = [(op.default_dest, 1, start)]
            for block, operands in op.cases():
                found.append((block, start, start + len(operands)))
                start += len(operands)
            return found
        case vm.CondBreakOp():
            return [(op.dest, 1, len(op.operands))]
        case vm.CallYieldableOp() | vm.CallVariadicYieldableOp():
            return [(op.dest, 0, 0)]
        case _:
            return [(op.successors[0], 0, len(op.operands))] if isinstance(op, _BRANCHES) else []


@dataclass(slots=True)
class Interval:
    """Positions from the definition of a value to its last use, both included."""

    value: SSAValue
    start: int
    end: int


@dataclass(slots=True)
class Liveness:
    """`live_in` and `live_out` are sets of values as integers, with a bit for each value that is used in another block than its own."""

    bit: dict[SSAValue, int] = field(default_factory=dict)
    live_in: dict[Block, int] = field(default_factory=dict)
    live_out: dict[Block, int] = field(default_factory=dict)
    intervals: dict[SSAValue, Interval] = field(default_factory=dict)

    def is_live_in(self, value: SSAValue, block: Block) -> bool:
        return bool(self.live_in[block] & self.bit.get(value, 0))

    def is_live_out(self, value: SSAValue, block: Block) -> bool:
        return bool(self.live_out[block] & self.bit.get(value, 0))


def analyze(region: Region) -> Liveness:
    """Computes the liveness of all values of a function's body."""
    liveness = Liveness()
    defined: dict[Block, int] = dict.fromkeys(region.blocks, 0)
    used: dict[Block, int] = {}  # of what other blocks define
    for block in region.blocks:
        used[block] = 0
        for op in block.ops:
            for operand in op.operands:
                home = operand.owner if isinstance(operand.owner, Block) else operand.owner.parent
                if home is not block and home is not None:
                    if operand not in liveness.bit:
                        liveness.bit[operand] = 1 << len(liveness.bit)
                        defined[home] |= liveness.bit[operand]
                    used[block] |= liveness.bit[operand]
    _spread(liveness, region, defined, used)
    _measure(liveness, region)
    return liveness


def _spread(liveness: Liveness, region: Region, defined: dict[Block, int], used: dict[Block, int]) -> None:
    """Alive at a block's end: what any successor wants. Alive at its start: what it uses, and what passes through."""
    blocks = list(region.blocks)
    predecessors: dict[Block, list[Block]] = {b: [] for b in blocks}
    for block in blocks:
        for successor in block.last_op.successors if block.last_op else ():
            predecessors[successor].append(block)
    liveness.live_in, liveness.live_out = dict(used), dict.fromkeys(blocks, 0)
    pending = blocks
    while pending:
        block = pending.pop()
        for before in predecessors[block]:
            out = liveness.live_out[before] | liveness.live_in[block]
            if out != liveness.live_out[before]:
                liveness.live_out[before] = out
                liveness.live_in[before] = used[before] | out & ~defined[before]
                pending.append(before)


def _measure(liveness: Liveness, region: Region) -> None:
    intervals = liveness.intervals
    values = list(liveness.bit)
    position = 0
    for block in region.blocks:
        start = position
        for argument in block.args:
            intervals[argument] = _widened(intervals.get(argument), argument, start)
        for op in block.ops:
            position += 1
            for value in (*op.operands, *op.results):
                intervals[value] = _widened(intervals.get(value), value, position)
        position += 1
        for alive, at in ((liveness.live_in[block], start), (liveness.live_out[block], position)):
            while alive:
                value = values[(alive & -alive).bit_length() - 1]
                intervals[value] = _widened(intervals.get(value), value, at)
                alive &= alive - 1
        position += 1


def _widened(interval: Interval | None, value: SSAValue, position: int) -> Interval:
    if interval is None:
        return Interval(value, position, position)
    interval.start, interval.end = min(interval.start, position), max(interval.end, position)
    return interval
