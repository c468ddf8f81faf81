"""util: functions, globals, host buffers, lists and the small arithmetic that every phase of the host program uses."""

from __future__ import annotations

from xdsl.ir import Dialect

from pyrie.dialects.util.attributes import (
    BytePatternAttr,
    ByteRangeAttr,
    CompositeAttr,
    InlineAlwaysAttr,
    InlineNeverAttr,
    IntAssumptionAttr,
    NullAttr,
    PreprocessingPassPipelineAttr,
    UninitializedAttr,
)
from pyrie.dialects.util.attributes import (
    SelfTypedAttr as SelfTypedAttr,
)
from pyrie.dialects.util.buffers import (
    BufferAllocOp,
    BufferCompareOp,
    BufferConstantOp,
    BufferCopyOp,
    BufferDeallocOp,
    BufferFillOp,
    BufferHashOp,
    BufferLoadOp,
    BufferSizeOp,
    BufferSliceOp,
    BufferStorageOp,
    BufferStoreOp,
    BufferSubspanOp,
    StringFormatOp,
    StringItoaOp,
)
from pyrie.dialects.util.globals import (
    GlobalAddressOp,
    GlobalLoadIndirectOp,
    GlobalLoadOp,
    GlobalOp,
    GlobalStoreIndirectOp,
    GlobalStoreOp,
)
from pyrie.dialects.util.lists import ListConstructOp, ListCreateOp, ListGetOp, ListResizeOp, ListSetOp, ListSizeOp
from pyrie.dialects.util.structural import (
    CallOp,
    FuncOp,
    HoistableConversionOp,
    InitializerOp,
    OptimizationBarrierOp,
    ReturnOp,
    SCFUnreachableOp,
    UnreachableOp,
)
from pyrie.dialects.util.types import BufferType, ListType, ObjectType, PtrType, UnusedType, VariantType
from pyrie.dialects.util.types import is_primitive as is_primitive
from pyrie.dialects.util.values import (
    AlignOp,
    AssumeIntOp,
    CastOp,
    CmpEQOp,
    CmpNEOp,
    NullOp,
    NumericOptionalNarrowOp,
    RangeExtentsOp,
    RangeMaxOp,
    RangeMinOp,
    SizeOfOp,
    StatusCheckOkOp,
    SwitchOp,
    UnfoldableConstantOp,
)

OPERATIONS = [
    AlignOp, AssumeIntOp, BufferAllocOp, BufferCompareOp, BufferConstantOp, BufferCopyOp, BufferDeallocOp, BufferFillOp, BufferHashOp,
    BufferLoadOp, BufferSizeOp, BufferSliceOp, BufferStorageOp, BufferStoreOp, BufferSubspanOp, CallOp, CastOp, CmpEQOp, CmpNEOp, FuncOp,
    GlobalAddressOp, GlobalLoadIndirectOp, GlobalLoadOp, GlobalOp, GlobalStoreIndirectOp, GlobalStoreOp, HoistableConversionOp,
    InitializerOp, ListConstructOp, ListCreateOp, ListGetOp, ListResizeOp, ListSetOp, ListSizeOp, NullOp, NumericOptionalNarrowOp,
    OptimizationBarrierOp, RangeExtentsOp, RangeMaxOp, RangeMinOp, ReturnOp, SCFUnreachableOp, SizeOfOp, StatusCheckOkOp, StringFormatOp,
    StringItoaOp, SwitchOp, UnfoldableConstantOp, UnreachableOp,
]  # fmt: skip
ATTRIBUTES = [
    BufferType, ListType, ObjectType, PtrType, UnusedType, VariantType, BytePatternAttr, ByteRangeAttr, CompositeAttr, InlineAlwaysAttr,
    InlineNeverAttr, IntAssumptionAttr, NullAttr, PreprocessingPassPipelineAttr, UninitializedAttr,
]  # fmt: skip

DIALECT = Dialect("util", OPERATIONS, ATTRIBUTES)
