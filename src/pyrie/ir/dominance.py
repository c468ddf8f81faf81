"""Which block every path from the entry must pass: dominators of a region's blocks, computed on demand."""

from __future__ import annotations

from xdsl.ir import Block, Operation, OpResult, Region, SSAValue


class Dominance:
    """Answers for IR that does not change meanwhile."""

    def __init__(self) -> None:
        self._immediate: dict[Region, dict[Block, Block | None]] = {}
        self._positions: dict[Block, dict[Operation, int]] = {}

    def value_dominates(self, value: SSAValue, user: Operation) -> bool:
        """Whether `value` is defined on every path to `user`; ops of graph regions (no order) do not occur here."""
        if isinstance(value, OpResult):
            definition = value.op
            block = definition.parent
            if block is None:
                return False
            at = user if user.parent is block else block.find_ancestor_op_in_block(user) if _below(user, block) else None
            if at is not None:
                return at is not definition and self._position(definition) < self._position(at)
        else:
            block = value.owner
            if not isinstance(block, Block):
                return False
            if user.parent is block or _below(user, block):
                return True
        ancestor = _ancestor_in_region(user, block.parent)
        return ancestor is not None and self.block_dominates(block, ancestor)

    def block_dominates(self, above: Block, below: Block) -> bool:
        """Whether every path from the entry of their region to `below` passes `above`; unreachable blocks are dominated by all."""
        region = below.parent
        assert region is not None
        immediate = self.dominators(region)
        if below not in immediate:
            return True
        current: Block | None = below
        while current is not None:
            if current is above:
                return True
            current = immediate.get(current)
        return False

    def dominators(self, region: Region) -> dict[Block, Block | None]:
        """Immediate dominator of each reachable block; None for the entry."""
        known = self._immediate.get(region)
        if known is None:
            known = self._immediate[region] = _immediate_dominators(region)
        return known

    def _position(self, op: Operation) -> int:
        block = op.parent
        assert block is not None
        positions = self._positions.get(block)
        if positions is None:
            positions = self._positions[block] = {o: i for i, o in enumerate(block.ops)}
        return positions[op]


def _below(op: Operation, block: Block) -> bool:
    current: Block | None = op.parent
    while current is not None:
        if current is block:
            return True
        parent = current.parent_op()
        current = parent.parent if parent is not None else None
    return False


def _ancestor_in_region(op: Operation, region: Region | None) -> Block | None:
    current: Block | None = op.parent
    while current is not None and current.parent is not region:
        parent = current.parent_op()
        current = parent.parent if parent is not None else None
    return current


def successors_of(block: Block) -> tuple[Block, ...]:
    """The blocks the terminator of `block` may go to."""
    last = block.last_op
    return tuple(last.successors) if last is not None else ()


def reverse_post_order(region: Region) -> list[Block]:
    """The reachable blocks, each after the blocks that lead to it but for loops; the entry first."""
    entry = region.blocks.first
    if entry is None:
        return []
    order: list[Block] = []
    seen = {entry}
    stack = [(entry, iter(successors_of(entry)))]
    while stack:
        block, successors = stack[-1]
        following = next((s for s in successors if s not in seen), None)
        if following is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(successors_of(following))))
    return order[::-1]


def _immediate_dominators(region: Region) -> dict[Block, Block | None]:
    order = reverse_post_order(region)
    if not order:
        return {}
    index = {block: i for i, block in enumerate(order)}
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for successor in successors_of(block):
            predecessors[successor].append(block)
    found: dict[Block, Block] = {order[0]: order[0]}

    def meet(a: Block, b: Block) -> Block:
        while a is not b:
            while index[a] > index[b]:
                a = found[a]
            while index[b] > index[a]:
                b = found[b]
        return a

    changed = True
    while changed:  # Cooper, Harvey and Kennedy: a few rounds suffice in reverse post order
        changed = False
        for block in order[1:]:
            known = [p for p in predecessors[block] if p in found]
            best = known[0]
            for other in known[1:]:
                best = meet(best, other)
            if found.get(block) is not best:
                found[block] = best
                changed = True
    return {block: None if block is order[0] else found[block] for block in order}
