"""Builds kernel IR. A pure op is placed where its operands come to exist, not where it was asked for, and never twice.

That one rule does the work of loop-invariant code motion, common subexpression elimination, and "compute at": a reduction whose indices
depend on the row loop alone lands in the row loop, however deep inside the column loops it was first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import gcd

from xdsl.dialects.builtin import AnyFloat, DenseIntOrFPElementsAttr, FloatAttr, IndexType, IntegerAttr, IntegerType, VectorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import arith, scf

Index = int | SSAValue  # an index known now, or computed by the kernel
index_type = IndexType()


@dataclass(eq=False)
class Scope:
    """A block under construction. New ops go before `anchor`, the op whose region is being built, or else to the end.

    `guarded` scopes run on a condition: what might fault is not moved out of them.
    """

    block: Block
    parent: Scope | None = None
    guarded: bool = False
    anchor: Operation | None = None
    memo: dict[Hashable, object] = field(default_factory=dict)
    depth: int = 0

    def insert(self, op: Operation) -> None:
        if self.anchor is None:
            self.block.add_op(op)
        else:
            self.block.insert_op_before(op, self.anchor)


class KernelBuilder:
    """Inserts ops into the scopes of one kernel. `current` is where ops with effects go."""

    def __init__(self, entry: Block):
        self.entry = self.current = Scope(entry)
        self._home: dict[SSAValue, Scope] = {}
        self._divisors: dict[SSAValue, int] = {}

    # ---- placing -------------------------------------------------------------------------------------------------------

    def home(self, *values: Index) -> Scope:
        """The innermost scope in which all of `values` exist."""
        scopes = [self._home.get(v, self.entry) for v in values if isinstance(v, SSAValue)]
        return max(scopes, key=lambda s: s.depth, default=self.entry)

    def guard(self) -> Scope:
        """The innermost guarded scope round the current one, or the entry."""
        scope = self.current
        while scope.parent is not None and not scope.guarded:
            scope = scope.parent
        return scope

    def place(self, op: Operation, scope: Scope | None = None) -> Operation:
        """Inserts an op with effects here, or a chosen one in `scope`."""
        scope = scope or self.current
        scope.insert(op)
        for result in op.results:
            self._home[result] = scope
        return op

    def pure(
        self,
        cls: type[Operation],
        operands: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        properties: Mapping[str, Attribute] | None = None,
        *,
        speculatable: bool = True,
        movable: bool = True,
    ) -> Operation:
        """An op without effects, made at most once per scope. One that is not `speculatable` stays inside its guard, one that is not
        `movable` (a read of what the kernel writes) stays here."""
        properties = properties or {}
        scope = self.home(*operands) if movable else self.current
        if not speculatable and (guard := self.guard()).depth > scope.depth:
            scope = guard
        key = (cls, tuple(operands), tuple(result_types), tuple(properties.items()))
        op = scope.memo.get(key)
        if op is None:
            op = self.place(cls.create(operands=operands, result_types=result_types, properties=properties), scope)
            scope.memo[key] = op
        assert isinstance(op, Operation)
        return op

    def recall(self, key: Hashable) -> object | None:
        """What `remember` stored under `key` in a scope round the current one."""
        scope: Scope | None = self.current
        while scope is not None:
            if key in scope.memo:
                return scope.memo[key]
            scope = scope.parent
        return None

    def remember(self, key: Hashable, value: object, scope: Scope) -> None:
        scope.memo[key] = value

    @contextmanager
    def at(self, scope: Scope) -> Iterator[None]:
        """Ops with effects go to `scope` for a while, a scope round the current one."""
        previous, self.current = self.current, scope
        try:
            yield
        finally:
            self.current = previous

    # ---- regions -------------------------------------------------------------------------------------------------------

    def for_(
        self,
        lower: Index,
        upper: Index,
        step: int,
        inits: Sequence[SSAValue],
        body: Callable[[SSAValue, Sequence[SSAValue]], Sequence[SSAValue]],
        attributes: Mapping[str, Attribute] | None = None,
    ) -> Sequence[SSAValue]:
        """`scf.for` here: `body(iv, carried)` returns what is carried on; the values after the last iteration are returned."""
        block = Block(arg_types=[index_type, *(v.type for v in inits)])
        operands = [self.index(lower), self.index(upper), self.index(step), *inits]
        types = [v.type for v in inits]
        op = scf.ForOp.create(operands=operands, result_types=types, regions=[Region(block)], attributes=attributes or {})
        self.place(op)
        self._divisors[block.args[0]] = gcd(step, self.divisor(lower))
        with self._inside(op, block, guarded=False):
            block.add_op(scf.YieldOp(*body(block.args[0], block.args[1:])))
        return op.results

    def if_(
        self,
        condition: SSAValue,
        types: Sequence[Attribute],
        then: Callable[[], Sequence[SSAValue]],
        orelse: Callable[[], Sequence[SSAValue]],
    ) -> Sequence[SSAValue]:
        """`scf.if` here, with a value from each side."""
        blocks = [Block(), Block()]
        op = scf.IfOp.create(operands=[condition], result_types=types, regions=[Region(b) for b in blocks])
        self.place(op)
        for block, side in zip(blocks, (then, orelse), strict=True):
            with self._inside(op, block, guarded=True):
                block.add_op(scf.YieldOp(*side()))
        return op.results

    @contextmanager
    def _inside(self, op: Operation, block: Block, *, guarded: bool) -> Iterator[None]:
        outer = self.current
        inner = Scope(block, outer, guarded, depth=outer.depth + 1)
        for argument in block.args:
            self._home[argument] = inner
        previous, outer.anchor = outer.anchor, op
        self.current = inner
        try:
            yield
        finally:
            self.current, outer.anchor = outer, previous

    # ---- constants and index arithmetic --------------------------------------------------------------------------------

    def constant(self, value: Attribute, type: Attribute) -> SSAValue:
        """`arith.constant`, once a kernel."""
        key = ("constant", value, type)
        if key not in self.entry.memo:
            op = arith.ConstantOp.create(result_types=[type], properties={"value": value})
            first = self.entry.block.first_op
            if first is None:
                self.entry.block.add_op(op)
            else:
                self.entry.block.insert_op_before(op, first)
            self._home[op.results[0]] = self.entry
            self.entry.memo[key] = op.results[0]
        result = self.entry.memo[key]
        assert isinstance(result, SSAValue)
        return result

    def number(self, value: float, type: Attribute) -> SSAValue:
        """A numeric constant of a scalar or (splat) vector type."""
        attribute = number_attribute(value, type.element_type if isinstance(type, VectorType) else type)
        if isinstance(type, VectorType):
            return self.constant(DenseIntOrFPElementsAttr.from_list(type, [attribute.value.data]), type)
        return self.constant(attribute, type)

    def index(self, value: Index) -> SSAValue:
        return value if isinstance(value, SSAValue) else self.constant(IntegerAttr(value, index_type), index_type)

    def _index_op(self, cls: type[Operation], a: Index, b: Index) -> SSAValue:
        return self.pure(cls, [self.index(a), self.index(b)], [index_type]).results[0]

    def add(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int):
            a, b = b, a
        if b == 0:
            return a
        result = self._index_op(arith.AddiOp, a, b)
        self._divisors[result] = gcd(self.divisor(a), self.divisor(b))
        return result

    def mul(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if isinstance(a, int):
            a, b = b, a
        if b in (0, 1):
            return a if b else 0
        result = self._index_op(arith.MuliOp, a, b)
        self._divisors[result] = self.divisor(a) * self.divisor(b)
        return result

    def sub(self, a: Index, b: Index) -> Index:
        if isinstance(b, int):
            return self.add(a, -b)
        return 0 if a is b else self._index_op(arith.SubiOp, a, b)

    def floordiv(self, a: Index, b: Index) -> Index:
        """Rounds down; index arithmetic in kernels is on numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self._index_op(arith.DivUIOp, a, b)

    def ceildiv(self, a: Index, b: int) -> Index:
        return self.floordiv(self.add(a, b - 1), b)

    def mod(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        if b == 1 or (isinstance(b, int) and self.divisor(a) % b == 0):
            return 0
        return self._index_op(arith.RemUIOp, a, b)

    def min(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self._index_op(arith.MinSIOp, a, b)

    def divisor(self, value: Index) -> int:
        """A number that is known to divide `value`; 0 divides only zero."""
        return abs(value) if isinstance(value, int) else self._divisors.get(value, 1)


def number_attribute(value: float, type: Attribute) -> IntegerAttr | FloatAttr:
    """A number as an attribute of an integer, index or float type."""
    if isinstance(type, IntegerType | IndexType):
        return IntegerAttr(int(value), type)
    assert isinstance(type, AnyFloat)
    return FloatAttr(value, type)
