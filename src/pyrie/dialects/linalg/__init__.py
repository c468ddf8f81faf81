"""The linalg dialect: loop nests over tensors, as ops."""

from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.ir import Dialect

from pyrie.dialects.linalg.attributes import ElementwiseKind, ElementwiseKindAttr, TypeFn, TypeFnAttr
from pyrie.dialects.linalg.composite import PackOp, SoftmaxOp, UnPackOp
from pyrie.dialects.linalg.named import NAMED_OPS, BatchMatmulOp, DotOp, MatmulOp, MatvecOp, Mmt4DOp, NamedOp, VecmatOp
from pyrie.dialects.linalg.shaped import BroadcastOp, ContractOp, CopyOp, ElementwiseOp, FillOp, MapOp, ReduceOp, TransposeOp
from pyrie.dialects.linalg.structured import GenericOp, IndexOp, StructuredOp, YieldOp

DIALECT = Dialect(
    "linalg",
    [
        *(
            GenericOp,
            IndexOp,
            YieldOp,
            FillOp,
            MapOp,
            ReduceOp,
            BroadcastOp,
            TransposeOp,
            ContractOp,
            CopyOp,
            ElementwiseOp,
            SoftmaxOp,
            PackOp,
            UnPackOp,
        ),
        *NAMED_OPS.values(),
    ],
    [IteratorTypeAttr, TypeFnAttr, ElementwiseKindAttr],
)

__all__ = [
    "DIALECT", "NAMED_OPS", "BatchMatmulOp", "BroadcastOp", "ContractOp", "CopyOp", "DotOp", "ElementwiseKind", "ElementwiseKindAttr",
    "ElementwiseOp", "FillOp", "GenericOp", "IndexOp", "IteratorType", "IteratorTypeAttr", "MapOp", "MatmulOp", "MatvecOp", "Mmt4DOp",
    "NamedOp", "PackOp", "ReduceOp", "SoftmaxOp", "StructuredOp", "TransposeOp", "TypeFn", "TypeFnAttr", "UnPackOp", "VecmatOp", "YieldOp",
]  # fmt: skip
