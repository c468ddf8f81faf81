"""The scf dialect: structured control flow."""

from xdsl.ir import Dialect

from pyrie.dialects.scf.branches import ExecuteRegionOp, IfOp, IndexSwitchOp
from pyrie.dialects.scf.loops import ConditionOp, ForallOp, ForOp, InParallelOp, WhileOp
from pyrie.dialects.scf.terminators import YieldOp

DIALECT = Dialect("scf", [ConditionOp, ExecuteRegionOp, ForOp, ForallOp, IfOp, InParallelOp, IndexSwitchOp, WhileOp, YieldOp])

__all__ = [
    "DIALECT", "ConditionOp", "ExecuteRegionOp", "ForOp", "ForallOp", "IfOp", "InParallelOp", "IndexSwitchOp", "WhileOp", "YieldOp",
]  # fmt: skip
