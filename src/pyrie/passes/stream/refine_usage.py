"""iree-stream-refine-usage: decides the lifetime of every resource."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import stream, util
from pyrie.dialects.directives import index
from pyrie.dialects.stream.types import CONSTANT, STAGING, TRANSIENT, UNKNOWN, ResourceType
from pyrie.ir.context import Context
from pyrie.ir.control_flow import is_branch, set_successor_operands, successor_operands
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.aliasing import UnionFind, is_resource, resource_size, storage_edges
from pyrie.passes.stream.emitter import Emitter, host_functions, replace

# Ops whose result is new memory that the program writes.
_PRODUCERS = (
    stream.AsyncAllocaOp,
    stream.AsyncCloneOp,
    stream.AsyncConcurrentOp,
    stream.AsyncDispatchOp,
    stream.AsyncSliceOp,
    stream.AsyncSplatOp,
)


@dataclass(frozen=True)
class RefineUsage(ModulePass):
    """Replaces `!stream.resource<*>` by a lifetime.

    before:  %1 = stream.async.dispatch ... -> !stream.resource<*>{%s};  %2 = stream.async.transfer %1 -> !stream.resource<external>{%s}
    after:   %1 = stream.async.dispatch ... -> !stream.resource<external>{%s}

    Values that share storage (tied results, selects) have one lifetime. Transfers, branches, calls and returns join the lifetimes of
    their two sides where these agree or one is open; the other transfers stay, as copies, and edges that disagree get one. What is
    left open is transient. Legal because a transfer keeps the bytes, whoever owns them.
    """

    name = "iree-stream-refine-usage"

    def apply(self, context: Context, module: ModuleOp) -> None:
        usage = _Usage(module)
        usage.solve()
        usage.set_types()
        for function in host_functions(module):
            _legalize_edges(function, module)
            _drop_transfers(function)


class _Usage:
    """Sets of values that get one lifetime. Results of a function are nodes of their own: ("result", name, position)."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self.functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, util.FuncOp)}
        self.sets: UnionFind[Hashable] = UnionFind()
        self.pins: dict[Hashable, str] = {}
        self.produced: set[Hashable] = set()

    def values(self) -> Iterator[SSAValue]:
        for function in host_functions(self.module):
            for block in function.regions[0].blocks:
                yield from filter(is_resource, block.args)
                for op in block.ops:
                    yield from filter(is_resource, op.results)

    def ops(self) -> Iterator[Operation]:
        for function in host_functions(self.module):
            for block in function.regions[0].blocks:
                yield from block.ops

    def solve(self) -> None:
        for op in self.ops():
            if not is_branch(op):
                for a, b in storage_edges(op):
                    self.sets.union(a, b)
        for value in self.values():
            root = self.sets.find(value)
            lifetime = _lifetime(value)
            if lifetime != UNKNOWN and self.pins.setdefault(root, lifetime) != lifetime:
                owner = value.owner
                assert isinstance(owner, Operation)
                raise error_at(owner, f"needs one resource to be both {lifetime} and {self.pins[root]}")
            if isinstance(value, OpResult) and isinstance(value.op, _PRODUCERS):
                self.produced.add(root)
        for op in self.ops():
            if isinstance(op, stream.AsyncTransferOp):
                self._join(op.source, op.result, storing=True)
        for a, b in self._edges():
            self._join(a, b)

    def _edges(self) -> Iterator[tuple[Hashable, Hashable]]:
        for op in self.ops():
            if is_branch(op):
                for i, successor in enumerate(op.successors):
                    yield from zip(successor_operands(op, i), successor.args, strict=True)
            elif isinstance(op, util.CallOp):
                name = op.callee.root_reference.data
                callee = self.functions[name]
                if callee.body.blocks:
                    yield from zip(op.operands, callee.body.blocks[0].args, strict=True)
                yield from ((("result", name, result.index), result) for result in op.results)
            elif isinstance(op, util.ReturnOp) and isinstance(function := op.parent_op(), util.FuncOp):
                yield from ((value, ("result", function.sym_name.data, i)) for i, value in enumerate(op.operands))

    def _join(self, a: Hashable, b: Hashable, *, storing: bool = False) -> None:
        """Makes one set of two if their lifetimes allow. Only a store into a constant makes written memory constant."""
        if isinstance(a, SSAValue) and not is_resource(a):
            return
        x, y = self.sets.find(a), self.sets.find(b)
        if x is y or x == y:
            return
        p, q = self.pins.get(x), self.pins.get(y)
        if p != q and ((p is not None and q is not None) or STAGING in (p, q)):
            return
        stores_constant = storing and q == CONSTANT
        if CONSTANT in (p, q) and p != q and not stores_constant and (x in self.produced or y in self.produced):
            return
        self.sets.union(x, y)
        if (pin := p or q) is not None:
            self.pins[x] = pin
        if y in self.produced:
            self.produced.add(x)

    def lifetime(self, node: Hashable) -> str:
        return self.pins.get(self.sets.find(node), TRANSIENT)

    def set_types(self) -> None:
        for value in list(self.values()):
            if _lifetime(value) == UNKNOWN:
                Rewriter.replace_value_with_new_type(value, ResourceType(self.lifetime(value)))
        for name, function in self.functions.items():
            outputs = [
                ResourceType(self.lifetime(("result", name, i))) if isinstance(type, ResourceType) else type
                for i, type in enumerate(function.function_type.outputs)
            ]
            inputs = [argument.type for argument in function.body.blocks[0].args] if function.body.blocks else function.function_type.inputs
            function.function_type = FunctionType.from_lists(list(inputs), outputs)


def _lifetime(value: SSAValue) -> str:
    assert isinstance(value.type, ResourceType)
    return value.type.lifetime.data


def _drop_transfers(function: Operation) -> None:
    for op in list(function.walk()):
        if isinstance(op, stream.AsyncTransferOp) and op.source.type == op.result.type and op.source_affinity == op.target_affinity:
            replace(op, [op.source])


def _legalize_edges(function: Operation, module: ModuleOp) -> None:
    """Puts a transfer on each edge whose two sides differ."""
    for block in list(function.regions[0].blocks):
        for op in list(block.ops):
            if is_branch(op):
                for i, successor in enumerate(op.successors):
                    wanted = [argument.type for argument in successor.args]
                    set_successor_operands(op, i, _transferred(op, successor_operands(op, i), wanted, module))
            elif isinstance(op, util.ReturnOp) and isinstance(function, util.FuncOp):
                op.operands = _transferred(op, op.operands, list(function.function_type.outputs), module)
            elif isinstance(op, util.CallOp):
                callee = next(f for f in module.body.block.ops if isinstance(f, util.FuncOp) and f.sym_name == op.callee.root_reference)
                op.operands = _transferred(op, op.operands, list(callee.function_type.inputs), module)
                _transfer_results(op, callee, module)


def _transferred(op: Operation, values: object, wanted: list[Attribute], module: ModuleOp) -> list[SSAValue]:
    result: list[SSAValue] = []
    for value, type in zip(list(values), wanted, strict=True):  # pyright: ignore[reportArgumentType, reportCallIssue]
        result.append(_transfer(Emitter(op), value, type, module) if is_resource(value) and value.type != type else value)
    return result


def _transfer_results(op: util.CallOp, callee: util.FuncOp, module: ModuleOp) -> None:
    for old, type in zip(list(op.results), callee.function_type.outputs, strict=True):
        if is_resource(old) and old.type != type:
            wanted = old.type
            result = Rewriter.replace_value_with_new_type(old, type)
            transfer = _transfer(Emitter(op).after(op), result, wanted, module)
            made = (transfer.owner, *(operand.owner for operand in transfer.owner.operands))  # pyright: ignore[reportAttributeAccessIssue]
            result.replace_uses_with_if(transfer, lambda use, made=made: use.operation not in made)


def _transfer(emitter: Emitter, value: SSAValue, type: Attribute, module: ModuleOp) -> SSAValue:
    size = resource_size(value, emitter.anchor)
    if size is None:
        size = emitter.emit(stream.ResourceSizeOp.build(operands=[value], result_types=[index])).result
    affinity = module.attributes.get("stream.affinity.default")
    properties = {} if affinity is None else {"source_affinity": affinity, "target_affinity": affinity}
    made = stream.AsyncTransferOp.build(operands=[value, size, size], properties=properties, result_types=[type])
    return emitter.emit(made).result
