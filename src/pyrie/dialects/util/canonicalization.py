"""Rewrites of util ops into simpler ones, run by canonicalization."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue, TypedAttribute
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from pyrie.dialects import arith
from pyrie.dialects.folding import constant_int
from pyrie.dialects.util.globals import GlobalAddressOp, GlobalLoadIndirectOp, GlobalLoadOp, GlobalStoreIndirectOp, GlobalStoreOp
from pyrie.dialects.util.structural import OptimizationBarrierOp
from pyrie.dialects.util.values import AssumeIntOp, RangeExtentsOp, RangeMaxOp, RangeMinOp, RangeOp, UnfoldableConstantOp


class LoadOfAddress(RewritePattern):
    """`global.load.indirect` of a known `global.address` is a `global.load`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GlobalLoadIndirectOp, rewriter: PatternRewriter) -> None:
        if isinstance(address := op.global_.owner, GlobalAddressOp):
            immutable = address.is_immutable is not None or op.is_immutable is not None
            rewriter.replace(op, GlobalLoadOp(address.global_.string_value(), op.result.type, immutable=immutable))


class DropStoreOfLoad(RewritePattern):
    """Storing what was just loaded from the same global changes nothing when no other op stands between."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GlobalStoreOp, rewriter: PatternRewriter) -> None:
        load = op.value.owner
        if isinstance(load, GlobalLoadOp) and load.global_ == op.global_ and load.next_op is op:
            rewriter.erase_op(op)


class StoreToAddress(RewritePattern):
    """`global.store.indirect` to a known `global.address` is a `global.store`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GlobalStoreIndirectOp, rewriter: PatternRewriter) -> None:
        if isinstance(address := op.global_.owner, GlobalAddressOp):
            rewriter.replace(op, GlobalStoreOp(op.value, address.global_.string_value()))


class SimplifyRangeOperands(RewritePattern):
    """`range.min`/`range.max`: drops repeated operands, joins nested ranges and folds the constants into one."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, RangeOp):
            return
        flat: list[SSAValue] = []
        for value in op.arguments:
            inner = value.owner
            flat += list(inner.arguments) if isinstance(inner, RangeOp) and type(inner) is type(op) else [value]
        flat = list(dict.fromkeys(flat))
        constants = [value for value in flat if constant_int(value) is not None]
        if len(constants) > 1:
            keep = op.choose([number for value in constants if (number := constant_int(value)) is not None])
            kept = next(value for value in constants if constant_int(value) == keep)
            flat = [value for value in flat if value is kept or value not in constants]
        if len(flat) < len(op.arguments):
            rewriter.replace(op, type(op)(flat))


class ExpandRangeExtents(RewritePattern):
    """`range.extents` of one or two ranges is written with arithmetic; repeated ranges are dropped.

    before:  %min, %max = util.range.extents [%o for %l] : index
    after:   %max = %o + (%l - 1); %min = %o
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: RangeExtentsOp, rewriter: PatternRewriter) -> None:
        ranges = list(dict.fromkeys(zip(op.offsets, op.lengths, strict=True)))
        if len(ranges) > 2:
            if len(ranges) < len(op.offsets):
                offsets, lengths = zip(*ranges, strict=True)
                new = RangeExtentsOp(operands=[offsets, lengths], result_types=[op.min.type, op.max.type])
                rewriter.replace(op, new)
            return
        one = arith.ConstantOp(IntegerAttr(1, op.min.type))  # pyright: ignore[reportArgumentType]
        new_ops: list[Operation] = [one]
        lasts: list[SSAValue] = []
        for offset, length in ranges:
            before_end = arith.SubiOp(length, one.result)
            last = arith.AddiOp(offset, before_end.result)
            new_ops += [before_end, last]
            lasts.append(last.result)
        low, high = ranges[0][0], lasts[0]
        if len(ranges) == 2:
            least, greatest = RangeMinOp([o for o, _ in ranges]), RangeMaxOp(lasts)
            new_ops += [least, greatest]
            low, high = least.result, greatest.result
        rewriter.replace(op, new_ops, [low, high])


class SimplifyAssumptions(RewritePattern):
    """`assume.int`: lets constants through and drops values that are assumed twice or not used."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AssumeIntOp, rewriter: PatternRewriter) -> None:
        kept: dict[tuple[SSAValue, Attribute], int] = {}
        places: list[int | None] = []
        for argument, row, result in zip(op.arguments, op.assumptions, op.res, strict=True):
            if constant_int(argument) is not None or result.first_use is None:
                places.append(None)
            else:
                places.append(kept.setdefault((argument, row), len(kept)))
        if len(kept) == len(op.arguments):
            return
        if not kept:
            rewriter.replace(op, (), list(op.arguments))
            return
        arguments, rows = zip(*kept, strict=True)
        new = AssumeIntOp(arguments, [row.data for row in rows])
        results = [op.arguments[i] if place is None else new.res[place] for i, place in enumerate(places)]
        rewriter.replace(op, new, results)


class ExpandUnfoldableConstant(RewritePattern):
    """`unfoldable_constant` is a constant that an optimization barrier hides."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: UnfoldableConstantOp, rewriter: PatternRewriter) -> None:
        if not isinstance(op.value, TypedAttribute | DenseIntOrFPElementsAttr):
            return  # a symbol
        constant = arith.ConstantOp(op.value)
        barrier = OptimizationBarrierOp(constant.result)
        rewriter.replace(op, (constant, barrier), list(barrier.res))
