"""A memoize region on its way out of its function: what it captures, the function it becomes, and the names of all that is made for it."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FunctionType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal, util
from pyrie.dialects.folding import constant_int
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.captures import captured_values, is_constant, is_dynamic, is_immutable_global
from pyrie.passes.hal.function_writer import FunctionWriter, located_at
from pyrie.passes.stream.emitter import replace

ANY_QUEUE = -1
REUSABLE = hal.CommandBufferModeAttr(0)
DISPATCHES = (hal.CommandBufferDispatchOp, hal.CommandBufferDispatchIndirectOp)


class MemoizeRegion:
    """What a pass needs to know of one region, and what it does to it. `apply` is the name of its function once it is outlined."""

    def __init__(self, symbols: SymbolTable, function: util.FuncOp | util.InitializerOp, op: hal.DeviceMemoizeOp, devices: Sequence[str]):
        self.symbols, self.function, self.op, self.devices = symbols, function, op, tuple(devices)
        self.owner = function.sym_name.data if isinstance(function, util.FuncOp) else "initializer"
        self.types: list[Attribute] = [result.type for result in op.results]
        captured = [value for value in captured_values(op.body) if value not in (op.device, op.queue_affinity)]
        self.constants = [value for value in captured if is_constant(value)]
        self.globals = [value for value in captured if is_immutable_global(value)]
        self.dynamic = [value for value in captured if is_dynamic(value)]
        self.uses_affinity = any(self._is_inside(use.operation) for use in op.queue_affinity.uses)
        self.first_need: Operation = function  # before it stand the globals
        self.prefix, self.apply = "", ""
        self.label = self.owner  # in statistics

    def _is_inside(self, op: Operation) -> bool:
        return op is not self.op and self.op.is_ancestor(op)

    @property
    def has_fixed_queue(self) -> bool:
        """Whether the queue affinity is known when the program is loaded, or makes no difference."""
        return not is_dynamic(self.op.queue_affinity) or not self.uses_affinity

    @property
    def key(self) -> list[SSAValue]:
        """What decides the results from call to call: all that is dynamic, and the queue if it is."""
        return [*([] if self.has_fixed_queue else [self.op.queue_affinity]), *self.dynamic]

    def key_among(self, arguments: Sequence[SSAValue]) -> list[SSAValue]:
        """The key among the arguments of the outlined function."""
        return [*([] if self.has_fixed_queue else [arguments[1]]), *arguments[2 + len(self.globals) :]]

    @property
    def argument_types(self) -> list[Attribute]:
        """Of the outlined function."""
        return [value.type for value in (self.op.device, self.op.queue_affinity, *self.globals, *self.dynamic)]

    @property
    def records(self) -> bool:
        """Whether the region does nothing but record command buffers."""
        return all(isinstance(type, hal.CommandBufferType) for type in self.types)

    @property
    def dispatch_count(self) -> int:
        return sum(isinstance(op, DISPATCHES) for op in self.op.body.walk())

    def outline(self, taken: set[str], *, reused: bool) -> None:
        """Moves the body to a function of its own, which takes device, affinity, immutable globals and what is dynamic, in this order.

        Names begin with a prefix that no region has `taken`. Recordings that are `reused` may be submitted any number of times.
        """
        base = f"__{self.owner}_memoize"
        self.prefix, count = base, 0
        while self.prefix in taken or f"{self.prefix}_apply" in self.symbols:
            self.prefix, count = f"{base}_{count}", count + 1
        taken.add(self.prefix)
        if reused:
            for op in self.op.body.walk():
                if isinstance(op, hal.CommandBufferCreateOp):
                    op.properties["modes"] = REUSABLE
        arguments = [self.op.device, self.op.queue_affinity, *self.globals, *self.dynamic]
        entry = Block(arg_types=[value.type for value in arguments])
        for value, argument in zip(arguments, entry.args, strict=True):
            self._replace_inside(value, argument)
        for value in self.constants:
            assert isinstance(value.owner, Operation)
            clone = located_at(value.owner.clone(), value.owner)
            entry.add_op(clone)
            self._replace_inside(value, clone.results[0])
        for inner in list(self.op.body.block.ops):
            inner.detach()
            if isinstance(inner, hal.ReturnOp):
                entry.add_op(located_at(util.ReturnOp(*inner.operands), inner))
                inner.erase()
            else:
                entry.add_op(inner)
        function = util.FuncOp(
            f"{self.prefix}_apply",
            FunctionType.from_lists([argument.type for argument in entry.args], self.types),
            Region(entry),
            visibility="private",
            inlining_policy=util.InlineNeverAttr(),
        )
        self.apply = self.declare(located_at(function, self.op))

    def _replace_inside(self, value: SSAValue, inside: SSAValue) -> None:
        value.replace_uses_with_if(inside, lambda use: self._is_inside(use.operation))

    def declare(self, function: util.FuncOp) -> str:
        """Puts a function before the region's own; returns its name."""
        return self.symbols.insert(function, before=self.function)

    def declare_global(self, what: str, type: Attribute, initial: Attribute | None = None, *, mutable: bool = False) -> str:
        made = util.GlobalOp(f"{self.prefix}_{what}", type, initial, mutable=mutable)
        return self.symbols.insert(located_at(made, self.op), before=self.first_need)

    def writer(self, types: Sequence[Attribute] = ()) -> FunctionWriter:
        return FunctionWriter(self.op.location, types)

    def write_record(self, writer: FunctionWriter, device: str) -> list[SSAValue]:
        """The results of the outlined function for a device global, where nothing but constants and immutable globals decides them."""
        loaded = writer.load(device, hal.DeviceType(), immutable=True)
        arguments = [loaded, self._known_affinity(writer)]
        for value in self.globals:
            assert isinstance(value.owner, Operation)
            arguments.append(writer.emit(value.owner.clone()).results[0])
        return writer.call(self.apply, arguments, self.types)

    def _known_affinity(self, writer: FunctionWriter) -> SSAValue:
        affinity = self.op.queue_affinity
        if is_immutable_global(affinity):
            assert isinstance(affinity.owner, Operation)
            return writer.emit(affinity.owner.clone()).results[0]
        number = constant_int(affinity)
        return writer.constant(ANY_QUEUE if number is None else number)

    def replace_by_call(self, callee: str, arguments: Sequence[SSAValue]) -> None:
        """The region's place is taken by a call with device, affinity and `arguments`."""
        call = located_at(util.CallOp(callee, [self.op.device, self.op.queue_affinity, *arguments], self.types), self.op)
        Rewriter.insert_op(call, InsertPoint.before(self.op))
        replace(self.op, list(call.results))


def is_used_once(op: hal.DeviceMemoizeOp) -> bool:
    """Whether each result is submitted right where the region stands, once, and otherwise unused."""
    for result in op.results:
        uses = [use.operation for use in result.uses]
        if len(uses) != 1 or not isinstance(uses[0], hal.DeviceQueueExecuteOp | hal.DeviceQueueExecuteIndirectOp):
            return False
        if uses[0].parent is not op.parent:
            return False
    return True
