"""Structured control flow as LLVM blocks: loops tested at the bottom, short bodies put several times in one iteration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation

from pyrie.codegen.cpu.emit.values import Value, integer, llvm_type

if TYPE_CHECKING:
    from pyrie.codegen.cpu.emit.function import FunctionEmitter

UNROLL = "pyrie.unroll"  # on a loop: how many steps may stand in one iteration
LARGEST_UNROLLED = 160  # instructions in one iteration, about; more is only code (measured)


def emit_for(f: FunctionEmitter, op: Operation) -> None:
    """scf.for: the iteration count is split into a main loop of several steps and a loop or a tail of single ones."""
    lower, upper, step = (f.scalar(operand) for operand in op.operands[:3])
    carried = [f[operand] for operand in op.operands[3:]]
    block = op.regions[0].block
    factor = _unroll_factor(f, op, block, carried)
    low, high, by = integer(lower), integer(upper), integer(step)
    if factor > 1 and by is not None:
        wide = by * factor
        if low is not None and high is not None:
            count = max(0, -(-(high - low) // by))
            middle = str(low + count // factor * wide)
        else:
            span = f.text.sub(upper, lower)
            whole = f.text.value(f"sdiv i64 {span}, {wide}")
            middle = f.text.add(lower, f.text.mul(whole, str(wide)))
        carried = _loop(f, block, lower, middle, wide, by, factor, carried)
        lower = middle
    low = integer(lower)
    if low is not None and high is not None and by is not None and -(-(high - low) // by) <= (factor if factor > 1 else 1):
        for position in range(low, high, by):
            carried = _body(f, block, str(position), carried)
    elif by is not None:
        carried = _loop(f, block, lower, upper, by, by, 1, carried)
    else:
        carried = _loop(f, block, lower, upper, step, step, 1, carried)
    f.define(op, carried)


def _unroll_factor(f: FunctionEmitter, op: Operation, block: Block, carried: Sequence[Value]) -> int:
    wanted = op.attributes.get(UNROLL)
    if not isinstance(wanted, IntegerAttr) or any(inner.regions for inner in block.ops):
        return 1
    chunks = max([len(v.chunks) or 1 for v in carried], default=1)
    size = sum(1 for _ in block.ops) * chunks
    factor = wanted.value.data
    while factor > 1 and size * factor > LARGEST_UNROLLED * 4:
        factor //= 2
    return factor


def _body(f: FunctionEmitter, block: Block, position: str, carried: Sequence[Value]) -> list[Value]:
    """One step of a loop, in the current block."""
    f.bind(block.args[0], position)
    for argument, value in zip(block.args[1:], carried, strict=True):
        f[argument] = value
    f.emit_block(block)
    last = block.last_op
    assert last is not None
    return [f[operand] for operand in last.operands]


def _loop(
    f: FunctionEmitter, block: Block, lower: str, upper: str, step: int | str, inner: int | str, factor: int, carried: Sequence[Value]
) -> list[Value]:
    """A loop from `lower` to `upper`, skipped if it has no iteration."""
    text = f.text
    low, high = integer(lower), integer(upper)
    if low is not None and high is not None and low >= high:
        return list(carried)
    carried = [f.packed(value) for value in carried]
    certain = low is not None and high is not None
    before, head, after = text.block, text.label(), text.label()
    if certain:
        text.branch(head)
    else:
        text.branch_if(text.value(f"icmp slt i64 {lower}, {upper}"), head, after)
        before = text.block
    text.begin(head)
    with text.dominated():
        position = text.name()
        arguments = [Value(v.element, v.shape, v.widths, tuple(text.name() for _ in v.chunks)) for v in carried]
        start = len(text.lines)
        values: list[Value] = list(arguments)
        for u in range(factor):
            here = text.add(position, str(u * int(inner))) if u else position
            values = _body(f, block, here, values)
        values = [f.packed(value) for value in values]
        following = text.fresh(f"add i64 {position}, {step}")
        again = text.fresh(f"icmp slt i64 {following}, {upper}")
        latch = text.block
        text.branch_if(again, head, after)
    phis = [f"  {position} = phi i64 [ {lower}, %{before} ], [ {following}, %{latch} ]"]
    for argument, first, following_value in zip(arguments, carried, values, strict=True):
        for width, name, a, b in zip(argument.chunk_widths, argument.chunks, first.chunks, following_value.chunks, strict=True):
            phis.append(f"  {name} = phi {llvm_type(argument.element.register, width)} [ {a}, %{before} ], [ {b}, %{latch} ]")
    text.lines[start:start] = phis
    text.begin(after)
    if certain:
        return values
    return [_merge(f, a, before, b, latch) for a, b in zip(carried, values, strict=True)]


def _merge(f: FunctionEmitter, a: Value, from_a: str, b: Value, from_b: str) -> Value:
    chunks = []
    for width, x, y in zip(a.chunk_widths, a.chunks, b.chunks, strict=True):
        chunks.append(f.text.fresh(f"phi {llvm_type(a.element.register, width)} [ {x}, %{from_a} ], [ {y}, %{from_b} ]"))
    return Value(a.element, a.shape, a.widths, tuple(chunks))


def emit_if(f: FunctionEmitter, op: Operation) -> None:
    """scf.if with a value from each side."""
    text = f.text
    labels = [text.label(), text.label()]
    after = text.label()
    text.branch_if(f.scalar(op.operands[0]), *labels)
    ends, sides = [], []
    for label, region in zip(labels, op.regions, strict=True):
        text.begin(label)
        with text.dominated():
            values: list[Value] = []
            if region.blocks:
                f.emit_block(region.block)
                last = region.block.last_op
                values = [f.packed(f[operand]) for operand in last.operands] if last is not None else []
        sides.append(values)
        ends.append(text.block)
        text.branch(after)
    text.begin(after)
    f.define(op, [_merge(f, a, ends[0], b, ends[1]) for a, b in zip(*sides, strict=True)] if op.results else [])
