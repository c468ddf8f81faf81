"""Growable lists in host memory."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.irdl.declarative_assembly_format import ParsingState, TypeDirective, VariadicOperandVariable, irdl_custom_directive
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import MemoryAllocEffect, MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import Directive
from pyrie.dialects.util.types import ListType


def _list_type(parser: Parser) -> ListType:
    type = parser.parse_type()
    if not isinstance(type, ListType):
        parser.raise_error(f"expected a !util.list type, got {type}")
    return type


def _check_element(list_type: Attribute, type: Attribute) -> None:
    assert isinstance(list_type, ListType)
    if not list_type.can_hold(type):
        raise VerifyException(f"{list_type} cannot hold {type}")


@irdl_custom_directive
class ValueTypeList(Directive):
    """`[%a : i32, %b : f32]`"""

    values: VariadicOperandVariable
    types: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def one() -> tuple[UnresolvedOperand, Attribute]:
            value = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            return value, parser.parse_type()

        pairs = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
        self.values.set(state, [value for value, _ in pairs])
        self.types.set(state, [type for _, type in pairs])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        def one(value: SSAValue) -> None:
            printer.print_ssa_value(value)
            printer.print_string(" : ")
            printer.print_attribute(value.type)

        with printer.in_square_brackets():
            printer.print_list(self.values.get(op), one)


@irdl_custom_directive
class ListTypeGet(Directive):
    """`!util.list<i32>`, or `!util.list<?> -> i32` where the element type says too little."""

    list_type: TypeDirective
    element_type: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        list_type = _list_type(parser)
        self.list_type.set(state, [list_type])
        self.element_type.set(state, [parser.parse_type() if parser.parse_optional_punctuation("->") else list_type.element_type])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        (list_type,), (element_type,) = self.list_type.get(op), self.element_type.get(op)
        printer.print_attribute(list_type)
        if isinstance(list_type, ListType) and list_type.element_type != element_type:
            printer.print_string(" -> ")
            printer.print_attribute(element_type)


@irdl_custom_directive
class ListTypeSet(Directive):
    """`!util.list<i32>`, or `i32 -> !util.list<?>`."""

    list_type: TypeDirective
    element_type: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        first = parser.parse_type()
        if parser.parse_optional_punctuation("->"):
            self.element_type.set(state, [first])
            self.list_type.set(state, [_list_type(parser)])
        elif isinstance(first, ListType):
            self.list_type.set(state, [first])
            self.element_type.set(state, [first.element_type])
        else:
            parser.raise_error(f"expected a !util.list type, got {first}")

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        (list_type,), (element_type,) = self.list_type.get(op), self.element_type.get(op)
        if isinstance(list_type, ListType) and list_type.element_type != element_type:
            printer.print_attribute(element_type)
            printer.print_string(" -> ")
        printer.print_attribute(list_type)


@irdl_op_definition
class ListCreateOp(IRDLOperation):
    """An empty list."""

    name = "util.list.create"

    initial_capacity = opt_operand_def(IndexType)
    result = result_def(ListType)

    traits = traits_def(MemoryAllocEffect())
    assembly_format = "($initial_capacity^)? attr-dict `:` type($result)"

    def __init__(self, type: ListType, initial_capacity: SSAValue | None = None):
        super().__init__(operands=[[initial_capacity] if initial_capacity else []], result_types=[type])


@irdl_op_definition
class ListConstructOp(IRDLOperation):
    """A list of the given values."""

    name = "util.list.construct"

    values = var_operand_def(AnyAttr())
    result = result_def(ListType)

    traits = traits_def(MemoryAllocEffect())
    custom_directives = (ValueTypeList,)
    assembly_format = "custom<ValueTypeList>($values, type($values)) attr-dict `:` type($result)"

    def __init__(self, values: Sequence[SSAValue], type: ListType):
        super().__init__(operands=[values], result_types=[type])

    def verify_(self) -> None:
        for value in self.values:
            _check_element(self.result.type, value.type)


@irdl_op_definition
class ListSizeOp(IRDLOperation):
    """How many elements the list has."""

    name = "util.list.size"

    list = operand_def(ListType)
    result = result_def(IndexType)

    traits = traits_def(MemoryReadEffect())
    assembly_format = "operands attr-dict `:` type($list)"

    def __init__(self, list: SSAValue):
        super().__init__(operands=[list], result_types=[IndexType()])


@irdl_op_definition
class ListResizeOp(IRDLOperation):
    """Grows with zeros and nulls, or cuts off."""

    name = "util.list.resize"

    list = operand_def(ListType)
    new_size = operand_def(IndexType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = "operands attr-dict `:` type($list)"

    def __init__(self, list: SSAValue, new_size: SSAValue):
        super().__init__(operands=[list, new_size])


@irdl_op_definition
class ListGetOp(IRDLOperation):
    """The element at an index."""

    name = "util.list.get"

    list = operand_def(ListType)
    index = operand_def(IndexType)
    result = result_def()

    traits = traits_def(MemoryReadEffect())
    custom_directives = (ListTypeGet,)
    assembly_format = "$list `[` $index `]` attr-dict `:` custom<ListTypeGet>(type($list), type($result))"

    def __init__(self, list: SSAValue, index: SSAValue, type: Attribute):
        super().__init__(operands=[list, index], result_types=[type])

    def verify_(self) -> None:
        _check_element(self.list.type, self.result.type)


@irdl_op_definition
class ListSetOp(IRDLOperation):
    """Replaces the element at an index."""

    name = "util.list.set"

    list = operand_def(ListType)
    index = operand_def(IndexType)
    value = operand_def()

    traits = traits_def(MemoryWriteEffect())
    custom_directives = (ListTypeSet,)
    assembly_format = "$list `[` $index `]` `,` $value attr-dict `:` custom<ListTypeSet>(type($list), type($value))"

    def __init__(self, list: SSAValue, index: SSAValue, value: SSAValue):
        super().__init__(operands=[list, index, value])

    def verify_(self) -> None:
        _check_element(self.list.type, self.value.type)
