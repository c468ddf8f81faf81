"""The cf dialect: branches between blocks. xDSL's ops are MLIR's, in text, folds and meaning."""

from xdsl.dialects.cf import AssertOp, BranchOp, ConditionalBranchOp, SwitchOp
from xdsl.ir import Dialect
from xdsl.transforms.canonicalization_patterns import cf as _patterns

from pyrie.dialects import arith
from pyrie.dialects.folding import constant_int

# xDSL's canonicalizations look for arith ops and build them: they are to be ours, one class for each op.
_patterns.arith = arith  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]
_patterns.const_evaluate_operand = constant_int  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]

DIALECT = Dialect("cf", [AssertOp, BranchOp, ConditionalBranchOp, SwitchOp])

__all__ = ["DIALECT", "AssertOp", "BranchOp", "ConditionalBranchOp", "SwitchOp"]
