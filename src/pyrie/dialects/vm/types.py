"""Types of the VM: references and the two kinds of object the VM itself owns."""

from __future__ import annotations

from xdsl.dialects.builtin import i32
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import AnyOf, AttrConstraint, EqAttrConstraint, base, irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from pyrie.dialects.util.types import PtrType


@irdl_attr_definition
class OpaqueType(ParametrizedAttribute, TypeAttribute):
    """Any type, written `?` inside references and lists."""

    name = "vm.opaque"


def _parse_type_or_any(parser: AttrParser) -> list[Attribute]:
    with parser.in_angle_brackets():
        return [OpaqueType() if parser.parse_optional_punctuation("?") else parser.parse_type()]


def _print_type_or_any(printer: Printer, type: Attribute) -> None:
    with printer.in_angle_brackets():
        if isinstance(type, OpaqueType):
            printer.print_string("?")
        else:
            printer.print_attribute(type)


@irdl_attr_definition
class RefType(ParametrizedAttribute, TypeAttribute):
    """A counted reference to an object of another module: `!vm.ref<!hal.device>`, `!vm.ref<?>`."""

    name = "vm.ref"

    object_type: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        return _parse_type_or_any(parser)

    def print_parameters(self, printer: Printer) -> None:
        _print_type_or_any(printer, self.object_type)


@irdl_attr_definition
class BufferType(ParametrizedAttribute, TypeAttribute):
    """A reference to a byte buffer."""

    name = "vm.buffer"


@irdl_attr_definition
class ListType(ParametrizedAttribute, TypeAttribute):
    """A reference to a resizable list: `!vm.list<i32>`, `!vm.list<?>`."""

    name = "vm.list"

    element_type: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        return _parse_type_or_any(parser)

    def print_parameters(self, printer: Printer) -> None:
        _print_type_or_any(printer, self.element_type)


REFERENCE_TYPES = (RefType, BufferType, ListType)
ANY_REF = RefType(OpaqueType())


def is_reference(type: Attribute) -> bool:
    """Whether values of `type` live in ref registers."""
    return isinstance(type, REFERENCE_TYPES)


def reference_name(type: Attribute) -> str | None:
    """What a result of a reference type is called in text when its op does not say."""
    match type:
        case RefType():
            return "ref"
        case BufferType():
            return "buffer"
        case ListType():
            return "list"
        case _:
            return None


# The address of a global: its position in the module's state, or a typed pointer.
POINTER: AttrConstraint = AnyOf((EqAttrConstraint(i32), base(PtrType)))
