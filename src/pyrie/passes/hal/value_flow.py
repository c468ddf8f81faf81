"""Where a value comes from: through branches, regions, selects and the calls of private functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, Region, SSAValue

from pyrie.dialects import arith, func, hal, scf, util
from pyrie.ir.control_flow import incoming, successor_operands
from pyrie.ir.symbol_table import is_private

FUNCTIONS = (util.FuncOp, func.FuncOp)
CALLS = (util.CallOp, func.CallOp)
RETURNS = (util.ReturnOp, func.ReturnOp)

Sources = Sequence[SSAValue] | None  # what a value may be, one step back; None if it comes from outside of the module


class ValueFlow:
    """Answers where values come from. Walks the module once, when the first question reaches a call or a global's stores."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self._indexed = False
        self._functions: dict[str, Operation] = {}
        self._calls: dict[str, list[Operation]] = {}
        self._stores: dict[str, list[util.GlobalStoreOp]] = {}
        self._addressed: set[str] = set()

    def origins(self, value: SSAValue) -> list[OpResult] | None:
        """The results of ops that make what `value` may hold, in the order they are found; None if some of them are not known."""
        seen: dict[SSAValue, None] = {value: None}
        waiting = [value]
        found: list[OpResult] = []
        while waiting:
            value = waiting.pop()
            if isinstance(value, OpResult) and type(value.op) not in FORWARDS:
                found.append(value)
                continue
            sources = self._sources(value)
            if sources is None:
                return None
            new = [source for source in dict.fromkeys(sources) if source not in seen]
            seen.update(dict.fromkeys(new))
            waiting.extend(reversed(new))
        return found

    def stored(self, name: str) -> list[SSAValue] | None:
        """The values that are stored to the global `name`; None if its address is taken, so that others may be."""
        self._index()
        return None if name in self._addressed else [store.value for store in self._stores.get(name, ())]

    def _sources(self, value: SSAValue) -> Sources:
        if isinstance(value, OpResult):
            return FORWARDS[type(value.op)](self, value.op, value.index)
        assert isinstance(value, BlockArgument)
        block = value.block
        region = block.parent
        if region is None:
            return None
        if block is not region.blocks.first:
            edges = incoming(block)
            return None if edges is None else [successor_operands(op, index)[value.index] for op, index in edges]
        entered = ENTRIES.get(type(region.parent))  # pyright: ignore[reportArgumentType]
        assert region.parent is not None
        return entered(self, region.parent, region, value.index) if entered else None

    def _index(self) -> None:
        if self._indexed:
            return
        self._indexed = True
        for op in self.module.body.block.ops:
            if isinstance(op, FUNCTIONS):
                self._functions[op.sym_name.data] = op
            elif not isinstance(op, util.InitializerOp):
                continue
            for inner in op.walk():
                if isinstance(inner, CALLS):
                    self._calls.setdefault(inner.callee.string_value(), []).append(inner)
                elif isinstance(inner, util.GlobalStoreOp):
                    self._stores.setdefault(inner.global_name, []).append(inner)
                elif isinstance(inner, util.GlobalAddressOp):
                    self._addressed.add(inner.global_.string_value())

    def arguments_of(self, function: Operation, region: Region, index: int) -> Sources:
        """What all calls of a function hand to an argument."""
        assert isinstance(function, FUNCTIONS)
        if not is_private(function):
            return None
        self._index()
        return [call.operands[index] for call in self._calls.get(function.sym_name.data, ())]

    def returned_by(self, call: Operation, index: int) -> Sources:
        """What the function that `call` calls returns."""
        assert isinstance(call, CALLS)
        self._index()
        function = self._functions.get(call.callee.string_value())
        if function is None or not function.regions[0].blocks:
            return None
        return [last.operands[index] for last in _last_ops(function.regions) if isinstance(last, RETURNS)]


def _last_ops(regions: Sequence[Region]) -> Iterator[Operation]:
    for region in regions:
        for block in region.blocks:
            if block.last_op is not None:
                yield block.last_op


def _yielded(flow: ValueFlow, op: Operation, index: int) -> Sources:
    """What the regions of an op end with; a branch inside of a region ends none."""
    return [last.operands[index] for last in _last_ops(op.regions) if isinstance(last, scf.YieldOp | hal.ReturnOp)]


def _looped(flow: ValueFlow, op: Operation, index: int) -> Sources:
    assert isinstance(op, scf.ForOp)
    return [op.iter_args[index], _end(op.body.block).operands[index]]


def _passed_on(flow: ValueFlow, op: Operation, index: int) -> Sources:
    assert isinstance(op, scf.WhileOp)
    return [_end(op.before_region.block).operands[index + 1]]  # the condition comes first


def _for_argument(flow: ValueFlow, op: Operation, region: Region, index: int) -> Sources:
    return None if index == 0 else _looped(flow, op, index - 1)  # the counter is no iteration argument


def _while_argument(flow: ValueFlow, op: Operation, region: Region, index: int) -> Sources:
    assert isinstance(op, scf.WhileOp)
    if region is op.after_region:
        return _passed_on(flow, op, index)
    return [op.arguments[index], _end(op.after_region.block).operands[index]]


def _end(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last


# Ops that hand on what they did not make -> for a result, the values it may be.
FORWARDS: dict[type[Operation], Callable[[ValueFlow, Operation, int], Sources]] = {
    arith.SelectOp: lambda flow, op, index: op.operands[1:],
    func.CallOp: ValueFlow.returned_by,
    hal.AllocatorSelectOp: lambda flow, op, index: op.devices if index == 0 else op.queue_affinities,  # pyright: ignore[reportAttributeAccessIssue]
    hal.DeviceMemoizeOp: _yielded,
    scf.ExecuteRegionOp: _yielded,
    scf.ForOp: _looped,
    scf.IfOp: _yielded,
    scf.IndexSwitchOp: _yielded,
    scf.WhileOp: _passed_on,
    util.CallOp: ValueFlow.returned_by,
    util.OptimizationBarrierOp: lambda flow, op, index: [op.operands[index]],
}
# Ops with arguments of their regions' entries -> for an argument, the values it may be.
ENTRIES: dict[type[Operation], Callable[[ValueFlow, Operation, Region, int], Sources]] = {
    func.FuncOp: ValueFlow.arguments_of,
    scf.ForOp: _for_argument,
    scf.WhileOp: _while_argument,
    util.FuncOp: ValueFlow.arguments_of,
}
