"""convert-scf-to-cf: structured control flow of the host becomes branches between blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region
from xdsl.rewriter import BlockInsertPoint, Rewriter

from pyrie.dialects import arith, cf, scf
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import Emitter, host_functions


@dataclass(frozen=True)
class ConvertSCFToCF(ModulePass):
    """Gives each region of an `scf` op in a host function blocks of its own.

    before:  %r = scf.if %c -> (T) { scf.yield %a : T } else { scf.yield %b : T }
    after:   cf.cond_br %c, ^then, ^else;  ^then: cf.br ^next(%a : T);  ^else: cf.br ^next(%b : T);  ^next(%r: T):

    Legal because each op's blocks are entered and left exactly as its regions were. Executables keep their loops.
    """

    name = "convert-scf-to-cf"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            while (op := _first_structured(function)) is not None:
                _LOWERINGS[type(op)](op)


def _first_structured(function: Operation) -> Operation | None:
    for block in function.regions[0].blocks:
        for op in block.ops:
            if op.name.startswith("scf."):
                if type(op) not in _LOWERINGS:
                    raise unsupported_at(op, "runs on the host", hint="supported there: scf.if, scf.for, scf.while, scf.index_switch")
                return op
    return None


def _split_after(op: Operation) -> Block:
    """Moves what follows `op` into a new block whose arguments stand for the results of `op`, and returns it."""
    block, region = op.parent, op.parent_region()
    assert block is not None and region is not None
    rest = Block(arg_types=[result.type for result in op.results])
    region.insert_block_after(rest, block)
    for following in list(block.ops)[block.get_operation_index(op) + 1 :]:
        following.detach()
        rest.add_op(following)
    for result, argument in zip(op.results, rest.args, strict=True):
        result.replace_all_uses_with(argument)
    return rest


def _inline(region: Region, before: Block) -> Block:
    """Moves the blocks of `region` before the block `before` and returns the entry."""
    entry = region.blocks[0]
    Rewriter.inline_region(region, BlockInsertPoint.before(before))
    return entry


def _end(block: Block, terminator: Operation, *, instead_of: Operation | None = None) -> None:
    if instead_of is not None:
        terminator.location = instead_of.location
        instead_of.detach()
        instead_of.erase()
    block.add_op(terminator)


def _last(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last


def _lower_if(op: Operation) -> None:
    assert isinstance(op, scf.IfOp) and op.parent is not None
    block, rest = op.parent, _split_after(op)
    targets: list[Block] = []
    for region in (op.true_region, op.false_region):
        if not region.blocks:
            targets.append(rest)
            continue
        entry = _inline(region, rest)
        last = _last(entry)
        _end(entry, cf.BranchOp(rest, *last.operands), instead_of=last)
        targets.append(entry)
    _end(block, cf.ConditionalBranchOp(op.cond, targets[0], [], targets[1], []), instead_of=op)


def _lower_for(op: Operation) -> None:
    assert isinstance(op, scf.ForOp) and op.parent is not None
    block, rest = op.parent, _split_after(op)
    body = _inline(op.body, rest)
    head = Block(arg_types=[argument.type for argument in body.args])
    region = block.parent
    assert region is not None
    region.insert_block_before(head, body)
    for argument, outer in zip(body.args, head.args, strict=True):
        argument.replace_all_uses_with(outer)
    while body.args:
        body.erase_arg(body.args[-1])
    unsigned = op.unsigned_cmp is not None
    compare = arith.CmpiOp(head.args[0], op.ub, "ult" if unsigned else "slt")
    head.add_ops([compare, cf.ConditionalBranchOp(compare.results[0], body, [], rest, head.args[1:])])
    last = _last(body)
    following = arith.AddiOp(head.args[0], op.step)
    body.insert_op_before(following, last)
    _end(body, cf.BranchOp(head, following.results[0], *last.operands), instead_of=last)
    for made in (*head.ops, following):
        made.location = op.location
    _end(block, cf.BranchOp(head, op.lb, *op.iter_args), instead_of=op)


def _lower_while(op: Operation) -> None:
    assert isinstance(op, scf.WhileOp) and op.parent is not None
    block, rest = op.parent, _split_after(op)
    before, after = _inline(op.before_region, rest), _inline(op.after_region, rest)
    condition, again = _last(before), _last(after)
    flag, handed = condition.operands[0], condition.operands[1:]
    _end(before, cf.ConditionalBranchOp(flag, after, handed, rest, handed), instead_of=condition)
    _end(after, cf.BranchOp(before, *again.operands), instead_of=again)
    _end(block, cf.BranchOp(before, *op.arguments), instead_of=op)


def _lower_index_switch(op: Operation) -> None:
    """A chain of comparisons, one for each case."""
    assert isinstance(op, scf.IndexSwitchOp) and op.parent is not None
    block, rest = op.parent, _split_after(op)
    emitter = Emitter(op)
    region = block.parent
    assert region is not None

    def close(entry: Block) -> Block:
        last = _last(entry)
        _end(entry, cf.BranchOp(rest, *last.operands), instead_of=last)
        return entry

    current, tests = block, list(zip(op.cases.get_values(), op.case_regions, strict=True))
    constants = [emitter.constant(int(value)) for value, _ in tests]
    default = close(_inline(op.default_region, rest))
    values = [(constant, close(_inline(case, default))) for constant, (_, case) in zip(constants, tests, strict=True)]
    operand, location = op.arg, op.location
    op.detach()
    for i, (constant, target) in enumerate(values):
        following = Block() if i + 1 < len(values) else default
        if following is not default:
            region.insert_block_before(following, default)
        compare = arith.CmpiOp(operand, constant, "eq")
        branch = cf.ConditionalBranchOp(compare.results[0], target, [], following, [])
        current.add_ops([compare, branch])
        compare.location = branch.location = location
        current = following
    if not values:
        current.add_op(cf.BranchOp(default))
    op.erase()


_LOWERINGS: dict[type[Operation], Callable[[Operation], None]] = {
    scf.IfOp: _lower_if,
    scf.ForOp: _lower_for,
    scf.WhileOp: _lower_while,
    scf.IndexSwitchOp: _lower_index_switch,
}
