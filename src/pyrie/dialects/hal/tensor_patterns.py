"""Rewrites of ops at the boundary of tensors and buffers, run by canonicalization."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from pyrie.dialects import arith
from pyrie.dialects.folding import constant_int
from pyrie.dialects.hal.tensors import TensorAliasOp, TensorBarrierOp, TensorExportOp, TensorImportOp, TensorTransientsOp

SAYS_DIMENSIONS = (TensorAliasOp, TensorExportOp, TensorTransientsOp)  # `source_dims` are the dynamic sizes of `source`


class TakeConstantDimensions(RewritePattern):
    """`tensor.import`: a dynamic size that all users in its block say is one constant, is that constant.

    A user elsewhere may be on a path of its own, where the sizes hold that it says; then nothing is taken over.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TensorImportOp, rewriter: PatternRewriter) -> None:
        unknown = [i for i, dim in enumerate(op.target_dims) if constant_int(dim) is None]
        if not unknown:
            return
        users = [use.operation for use in op.target.uses]
        if any(user.parent is not op.parent for user in users):
            return
        said = [list(user.source_dims) for user in users if isinstance(user, SAYS_DIMENSIONS) and user.source is op.target]
        if any(len(dims) != len(op.target_dims) for dims in said):
            return
        first = 1  # the position of the sizes among the operands: behind the source
        changed = False
        for i in unknown:
            numbers = {constant_int(dims[i]) for dims in said}
            number = numbers.pop() if len(numbers) == 1 else None
            if number is not None:
                op.operands[first + i] = rewriter.insert(arith.ConstantOp(IntegerAttr.from_index_int_value(number))).results[0]
                changed = True
        if changed:
            rewriter.notify_op_modified(op)


class JoinTransients(RewritePattern):
    """`tensor.transients` of `tensor.transients`: the storage that is said last holds."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TensorTransientsOp, rewriter: PatternRewriter) -> None:
        if isinstance(inner := op.source.owner, TensorTransientsOp):
            operands = [inner.source, inner.source_dims, op.storage]
            properties = dict(op.properties)
            properties.pop("operandSegmentSizes", None)
            made = TensorTransientsOp(operands=operands, properties=properties, result_types=[op.result.type], attributes=op.attributes)
            rewriter.replace(op, made)


class WaitForEachTensorOnce(RewritePattern):
    """`tensor.barrier`: a tensor that is named again is the same result again."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TensorBarrierOp, rewriter: PatternRewriter) -> None:
        sources: dict[SSAValue, int] = {}
        for source in op.sources:
            sources.setdefault(source, len(sources))
        if len(sources) < len(op.sources):
            made = TensorBarrierOp(list(sources), op.signal_fence)
            made.attributes.update(op.attributes)
            rewriter.replace(op, made, [made.res[sources[source]] for source in op.sources])
