"""Turns StableHLO control flow into scf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import scf, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter, element_of, is_unsigned, splat_of


@dataclass(frozen=True)
class LegalizeControlFlow(ModulePass):
    """Replaces `stablehlo.while`, `if` and `case` by `scf.for` or `scf.while`, and `scf.if`.

    before:  %r = "stablehlo.if"(%p) ({ stablehlo.return %a : T }, { stablehlo.return %b : T }) : (tensor<i1>) -> T
    after:   %c = tensor.extract %p[] : tensor<i1>
             %r = scf.if %c -> (T) { scf.yield %a : T } else { scf.yield %b : T }

    A while loop that counts an integer up by a positive constant to a limit from outside is an `scf.for`: it runs as often, since
    the counter is compared before each round and changed by nothing else.
    """

    name: ClassVar[str] = "iree-stablehlo-legalize-control-flow"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk(reverse=True) if type(op) in CONVERSIONS]:
            CONVERSIONS[type(op)](Emitter(InsertPoint.before(op), op.location), op)


def yielding(region: Region) -> Region:
    """The region, with scf.yield where stablehlo.return was, moved out of its op."""
    moved = Region()
    region.move_blocks(moved)
    last = moved.block.last_op
    assert isinstance(last, hlo.ReturnOp)
    replacement = scf.YieldOp(*last.operands)
    replacement.location = last.location
    Rewriter.replace_op(last, replacement)
    return moved


def convert_if(e: Emitter, op: Operation) -> None:
    assert isinstance(op, hlo.IfOp)
    branches = scf.IfOp(e.scalar(op.pred), list(op.result_types), yielding(op.true_branch), yielding(op.false_branch))
    e.insert(branches)
    Rewriter.replace_op(op, (), list(branches.results))


def convert_case(e: Emitter, op: Operation) -> None:
    """A chain of scf.if; the last branch also serves every index out of range."""
    assert isinstance(op, hlo.CaseOp)
    regions = [yielding(region) for region in op.branches]
    values = _case_chain(e, op.index, 0, regions, list(op.result_types))
    Rewriter.replace_op(op, (), values)


def _case_chain(e: Emitter, index: SSAValue, number: int, regions: Sequence[Region], types: list[Attribute]) -> list[SSAValue]:
    if number == len(regions) - 1:
        return _inlined(e, regions[number])
    constant = e(hlo.ConstantOp.scalar(number, element_of(index.type)))
    chosen = e.scalar(e(hlo.CompareOp(hlo.ComparisonDirection.EQ, index, constant)))
    rest = Block()
    inner = Emitter(InsertPoint.at_end(rest), e.location)
    inner.insert(scf.YieldOp(*_case_chain(inner, index, number + 1, regions, types)))
    return list(e.insert(scf.IfOp(chosen, types, regions[number], Region(rest))).results)


def _inlined(e: Emitter, region: Region) -> list[SSAValue]:
    """Puts the ops of a block without arguments here and gives what it yields."""
    block = region.block
    last = block.last_op
    assert last is not None
    values = list(last.operands)
    last.detach()
    last.drop_all_references()
    for op in list(block.ops):
        op.detach()
        Rewriter.insert_op(op, e.point)
    return values


def convert_while(e: Emitter, op: Operation) -> None:
    assert isinstance(op, hlo.WhileOp)
    counter = counting(op)
    if counter is None:
        last = op.cond.block.last_op
        assert isinstance(last, hlo.ReturnOp)
        at_end = Emitter(InsertPoint.before(last), last.location)
        condition = scf.ConditionOp(at_end.scalar(last.operands[0]), *op.cond.block.args)
        condition.location = last.location
        Rewriter.replace_op(last, condition)
        before = Region()
        op.cond.move_blocks(before)
        loop: Operation = scf.WhileOp(list(op.operand), list(op.result_types), before, yielding(op.body))
    else:
        place, limit, step = counter
        body = yielding(op.body)
        lower, upper, stride = (e.scalar(value) for value in (op.operand[place], limit, step))
        induction = body.block.insert_arg(lower.type, 0)
        number = body.block.args[1 + place]
        inner = Emitter(InsertPoint.at_start(body.block), op.location)
        number.replace_all_uses_with(inner(tensor.FromElementsOp(induction, result_type=number.type)))
        loop = scf.ForOp(lower, upper, stride, list(op.operand), body)
    e.insert(loop)
    Rewriter.replace_op(op, (), list(loop.results))


def counting(op: hlo.WhileOp) -> tuple[int, SSAValue, SSAValue] | None:
    """(which operand counts, limit, step) of a loop whose condition is `counter < limit` and whose body adds a positive constant."""
    first = op.cond.block.first_op
    if not isinstance(first, hlo.CompareOp) or first.next_op is not op.cond.block.last_op:
        return None
    counter, limit = first.lhs, first.rhs
    last = op.body.block.last_op
    if not isinstance(counter, BlockArgument) or counter.block is not op.cond.block or _is_inside(limit, op.cond.block):
        return None
    assert last is not None
    following = last.operands[counter.index]
    if not isinstance(following, OpResult) or not isinstance(add := following.op, hlo.AddOp):
        return None
    element = counter.type.element_type if isinstance(counter.type, TensorType) else None
    step = splat_of(add.rhs)
    counts_up = isinstance(step, IntegerAttr) and step.value.data > 0 and element is not None and not is_unsigned(element)
    in_place = add.lhs is op.body.block.args[counter.index] and not _is_inside(add.rhs, op.body.block)
    less = first.comparison_direction.data == hlo.ComparisonDirection.LT
    return (counter.index, limit, add.rhs) if counts_up and in_place and less else None


def _is_inside(value: SSAValue, block: Block) -> bool:
    return value.owner is block or (isinstance(value, OpResult) and value.op.parent is block)


CONVERSIONS = {hlo.IfOp: convert_if, hlo.CaseOp: convert_case, hlo.WhileOp: convert_while}
