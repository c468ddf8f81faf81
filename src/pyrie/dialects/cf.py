"""The cf dialect: branches between blocks. xDSL's ops are MLIR's, in text, folds and meaning."""

from xdsl.dialects.cf import AssertOp, BranchOp, ConditionalBranchOp, SwitchOp
from xdsl.ir import Dialect
from xdsl.pattern_rewriter import PatternRewriter, op_type_rewrite_pattern
from xdsl.transforms.canonicalization_patterns import cf as _patterns

from pyrie.dialects import arith
from pyrie.dialects.folding import constant_int

# xDSL's canonicalizations look for arith ops and build them: they are to be ours, one class for each op.
_patterns.arith = arith  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]
_patterns.const_evaluate_operand = constant_int  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]


class SimplifyIdenticalSuccessors(_patterns.SimplifyCondBranchIdenticalSuccessors):
    """`cond_br` to one block either way is a `br` with selected arguments, if the block is reached from there only.

    Where it is also reached from elsewhere, as in MLIR, only equal arguments make it a `br`: selects would be computed on every path.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConditionalBranchOp, rewriter: PatternRewriter) -> None:
        target = op.then_block
        if target is op.else_block and (op.then_arguments == op.else_arguments or len(set(target.predecessors())) == 1):
            super().match_and_rewrite(op, rewriter)


_patterns.SimplifyCondBranchIdenticalSuccessors = SimplifyIdenticalSuccessors  # pyright: ignore[reportAttributeAccessIssue]

DIALECT = Dialect("cf", [AssertOp, BranchOp, ConditionalBranchOp, SwitchOp])

__all__ = ["DIALECT", "AssertOp", "BranchOp", "ConditionalBranchOp", "SwitchOp"]
