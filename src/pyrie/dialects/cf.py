"""The cf dialect: branches between blocks. xDSL's ops are MLIR's, in text, folds and meaning."""

from xdsl.dialects.cf import AssertOp, BranchOp, ConditionalBranchOp, SwitchOp
from xdsl.ir import Dialect

DIALECT = Dialect("cf", [AssertOp, BranchOp, ConditionalBranchOp, SwitchOp])

__all__ = ["DIALECT", "AssertOp", "BranchOp", "ConditionalBranchOp", "SwitchOp"]
