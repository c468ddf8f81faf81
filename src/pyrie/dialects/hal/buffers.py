"""Allocators, buffers, buffer views, and the numbers that describe their contents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    BFloat16Type,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    Signedness,
    StringAttr,
    i1,
    i32,
    i64,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SizeAwareType
from pyrie.dialects.hal.assembly import DenseEncoding, DeviceQueueAffinityList, HALOp
from pyrie.dialects.hal.enums import BufferUsageAttr, LifetimeAttr, MemoryTypeAttr
from pyrie.dialects.hal.subspans import UsesRanges
from pyrie.dialects.hal.types import AllocatorType, BufferType, BufferViewType, DeviceType
from pyrie.dialects.util.types import BufferType as HostBufferType

index = IndexType()

# ---- allocators --------------------------------------------------------------------------------------------------------


@irdl_op_definition
class AllocatorSelectOp(HALOp, HasCanonicalizationPatternsInterface):
    """The device and queues among several whose memory serves a use best."""

    name = "hal.allocator.select"

    devices = var_operand_def(DeviceType)
    queue_affinities = var_operand_def(i64)
    memory_types = operand_def(i32)
    buffer_usage = operand_def(i32)
    selected_device = result_def(DeviceType)
    selected_queue_affinity = result_def(i64)

    RESULT_NAMES: ClassVar = ("device", "queue_affinity")
    traits = traits_def(Pure())
    irdl_options = (SameVariadicOperandSize(),)
    custom_directives = (DeviceQueueAffinityList,)
    assembly_format = (
        "`from` `(` custom<DeviceQueueAffinityList>($devices, type($devices), $queue_affinities) `)` `type` `(` $memory_types `)` "
        "`usage` `(` $buffer_usage `)` `:` type($selected_device) `,` type($selected_queue_affinity) attr-dict-with-keyword"
    )

    def __init__(self, devices: Sequence[SSAValue], affinities: Sequence[SSAValue], memory_types: SSAValue, usage: SSAValue):
        super().__init__(operands=[devices, affinities, memory_types, usage], result_types=[DeviceType(), i64])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.canonicalization import SimplifyAllocatorSelect

        return (SimplifyAllocatorSelect(),)


@irdl_op_definition
class AllocatorAllocateOp(HALOp):
    """A new buffer, at once."""

    name = "hal.allocator.allocate"

    allocator = operand_def(AllocatorType)
    queue_affinity = operand_def(i64)
    memory_types = operand_def(i32)
    buffer_usage = operand_def(i32)
    result_size = operand_def(IndexType)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer",)
    custom_directives = (SizeAwareType,)
    assembly_format = (
        "`<` $allocator `:` type($allocator) `>` `affinity` `(` $queue_affinity `)` `type` `(` $memory_types `)` "
        "`usage` `(` $buffer_usage `)` `:` custom<SizeAwareType>(type($result), $result_size) attr-dict-with-keyword"
    )

    def __init__(self, allocator: SSAValue, affinity: SSAValue, memory_types: SSAValue, usage: SSAValue, size: SSAValue):
        super().__init__(operands=[allocator, affinity, memory_types, usage, size], result_types=[BufferType()])


@irdl_op_definition
class AllocatorImportOp(HALOp):
    """A buffer over host memory, where the device can use it in place."""

    name = "hal.allocator.import"

    allocator = operand_def(AllocatorType)
    queue_affinity = operand_def(i64)
    memory_types = operand_def(i32)
    buffer_usage = operand_def(i32)
    source = operand_def(HostBufferType)
    offset = operand_def(IndexType)
    length = operand_def(IndexType)
    did_import = result_def(i1)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("did_import", "mapped")
    assembly_format = (
        "`<` $allocator `:` type($allocator) `>` `source` `(` $source `:` type($source) `)` `` `[` $offset `,` $length `]` "
        "`affinity` `(` $queue_affinity `)` `type` `(` $memory_types `)` `usage` `(` $buffer_usage `)` "
        "`:` type($did_import) `,` type($result) attr-dict-with-keyword"
    )

    def __init__(
        self,
        allocator: SSAValue,
        affinity: SSAValue,
        memory_types: SSAValue,
        usage: SSAValue,
        source: SSAValue,
        offset: SSAValue,
        length: SSAValue,
    ):
        super().__init__(operands=[allocator, affinity, memory_types, usage, source, offset, length], result_types=[i1, BufferType()])


@irdl_op_definition
class AllocatorResolveMemoryPropertiesOp(HALOp):
    """The memory type and usage of resources of a lifetime on a device."""

    name = "hal.allocator.resolve_memory_properties"

    affinity = opt_prop_def(AnyAttr())
    lifetime = prop_def(LifetimeAttr)
    memory_types = result_def(i32)
    buffer_usage = result_def(i32)

    RESULT_NAMES: ClassVar = ("memory_types", "buffer_usage")
    traits = traits_def(Pure())
    assembly_format = (
        "(`for` `(` $affinity^ `)`)? `lifetime` `(` $lifetime `)` `:` type($memory_types) `,` type($buffer_usage) attr-dict-with-keyword"
    )

    def __init__(self, affinity: Attribute | None, lifetime: str):
        super().__init__(properties={"affinity": affinity, "lifetime": LifetimeAttr(lifetime)}, result_types=[i32, i32])


# ---- buffers -----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class BufferAssertOp(HALOp):
    """Fails unless the buffer is of the allocator, large enough, and of the memory type and usage."""

    name = "hal.buffer.assert"

    buffer = operand_def(BufferType)
    message = prop_def(StringAttr)
    allocator = operand_def(AllocatorType)
    minimum_length = operand_def(IndexType)
    memory_types = prop_def(MemoryTypeAttr)
    buffer_usage = prop_def(BufferUsageAttr)

    assembly_format = (
        "`<` $buffer `:` type($buffer) `>` `message` `(` $message `)` `allocator` `(` $allocator `:` type($allocator) `)` "
        "`minimum_length` `(` $minimum_length `)` `type` `(` $memory_types `)` `usage` `(` $buffer_usage `)` attr-dict-with-keyword"
    )

    def __init__(
        self,
        buffer: SSAValue,
        message: str,
        allocator: SSAValue,
        minimum_length: SSAValue,
        memory_types: MemoryTypeAttr,
        usage: BufferUsageAttr,
    ):
        super().__init__(
            operands=[buffer, allocator, minimum_length],
            properties={"message": StringAttr(message), "memory_types": memory_types, "buffer_usage": usage},
        )


@irdl_op_definition
class BufferAllocationPreserveOp(HALOp):
    """Counts one more owner of the allocation."""

    name = "hal.buffer.allocation.preserve"

    buffer = operand_def(BufferType)

    assembly_format = "`<` $buffer `:` type($buffer) `>` attr-dict-with-keyword"


@irdl_op_definition
class BufferAllocationDiscardOp(HALOp):
    """Counts one owner less; true if it was the last."""

    name = "hal.buffer.allocation.discard"

    buffer = operand_def(BufferType)
    result = result_def(i1)

    RESULT_NAMES: ClassVar = ("was_terminal",)
    assembly_format = "`<` $buffer `:` type($buffer) `>` `:` type($result) attr-dict-with-keyword"


@irdl_op_definition
class BufferAllocationIsTerminalOp(HALOp):
    """Whether one owner is left."""

    name = "hal.buffer.allocation.is_terminal"

    buffer = operand_def(BufferType)
    result = result_def(i1)

    RESULT_NAMES: ClassVar = ("is_terminal",)
    assembly_format = "`<` $buffer `:` type($buffer) `>` `:` type($result) attr-dict-with-keyword"


@irdl_op_definition
class BufferSubspanOp(HALOp):
    """A view of part of a buffer."""

    name = "hal.buffer.subspan"

    source_buffer = operand_def(BufferType)
    source_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer",)
    traits = traits_def(Pure())
    assembly_format = (
        "`<` $source_buffer `:` type($source_buffer) `>` `` `[` $source_offset `,` $length `]` `:` type($result) attr-dict-with-keyword"
    )

    def __init__(self, buffer: SSAValue, offset: SSAValue, length: SSAValue):
        super().__init__(operands=[buffer, offset, length], result_types=[BufferType()])


@irdl_op_definition
class BufferLengthOp(HALOp):
    """The length in bytes."""

    name = "hal.buffer.length"

    buffer = operand_def(BufferType)
    result = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("length",)
    traits = traits_def(Pure())
    assembly_format = "`<` $buffer `:` type($buffer) `>` `:` type($result) attr-dict-with-keyword"


@irdl_op_definition
class BufferLoadOp(HALOp):
    """Reads a number; the buffer must be mappable."""

    name = "hal.buffer.load"

    source_buffer = operand_def(BufferType)
    source_offset = operand_def(IndexType)
    result = result_def()

    traits = traits_def(MemoryReadEffect())
    assembly_format = "`<` $source_buffer `:` type($source_buffer) `>` `` `[` $source_offset `]` `:` type($result) attr-dict-with-keyword"

    def __init__(self, buffer: SSAValue, offset: SSAValue, type: Attribute):
        super().__init__(operands=[buffer, offset], result_types=[type])


@irdl_op_definition
class BufferStoreOp(HALOp):
    """Writes a number; the buffer must be mappable."""

    name = "hal.buffer.store"

    value = operand_def()
    target_buffer = operand_def(BufferType)
    target_offset = operand_def(IndexType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = (
        "`<` $target_buffer `:` type($target_buffer) `>` `` `[` $target_offset `]` `value` `(` $value `:` type($value) `)` "
        "attr-dict-with-keyword"
    )

    def __init__(self, value: SSAValue, buffer: SSAValue, offset: SSAValue):
        super().__init__(operands=[value, buffer, offset])


@irdl_op_definition
class BufferUsageOp(HALOp):
    """A set of usages as a number."""

    name = "hal.buffer_usage"

    usage = prop_def(BufferUsageAttr)
    result = result_def(i32)

    RESULT_NAMES: ClassVar = ("buffer_usage",)
    traits = traits_def(Pure())
    assembly_format = "`<` $usage `>` attr-dict `:` type($result)"

    def __init__(self, usage: BufferUsageAttr):
        super().__init__(properties={"usage": usage}, result_types=[i32])


@irdl_op_definition
class MemoryTypeOp(HALOp):
    """A set of memory types as a number."""

    name = "hal.memory_type"

    type = prop_def(MemoryTypeAttr)
    result = result_def(i32)

    RESULT_NAMES: ClassVar = ("memory_type",)
    traits = traits_def(Pure())
    assembly_format = "`<` $type `>` attr-dict `:` type($result)"

    def __init__(self, type: MemoryTypeAttr):
        super().__init__(properties={"type": type}, result_types=[i32])


# ---- element and encoding types ----------------------------------------------------------------------------------------

# Numerical classes of the runtime's element types (the top byte; the low byte is the width in bits).
_INTEGER, _SIGNED, _UNSIGNED, _BOOLEAN = 0x10, 0x11, 0x12, 0x13
_FLOAT_CLASS: dict[type[Attribute], tuple[int, int]] = {
    Float16Type: (0x21, 16),
    Float32Type: (0x21, 32),
    Float64Type: (0x21, 64),
    BFloat16Type: (0x22, 16),
}
_COMPLEX = 0x23
_SIGNEDNESS_CLASS = {Signedness.SIGNLESS: _INTEGER, Signedness.SIGNED: _SIGNED, Signedness.UNSIGNED: _UNSIGNED}
_SMALL_FLOAT_CLASS = {"f8E5M2": 0x24, "f8E4M3FN": 0x25, "f8E5M2FNUZ": 0x26, "f8E4M3FNUZ": 0x27, "f8E8M0FNU": 0x28}

DENSE_ROW_MAJOR = 1


def element_type_value(type: Attribute) -> int | None:
    """The runtime's number of an element type, or None where there is none."""
    if isinstance(type, IntegerType):
        if type.width.data == 1:
            return _BOOLEAN << 24 | 8
        return _SIGNEDNESS_CLASS[type.signedness.data] << 24 | type.width.data
    if isinstance(type, ComplexType):
        known = _FLOAT_CLASS.get(type.element_type.__class__)
        return _COMPLEX << 24 | known[1] * 2 if known else None
    if known := _FLOAT_CLASS.get(type.__class__):
        return known[0] << 24 | known[1]
    if (small := _SMALL_FLOAT_CLASS.get(type.name)) is not None:
        return small << 24 | 8
    return None


@irdl_op_definition
class ElementTypeOp(HALOp):
    """An element type as a number."""

    name = "hal.element_type"

    type = prop_def(AnyAttr())
    result = result_def(i32)

    traits = traits_def(Pure())
    assembly_format = "`<` $type `>` attr-dict `:` type($result)"

    def __init__(self, type: Attribute):
        super().__init__(properties={"type": type}, result_types=[i32])

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (f"element_type_{self.type}",)

    def verify_(self) -> None:
        if element_type_value(self.type) is None:
            raise VerifyException(f"unsupported element type {self.type}")


@irdl_op_definition
class EncodingTypeOp(HALOp):
    """An encoding as a number."""

    name = "hal.encoding_type"

    encoding = opt_prop_def(AnyAttr())
    result = result_def(i32)

    traits = traits_def(Pure())
    custom_directives = (DenseEncoding,)
    assembly_format = "`<` custom<DenseEncoding>($encoding) `>` attr-dict `:` type($result)"

    def __init__(self, encoding: Attribute | None = None):
        super().__init__(properties={"encoding": encoding}, result_types=[i32])

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("dense_row_major" if self.encoding is None else None,)

    def verify_(self) -> None:
        if self.encoding is not None:
            raise VerifyException("only the dense row-major encoding has a number")


# ---- buffer views ------------------------------------------------------------------------------------------------------


@irdl_op_definition
class BufferViewCreateOp(HALOp, UsesRanges):
    """A view of a range of a buffer with a shape and an element type."""

    name = "hal.buffer_view.create"
    RANGES: ClassVar = (("source_buffer", "source_offset"),)

    source_buffer = operand_def(BufferType)
    source_offset = operand_def(IndexType)
    source_length = operand_def(IndexType)
    element_type = operand_def(i32)
    encoding_type = operand_def(i32)
    shape = var_operand_def(IndexType)
    result = result_def(BufferViewType)

    RESULT_NAMES: ClassVar = ("view",)
    traits = traits_def(Pure())
    assembly_format = (
        "`buffer` `(` $source_buffer `:` type($source_buffer) `)` `` `[` $source_offset `,` $source_length `]` "
        "`shape` `(` `[` $shape `]` `)` `type` `(` $element_type `)` `encoding` `(` $encoding_type `)` "
        "`:` type($result) attr-dict-with-keyword"
    )

    def __init__(
        self, buffer: SSAValue, offset: SSAValue, length: SSAValue, element_type: SSAValue, encoding: SSAValue, shape: Sequence[SSAValue]
    ):
        super().__init__(operands=[buffer, offset, length, element_type, encoding, shape], result_types=[BufferViewType()])


@irdl_op_definition
class BufferViewAssertOp(HALOp):
    """Fails unless the view has the shape, element type and encoding."""

    name = "hal.buffer_view.assert"

    buffer_view = operand_def(BufferViewType)
    message = prop_def(StringAttr)
    element_type = operand_def(i32)
    encoding_type = operand_def(i32)
    shape = var_operand_def(IndexType)

    assembly_format = (
        "`<` $buffer_view `:` type($buffer_view) `>` `message` `(` $message `)` `shape` `(` `[` $shape `]` `)` "
        "`type` `(` $element_type `)` `encoding` `(` $encoding_type `)` attr-dict-with-keyword"
    )

    def __init__(self, view: SSAValue, message: str, element_type: SSAValue, encoding: SSAValue, shape: Sequence[SSAValue]):
        super().__init__(operands=[view, element_type, encoding, shape], properties={"message": StringAttr(message)})


@irdl_op_definition
class BufferViewBufferOp(HALOp):
    """The buffer that is viewed."""

    name = "hal.buffer_view.buffer"

    buffer_view = operand_def(BufferViewType)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer",)
    traits = traits_def(Pure())
    assembly_format = "`<` $buffer_view `:` type($buffer_view) `>` `:` type($result) attr-dict-with-keyword"

    def __init__(self, view: SSAValue):
        super().__init__(operands=[view], result_types=[BufferType()])


class BufferViewQueryOp(HALOp):
    """A number that a view carries."""

    buffer_view = operand_def(BufferViewType)
    result = result_def(AnyAttr())

    traits = traits_def(Pure())
    assembly_format = "`<` $buffer_view `:` type($buffer_view) `>` `:` type($result) attr-dict-with-keyword"


@irdl_op_definition
class BufferViewElementTypeOp(BufferViewQueryOp):
    """The element type of a view."""

    name = "hal.buffer_view.element_type"


@irdl_op_definition
class BufferViewEncodingTypeOp(BufferViewQueryOp):
    """The encoding of a view."""

    name = "hal.buffer_view.encoding_type"


@irdl_op_definition
class BufferViewRankOp(BufferViewQueryOp):
    """The number of dimensions of a view."""

    name = "hal.buffer_view.rank"


@irdl_op_definition
class BufferViewDimOp(HALOp):
    """The size of a dimension of a view."""

    name = "hal.buffer_view.dim"

    buffer_view = operand_def(BufferViewType)
    index = prop_def(IntegerAttr.constr(type=IndexType()))
    result = result_def(IndexType)

    traits = traits_def(Pure())
    assembly_format = "`<` $buffer_view `:` type($buffer_view) `>` `` `[` $index `]` `:` type($result) attr-dict-with-keyword"

    def __init__(self, view: SSAValue, dimension: int):
        super().__init__(operands=[view], properties={"index": IntegerAttr(dimension, IndexType())}, result_types=[IndexType()])


@irdl_op_definition
class BufferViewTraceOp(HALOp):
    """Shows the contents of views to the developer."""

    name = "hal.buffer_view.trace"

    key = prop_def(StringAttr)
    views = var_operand_def(BufferViewType)

    assembly_format = "$key `=` $views `:` type($views) attr-dict-with-keyword"
