"""The `iree_encoding` dialect: what a tensor's layout must serve, until a target decides the layout."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntAttr, NoneAttr, TensorType
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import Pure

from pyrie.dialects.iree_codegen import FieldsAttr, parse_field_value, print_field_value

index = IndexType()


@irdl_attr_definition
class EncodingAttr(FieldsAttr):
    """The role of a tensor in an op: `<operand_index = 0 : index, op_type = matmul, element_types = [f32, f32, f32], ...>`."""

    name = "iree_encoding.encoding"

    def asm_alias(self) -> str | None:
        return "encoding"


@irdl_attr_definition
class TestingAttr(FieldsAttr):
    """An encoding that no op asks for, to test with."""

    name = "iree_encoding.testing"

    def asm_alias(self) -> str | None:
        return "encoding"


@irdl_attr_definition
class LayoutAttr(ParametrizedAttribute):
    """The layouts that the devices using a tensor have decided on."""

    name = "iree_encoding.layout"

    layouts: ArrayAttr

    def asm_alias(self) -> str | None:
        return "encoding"

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [parser.parse_attribute()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.layouts)


@irdl_attr_definition
class PaddingAttr(ParametrizedAttribute):
    """Elements added to each dimension: `<[0, 64]>`, `<[0, ?]>`."""

    name = "iree_encoding.padding"

    padding: ArrayAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def one() -> Attribute:
            return NoneAttr() if parser.parse_optional_punctuation("?") else IntAttr(parser.parse_integer())

        with parser.in_angle_brackets():
            return [ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one))]

    def print_parameters(self, printer: Printer) -> None:
        numbers = ("?" if isinstance(element, NoneAttr) else str(getattr(element, "data", "")) for element in self.padding)
        printer.print_string(f"<[{', '.join(numbers)}]>")


@irdl_attr_definition
class PackedStorageAttr(ParametrizedAttribute):
    """Elements of fewer than 8 bits stand next to each other without padding."""

    name = "iree_encoding.packed_storage"


@irdl_attr_definition
class IdentityAttr(ParametrizedAttribute):
    """The layout of a tensor without encoding."""

    name = "iree_encoding.identity"


@irdl_attr_definition
class IdentityResolverAttr(ParametrizedAttribute):
    """Resolves every encoding to the identity."""

    name = "iree_encoding.identity_resolver"


@irdl_attr_definition
class UnsupportedResolverAttr(ParametrizedAttribute):
    """Resolves no encoding."""

    name = "iree_encoding.unsupported_resolver"


@irdl_attr_definition
class UnknownAttr(ParametrizedAttribute):
    """An encoding that is not decided yet."""

    name = "iree_encoding.unknown"


class _SeededAttr(ParametrizedAttribute):
    values: ArrayAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        return [ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.ANGLE, lambda: parse_field_value(parser)))]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_list(self.values, lambda value: print_field_value(printer, value))


@irdl_attr_definition
class SpecializationResolverAttr(_SeededAttr):
    """Resolves encodings to `specialized` ones with its seed."""

    name = "iree_encoding.specialization_resolver"


@irdl_attr_definition
class SpecializedAttr(_SeededAttr):
    """An encoding specialized by a seed and a type."""

    name = "iree_encoding.specialized"


@irdl_op_definition
class SetEncodingOp(IRDLOperation):
    """The tensor in the layout of the result's encoding."""

    name = "iree_encoding.set_encoding"

    source = operand_def(base(TensorType))
    encoding_dims = var_operand_def(index)
    result = result_def(base(TensorType))

    assembly_format = "attr-dict $source (`encoding_dims` `{` $encoding_dims^ `}`)? `:` type($source) `->` type($result)"

    traits = traits_def(Pure())


@irdl_op_definition
class UnsetEncodingOp(IRDLOperation):
    """The tensor in its plain layout."""

    name = "iree_encoding.unset_encoding"

    source = operand_def(base(TensorType))
    result_dims = var_operand_def(index)
    encoding_dims = var_operand_def(index)
    result = result_def(base(TensorType))

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "attr-dict $source (`encoding_dims` `{` $encoding_dims^ `}`)? `:` type($source) `->` type($result) (`` `{` $result_dims^ `}`)?"
    )

    traits = traits_def(Pure())


DIALECT = Dialect(
    "iree_encoding",
    [SetEncodingOp, UnsetEncodingOp],
    [
        EncodingAttr,
        IdentityAttr,
        IdentityResolverAttr,
        LayoutAttr,
        PackedStorageAttr,
        PaddingAttr,
        SpecializationResolverAttr,
        SpecializedAttr,
        TestingAttr,
        UnknownAttr,
        UnsupportedResolverAttr,
    ],
)
