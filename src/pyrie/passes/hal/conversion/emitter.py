"""Making ops where the op being converted stands."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import arith, hal, scf
from pyrie.passes.stream.emitter import Inserter

index = IndexType()


class Emitter(Inserter):
    """Makes constants beside what uses them: a region that is moved to a function of its own later takes them along."""

    @classmethod
    def before(cls, op: Operation) -> Emitter:
        """Puts ops before `op`, with its location."""
        assert op.parent is not None
        return cls(op.parent, op.location, op)

    def into(self, block: Block) -> Emitter:
        """Puts ops at the end of `block`, with the same location."""
        return Emitter(block, self.location)

    def constant(self, value: int, type: IndexType | IntegerType = index) -> SSAValue:
        """An integer or index constant."""
        return self.emit(arith.ConstantOp(IntegerAttr(value, type))).results[0]

    def cast(self, value: SSAValue, type: Attribute) -> SSAValue:
        """`value` converted between index and an integer."""
        return self.emit(arith.IndexCastOp(value, type)).results[0]

    def inline(self, region: Region, arguments: Sequence[SSAValue], types: Sequence[Attribute]) -> list[SSAValue]:
        """Clones what `region` does with the values that it is entered with, which may be more than it takes, and gives its results."""
        if len(region.blocks) > 1:
            return self.execute(region, arguments, types)
        block = region.block
        mapping: dict[SSAValue, SSAValue] = dict(zip(block.args, arguments, strict=False))
        terminator = block.last_op
        assert terminator is not None
        for op in block.ops:
            if op is not terminator:
                self.emit(op.clone(mapping))
        return [mapping.get(value, value) for value in terminator.operands]

    def execute(self, region: Region, arguments: Sequence[SSAValue], types: Sequence[Attribute]) -> list[SSAValue]:
        """Clones `region` as a region of its own, which may have any number of blocks."""
        body = region.clone()
        entry = body.blocks[0]
        for argument, value in zip(list(entry.args), arguments, strict=False):
            argument.replace_all_uses_with(value)
            entry.erase_arg(argument)
        for block in body.blocks:
            last = block.last_op
            if isinstance(last, hal.ReturnOp):
                returned = list(last.operands)
                last.detach()
                last.erase()
                self.into(block).emit(scf.YieldOp(*returned))
        return list(self.emit(scf.ExecuteRegionOp(types, body)).results)
