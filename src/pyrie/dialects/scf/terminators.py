"""scf.yield, and what the region ops of the dialect share."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.parser import Parser
from xdsl.pattern_rewriter import PatternRewriter
from xdsl.rewriter import InsertPoint
from xdsl.traits import IsTerminator, Pure


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends a region with the values that the op around it gives, or carries to the next iteration."""

    name = "scf.yield"
    traits = traits_def(IsTerminator(), Pure())


def yielded(region: Region) -> Sequence[SSAValue]:
    """What the single block of a region yields."""
    last = region.block.last_op
    return last.operands if last is not None else ()


def ensure_yield(region: Region) -> Region:
    """Adds the `scf.yield` that the text leaves out."""
    if not region.blocks:
        region.add_block(Block())
    block = region.blocks.last
    assert block is not None
    if block.last_op is None or not block.last_op.has_trait(IsTerminator):
        block.add_op(YieldOp())
    return region


def parse_types_in_parens(parser: Parser) -> list[Attribute]:
    """`-> (t, t)`, `-> t` or nothing."""
    if not parser.parse_optional_punctuation("->"):
        return []
    types = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
    return list(types) if types is not None else [parser.parse_type()]


def inline_single_block(op: Operation, region: Region, arguments: Sequence[SSAValue], rewriter: PatternRewriter) -> None:
    """Replaces `op` by the ops of the region's block; its results by what the block yields."""
    block = region.block
    terminator = block.last_op
    assert terminator is not None
    rewriter.inline_block(block, InsertPoint.before(op), arguments)
    results = list(terminator.operands)
    rewriter.erase(terminator)
    rewriter.replace(op, [], results)
