"""iree-util-propagate-subranges: ranges of resources are passed as the resource and an offset."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from pyrie.dialects import stream, util
from pyrie.dialects.folding import constant_int
from pyrie.dialects.stream.types import CONSTANT, ResourceType
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, is_private
from pyrie.passes.stream.emitter import Emitter, host_functions, replace


@dataclass(frozen=True)
class PropagateSubranges(ModulePass):
    """Moves `stream.resource.subview` towards the ops that use the bytes, and into executions.

    before:  %v = stream.resource.subview %all[%c64];  util.global.store %v, @b        ... util.global.load @b, used at [0 for 16]
    after:   util.global.store %all, @a                                                ... util.global.load @a, used at [64 for 16]

    Constants cut from one allocation become one global; an execution captures each resource once. Legal because a subview is the same
    bytes, and these globals are stored once and never change.
    """

    name = "iree-util-propagate-subranges"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in list(function.walk()):
                if isinstance(op, stream.TimepointAwaitOp):
                    _sink_through_await(op)
        _merge_globals(module)
        for function in host_functions(module):
            for op in list(function.walk()):
                if isinstance(op, stream.CmdExecuteOp):
                    _fold_into_execution(op)
            for op in reversed(list(function.walk())):
                if isinstance(op, stream.ResourceSubviewOp) and op.result.first_use is None:
                    op.detach()
                    op.erase()


def _subview(value: SSAValue) -> stream.ResourceSubviewOp | None:
    return op if isinstance(op := value.owner, stream.ResourceSubviewOp) else None


def _sink_through_await(op: stream.TimepointAwaitOp) -> None:
    """Awaits the base of each subview and takes the subview of what is awaited."""
    if not any(_subview(value) for value in op.resource_operands):
        return
    bases: dict[SSAValue, SSAValue] = {}
    for value, size in zip(op.resource_operands, op.resource_operand_sizes, strict=True):
        view = _subview(value)
        bases.setdefault(view.source if view else value, view.source_size if view else size)
    emitter = Emitter(op)
    made = stream.TimepointAwaitOp.build(
        operands=[list(bases), list(bases.values()), op.await_timepoint],
        properties={"sync": op.sync} if op.sync is not None else {},
        result_types=[[value.type for value in bases]],
    )
    emitter.emit(made)
    awaited = dict(zip(bases, made.results, strict=True))
    results: list[SSAValue] = []
    for value in op.resource_operands:
        view = _subview(value)
        if view is None:
            results.append(awaited[value])
            continue
        after = stream.ResourceSubviewOp.build(
            operands=[awaited[view.source], view.source_size, view.source_offset, view.result_size], result_types=[value.type]
        )
        results.append(emitter.emit(after).result)
    replace(op, results)


# ---- globals -----------------------------------------------------------------------------------------------------------


@dataclass
class _Member:
    """A global that holds a range of an allocation of constants."""

    op: util.GlobalOp
    store: util.GlobalStoreOp
    offset: int
    size: int
    total: int


def _merge_globals(module: ModuleOp) -> None:
    symbols = SymbolTable(module)
    stores: dict[str, list[util.GlobalStoreOp]] = {}
    for function in host_functions(module):
        for op in function.walk():
            if isinstance(op, util.GlobalStoreOp):
                stores.setdefault(op.global_.root_reference.data, []).append(op)
    groups: dict[SSAValue, list[_Member]] = {}
    for name, ops in stores.items():
        member = symbols.lookup(name)
        view = _subview(ops[0].value) if len(ops) == 1 else None
        if view is None or not isinstance(member, util.GlobalOp) or not _is_constant(member):
            continue
        offset, size, total = (constant_int(value) for value in (view.source_offset, view.result_size, view.source_size))
        if offset is not None and size is not None and total is not None:
            groups.setdefault(view.source, []).append(_Member(member, ops[0], offset, size, total))
    ranges: dict[str, tuple[str, _Member]] = {}
    for base, members in groups.items():
        members.sort(key=lambda member: member.offset)
        home = members[0].op.sym_name.data
        members[0].store.operands[0] = base
        for i, member in enumerate(members):
            ranges[member.op.sym_name.data] = (home, member)
            if i:
                member.store.detach()
                member.store.erase()
    for function in host_functions(module):
        loads = [op for op in function.walk() if isinstance(op, util.GlobalLoadOp) and op.global_.root_reference.data in ranges]
        shared: dict[str, util.GlobalLoadOp] = {}
        for load in loads:
            home, member = ranges[load.global_.root_reference.data]
            if home not in shared or isinstance(function, util.InitializerOp):
                shared[home] = _load_home(load, home, function)
            _load_range(load, shared[home].result, member)
    for name, (home, member) in ranges.items():
        if name != home:
            symbols.erase(member.op)


def _is_constant(op: util.GlobalOp) -> bool:
    return op.is_mutable is None and is_private(op) and op.type == ResourceType(CONSTANT)


def _load_home(load: util.GlobalLoadOp, home: str, function: Operation) -> util.GlobalLoadOp:
    """Loads the global that has all ranges: once at the entry of a function; in an initializer where `load` is, behind the store."""
    made = util.GlobalLoadOp.build(properties={**load.properties, "global": SymbolRefAttr(home)}, result_types=[load.result.type])
    emitter = Emitter(load)
    return (emitter if isinstance(function, util.InitializerOp) else emitter.at_start(function.regions[0].blocks[0])).emit(made)


def _load_range(load: util.GlobalLoadOp, whole: SSAValue, member: _Member) -> None:
    emitter = Emitter(load)
    view = stream.ResourceSubviewOp.build(
        operands=[whole, emitter.constant(member.total), emitter.constant(member.offset), emitter.constant(member.size)],
        result_types=[load.result.type],
    )
    replace(load, [emitter.emit(view).result])


# ---- executions --------------------------------------------------------------------------------------------------------


def _fold_into_execution(op: stream.CmdExecuteOp) -> None:
    """Captures what subviews view, once, and adds their offsets to those of the commands."""
    views = [_subview(value) for value in op.resource_operands]
    values = [view.source if view else value for view, value in zip(views, op.resource_operands, strict=True)]
    if not any(views) and len(set(values)) == len(values):
        return
    sizes = [view.source_size if view else size for view, size in zip(views, op.resource_operand_sizes, strict=True)]
    emitter = Emitter(op)
    block = op.body.block
    first: dict[SSAValue, BlockArgument] = {}
    kept: list[tuple[SSAValue, SSAValue]] = []
    dropped: list[BlockArgument] = []
    for argument, value, size, view in zip(list(block.args), values, sizes, views, strict=True):
        if view is not None:
            for use in list(argument.uses):
                _shift(use.operation, use.index, view, emitter)
        if value in first:
            argument.replace_all_uses_with(first[value])
            dropped.append(argument)
        else:
            first[value] = argument
            kept.append((value, size))
    for argument in reversed(dropped):
        block.erase_arg(argument)
    awaits = [] if op.await_timepoint is None else [op.await_timepoint]
    region = op.detach_region(op.body)
    made = stream.CmdExecuteOp.build(
        operands=[[value for value, _ in kept], [size for _, size in kept], awaits],
        properties={key: value for key, value in op.properties.items() if key != "operandSegmentSizes"},
        result_types=[op.result_timepoint.type],
        regions=[region],
    )
    replace(op, [emitter.emit(made).result_timepoint])


def _shift(op: Operation, position: int, view: stream.ResourceSubviewOp, emitter: Emitter) -> None:
    """Makes operand number `position` of a command a range of the viewed resource instead of one of the view."""
    for size, offset in _positions(op, position):
        op.operands[offset] = emitter.add(op.operands[offset], view.source_offset)
        op.operands[size] = view.source_size


def _positions(op: Operation, position: int) -> list[tuple[int, int]]:
    """Operand positions of the size and the offset that belong to a resource operand of a command."""
    if isinstance(op, stream.CmdDispatchOp):
        start, count = len(op.workload) + len(op.uniform_operands), len(op.resources)
        return [(position + count, position + 2 * count)] if start <= position < start + count else []
    return [(position + 1, position + 2)]  # fills, copies and cache control state size and offset behind the resource
