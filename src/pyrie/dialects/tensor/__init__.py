"""The tensor dialect: creating, reshaping, slicing and joining tensors as values."""

from xdsl.ir import Dialect

from pyrie.dialects.tensor.basics import (
    BitcastOp,
    CastOp,
    DimOp,
    EmptyOp,
    ExtractOp,
    FromElementsOp,
    GatherOp,
    GenerateOp,
    InsertOp,
    RankOp,
    ScatterOp,
    SplatOp,
    YieldOp,
)
from pyrie.dialects.tensor.reshapes import CollapseShapeOp, ExpandShapeOp, ReshapeOp
from pyrie.dialects.tensor.slices import ConcatOp, ExtractSliceOp, InsertSliceOp, PadOp, ParallelInsertSliceOp

DIALECT = Dialect(
    "tensor",
    [
        *(BitcastOp, CastOp, CollapseShapeOp, ConcatOp, DimOp, EmptyOp, ExpandShapeOp, ExtractOp, ExtractSliceOp, FromElementsOp),
        *(GatherOp, GenerateOp, InsertOp, InsertSliceOp, PadOp, ParallelInsertSliceOp, RankOp, ReshapeOp, ScatterOp, SplatOp, YieldOp),
    ],
)

__all__ = [
    "DIALECT", "BitcastOp", "CastOp", "CollapseShapeOp", "ConcatOp", "DimOp", "EmptyOp", "ExpandShapeOp", "ExtractOp", "ExtractSliceOp",
    "FromElementsOp", "GatherOp", "GenerateOp", "InsertOp", "InsertSliceOp", "PadOp", "ParallelInsertSliceOp", "RankOp", "ReshapeOp",
    "ScatterOp", "SplatOp", "YieldOp",
]  # fmt: skip
