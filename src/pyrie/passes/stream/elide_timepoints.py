"""iree-stream-elide-timepoints: waits for what is certainly reached go."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Region, SSAValue

from pyrie.dialects import stream, util
from pyrie.dialects.stream.types import TimepointType
from pyrie.ir.context import Context
from pyrie.ir.control_flow import incoming, successor_operands
from pyrie.ir.dominance import reverse_post_order
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import is_private
from pyrie.passes.stream.emitter import Emitter, host_functions, replace
from pyrie.passes.stream.propagate_timepoints import set_await


@dataclass(frozen=True)
class ElideTimepoints(ModulePass):
    """Drops timepoints that are immediate, or covered by another one of the same join.

    before:  %j = stream.timepoint.join max(%a, %b) => ...      (%b's work awaits %a)
    after:   uses of %j are uses of %b

    Immediate is also what only ever comes to an argument or a result from immediate ones, through branches, loops and calls. Legal
    because timepoints are reached in the order of their awaits: when %b is reached, so is %a. What the host has waited for is kept:
    should its wait go because nobody reads the result, the work behind it must still wait.
    """

    name = "iree-stream-elide-timepoints"

    def apply(self, context: Context, module: ModuleOp) -> None:
        _bypass_calls(module)
        immediate = immediate_timepoints(module)
        for function in host_functions(module):
            _Elision(function.regions[0], immediate).run()


def _private_functions(module: ModuleOp) -> dict[str, util.FuncOp]:
    """The functions whose every call is in sight, by name."""
    return {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, util.FuncOp) and is_private(op) and op.body.blocks}


def _returns(function: util.FuncOp) -> list[util.ReturnOp]:
    return [last for block in function.body.blocks if isinstance(last := block.last_op, util.ReturnOp)]


def _bypass_calls(module: ModuleOp) -> None:
    """A timepoint that a function only hands back is that of the caller."""
    private = _private_functions(module)
    for function in host_functions(module):
        for op in function.walk():
            if not isinstance(op, util.CallOp) or (callee := private.get(op.callee.root_reference.data)) is None:
                continue
            arguments = callee.body.blocks[0].args
            for result in op.results:
                given = {last.operands[result.index] for last in _returns(callee)}
                if isinstance(result.type, TimepointType) and len(given) == 1 and (value := given.pop()) in arguments:
                    result.replace_all_uses_with(op.operands[arguments.index(value)])  # pyright: ignore[reportArgumentType]


def immediate_timepoints(module: ModuleOp) -> set[SSAValue]:
    """Timepoints that are reached from the start: immediate ones, and arguments and results of calls that are only ever given such."""
    sources = _sources(module)
    assumed: set[SSAValue] = set(sources)  # optimistic, for loops and recursion
    for function in host_functions(module):
        assumed |= {op.result_timepoint for op in function.walk() if isinstance(op, stream.TimepointImmediateOp)}
    changed = True
    while changed:
        changed = False
        for value, given in sources.items():
            if value in assumed and any(source not in assumed for source in given):
                assumed.discard(value)
                changed = True
    return assumed


def _sources(module: ModuleOp) -> dict[SSAValue, list[SSAValue]]:
    """For each timepoint that branches, calls or returns hand over: all values it may be."""
    found: dict[SSAValue, list[SSAValue]] = {}
    private = _private_functions(module)
    for function in private.values():
        found |= {argument: [] for argument in function.body.blocks[0].args if isinstance(argument.type, TimepointType)}
    for function in host_functions(module):
        for block in list(function.regions[0].blocks)[1:]:
            if (edges := incoming(block)) is not None:
                for argument in block.args:
                    if isinstance(argument.type, TimepointType):
                        found[argument] = [successor_operands(op, i)[argument.index] for op, i in edges]
        for op in function.walk():
            if isinstance(op, util.CallOp) and (callee := private.get(op.callee.root_reference.data)) is not None:
                for argument, value in zip(callee.body.blocks[0].args, op.operands, strict=True):
                    if argument in found:
                        found[argument].append(value)
                for result in op.results:
                    if isinstance(result.type, TimepointType):
                        found[result] = [last.operands[result.index] for last in _returns(callee)]
    return found


class _Elision:
    def __init__(self, region: Region, immediate: set[SSAValue]):
        self.region = region
        self.immediate = immediate
        self.covered: dict[SSAValue, frozenset[SSAValue]] = {}

    def run(self) -> None:
        for block in reverse_post_order(self.region):
            for op in list(block.ops):
                if isinstance(op, stream.TimepointJoinOp):
                    self._simplify_join(op)
                elif isinstance(op, stream.TimepointAwaitOp):
                    if op.await_timepoint in self.immediate:
                        replace(op, list(op.resource_operands))
                elif isinstance(op, stream.StreamOp) and getattr(op, "await_timepoint", None) is not None:
                    self._simplify_await(op)

    def covers(self, value: SSAValue) -> frozenset[SSAValue]:
        """The timepoints that are reached when `value` is, itself included."""
        if value in self.covered:
            return self.covered[value]
        self.covered[value] = frozenset((value,))
        found = {value}
        if not isinstance(value, BlockArgument) and isinstance(op := value.owner, stream.StreamOp):
            for operand in op.operands:
                if isinstance(operand.type, TimepointType):
                    found |= self.covers(operand)
        self.covered[value] = frozenset(found)
        return self.covered[value]

    def _simplify_join(self, op: stream.TimepointJoinOp) -> None:
        kept = [value for value in dict.fromkeys(op.await_timepoints) if value not in self.immediate]
        kept = [value for value in kept if not any(value in self.covers(other) for other in kept if other is not value)]
        if len(kept) == len(op.await_timepoints):
            return
        emitter = Emitter(op)
        if len(kept) > 1:
            op.operands = kept
        elif kept:
            replace(op, kept)
        else:
            made = emitter.emit(stream.TimepointImmediateOp.build(result_types=[TimepointType()]))
            self.immediate.add(made.result_timepoint)
            replace(op, [made.result_timepoint])
        self.covered.clear()

    def _simplify_await(self, op: stream.StreamOp) -> None:
        if getattr(op, "await_timepoint") in self.immediate:  # noqa: B009
            set_await(op, None)
            self.covered.clear()
