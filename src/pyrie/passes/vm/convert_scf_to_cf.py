"""convert-scf-to-cf"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from pyrie.dialects import arith, cf, scf, util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class ConvertSCFToCF(ModulePass):
    """Turns structured control flow of host functions into branches between blocks.

    before:  %r = scf.if %c -> T { ... scf.yield %a : T } else { ... scf.yield %b : T }; rest
    after:   cf.cond_br %c, ^then, ^else;  ^then: ... cf.br ^rest(%a);  ^else: ... cf.br ^rest(%b);  ^rest(%r: T): rest

    Legal because the regions run exactly when their blocks do, and yielded values reach the same place.
    """

    name = "convert-scf-to-cf"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in module.ops:
            if isinstance(function, util.FuncOp | util.InitializerOp):
                while (op := _innermost(function)) is not None:
                    LOWERINGS[type(op)](op)


def _innermost(function: Operation) -> Operation | None:
    """The last structured op in walk order, whose regions hold no other."""
    found = [op for op in function.walk() if type(op) in LOWERINGS]
    return found[-1] if found else None


def _split(op: Operation) -> tuple[Block, Block]:
    """The block before `op`, and a new one with all that comes after it, whose arguments replace the results."""
    before = op.parent
    assert before is not None
    after = before.split_before(op, arg_types=[result.type for result in op.results])
    for result, argument in zip(op.results, after.args, strict=True):
        argument.name_hint = result.name_hint
        result.replace_all_uses_with(argument)
    op.detach()
    return before, after


def _place(region: Region, after: Block) -> list[Block]:
    """Moves the blocks of `region` in front of `after`."""
    blocks = list(region.blocks)
    home = after.parent
    assert home is not None
    position = home.get_block_index(after)
    for i, block in enumerate(blocks):
        region.detach_block(block)
        home.insert_block(block, position + i)
    return blocks


def _end(block: Block, terminator: Operation) -> None:
    """Replaces the block's terminator."""
    old = block.last_op
    assert old is not None
    terminator.location = old.location
    old.detach()
    old.erase()
    block.add_op(terminator)


def _yields(blocks: Sequence[Block]) -> list[tuple[Block, list[SSAValue]]]:
    return [(block, list(block.last_op.operands)) for block in blocks if isinstance(block.last_op, scf.YieldOp)]


def _lower_if(op: Operation) -> None:
    assert isinstance(op, scf.IfOp)
    before, after = _split(op)
    targets: list[Block] = []
    for region in (op.true_region, op.false_region):
        if not region.blocks or (not op.results and region.blocks[0].is_empty):
            targets.append(after)
            continue
        blocks = _place(region, after)
        for block, values in _yields(blocks):
            _end(block, cf.BranchOp(after, *values))
        targets.append(blocks[0])
    condition = op.cond
    before.add_op(_at(cf.ConditionalBranchOp(condition, targets[0], [], targets[1], []), op))
    op.erase()


def _lower_for(op: Operation) -> None:
    """A block that tests the counter, the body, and a step back to the test."""
    assert isinstance(op, scf.ForOp)
    before, after = _split(op)
    home = after.parent
    assert home is not None
    body = op.body
    start, end, step, initial = op.lb, op.ub, op.step, list(op.iter_args)
    blocks = _place(body, after)
    test = Block(arg_types=[start.type, *(value.type for value in initial)])
    home.insert_block(test, home.get_block_index(blocks[0]))
    for argument, new in zip(list(blocks[0].args), test.args, strict=True):
        argument.replace_all_uses_with(new)
        blocks[0].erase_arg(argument)
    before.add_op(_at(cf.BranchOp(test, start, *initial), op))
    predicate = "ult" if "unsignedCmp" in op.properties or "unsignedCmp" in op.attributes else "slt"
    less = arith.CmpiOp(test.args[0], end, predicate)
    test.add_ops([_at(less, op), _at(cf.ConditionalBranchOp(less.result, blocks[0], [], after, list(test.args[1:])), op)])
    for block, values in _yields(blocks):
        following = arith.AddiOp(test.args[0], step)
        last = block.last_op
        assert last is not None
        block.insert_op_before(_at(following, op), last)
        _end(block, cf.BranchOp(test, following.result, *values))
    op.erase()


def _lower_while(op: Operation) -> None:
    assert isinstance(op, scf.WhileOp)
    before, after = _split(op)
    initial = list(op.operands)
    tests, bodies = _place(op.regions[0], after), _place(op.regions[1], after)
    before.add_op(_at(cf.BranchOp(tests[0], *initial), op))
    for block in tests:
        if isinstance(condition := block.last_op, scf.ConditionOp):
            holds, *values = condition.operands
            _end(block, cf.ConditionalBranchOp(holds, bodies[0], values, after, values))
    for block, values in _yields(bodies):
        _end(block, cf.BranchOp(tests[0], *values))
    op.erase()


def _lower_index_switch(op: Operation) -> None:
    """A chain of comparisons."""
    assert isinstance(op, scf.IndexSwitchOp)
    before, after = _split(op)
    home = after.parent
    assert home is not None
    flag = op.operands[0]
    default, *cases = (_place(region, after) for region in op.regions)
    for block in (block for blocks in (default, *cases) for block in blocks):
        for end, values in _yields([block]):
            _end(end, cf.BranchOp(after, *values))
    numbers = [int(number) for number in op.cases.get_values()]
    current = before
    for number, blocks in zip(numbers, cases, strict=True):
        constant = arith.ConstantOp(IntegerAttr.from_index_int_value(number))
        equal = arith.CmpiOp(flag, constant.result, "eq")
        following = Block()
        home.insert_block(following, home.get_block_index(current) + 1)
        current.add_ops([_at(constant, op), _at(equal, op)])
        current.add_op(_at(cf.ConditionalBranchOp(equal.result, blocks[0], [], following, []), op))
        current = following
    current.add_op(_at(cf.BranchOp(default[0]), op))
    op.erase()


def _lower_execute_region(op: Operation) -> None:
    assert isinstance(op, scf.ExecuteRegionOp)
    before, after = _split(op)
    blocks = _place(op.region, after)
    before.add_op(_at(cf.BranchOp(blocks[0]), op))
    for block, values in _yields(blocks):
        _end(block, cf.BranchOp(after, *values))
    op.erase()


def _unsupported(op: Operation) -> None:
    raise unsupported_at(
        op, f"'{op.name}' cannot run on the host", hint="supported: scf.if, scf.for, scf.while, scf.index_switch, scf.execute_region"
    )


def _at(new: Operation, old: Operation) -> Operation:
    new.location = old.location
    return new


LOWERINGS = {
    scf.IfOp: _lower_if,
    scf.ForOp: _lower_for,
    scf.WhileOp: _lower_while,
    scf.IndexSwitchOp: _lower_index_switch,
    scf.ExecuteRegionOp: _lower_execute_region,
    scf.ForallOp: _unsupported,
}
