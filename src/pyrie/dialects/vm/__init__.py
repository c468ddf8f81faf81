"""The `vm` dialect: what the bytecode says, as ops.

Regular instructions are made from `format.opcodes` and found in `OPS` by mnemonic; structure and control flow have classes of their own.
"""

from xdsl.ir import Dialect

from pyrie.dialects.vm.checks import CHECKS, CheckOp, OptimizationBarrierOp
from pyrie.dialects.vm.control import (
    FIXED,
    AssignRefOp,
    BranchOp,
    BranchTableOp,
    BreakOp,
    CallOp,
    CallVariadicOp,
    CallVariadicYieldableOp,
    CallYieldableOp,
    CondBranchOp,
    CondBreakOp,
    CondFailOp,
    DiscardRefsOp,
    FailOp,
    ImportResolvedOp,
    PrintOp,
    ReturnOp,
    TraceOp,
    YieldOp,
    segment_sizes_attr,
)
from pyrie.dialects.vm.regular import OPS, PSEUDO, RegularOp, is_zero_constant
from pyrie.dialects.vm.structure import (
    GLOBALS,
    ExportOp,
    FuncOp,
    GlobalAddressOp,
    GlobalOp,
    GlobalRefOp,
    ImportOp,
    InitializerOp,
    ModuleOp,
    RodataInlineOp,
    RodataOp,
    RodataTableInlineOp,
    make_global,
)
from pyrie.dialects.vm.types import ANY_REF, BufferType, ListType, OpaqueType, RefType, is_reference

STRUCTURE = (
    *(ModuleOp, FuncOp, ExportOp, ImportOp, InitializerOp, GlobalRefOp, *GLOBALS.values()),
    *(RodataOp, RodataInlineOp, RodataTableInlineOp, GlobalAddressOp),
)
CONTROL = (
    *(BranchOp, CondBranchOp, BranchTableOp, YieldOp, BreakOp, CondBreakOp),
    *(CallOp, CallVariadicOp, CallYieldableOp, CallVariadicYieldableOp, ImportResolvedOp),
    *(ReturnOp, FailOp, CondFailOp, DiscardRefsOp, AssignRefOp, TraceOp, PrintOp),
    *(*CHECKS.values(), OptimizationBarrierOp),
)

DIALECT = Dialect("vm", [*STRUCTURE, *CONTROL, *OPS.values()], [RefType, BufferType, ListType, OpaqueType])

__all__ = [
    "ANY_REF",
    "CHECKS",
    "DIALECT",
    "FIXED",
    "GLOBALS",
    "OPS",
    "PSEUDO",
    "AssignRefOp",
    "BranchOp",
    "BranchTableOp",
    "BreakOp",
    "BufferType",
    "CallOp",
    "CallVariadicOp",
    "CallVariadicYieldableOp",
    "CallYieldableOp",
    "CheckOp",
    "CondBranchOp",
    "CondBreakOp",
    "CondFailOp",
    "DiscardRefsOp",
    "ExportOp",
    "FailOp",
    "FuncOp",
    "GlobalAddressOp",
    "GlobalOp",
    "GlobalRefOp",
    "ImportOp",
    "ImportResolvedOp",
    "InitializerOp",
    "ListType",
    "ModuleOp",
    "OpaqueType",
    "OptimizationBarrierOp",
    "PrintOp",
    "RefType",
    "RegularOp",
    "ReturnOp",
    "RodataInlineOp",
    "RodataOp",
    "RodataTableInlineOp",
    "TraceOp",
    "YieldOp",
    "is_reference",
    "is_zero_constant",
    "make_global",
    "segment_sizes_attr",
]
