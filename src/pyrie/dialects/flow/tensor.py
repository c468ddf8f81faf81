"""Ops on whole tensors outside of dispatches. All have value semantics; none moves data until `stream` decides so."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import ContainerType, IndexType, StringAttr, TensorType, i64
from xdsl.ir import Attribute, SSAValue, TypedAttribute
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, MemoryAllocEffect, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import ParameterReference, ShapedOperandList, ShapedTiedResult, TypeAndElementType
from pyrie.dialects.flow.dispatch import verify_dynamic_dims
from pyrie.dialects.util.attributes import NamedParameter
from pyrie.dialects.util.types import BufferType

index = IndexType()
AnyTensor = base(TensorType)
_SOURCE = "`:` type($source) (`{` $source_dims^ `}`)? "
_RESULT = "`->` type($result) (`{` $result_dims^ `}`)? "


class _TensorOp(IRDLOperation):
    """Base: checks that each group of dynamic dimension values fits its tensor, by the names in `SHAPED`."""

    SHAPED: ClassVar[tuple[tuple[str, str], ...]] = ()

    def verify_(self) -> None:
        for tensor, dims in self.SHAPED:
            value = getattr(self, tensor)
            verify_dynamic_dims((value,) if isinstance(value, SSAValue) else tuple(value), getattr(self, dims))


# ---- constants ---------------------------------------------------------------------------------------------------------


@irdl_attr_definition
class NamedParameterAttr(NamedParameter):
    """A tensor kept outside of the module: `#flow.parameter.named<"scope"::"key"> : tensor<4xf32>`."""

    name = "flow.parameter.named"


@irdl_op_definition
class TensorConstantOp(IRDLOperation):
    """A constant tensor."""

    name = "flow.tensor.constant"

    value = prop_def(AnyAttr())
    result = result_def(AnyTensor)

    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Attribute, type: Attribute | None = None):
        if type is None and isinstance(value, TypedAttribute):
            type = value.get_type()
        super().__init__(properties={"value": value}, result_types=[type])

    @classmethod
    def parse(cls, parser: Parser) -> TensorConstantOp:
        attributes = parser.parse_optional_attr_dict()
        value = parser.parse_attribute()
        if not isinstance(value, TypedAttribute):
            parser.raise_error("a tensor constant needs a value with a type")
        op = cls(value)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)


@irdl_op_definition
class TensorDynamicConstantOp(IRDLOperation):
    """A constant whose shape later passes must treat as unknown."""

    name = "flow.tensor.dynamic_constant"

    value = prop_def(AnyAttr())
    result = result_def(AnyTensor)

    assembly_format = "attr-dict $value `->` type($result)"


# ---- metadata ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorTieShapeOp(_TensorOp):
    """Attaches the values of its dynamic dimensions to a tensor."""

    name = "flow.tensor.tie_shape"

    T: ClassVar = VarConstraint("T", AnyTensor)
    operand = operand_def(T)
    dynamic_dims = var_operand_def(index)
    result = result_def(T)

    assembly_format = "$operand attr-dict `:` type($result) (`{` $dynamic_dims^ `}`)?"
    SHAPED: ClassVar = (("operand", "dynamic_dims"),)

    traits = traits_def(Pure())


class _ReinterpretOp(_TensorOp):
    source = operand_def(AnyTensor)
    source_dims = var_operand_def(index)
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = "$source " + _SOURCE + _RESULT + "attr-dict-with-keyword"
    SHAPED: ClassVar = (("source", "source_dims"), ("result", "result_dims"))

    traits = traits_def(Pure())


@irdl_op_definition
class TensorReshapeOp(_ReinterpretOp):
    """The same elements in row-major order under another shape."""

    name = "flow.tensor.reshape"

    def verify_(self) -> None:
        super().verify_()
        source, result = self.source.type, self.result.type
        if isinstance(source, TensorType) and isinstance(result, TensorType) and source.element_type != result.element_type:
            raise VerifyException(f"changes the element type: {source} -> {result}")


@irdl_op_definition
class TensorBitCastOp(_ReinterpretOp):
    """The same bits under another shape and element type."""

    name = "flow.tensor.bitcast"


# ---- elements ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class TensorLoadOp(_TensorOp):
    """Reads one element on the host; waits for the tensor."""

    name = "flow.tensor.load"

    source = operand_def(AnyTensor)
    source_dims = var_operand_def(index)
    indices = var_operand_def(index)
    result = result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (TypeAndElementType,)
    assembly_format = (
        "$source (`[` $indices^ `]`)? `:` custom<TypeAndElementType>(type($source), type($result)) (`{` $source_dims^ `}`)?"
        " attr-dict-with-keyword"
    )
    SHAPED: ClassVar = (("source", "source_dims"),)

    traits = traits_def(Pure())

    def verify_(self) -> None:
        super().verify_()
        verify_indices(self.source.type, len(self.indices))


@irdl_op_definition
class TensorStoreOp(_TensorOp):
    """The tensor with one element replaced by a host value."""

    name = "flow.tensor.store"

    T: ClassVar = VarConstraint("T", AnyTensor)
    value = operand_def()
    target = operand_def(T)
    target_dims = var_operand_def(index)
    indices = var_operand_def(index)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (TypeAndElementType,)
    assembly_format = (
        "$value `,` $target (`[` $indices^ `]`)? `:` custom<TypeAndElementType>(type($target), type($value)) (`{` $target_dims^ `}`)?"
        " attr-dict-with-keyword"
    )
    SHAPED: ClassVar = (("target", "target_dims"),)

    traits = traits_def(Pure())

    def verify_(self) -> None:
        super().verify_()
        verify_indices(self.target.type, len(self.indices))


def verify_indices(type: Attribute, count: int) -> None:
    """One index for each dimension."""
    if isinstance(type, TensorType) and count != type.get_num_dims():
        raise VerifyException(f"has {count} indices for {type}")


# ---- whole tensors -----------------------------------------------------------------------------------------------------


class _ProduceOp(_TensorOp):
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    assembly_format = "`:` type($result) (`{` $result_dims^ `}`)? attr-dict-with-keyword"
    SHAPED: ClassVar = (("result", "result_dims"),)


@irdl_op_definition
class TensorAllocaOp(_ProduceOp):
    """A fresh allocation of undefined contents; two are never merged into one."""

    name = "flow.tensor.alloca"

    traits = traits_def(MemoryAllocEffect())


@irdl_op_definition
class TensorEmptyOp(_ProduceOp):
    """A tensor of undefined contents, of which only the shape matters."""

    name = "flow.tensor.empty"

    traits = traits_def(Pure())


@irdl_op_definition
class TensorSplatOp(_TensorOp):
    """A tensor whose every element is one value."""

    name = "flow.tensor.splat"

    value = operand_def()
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    custom_directives = (TypeAndElementType,)
    assembly_format = "$value `:` custom<TypeAndElementType>(type($result), type($value)) (`{` $result_dims^ `}`)? attr-dict-with-keyword"
    SHAPED: ClassVar = (("result", "result_dims"),)

    traits = traits_def(Pure())

    def verify_(self) -> None:
        super().verify_()
        type = self.result.type
        if isinstance(type, ContainerType) and type.get_element_type() != self.value.type:
            raise VerifyException(f"fills {type} with {self.value.type}")


class _IdentityOp(_TensorOp):
    T: ClassVar = VarConstraint("T", AnyTensor)
    operand = operand_def(T)
    operand_dims = var_operand_def(index)
    result = result_def(T)

    SHAPED: ClassVar = (("operand", "operand_dims"),)

    traits = traits_def(Pure())


@irdl_op_definition
class TensorCloneOp(_IdentityOp):
    """A copy of a tensor."""

    name = "flow.tensor.clone"

    assembly_format = "$operand `:` type($result) (`{` $operand_dims^ `}`)? attr-dict-with-keyword"


@irdl_op_definition
class TensorBarrierOp(_IdentityOp):
    """The tensor, which must be available on `target` here."""

    name = "flow.tensor.barrier"

    target = prop_def(AnyAttr())

    assembly_format = "$operand `:` type($result) (`{` $operand_dims^ `}`)? `on` $target attr-dict-with-keyword"


@irdl_op_definition
class TensorTransferOp(_IdentityOp):
    """The tensor on another device, copied if it must be."""

    name = "flow.tensor.transfer"

    target = prop_def(AnyAttr())

    assembly_format = "$operand `:` type($result) (`{` $operand_dims^ `}`)? `to` $target attr-dict-with-keyword"


@irdl_op_definition
class TensorEncodeOp(_TensorOp):
    """The tensor in another layout (encoding)."""

    name = "flow.tensor.encode"

    operand = operand_def(AnyTensor)
    operand_dims = var_operand_def(index)
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = "$operand `:` type($operand) (`{` $operand_dims^ `}`)? " + _RESULT + "attr-dict-with-keyword"
    SHAPED: ClassVar = (("operand", "operand_dims"), ("result", "result_dims"))

    traits = traits_def(Pure())


@irdl_op_definition
class TensorSliceOp(_TensorOp):
    """A copy of a hyper-rectangle of a tensor."""

    name = "flow.tensor.slice"

    source = operand_def(AnyTensor)
    source_dims = var_operand_def(index)
    start_indices = var_operand_def(index)
    lengths = var_operand_def(index)
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = "$source `[` $start_indices `for` $lengths `]` " + _SOURCE + _RESULT + "attr-dict-with-keyword"
    SHAPED: ClassVar = (("source", "source_dims"), ("result", "result_dims"))

    traits = traits_def(Pure())

    def verify_(self) -> None:
        super().verify_()
        verify_indices(self.source.type, len(self.start_indices))
        verify_indices(self.source.type, len(self.lengths))


@irdl_op_definition
class TensorUpdateOp(_TensorOp):
    """`target` with the hyper-rectangle at `start_indices` replaced by `update`. The result takes over target's storage."""

    name = "flow.tensor.update"

    T: ClassVar = VarConstraint("T", AnyTensor)
    target = operand_def(T)
    target_dims = var_operand_def(index)
    start_indices = var_operand_def(index)
    update = operand_def(AnyTensor)
    update_dims = var_operand_def(index)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTiedResult,)
    assembly_format = (
        "$update `,` $target `[` $start_indices `]` `:` type($update) (`{` $update_dims^ `}`)? `->`"
        " custom<ShapedTiedResult>(ref($target), type($result), $target_dims) attr-dict-with-keyword"
    )
    SHAPED: ClassVar = (("target", "target_dims"), ("update", "update_dims"))

    traits = traits_def(Pure())

    def verify_(self) -> None:
        super().verify_()
        verify_indices(self.target.type, len(self.start_indices))


@irdl_op_definition
class TensorTraceOp(_TensorOp):
    """Prints tensors when the program runs."""

    name = "flow.tensor.trace"

    key = prop_def(base(StringAttr))
    values = var_operand_def(AnyTensor)
    value_dims = var_operand_def(index)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedOperandList,)
    assembly_format = "$key `=` `[` custom<ShapedOperandList>($values, type($values), $value_dims) `]` attr-dict-with-keyword"
    SHAPED: ClassVar = (("values", "value_dims"),)


# ---- parameters --------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ParameterLoadOp(_TensorOp):
    """A tensor read from a parameter archive."""

    name = "flow.parameter.load"

    source_scope = opt_operand_def(BufferType())
    source_key = operand_def(BufferType())
    source_offset = operand_def(i64)
    result_dims = var_operand_def(index)
    result = result_def(AnyTensor)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ParameterReference,)
    assembly_format = (
        "custom<ParameterReference>($source_scope, $source_key) `` `[` $source_offset `]` `:` type($result) (`{` $result_dims^ `}`)?"
        " attr-dict-with-keyword"
    )
    SHAPED: ClassVar = (("result", "result_dims"),)

    traits = traits_def(Pure())


@irdl_op_definition
class ParameterWriteOp(_TensorOp):
    """Writes a tensor to a parameter archive; the result is the tensor once that is done."""

    name = "flow.parameter.write"

    T: ClassVar = VarConstraint("T", AnyTensor)
    source = operand_def(T)
    source_dims = var_operand_def(index)
    target_scope = opt_operand_def(BufferType())
    target_key = operand_def(BufferType())
    target_offset = operand_def(i64)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ParameterReference,)
    assembly_format = (
        "$source `->` custom<ParameterReference>($target_scope, $target_key) `` `[` $target_offset `]` `:` type($source)"
        " (`{` $source_dims^ `}`)? attr-dict-with-keyword"
    )
    SHAPED: ClassVar = (("source", "source_dims"),)
