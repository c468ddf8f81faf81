"""Puts the bodies of private functions where they are called."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.ir.context import Context
from pyrie.ir.locations import call_site
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, referenced_symbols
from pyrie.ir.transforms.symbol_dce import erase_dead_symbols

CALLS = {"util.call": "util.return", "func.call": "func.return"}  # call -> what ends the callee's body
BRANCH = "cf.br"
PLACE = "stream.affinity"  # where the ops of a function or module run


def inline_call(call: Operation, callee: Operation, branch: type[Operation] | None = None) -> None:
    """Splices a copy of the callee's body in place of the call. A body of several blocks needs `branch`, the class of `cf.br`."""
    body = callee.regions[0].clone()
    for op in body.walk():
        op.location = call_site(op.location, call.location)
    block = call.parent
    assert block is not None
    if body.blocks.first is body.blocks.last:
        entry = body.blocks[0]
        _bind(entry, call.operands)
        terminator = entry.last_op
        assert terminator is not None
        returned = list(terminator.operands)
        terminator.detach()
        for op in list(entry.ops):
            op.detach()
            block.insert_op_before(op, call)
        terminator.erase()
    else:
        assert branch is not None
        returned = _inline_blocks(call, body, branch)
    for old, new in zip(call.results, returned, strict=True):
        old.replace_all_uses_with(new)
    call.detach()
    call.erase()


def _bind(entry: Block, values: object) -> None:
    for argument, value in zip(list(entry.args), values, strict=True):  # pyright: ignore[reportArgumentType]
        argument.replace_all_uses_with(value)
        entry.erase_arg(argument)


def _inline_blocks(call: Operation, body, branch: type[Operation]) -> list[SSAValue]:
    block = call.parent
    assert block is not None and block.parent is not None
    region = block.parent
    rest = block.split_before(call, arg_types=[result.type for result in call.results])
    _bind(body.blocks[0], call.operands)
    blocks = list(body.blocks)
    for inner in blocks:
        body.detach_block(inner)
    region.insert_block_after(blocks, block)
    for inner in blocks:
        last = inner.last_op
        if last is not None and last.name in CALLS.values():
            values = list(last.operands)
            last.detach()
            last.erase()
            inner.add_op(branch.create(operands=values, successors=[rest]))
    for op in list(blocks[0].ops):
        op.detach()
        block.add_op(op)
    region.detach_block(blocks[0])
    return list(rest.args)


@dataclass(frozen=True)
class Inline(ModulePass):
    """Inlines calls of private functions that are called once or are small.

    before:  %0 = util.call @f(%x) : (i32) -> i32
    after:   the ops of @f, reading %x; @f itself is dropped when nobody else names it

    Legal for any call of a known body; functions with `inlining_policy = #util.inline.never`, recursive ones, and those placed elsewhere
    than the call are left alone.
    """

    name = "inline"
    threshold: int = 32  # ops of a body that is worth copying to each of several callers

    def apply(self, context: Context, module: ModuleOp) -> None:
        branch = context.get_optional_op(BRANCH)
        for _ in range(16):  # a body that held calls is met again; deeper nests than this are left
            if not self._round(module, branch):
                break
        erase_dead_symbols(module)

    def _round(self, module: ModuleOp, branch: type[Operation] | None) -> bool:
        symbols = SymbolTable(module)
        calls = [op for op in module.walk() if op.name in CALLS]
        counts: dict[str, int] = {}
        for call in calls:
            name = _callee(call)
            counts[name] = counts.get(name, 0) + 1
        changed = False
        for call in calls:
            callee = symbols.lookup(_callee(call))
            if callee is None or not self._is_worth(callee, counts[_callee(call)]) or callee.is_ancestor(call):
                continue
            if _place(callee) != _place(call):
                continue  # its ops would run elsewhere
            single = callee.regions[0].blocks.first is callee.regions[0].blocks.last
            parent = call.parent_op()
            if not single and (parent is None or parent.name not in ("util.func", "func.func", "util.initializer") or branch is None):
                continue  # structured control flow holds one block
            inline_call(call, callee, branch)
            changed = True
        return changed

    def _is_worth(self, callee: Operation, calls: int) -> bool:
        region = callee.regions[0] if callee.regions else None
        if region is None or region.blocks.first is None:
            return False
        if "never" in str(callee.properties.get("inlining_policy") or callee.attributes.get("inlining_policy") or ""):
            return False
        visibility = callee.properties.get("sym_visibility")
        if visibility is None or "private" not in str(visibility):
            return False
        name = callee.properties["sym_name"].data  # pyright: ignore[reportAttributeAccessIssue]
        size = 0
        for op in region.walk():
            size += 1
            if op.name in CALLS and _callee(op) == name:
                return False
        return calls == 1 or size <= self.threshold


def _place(op: Operation | None) -> Attribute | None:
    """The affinity that holds for `op`: that of the nearest op round it which has one."""
    while op is not None:
        if (place := op.attributes.get(PLACE)) is not None:
            return place
        op = op.parent_op()
    return None


def _callee(call: Operation) -> str:
    reference = call.properties.get("callee") or call.attributes["callee"]
    assert isinstance(reference, SymbolRefAttr)
    return next(iter(referenced_symbols(reference)))
