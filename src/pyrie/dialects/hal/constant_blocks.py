"""Rewrites of what an executable asks of a device before it is loaded, run by canonicalization."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, FunctionType
from xdsl.ir import Block, Region, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from pyrie.dialects.cf import BranchOp
from pyrie.dialects.folding import constant_int
from pyrie.dialects.hal.devices import ReturnOp
from pyrie.dialects.hal.executables import ExecutableConstantBlockOp, ExecutableExportOp, ExecutableVariantOp
from pyrie.dialects.hal.types import DeviceType


class DropTrueCondition(RewritePattern):
    """An export whose condition is always true has none, and never falls back."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ExecutableExportOp, rewriter: PatternRewriter) -> None:
        blocks = list(op.condition.blocks)
        if len(blocks) != 1:
            return
        returned = blocks[0].last_op
        if isinstance(returned, ReturnOp) and constant_int(returned.arguments[0]) == 1:
            op.condition.detach_block(blocks[0])
            blocks[0].erase(safe_erase=False)
            op.properties.pop("condition_fallback", None)
            rewriter.notify_op_modified(op)


class MergeConstantBlocks(RewritePattern):
    """The constant blocks of a variant become one that computes the values of each in order."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ExecutableVariantOp, rewriter: PatternRewriter) -> None:
        first, *others = [inner for inner in op.body.block.ops if isinstance(inner, ExecutableConstantBlockOp)] or [None]
        if first is None or not others:
            return
        stages = [first, *(other for other in others if other is not None)]
        entry = first.body.blocks[0]
        if not entry.args and any(stage.body.blocks[0].args for stage in stages):
            entry.insert_arg(DeviceType(), 0)
        values: list[SSAValue] = []
        for i, stage in enumerate(stages):
            join = Block(arg_types=stage.function_type.outputs.data)
            _return_to(join, stage.body)
            if i > 0:
                _splice(first.body, stage.body, entry)
                stage.detach()
            first.body.insert_block(join, len(first.body.blocks))
            values.extend(join.args)
        first.body.blocks[-1].add_op(ReturnOp(*values))
        keys = [key for stage in stages for key in stage.keys]
        first.properties["keys"] = ArrayAttr(keys)
        _set_type(first, values)
        for stage in stages[1:]:
            stage.erase()
        rewriter.handle_operation_insertion(first)


def _return_to(join: Block, region: Region) -> None:
    """Makes every way out of `region` one to `join`, which takes what was returned."""
    for block in region.blocks:
        last = block.last_op
        if isinstance(last, ReturnOp):
            block.add_op(BranchOp(join, *last.arguments))
            last.detach()
            last.erase()


def _splice(target: Region, source: Region, entry: Block) -> None:
    """Moves `source` behind what is last in `target`: its first block's ops go on there, with the device of `entry`."""
    last = target.blocks[-1]
    begin, *others = list(source.blocks)
    for argument in begin.args:
        argument.replace_all_uses_with(entry.args[0])
    for inner in list(begin.ops):
        inner.detach()
        last.add_op(inner)
    for block in others:
        source.detach_block(block)
        target.insert_block(block, len(target.blocks))


class DropUnusedDevice(RewritePattern):
    """A constant block that does not ask its device takes none."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ExecutableConstantBlockOp, rewriter: PatternRewriter) -> None:
        entry = op.body.blocks[0]
        if entry.args and entry.args[0].first_use is None:
            entry.erase_arg(entry.args[0])
            op.properties["function_type"] = FunctionType.from_lists([], op.function_type.outputs.data)
            rewriter.notify_op_modified(op)


class DeduplicateConstantKeys(RewritePattern):
    """A key that a constant block has again stands for the value it stood for first."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ExecutableConstantBlockOp, rewriter: PatternRewriter) -> None:
        kept: dict[str, int] = {}
        for i, key in enumerate(op.keys):
            kept.setdefault(key.data, i)
        if len(kept) == len(op.keys):
            return
        for block in op.body.blocks:
            if isinstance(last := block.last_op, ReturnOp):
                last.operands = [last.arguments[i] for i in kept.values()]
                rewriter.notify_op_modified(last)
        op.properties["function_type"] = FunctionType.from_lists(
            op.function_type.inputs.data, [op.function_type.outputs.data[i] for i in kept.values()]
        )
        op.properties["keys"] = ArrayAttr(op.keys.data[i] for i in kept.values())
        rewriter.notify_op_modified(op)


def _set_type(op: ExecutableConstantBlockOp, results: list[SSAValue]) -> None:
    inputs = [argument.type for argument in op.body.blocks[0].args]
    op.properties["function_type"] = FunctionType.from_lists(inputs, [value.type for value in results])
