"""Computes equal things once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, UnregisteredOp
from xdsl.ir import Block, Operation, Region
from xdsl.traits import IsolatedFromAbove, IsTerminator

from pyrie.ir.context import Context
from pyrie.ir.dominance import Dominance
from pyrie.ir.effects import is_pure, is_trivially_dead, may_write, only_reads
from pyrie.ir.passes import ModulePass

Key = tuple[object, ...]
Scope = dict[Key, Operation]


def eliminate_common_subexpressions(root: Operation) -> bool:
    """Replaces each op by an equal one that dominates it. Returns whether any was."""
    state = _State()
    for region in root.regions:
        state.region(region, [])
    return state.changed


class _State:
    def __init__(self) -> None:
        self.changed = False
        self._dominance = Dominance()
        self._writes: dict[Operation, int] = {}  # for a kept read: how many writes its block had seen

    def region(self, region: Region, scopes: list[Scope]) -> None:
        if region.blocks.first is region.blocks.last:
            if region.blocks.first is not None:
                self._block(region.blocks.first, [*scopes, {}])
            return
        children: dict[Block, list[Block]] = {}
        for block, parent in self._dominance.dominators(region).items():
            if parent is not None:
                children.setdefault(parent, []).append(block)
        stack = [(region.blocks[0], scopes)]
        while stack:
            block, visible = stack.pop()
            inside = [*visible, {}]
            self._block(block, inside)
            stack += [(child, inside) for child in reversed(children.get(block, []))]

    def _block(self, block: Block, scopes: list[Scope]) -> None:
        writes = 0
        for op in list(block.ops):
            if is_trivially_dead(op):
                op.detach()
                op.erase()
                self.changed = True
                continue
            isolated = op.has_trait(IsolatedFromAbove, value_if_unregistered=True)
            for region in op.regions:
                self.region(region, [] if isolated else scopes)
            if may_write(op):
                writes += 1
            elif op.results and not op.has_trait(IsTerminator, value_if_unregistered=True):
                self._visit(op, scopes, writes)

    def _visit(self, op: Operation, scopes: list[Scope], writes: int) -> None:
        pure = is_pure(op)
        if (not pure and not only_reads(op)) or any(region.blocks.first is not region.blocks.last for region in op.regions):
            return
        key = _key(op)
        known = next((scope[key] for scope in reversed(scopes) if key in scope), None)
        if known is not None and (pure or (known.parent is op.parent and self._writes[known] == writes)):
            for old, new in zip(op.results, known.results, strict=True):
                old.replace_all_uses_with(new)
            op.detach()
            op.erase()
            self.changed = True
            return
        scopes[-1][key] = op
        self._writes[op] = writes


def _key(op: Operation) -> Key:
    """Equal for ops that compute the same: class, operands, attributes, result types and, op by op, regions."""
    if not op.regions:
        return (_name(op), tuple(op.operands), _attributes(op), tuple(result.type for result in op.results))
    numbers: dict[object, int] = {}
    return tuple(_structure(op, numbers))


def _structure(op: Operation, numbers: dict[object, int]) -> Iterator[object]:
    yield _name(op)
    yield tuple(numbers.get(operand, operand) for operand in op.operands)
    yield _attributes(op)
    for result in op.results:
        yield result.type
        numbers[result] = len(numbers)
    for region in op.regions:
        for block in region.blocks:
            yield "block"
            for argument in block.args:
                yield argument.type
                numbers[argument] = len(numbers)
            for inner in block.ops:
                yield from _structure(inner, numbers)


def _name(op: Operation) -> object:
    return op.op_name.data if isinstance(op, UnregisteredOp) else type(op)


def _attributes(op: Operation) -> Key:
    return (frozenset(op.properties.items()), frozenset(op.attributes.items()))


@dataclass(frozen=True)
class CSE(ModulePass):
    """Replaces an op by an equal one that ran before on every path.

    before:  %0 = arith.addi %a, %b : i32      after:  %0 = arith.addi %a, %b : i32
             %1 = arith.addi %a, %b : i32              (uses of %1 read %0)

    Legal for pure ops anywhere below the first in the dominator tree, and for ops that only read if nothing in between, in the same
    block, may write.
    """

    name = "cse"

    def apply(self, context: Context, module: ModuleOp) -> None:
        eliminate_common_subexpressions(module)
