"""The arith dialect: integer and floating-point arithmetic on scalars, vectors and tensors."""

from xdsl.dialects.arith import (
    CMPF_COMPARISON_OPERATIONS,
    CMPI_COMPARISON_OPERATIONS,
    FastMathFlagsAttr,
    IntegerOverflowFlag,
)
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Dialect

from pyrie.dialects.arith.attributes import IntegerOverflowAttr
from pyrie.dialects.arith.casts import (
    BitcastOp,
    ExtFOp,
    ExtSIOp,
    ExtUIOp,
    FPToSIOp,
    FPToUIOp,
    IndexCastOp,
    IndexCastUIOp,
    SIToFPOp,
    TruncFOp,
    TruncIOp,
    UIToFPOp,
)
from pyrie.dialects.arith.comparison import CmpfOp, CmpiOp, SelectOp
from pyrie.dialects.arith.floats import (
    AddfOp,
    DivfOp,
    MaximumfOp,
    MaxnumfOp,
    MinimumfOp,
    MinnumfOp,
    MulfOp,
    NegfOp,
    RemfOp,
    SubfOp,
)
from pyrie.dialects.arith.integers import (
    AddiOp,
    AddUIExtendedOp,
    AndIOp,
    CeilDivSIOp,
    CeilDivUIOp,
    ConstantOp,
    DivSIOp,
    DivUIOp,
    FloorDivSIOp,
    MaxSIOp,
    MaxUIOp,
    MinSIOp,
    MinUIOp,
    MuliOp,
    MulSIExtendedOp,
    MulUIExtendedOp,
    OrIOp,
    RemSIOp,
    RemUIOp,
    ShLIOp,
    ShRSIOp,
    ShRUIOp,
    SubiOp,
    XOrIOp,
)

DIALECT = Dialect(
    "arith",
    [
        *(ConstantOp, AddiOp, AddUIExtendedOp, SubiOp, MuliOp, MulUIExtendedOp, MulSIExtendedOp, DivUIOp, DivSIOp),
        *(FloorDivSIOp, CeilDivSIOp, CeilDivUIOp, RemUIOp, RemSIOp, MinUIOp, MaxUIOp, MinSIOp, MaxSIOp, AndIOp, OrIOp, XOrIOp),
        *(ShLIOp, ShRUIOp, ShRSIOp, CmpiOp, CmpfOp, SelectOp, AddfOp, SubfOp, MulfOp, DivfOp, RemfOp, NegfOp),
        *(MaximumfOp, MaxnumfOp, MinimumfOp, MinnumfOp, BitcastOp, IndexCastOp, IndexCastUIOp, FPToSIOp, FPToUIOp),
        *(SIToFPOp, UIToFPOp, ExtFOp, ExtSIOp, ExtUIOp, TruncFOp, TruncIOp),
    ],
    [FastMathFlagsAttr, IntegerOverflowAttr],
)

__all__ = [
    "CMPF_COMPARISON_OPERATIONS", "CMPI_COMPARISON_OPERATIONS", "DIALECT", "AddUIExtendedOp", "AddfOp", "AddiOp", "AndIOp", "BitcastOp",
    "CeilDivSIOp", "CeilDivUIOp", "CmpfOp", "CmpiOp", "ConstantOp", "DivSIOp", "DivUIOp", "DivfOp", "ExtFOp", "ExtSIOp", "ExtUIOp",
    "FPToSIOp", "FPToUIOp", "FastMathFlag", "FastMathFlagsAttr", "FloorDivSIOp", "IndexCastOp", "IndexCastUIOp", "IntegerOverflowAttr",
    "IntegerOverflowFlag", "MaxSIOp", "MaxUIOp", "MaximumfOp", "MaxnumfOp", "MinSIOp", "MinUIOp", "MinimumfOp", "MinnumfOp",
    "MulSIExtendedOp", "MulUIExtendedOp", "MulfOp", "MuliOp", "NegfOp", "OrIOp", "RemSIOp", "RemUIOp", "RemfOp", "SIToFPOp",
    "SelectOp", "ShLIOp", "ShRSIOp", "ShRUIOp", "SubfOp", "SubiOp", "TruncFOp", "TruncIOp", "UIToFPOp", "XOrIOp",
]  # fmt: skip
