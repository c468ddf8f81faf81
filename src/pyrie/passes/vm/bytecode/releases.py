"""Where references die without being moved: there the bytecode must release their registers.

IREE's VM cleans up a frame only when a call fails; after a normal return each reference register has to be empty. `vm.discard.refs` in the
text does part of it, moves do most, this does the rest, so that text without any discards is right too. It works on registers, after they
are allocated: by then it is known which of them already hold the next value.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Block, Operation, Region, SSAValue

from pyrie.dialects import vm
from pyrie.passes.vm.bytecode.liveness import Liveness, edges


class Releases:
    """Answers for one function which registers to release at the start of a block and after an op."""

    def __init__(self, body: Region, liveness: Liveness, registers: dict[SSAValue, int]):
        self._liveness, self._registers = liveness, registers
        self._predecessors: dict[Block, list[Block]] = {b: [] for b in body.blocks}
        self._last_use: dict[SSAValue, Operation] = {}  # within the block of the use
        for block in body.blocks:
            for successor in dict.fromkeys(block.last_op.successors if block.last_op else ()):
                self._predecessors[successor].append(block)
        self._references = [v for v in liveness.bit if vm.is_reference(v.type)]

    def enter(self, block: Block) -> None:
        """Prepares for the ops of `block`."""
        self._last_use = {v: op for op in block.ops for v in op.operands}

    def at_start(self, block: Block) -> list[int]:
        """What dies on the way into a block, and arguments that nobody wants."""
        alive = [v for v in self._references if self._liveness.is_live_in(v, block)]
        wanted = [a for a in block.args if a.first_use is not None]
        occupied = {self._registers[v] for v in (*alive, *wanted)}
        dead = [a for a in block.args if a.first_use is None]
        for before in self._predecessors[block]:
            dead += self._dead_on_edge(before, block)
        return self._releasable(dead, occupied)

    def _dead_on_edge(self, before: Block, block: Block) -> list[SSAValue]:
        terminator = before.last_op
        assert terminator is not None
        targets = edges(terminator)
        forwarded = {v for _, first, end in targets for v in terminator.operands[first:end]}
        here = [set(terminator.operands[first:end]) for target, first, end in targets if target is block]
        taken_along = set.intersection(*here) if here else set()  # moved, whichever of the edges is taken
        candidates = {*(v for v in self._references if self._liveness.is_live_out(v, before)), *forwarded}
        dead = (v for v in candidates if v not in taken_along and not self._liveness.is_live_in(v, block))
        return sorted(dead, key=self._registers.__getitem__)

    def after(self, op: Operation, moved: set[SSAValue]) -> list[int]:
        """What an op inside of a block reads for the last time and does not take, and results that nobody wants."""
        block = op.parent
        if block is None or op is block.last_op:
            return []
        dead = [r for r in op.results if r.first_use is None]
        if not isinstance(op, vm.DiscardRefsOp):
            ending = dict.fromkeys(v for v in op.operands if self._last_use[v] is op and not self._liveness.is_live_out(v, block))
            dead += [v for v in ending if v not in moved]
        return self._releasable(dead, {self._registers[r] for r in op.results if r.first_use is not None})

    def _releasable(self, dead: Iterable[SSAValue], occupied: set[int]) -> list[int]:
        registers = dict.fromkeys(self._registers[v] for v in dead if vm.is_reference(v.type))
        return [r for r in registers if r not in occupied]
