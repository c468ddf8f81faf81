"""The memref dialect: buffers in kernels. xDSL's ops are MLIR's, in text and meaning."""

from xdsl.dialects.memref import (
    AllocaOp,
    AllocOp,
    AssumeAlignmentOp,
    CastOp,
    CollapseShapeOp,
    CopyOp,
    DeallocOp,
    DimOp,
    ExpandShapeOp,
    ExtractStridedMetaDataOp,
    GetGlobalOp,
    GlobalOp,
    LoadOp,
    MemorySpaceCastOp,
    RankOp,
    ReinterpretCastOp,
    StoreOp,
    SubviewOp,
    ViewOp,
)
from xdsl.ir import Dialect

DIALECT = Dialect(
    "memref",
    [
        *(AllocOp, AllocaOp, AssumeAlignmentOp, CastOp, CollapseShapeOp, CopyOp, DeallocOp, DimOp, ExpandShapeOp),
        *(ExtractStridedMetaDataOp, GetGlobalOp, GlobalOp, LoadOp, MemorySpaceCastOp, RankOp, ReinterpretCastOp),
        *(StoreOp, SubviewOp, ViewOp),
    ],
)

__all__ = [
    "DIALECT", "AllocOp", "AllocaOp", "AssumeAlignmentOp", "CastOp", "CollapseShapeOp", "CopyOp", "DeallocOp", "DimOp", "ExpandShapeOp",
    "ExtractStridedMetaDataOp", "GetGlobalOp", "GlobalOp", "LoadOp", "MemorySpaceCastOp", "RankOp", "ReinterpretCastOp", "StoreOp",
    "SubviewOp", "ViewOp",
]  # fmt: skip
