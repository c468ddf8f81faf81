"""The func dialect: functions, calls and returns. xDSL's ops are MLIR's, in text and meaning."""

from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Dialect

DIALECT = Dialect("func", [FuncOp, CallOp, ReturnOp])

__all__ = ["DIALECT", "CallOp", "FuncOp", "ReturnOp"]
