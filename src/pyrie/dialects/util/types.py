"""The types of the util dialect: host buffers, lists, pointers to globals and opaque objects."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from pyrie.dialects.directives import SizedType


@irdl_attr_definition
class BufferType(ParametrizedAttribute, TypeAttribute, SizedType):
    """Bytes in host memory, reference counted. Its size travels beside it as an index."""

    name = "util.buffer"


@irdl_attr_definition
class ObjectType(ParametrizedAttribute, TypeAttribute):
    """A reference to something whose kind is not known."""

    name = "util.object"


@irdl_attr_definition
class UnusedType(ParametrizedAttribute, TypeAttribute):
    """Stands where a type is required and no value is."""

    name = "util.unused"


@irdl_attr_definition
class VariantType(ParametrizedAttribute, TypeAttribute):
    """Any primitive or reference; written `?` inside a list type."""

    name = "util.variant"


@irdl_attr_definition
class ListType(ParametrizedAttribute, TypeAttribute):
    """A growable list whose elements have one type, or any (`!util.list<?>`)."""

    name = "util.list"

    element_type: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [VariantType() if parser.parse_optional_punctuation("?") else parser.parse_type()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            if isinstance(self.element_type, VariantType):
                printer.print_string("?")
            else:
                printer.print_attribute(self.element_type)

    def can_hold(self, type: Attribute) -> bool:
        """Whether an element may be read or written as `type` without a cast op."""
        return isinstance(self.element_type, VariantType) or isinstance(type, VariantType) or type == self.element_type


@irdl_attr_definition
class PtrType(ParametrizedAttribute, TypeAttribute):
    """The address of a global of the given type."""

    name = "util.ptr"

    target_type: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [parser.parse_type()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.target_type)


def is_primitive(type: Attribute) -> bool:
    """Whether values of `type` are plain numbers (as opposed to references)."""
    return isinstance(type, IndexType | IntegerType | AnyFloat)
