"""Branches: which values a terminator hands to the arguments of each successor, and the simplifications of a region's blocks."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, i32
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

from pyrie.ir.dominance import reverse_post_order, successors_of

# Branch ops -> the first of their operand segments that belongs to a successor. Segment `first + i` feeds successor i; ops without
# `operandSegmentSizes` have one successor, fed by all operands from `first` on.
BRANCHES: dict[str, int] = {"cf.br": 0, "cf.cond_br": 1, "vm.br": 0, "vm.cond_br": 1}


def _segments(op: Operation) -> list[int] | None:
    sizes = op.properties.get("operandSegmentSizes") or op.attributes.get("operandSegmentSizes")
    return list(sizes.get_values()) if isinstance(sizes, DenseArrayBase) else None  # pyright: ignore[reportReturnType, reportAttributeAccessIssue]


def _span(op: Operation, index: int) -> tuple[int, int]:
    """Positions [first, last) among the operands of what goes to successor `index`."""
    first = BRANCHES[op.name]
    sizes = _segments(op)
    if sizes is None:
        return first, len(op.operands)
    start = sum(sizes[: first + index])
    return start, start + sizes[first + index]


def is_branch(op: Operation | None) -> bool:
    """Whether `successor_operands` can tell what the op hands on."""
    return op is not None and op.name in BRANCHES


def successor_operands(op: Operation, index: int) -> Sequence[SSAValue]:
    """What branch `op` hands to the arguments of its successor `index`."""
    start, end = _span(op, index)
    return op.operands[start:end]


def set_successor_operands(op: Operation, index: int, values: Sequence[SSAValue]) -> None:
    """Replaces what branch `op` hands to its successor `index`."""
    start, end = _span(op, index)
    sizes = _segments(op)
    op.operands = [*op.operands[:start], *values, *op.operands[end:]]
    if sizes is not None:
        sizes[BRANCHES[op.name] + index] = len(values)
        holder = op.properties if "operandSegmentSizes" in op.properties else op.attributes
        holder["operandSegmentSizes"] = DenseArrayBase.from_list(i32, sizes)


def incoming(block: Block) -> list[tuple[Operation, int]] | None:
    """Each edge into `block` as (branch, successor index); None if some terminator is not a known branch."""
    region = block.parent
    assert region is not None
    edges: list[tuple[Operation, int]] = []
    for other in region.blocks:
        for index, successor in enumerate(successors_of(other)):
            if successor is block:
                last = other.last_op
                if last is None or not is_branch(last):
                    return None
                edges.append((last, index))
    return edges


def simplify_region(region: Region) -> bool:
    """Drops unreachable blocks and arguments that every edge gives the same value or nobody reads; joins blocks in a row.

    Returns whether anything changed. Legal because no path of the control flow is added or taken away.
    """
    changed = _erase_unreachable(region)
    if region.blocks.first is region.blocks.last:
        return changed
    again = True
    while again:
        again = _simplify_arguments(region) | _merge_chains(region)
        changed |= again
    return changed


def _erase_unreachable(region: Region) -> bool:
    blocks = list(region.blocks)
    if len(blocks) < 2:
        return False
    reachable = set(reverse_post_order(region))
    dead = [block for block in blocks if block not in reachable]
    for block in dead:
        for op in block.ops:
            op.drop_all_references()
    for block in dead:
        for op in block.ops:
            for result in op.results:
                result.erase(safe_erase=False)
    for block in dead:
        region.detach_block(block)
        block.erase(safe_erase=False)
    return bool(dead)


def _simplify_arguments(region: Region) -> bool:
    changed = False
    for block in list(region.blocks)[1:]:
        if not block.args:
            continue
        edges = incoming(block)
        if not edges:
            continue
        for argument in reversed(block.args):
            values = {successor_operands(op, index)[argument.index] for op, index in edges} - {argument}
            if argument.first_use is not None and not (len(values) == 1 and _reaches(next(iter(values)), block)):
                continue
            if argument.first_use is not None:
                argument.replace_all_uses_with(values.pop())
            _erase_argument(argument, edges)
            changed = True
    return changed


def _reaches(value: SSAValue, block: Block) -> bool:
    """Whether `value`, handed over by every edge, is defined wherever `block` is reached from: then it dominates the block."""
    from pyrie.ir.dominance import Dominance

    first = block.first_op
    return first is not None and Dominance().value_dominates(value, first)


def _erase_argument(argument: BlockArgument, edges: Sequence[tuple[Operation, int]]) -> None:
    block, position = argument.block, argument.index
    for op, index in edges:
        values = list(successor_operands(op, index))
        del values[position]
        set_successor_operands(op, index, values)
    block.erase_arg(argument)


def _merge_chains(region: Region) -> bool:
    """A block that ends in an unconditional branch swallows the block it leads to, if nothing else leads there."""
    changed = False
    block = region.blocks.first
    while block is not None:
        last = block.last_op
        if is_branch(last) and last is not None and len(last.successors) == 1 and len(last.operands) == len(successor_operands(last, 0)):
            target = last.successors[0]
            edges = incoming(target)
            if target is not block and target is not region.blocks.first and edges is not None and len(edges) == 1:
                values = list(last.operands)
                last.detach()
                last.erase()
                _swallow(block, target, values)
                changed = True
                continue  # the longer block may go on
        block = block.next_block
    return changed


def _swallow(block: Block, target: Block, values: Sequence[SSAValue]) -> None:
    for argument, value in zip(target.args, values, strict=True):
        argument.replace_all_uses_with(value)
    for op in list(target.ops):
        op.detach()
        block.add_op(op)
    region = target.parent
    assert region is not None
    region.detach_block(target)
    target.erase()
