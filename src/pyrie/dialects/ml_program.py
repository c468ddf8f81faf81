"""The ml_program dialect, as models imported through MLIR use it for state."""

from xdsl.dialects.ml_program import GlobalLoadConstantOp, GlobalOp, MLProgram
from xdsl.ir import Dialect

DIALECT = Dialect("ml_program", [GlobalOp, GlobalLoadConstantOp], [*MLProgram.attributes])

__all__ = ["DIALECT", "GlobalLoadConstantOp", "GlobalOp"]
