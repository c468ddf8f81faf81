"""Making ops in passes: where they go, which location they take, and index arithmetic that folds as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, ModuleOp, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.traits import IsolatedFromAbove

from pyrie.dialects import arith, util
from pyrie.dialects.folding import constant_int

index = IndexType()
OpT = TypeVar("OpT", bound=Operation)


def entry_block(op: Operation) -> Block:
    """The entry block of the function (or other isolated op) round `op`: what is defined at its front is seen everywhere below."""
    current = host_op(op)
    region = current.parent_region()
    assert region is not None, f"{op.name} is not inside of a function"
    return region.blocks[0]


def host_op(op: Operation) -> Operation:
    """`op`, or the op of the function's own blocks round it."""
    current = op
    while (parent := current.parent_op()) is not None and not parent.has_trait(IsolatedFromAbove, value_if_unregistered=False):
        current = parent
    return current


def _block_of(op: Operation) -> Block:
    assert op.parent is not None
    return op.parent


class Inserter:
    """Puts ops into a block, before `anchor` or at the end, with one location."""

    def __init__(self, block: Block, location: Attribute, anchor: Operation | None = None):
        self.block, self.location, self.anchor = block, location, anchor

    def emit(self, op: OpT) -> OpT:
        """Inserts `op` and returns it."""
        if isinstance(op.location, UnknownLoc):
            op.location = self.location  # pyright: ignore[reportAttributeAccessIssue]
        if self.anchor is None:
            self.block.add_op(op)
        else:
            self.block.insert_op_before(op, self.anchor)
        return op


class Emitter(Inserter):
    """Puts ops before `anchor` (or at the end of `block`), with the anchor's location. Constants go to the front of the function, once."""

    def __init__(self, anchor: Operation):
        super().__init__(_block_of(anchor), anchor.location, anchor)
        self._entry = entry_block(anchor)
        self._constants: dict[tuple[int, Attribute], SSAValue] = {}

    def before(self, anchor: Operation) -> Emitter:
        """Moves to before `anchor`."""
        self.anchor, self.block, self.location = anchor, _block_of(anchor), anchor.location
        return self

    def after(self, op: Operation) -> Emitter:
        """Moves to behind `op`."""
        self.anchor, self.block, self.location = op.next_op, _block_of(op), op.location
        return self

    def at_start(self, block: Block) -> Emitter:
        """Moves to the front of `block`."""
        self.anchor, self.block = block.first_op, block
        if block.first_op is not None:
            self.location = block.first_op.location
        return self

    def constant(self, value: int, type: Attribute = index) -> SSAValue:
        """An integer or index constant."""
        key = (value, type)
        if key not in self._constants:
            assert isinstance(type, IndexType | IntegerType)
            op = arith.ConstantOp(IntegerAttr(value, type))
            op.location = self.location  # pyright: ignore[reportAttributeAccessIssue]
            first = self._entry.first_op
            if first is None:
                self._entry.add_op(op)
            else:
                self._entry.insert_op_before(op, first)
            self._constants[key] = op.results[0]
        return self._constants[key]

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        x, y = constant_int(a), constant_int(b)
        if x is not None and y is not None:
            return self.constant(x + y)
        if x == 0:
            return b
        return a if y == 0 else self.emit(arith.AddiOp(a, b)).results[0]

    def multiply(self, a: SSAValue, b: SSAValue) -> SSAValue:
        x, y = constant_int(a), constant_int(b)
        if x is not None and y is not None:
            return self.constant(x * y)
        if x == 1:
            return b
        return a if y == 1 else self.emit(arith.MuliOp(a, b)).results[0]

    def align(self, value: SSAValue, alignment: int) -> SSAValue:
        """`value` rounded up to a multiple of `alignment`."""
        number = constant_int(value)
        if number is not None:
            return self.constant(-(-number // alignment) * alignment)
        made = util.AlignOp.build(operands=[value, self.constant(alignment)], result_types=[index])
        return self.emit(made).results[0]


def host_functions(module: ModuleOp) -> Iterator[Operation]:
    """The functions and initializers of the program, in order: what runs on the host."""
    for op in module.body.block.ops:
        if isinstance(op, util.FuncOp | util.InitializerOp) and op.body.blocks:
            yield op


def host_regions(module: ModuleOp) -> Iterator[Region]:
    """The bodies of `host_functions`."""
    for op in host_functions(module):
        yield op.regions[0]


def replace(op: Operation, values: Sequence[SSAValue]) -> None:
    """Replaces the results of `op` and erases it."""
    for result, value in zip(op.results, values, strict=True):
        result.replace_all_uses_with(value)
    op.detach()
    op.erase()
