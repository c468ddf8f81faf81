"""Bytes in host memory, and strings made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, StringAttr, i1, i64
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import (
    MemoryAllocEffect,
    MemoryFreeEffect,
    MemoryReadEffect,
    MemoryWriteEffect,
    Pure,
)

from pyrie.dialects.util.types import BufferType

index = IndexType()


class BufferOp(IRDLOperation):
    """Base of ops whose result names are fixed."""

    RESULT_NAMES: ClassVar[tuple[str | None, ...]] = ()

    def asm_result_names(self) -> tuple[str | None, ...]:
        return self.RESULT_NAMES


@irdl_op_definition
class BufferConstantOp(BufferOp):
    """Immutable bytes that the module carries."""

    name = "util.buffer.constant"

    sym_name = opt_prop_def(StringAttr, prop_name="name")
    value = prop_def(AnyAttr())
    alignment = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    mime_type = opt_prop_def(StringAttr)
    result = result_def(BufferType)

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "($name^)? attr-dict `:` type($result) `=` $value"

    def __init__(self, value: Attribute, *, name: str | None = None, alignment: int | None = None, mime_type: str | None = None):
        super().__init__(
            properties={
                "name": StringAttr(name) if name else None,
                "value": value,
                "alignment": IntegerAttr(alignment, index) if alignment else None,
                "mime_type": StringAttr(mime_type) if mime_type else None,
            },
            result_types=[BufferType()],
        )

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (self.sym_name.data if self.sym_name else "buffer_cst",)


@irdl_op_definition
class BufferAllocOp(BufferOp):
    """New bytes with undefined contents."""

    name = "util.buffer.alloc"

    storage_size = operand_def(IndexType)
    alignment = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer",)
    traits = traits_def(MemoryAllocEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "`uninitialized` attr-dict `:` type($result) `` `{` $storage_size `}`"

    def __init__(self, size: SSAValue):
        super().__init__(operands=[size], result_types=[BufferType()])


@irdl_op_definition
class BufferDeallocOp(IRDLOperation):
    """Hints that the bytes are no longer needed."""

    name = "util.buffer.dealloc"

    operand = operand_def(BufferType)
    operand_size = operand_def(IndexType)

    traits = traits_def(MemoryFreeEffect())
    assembly_format = "$operand `:` type($operand) `{` $operand_size `}` attr-dict-with-keyword"


@irdl_op_definition
class BufferSliceOp(BufferOp):
    """A copy of part of a buffer."""

    name = "util.buffer.slice"

    source = operand_def(BufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    result_size = operand_def(IndexType)
    alignment = opt_prop_def(IntegerAttr.constr(type=IndexType()))
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer",)
    traits = traits_def(MemoryAllocEffect(), MemoryReadEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = (
        "$source `[` $source_offset `]` attr-dict `:` type($source) `` `{` $source_size `}` `->` type($result) `` `{` $result_size `}`"
    )


@irdl_op_definition
class BufferSubspanOp(BufferOp):
    """A view of part of a buffer."""

    name = "util.buffer.subspan"

    source = operand_def(BufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    result_size = operand_def(IndexType)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("buffer_span",)
    traits = traits_def(Pure())
    assembly_format = (
        "$source `[` $source_offset `]` `:` type($source) `` `{` $source_size `}` "
        "`->` type($result) `` `{` $result_size `}` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferSizeOp(BufferOp, HasFolderInterface):
    """The size in bytes."""

    name = "util.buffer.size"

    operand = operand_def(BufferType)
    result = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("buffer_size",)
    traits = traits_def(Pure())
    assembly_format = "$operand `:` type($operand) attr-dict-with-keyword"

    def __init__(self, operand: SSAValue):
        super().__init__(operands=[operand], result_types=[index])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        match self.operand.owner:
            case BufferAllocOp() as op:
                return (op.storage_size,)
            case BufferSubspanOp() | BufferSliceOp() as op:
                return (op.result_size,)
        return None


@irdl_op_definition
class BufferStorageOp(BufferOp):
    """The memory behind a buffer and where in it the buffer begins."""

    name = "util.buffer.storage"

    operand = operand_def(BufferType)
    operand_size = operand_def(IndexType)
    result = result_def(MemRefType)
    offset = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("buffer_storage", "buffer_offset")
    traits = traits_def(Pure())
    assembly_format = (
        "$operand `:` type($operand) `` `{` $operand_size `}` `->` `(` type($result) `,` type($offset) `)` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferCopyOp(IRDLOperation):
    """Copies bytes; the ranges may overlap."""

    name = "util.buffer.copy"

    source = operand_def(BufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    target = operand_def(BufferType)
    target_size = operand_def(IndexType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    assembly_format = (
        "$source `[` $source_offset `]` `,` $target `[` $target_offset `]` `,` $length `:` "
        "type($source) `` `{` $source_size `}` `->` type($target) `` `{` $target_size `}` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferCompareOp(IRDLOperation):
    """Whether two ranges hold the same bytes."""

    name = "util.buffer.compare"

    lhs = operand_def(BufferType)
    lhs_size = operand_def(IndexType)
    lhs_offset = operand_def(IndexType)
    rhs = operand_def(BufferType)
    rhs_size = operand_def(IndexType)
    rhs_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    result = result_def(i1)

    traits = traits_def(MemoryReadEffect())
    assembly_format = (
        "$lhs `[` $lhs_offset `]` `,` $rhs `[` $rhs_offset `]` `,` $length `:` "
        "type($lhs) `` `{` $lhs_size `}` `,` type($rhs) `` `{` $rhs_size `}` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferFillOp(IRDLOperation):
    """Repeats a pattern over a range."""

    name = "util.buffer.fill"

    pattern = operand_def()
    target = operand_def(BufferType)
    target_size = operand_def(IndexType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = (
        "$pattern `,` $target `[` $target_offset `for` $length `]` `:` "
        "type($pattern) `->` type($target) `` `{` $target_size `}` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferLoadOp(IRDLOperation):
    """Reads a number."""

    name = "util.buffer.load"

    source = operand_def(BufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    result = result_def()

    traits = traits_def(MemoryReadEffect())
    assembly_format = (
        "$source `[` $source_offset `for` $length `]` `:` type($source) `` `{` $source_size `}` `->` type($result) attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferStoreOp(IRDLOperation):
    """Writes a number."""

    name = "util.buffer.store"

    source = operand_def()
    target = operand_def(BufferType)
    target_size = operand_def(IndexType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = (
        "$source `,` $target `[` $target_offset `for` $length `]` `:` "
        "type($source) `->` type($target) `` `{` $target_size `}` attr-dict-with-keyword"
    )


@irdl_op_definition
class BufferHashOp(IRDLOperation):
    """A 64-bit hash of a range."""

    name = "util.buffer.hash"

    source = operand_def(BufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    result = result_def(i64)

    traits = traits_def(MemoryReadEffect())
    assembly_format = (
        "$source `[` $source_offset `for` $length `]` `:` type($source) `` `{` $source_size `}` `->` type($result) attr-dict-with-keyword"
    )


# ---- strings -----------------------------------------------------------------------------------------------------------


def result_name_of_format(format: str) -> str:
    """The result name of a formatted string: `N` for each placeholder, `_` for separators, at most 32 characters."""
    name, i = "", 0
    while i < len(format) and len(name) < 32:
        char = format[i]
        if char in "{}" and format[i + 1 : i + 2] == char:
            i += 1
        elif char == "{":
            if (i := format.find("}", i)) < 0:
                break
            name += "N"
        elif char in ".-/":
            name += "_"
        elif char.isascii() and (char.isalnum() or char == "_"):
            name += char
        i += 1
    return name or "formatted"


@irdl_op_definition
class StringFormatOp(BufferOp):
    """Fills the placeholders `{}` or `{0}` of a string with integers or strings."""

    name = "util.string.format"

    format = prop_def(StringAttr)
    args = var_operand_def(AnyAttr())
    result = result_def(BufferType)

    traits = traits_def(Pure())
    assembly_format = "$format `(` $args `)` attr-dict `:` functional-type($args, $result)"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (result_name_of_format(self.format.data),)


@irdl_op_definition
class StringItoaOp(BufferOp):
    """An integer in decimal digits."""

    name = "util.string.itoa"

    value = operand_def()
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("itoa",)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"
