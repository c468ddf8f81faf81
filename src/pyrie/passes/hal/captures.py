"""Where a value that a region captures comes from, which decides whether what the region records can be used again."""

from __future__ import annotations

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.traits import ConstantLike

from pyrie.dialects import util


def is_constant(value: SSAValue) -> bool:
    """Made by an op without operands that can be cloned anywhere."""
    return isinstance(value, OpResult) and value.op.has_trait(ConstantLike)


def is_immutable_global(value: SSAValue) -> bool:
    """Loaded from a global that is set once, before anything else runs."""
    return isinstance(value, OpResult) and isinstance(value.op, util.GlobalLoadOp) and value.op.is_immutable is not None


def is_dynamic(value: SSAValue) -> bool:
    """May differ from one execution to the next."""
    return not is_constant(value) and not is_immutable_global(value)


def is_scalar(value: SSAValue) -> bool:
    """An integer, index or float: part of what is recorded, not a buffer that can be bound later."""
    return isinstance(value.type, IntegerType | IndexType | AnyFloat)


def captured_values(region: Region) -> list[SSAValue]:
    """The values defined outside of `region` and used inside, each once, in order of first use."""
    found: dict[SSAValue, None] = {}
    for op in region.walk():
        for operand in op.operands:
            if operand not in found and not _is_inside(operand.owner, region):
                found[operand] = None
    return list(found)


def _is_inside(owner: Operation | Block, region: Region) -> bool:
    block = owner if isinstance(owner, Block) else owner.parent
    while block is not None:
        if block.parent is region:
            return True
        above = block.parent_op()
        block = above.parent if above is not None else None
    return False
