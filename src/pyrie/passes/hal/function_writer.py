"""Writing whole functions op by op: what the memoize passes make, straight-line code with structured branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import (
    AnyFloat,
    DenseArrayBase,
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    i1,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import arith, hal, scf, util
from pyrie.passes.stream.emitter import Inserter, OpT

Branch = Callable[["FunctionWriter"], Sequence[SSAValue]]


class FunctionWriter(Inserter):
    """Appends ops to a block of its own."""

    def __init__(self, location: Attribute, types: Sequence[Attribute] = ()):
        self.body = Block(arg_types=list(types))
        super().__init__(self.body, location)

    @property
    def arguments(self) -> list[SSAValue]:
        return list(self.body.args)

    def constant(self, value: int, type: IntegerType | IndexType = i64) -> SSAValue:
        return self.emit(arith.ConstantOp(IntegerAttr(value, type))).results[0]

    def zero(self, type: Attribute) -> SSAValue:
        """Zero, or null for what is no number."""
        if isinstance(type, IntegerType | IndexType):
            return self.constant(0, type)
        made = arith.ConstantOp(FloatAttr(0.0, type)) if isinstance(type, AnyFloat) else util.NullOp(type)
        return self.emit(made).results[0]

    def load(self, name: str, type: Attribute, *, immutable: bool = False) -> SSAValue:
        return self.emit(util.GlobalLoadOp(name, type, immutable=immutable)).result

    def store(self, value: SSAValue, name: str) -> None:
        self.emit(util.GlobalStoreOp(value, name))

    def call(self, callee: str, arguments: Sequence[SSAValue], types: Sequence[Attribute]) -> list[SSAValue]:
        return list(self.emit(util.CallOp(callee, arguments, types)).results)

    def increment(self, name: str, by: SSAValue) -> SSAValue:
        """Adds to an i64 global; returns the sum."""
        total = self.emit(arith.AddiOp(self.load(name, i64), by)).results[0]
        self.store(total, name)
        return total

    def compare(self, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit(arith.CmpiOp(a, b, predicate)).results[0]

    def both(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit(arith.AndIOp(a, b)).results[0]

    def equals(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether two references are the same."""
        return self.emit(util.CmpEQOp.build(operands=[a, b], result_types=[i1])).results[0]

    def choose(self, condition: SSAValue, types: Sequence[Attribute], then: Branch, otherwise: Branch) -> Sequence[SSAValue]:
        """`scf.if`: what `then` or `otherwise` writes and returns."""
        return self.emit(scf.IfOp(condition, list(types), self._region(then), self._region(otherwise))).results

    def choose_device(
        self, device: SSAValue, branches: Mapping[str, Branch], types: Sequence[Attribute], otherwise: Branch, *, immutable: bool
    ):
        """If-else over device globals: the branch of the one that `device` equals, `otherwise` if it is none."""
        if not branches:
            return otherwise(self)
        (name, branch), *rest = branches.items()
        equal = self.equals(device, self.load(name, hal.DeviceType(), immutable=immutable))
        return self.choose(
            equal, types, branch, lambda inner: inner.choose_device(device, dict(rest), types, otherwise, immutable=immutable)
        )

    def switch(self, selector: SSAValue, branches: Sequence[Branch]) -> None:
        """Runs the branch of that number; the first one also for every other number."""
        if len(branches) == 1:
            branches[0](self)
            return
        default, *cases = [self._region(branch) for branch in branches]
        self.emit(scf.IndexSwitchOp(selector, DenseArrayBase.from_list(i64, list(range(1, len(branches)))), default, cases, []))

    def _region(self, branch: Branch) -> Region:
        inner = FunctionWriter(self.location)
        inner.emit(scf.YieldOp(*branch(inner)))
        return Region(inner.body)

    def function(self, name: str, results: Sequence[SSAValue], *, public: bool = False, inlined: bool = True) -> util.FuncOp:
        """Ends the function and returns it."""
        self.emit(util.ReturnOp(*results))
        type = FunctionType.from_lists([argument.type for argument in self.body.args], [value.type for value in results])
        function = util.FuncOp(
            name,
            type,
            Region(self.body),
            visibility=None if public else "private",
            inlining_policy=None if inlined else util.InlineNeverAttr(),
        )
        function.location = self.location  # pyright: ignore[reportAttributeAccessIssue]
        return function

    def initializer(self) -> util.InitializerOp:
        """Ends an initializer and returns it."""
        self.emit(util.ReturnOp())
        made = util.InitializerOp(Region(self.body))
        made.location = self.location  # pyright: ignore[reportAttributeAccessIssue]
        return made


def located_at(op: OpT, other: Operation) -> OpT:
    """`op`, with the location of another."""
    op.location = other.location
    return op
