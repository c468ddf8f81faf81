"""iree-stream-propagate-timepoints: resources travel with the timepoint at which they are ready."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects.builtin import DenseArrayBase, FunctionType, ModuleOp, StringAttr, SymbolRefAttr, UnitAttr, i32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.dialects import arith, stream, util
from pyrie.dialects.directives import index
from pyrie.dialects.stream.types import VARIABLE, ResourceType, TimepointAttr, TimepointType
from pyrie.ir.context import Context
from pyrie.ir.control_flow import is_branch, set_successor_operands, successor_operands
from pyrie.ir.dominance import reverse_post_order
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, is_private
from pyrie.passes.stream.aliasing import Aliasing, is_resource, operand_size, resource_size
from pyrie.passes.stream.emitter import Emitter, host_functions

timepoint = TimepointType()

# Ops that can wait on the timeline instead of making the host wait.
_TIMELINE = (stream.AsyncExecuteOp,)


@dataclass(frozen=True)
class PropagateTimepoints(ModulePass):
    """Moves waiting from where resources are made to where the host needs them.

    before:  %r, %t = stream.async.execute ...;  %w = stream.timepoint.await %t => %r;  %s, %u = stream.async.execute with(%w as ...)
    after:   %r, %t = stream.async.execute ...;  %s, %u = stream.async.execute await(%t) => with(%r as ...)

    Block arguments, private functions and mutable globals of resources get a timepoint beside them (`@total__timepoint`). The host
    waits only before ops that look at a resource themselves. A resource that some execution writes in place also waits for its earlier
    readers. Legal because each use still happens after its resource is ready; it is only told so later.
    """

    name = "iree-stream-propagate-timepoints"

    def apply(self, context: Context, module: ModuleOp) -> None:
        shared = _expand_globals(module)
        private = {op.sym_name.data for op in module.body.block.ops if isinstance(op, util.FuncOp) and is_private(op) and op.body.blocks}
        for function in list(host_functions(module)):
            _Function(function, shared, private).run()


def _expand_globals(module: ModuleOp) -> dict[str, str]:
    """Puts a timepoint beside each mutable global of a resource; returns its name by the global's."""
    symbols, shared = SymbolTable(module), dict[str, str]()
    for op in list(module.body.block.ops):
        if isinstance(op, util.GlobalOp) and op.type == ResourceType(VARIABLE) and op.is_mutable is not None:
            companion = util.GlobalOp.build(
                properties={
                    "sym_visibility": StringAttr("private"),
                    "sym_name": StringAttr(f"{op.sym_name.data}__timepoint"),
                    "type": timepoint,
                    "is_mutable": UnitAttr(),
                    "initial_value": TimepointAttr(),
                }
            )
            companion.location = op.location
            shared[op.sym_name.data] = symbols.insert(companion, before=op)
    return shared


@dataclass
class _Function:
    """Timepoints of one function: `ready` says when a value may be used, if not at once; `source` what an await passed through."""

    op: Operation
    shared: dict[str, str]
    private: set[str]
    ready: dict[SSAValue, SSAValue] = field(default_factory=dict)
    source: dict[SSAValue, SSAValue] = field(default_factory=dict)

    def run(self) -> None:
        region = self.op.regions[0]
        order = reverse_post_order(region)
        first = region.blocks[0].first_op
        assert first is not None
        self.emitter = Emitter(first)
        self.aliasing = Aliasing(region)
        self.rewritten = self._rewritten_classes()
        is_private_function = isinstance(self.op, util.FuncOp) and self.op.sym_name.data in self.private
        for block in order:
            if block is not region.blocks[0] or is_private_function:
                self._expand_arguments(block)
        for block in order:
            for op in list(block.ops):
                self.emitter.before(op)
                self._visit(op)
        for op in list(region.walk()):
            if isinstance(op, stream.TimepointAwaitOp) and all(result.first_use is None for result in op.results):
                op.detach()
                op.erase()
        if is_private_function:
            assert isinstance(self.op, util.FuncOp)
            type = self.op.function_type
            self.op.function_type = FunctionType.from_lists(_with_timepoints(type.inputs.data), _with_timepoints(type.outputs.data))

    def _rewritten_classes(self) -> set[SSAValue]:
        """Alias classes that some execution writes in place."""
        found: set[SSAValue] = set()
        for op in self.op.walk():
            if isinstance(op, stream.AsyncExecuteOp):
                for result in op.results_:
                    if (tied := op.tied_operand(result.index)) is not None:
                        found.add(self.aliasing.classes.find(tied))
        return found

    def _expand_arguments(self, block: Block) -> None:
        for argument in [a for a in block.args if is_resource(a)]:
            self.ready[argument] = block.insert_arg(timepoint, argument.index + 1)

    # ---- ops

    def _visit(self, op: Operation) -> None:
        if isinstance(op, stream.TimepointAwaitOp):
            for value, result in zip(op.resource_operands, op.results, strict=True):
                base = self._base(value)
                self.source[result] = base
                self._set_ready(base, op.await_timepoint)
        elif isinstance(op, _TIMELINE):
            self._wait_on_timeline(op)
        elif is_branch(op):
            for i in range(len(op.successors)):
                set_successor_operands(op, i, self._pairs(successor_operands(op, i)))
        elif isinstance(op, util.CallOp) and op.callee.root_reference.data in self.private:
            self._visit_call(op)
        elif isinstance(op, util.ReturnOp) and isinstance(self.op, util.FuncOp) and self.op.sym_name.data in self.private:
            op.operands = self._pairs(op.operands)
        elif isinstance(op, util.GlobalLoadOp) and op.global_.root_reference.data in self.shared:
            load = util.GlobalLoadOp.build(
                properties={"global": SymbolRefAttr(self.shared[op.global_.root_reference.data])}, result_types=[timepoint]
            )
            self.ready[op.result] = self.emitter.emit(load).result
        elif isinstance(op, util.GlobalStoreOp) and op.global_.root_reference.data in self.shared:
            value, when = self._pair(op.value)
            op.operands[0] = value
            companion = SymbolRefAttr(self.shared[op.global_.root_reference.data])
            self.emitter.after(op).emit(util.GlobalStoreOp.build(operands=[when], properties={"global": companion}))
        elif isinstance(op, arith.SelectOp) and is_resource(op.result):
            (a, x), (b, y) = self._pair(op.lhs), self._pair(op.rhs)
            op.operands[1], op.operands[2] = a, b
            self.ready[op.result] = self._join([x, y])
        elif isinstance(op, stream.ResourceSizeOp):
            op.operands[0] = self._base(op.operand)
        else:
            self._wait_on_host(op)

    def _base(self, value: SSAValue) -> SSAValue:
        return self.source.get(value, value)

    def _when(self, value: SSAValue) -> SSAValue | None:
        base = self._base(value)
        return self.ready.get(base)

    def _set_ready(self, base: SSAValue, when: SSAValue) -> None:
        self.ready[base] = when

    def _pair(self, value: SSAValue) -> tuple[SSAValue, SSAValue]:
        when = self._when(value)
        return self._base(value), when if when is not None else self._immediate()

    def _pairs(self, values: object) -> list[SSAValue]:
        """The values with a timepoint behind each resource."""
        result: list[SSAValue] = []
        for value in list(values):  # pyright: ignore[reportArgumentType, reportCallIssue]
            result += self._pair(value) if is_resource(value) else [value]
        return result

    def _immediate(self) -> SSAValue:
        return self.emitter.emit(stream.TimepointImmediateOp.build(result_types=[timepoint])).result_timepoint

    def _join(self, timepoints: list[SSAValue]) -> SSAValue:
        unique = list(dict.fromkeys(timepoints))
        if len(unique) == 1:
            return unique[0]
        return self.emitter.emit(stream.TimepointJoinOp.build(operands=[unique], result_types=[timepoint])).result_timepoint

    def _wait_on_timeline(self, op: stream.AsyncExecuteOp) -> None:
        timepoints = [] if op.await_timepoint is None else [op.await_timepoint]
        for position, value in enumerate(op.resource_operands):
            if (when := self._when(value)) is not None:
                timepoints.append(when)
            op.operands[position] = self._base(value)
        if timepoints:
            set_await(op, self._join(timepoints))
        for value in op.resource_operands:
            if self.aliasing.classes.find(value) in self.rewritten:
                when = self._when(value)
                self.emitter.after(op)
                self.ready[value] = op.result_timepoint if when is None else self._join([when, op.result_timepoint])

    def _visit_call(self, op: util.CallOp) -> None:
        made = util.CallOp.build(
            operands=[self._pairs(op.arguments)],
            properties=dict(op.properties),
            result_types=[_with_timepoints([result.type for result in op.results])],
        )
        results = iter(self.emitter.emit(made).results)
        for old in op.results:
            new = next(results)
            old.replace_all_uses_with(new)
            if is_resource(new):
                self.ready[new] = next(results)
        op.detach()
        op.erase()

    def _wait_on_host(self, op: Operation) -> None:
        """Makes the host wait before `op` for the resources it uses that are not ready."""
        for position, value in enumerate(op.operands):
            if not is_resource(value):
                continue
            base, when = self._base(value), self._when(value)
            if when is None:
                op.operands[position] = base
                continue
            size = operand_size(op, position) or resource_size(base, op)
            if size is None:
                size = self.emitter.emit(stream.ResourceSizeOp.build(operands=[base], result_types=[index])).result
            wait = stream.TimepointAwaitOp.build(operands=[[base], [size], when], result_types=[[base.type]])
            op.operands[position] = self.emitter.emit(wait).results[0]


def _with_timepoints(types: object) -> list[Attribute]:
    result: list[Attribute] = []
    for type in list(types):  # pyright: ignore[reportArgumentType, reportCallIssue]
        result += [type, timepoint] if isinstance(type, ResourceType) else [type]
    return result


def set_await(op: stream.StreamOp, when: SSAValue | None) -> None:
    """Makes `op` wait for `when` on the timeline, or for nothing."""
    names = [name for name, _ in op.get_irdl_definition().operands]
    groups = [getattr(op, name) for name in names]
    flat = [[group] if isinstance(group, SSAValue) else list(group or ()) for group in groups]
    flat[names.index("await_timepoint")] = [] if when is None else [when]
    op.operands = [value for group in flat for value in group]
    if "operandSegmentSizes" in op.properties:
        op.properties["operandSegmentSizes"] = DenseArrayBase.from_list(i32, [len(group) for group in flat])
