"""Functions outside of the program that record commands, and their calls."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    StringAttr,
    SymbolNameConstraint,
)
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    ParsingState,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, MemoryReadEffect, MemoryWriteEffect, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    Directive,
    ShapedFunctionType,
    SymbolVisibility,
    parse_list_or_one,
    print_list_or_one,
)
from pyrie.dialects.stream.assembly import StreamOp, index
from pyrie.dialects.stream.types import ResourceAccessAttr, ResourceType

ACCESSES = ("ro", "wo", "rw")


@irdl_custom_directive
class CommandFunctionSignature(Directive):
    """`(%arg0[%arg1 for %arg2]: !stream.resource<*>, %arg3: i32) -> i32`: a resource comes with the range of it that is touched."""

    type: AttributeVariable
    arg_attrs: AttributeVariable
    res_attrs: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        inputs: list[Attribute] = []
        outputs: list[Attribute] = []
        arg_attrs: list[DictionaryAttr] = []
        res_attrs: list[DictionaryAttr] = []

        def argument() -> None:
            parser.parse_unresolved_operand()
            ranged = parser.parse_optional_punctuation("[") is not None
            if ranged:
                parser.parse_unresolved_operand()
                parser.parse_keyword("for")
                parser.parse_unresolved_operand()
                parser.parse_punctuation("]")
            parser.parse_punctuation(":")
            inputs.append(parser.parse_type())
            arg_attrs.append(DictionaryAttr(parser.parse_optional_dictionary_attr_dict()))
            if ranged:
                inputs.extend((index, index))
                arg_attrs.extend((DictionaryAttr({}), DictionaryAttr({})))

        def result() -> None:
            outputs.append(parser.parse_type())
            res_attrs.append(DictionaryAttr(parser.parse_optional_dictionary_attr_dict()))

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, argument)
        if parser.parse_optional_punctuation("->"):
            parse_list_or_one(parser, result)
        self.type.set(state, FunctionType.from_lists(inputs, outputs))
        for variable, attributes in ((self.arg_attrs, arg_attrs), (self.res_attrs, res_attrs)):
            if any(each.data for each in attributes):
                variable.set(state, ArrayAttr(attributes))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        type = self.type.get(op)
        assert isinstance(type, FunctionType)
        arg_attrs, res_attrs = self.arg_attrs.get(op), self.res_attrs.get(op)
        printer.print_string("(")
        position = 0
        while position < len(type.inputs):
            printer.print_string(", " if position else "")
            printer.print_string(f"%arg{position}")
            input = type.inputs.data[position]
            ranged = isinstance(input, ResourceType)
            if ranged:
                printer.print_string(f"[%arg{position + 1} for %arg{position + 2}]")
            printer.print_string(": ")
            printer.print_attribute(input)
            _print_attributes(printer, arg_attrs, position)
            position += 3 if ranged else 1
        printer.print_string(")")

        def result(row: tuple[int, Attribute]) -> None:
            printer.print_attribute(row[1])
            _print_attributes(printer, res_attrs, row[0])

        if type.outputs.data:
            printer.print_string(" -> ")
            print_list_or_one(printer, list(enumerate(type.outputs)), result)


def _print_attributes(printer: Printer, attributes: Attribute | None, position: int) -> None:
    if isinstance(attributes, ArrayAttr) and isinstance(each := attributes.data[position], DictionaryAttr) and each.data:
        printer.print_string(" ")
        printer.print_attr_dict(each.data)


@irdl_op_definition
class CmdFuncOp(StreamOp):
    """Declares a function outside of the program that records commands of its own; `stream.cmd.call` calls it."""

    name = "stream.cmd.func"

    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    sym_visibility = opt_prop_def(StringAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def()

    custom_directives = (SymbolVisibility, CommandFunctionSignature)
    assembly_format = (
        "custom<SymbolVisibility>($sym_visibility) $sym_name `` custom<CommandFunctionSignature>($function_type, $arg_attrs, $res_attrs)"
        " attr-dict-with-keyword ($body^)?"
    )

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def verify_(self) -> None:
        for attributes, types in ((self.arg_attrs, self.function_type.inputs), (self.res_attrs, self.function_type.outputs)):
            if attributes is not None and len(attributes) != len(types):
                raise VerifyException(f"has {len(types)} arguments or results and attributes for {len(attributes)}")


@irdl_custom_directive
class CallOperands(Directive):
    """`(ro %resource[%offset for %length], %other, ...)`"""

    operands: VariadicOperandVariable
    offsets: VariadicOperandVariable
    lengths: VariadicOperandVariable
    accesses: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        offsets: list[UnresolvedOperand] = []
        lengths: list[UnresolvedOperand] = []
        accesses: list[ResourceAccessAttr] = []

        def one() -> UnresolvedOperand:
            access = parser.parse_optional_identifier()
            if access is None:
                return parser.parse_unresolved_operand()
            if access not in ACCESSES:
                parser.raise_error(f"a resource is accessed {', '.join(ACCESSES)}; not {access}")
            accesses.append(ResourceAccessAttr(access))
            operand = parser.parse_unresolved_operand()
            with parser.in_square_brackets():
                offsets.append(parser.parse_unresolved_operand())
                parser.parse_keyword("for")
                lengths.append(parser.parse_unresolved_operand())
            return operand

        self.operands.set(state, parser.parse_comma_separated_list(parser.Delimiter.PAREN, one))
        self.offsets.set(state, offsets)
        self.lengths.set(state, lengths)
        self.accesses.set(state, ArrayAttr(accesses))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        accesses = self.accesses.get(op)
        assert isinstance(accesses, ArrayAttr)
        ranges = zip(accesses, self.offsets.get(op), self.lengths.get(op), strict=True)
        with printer.in_parens():
            for i, operand in enumerate(self.operands.get(op)):
                printer.print_string(", " if i else "")
                if not isinstance(operand.type, ResourceType):
                    printer.print_ssa_value(operand)
                    continue
                access, offset, length = next(ranges)
                printer.print_string(f"{access.data} ")
                printer.print_ssa_value(operand)
                printer.print_string("[")
                printer.print_ssa_value(offset)
                printer.print_string(" for ")
                printer.print_ssa_value(length)
                printer.print_string("]")


@irdl_op_definition
class CmdCallOp(StreamOp):
    """Has a function outside of the program record commands on ranges of resources."""

    name = "stream.cmd.call"
    TIED_LIST: ClassVar = "resource_operands"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"), ("results_", "result_sizes"))

    callee = prop_def(FlatSymbolRefAttrConstr)
    resource_operands = var_operand_def()
    resource_operand_sizes = var_operand_def(index)
    resource_operand_offsets = var_operand_def(index)
    resource_operand_lengths = var_operand_def(index)
    result_sizes = var_operand_def(index)
    tied_operands = opt_prop_def(ArrayAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    resource_operand_accesses = prop_def(ArrayAttr[ResourceAccessAttr])
    results_ = var_result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    custom_directives = (CallOperands, ShapedFunctionType)
    assembly_format = (
        "$callee `` custom<CallOperands>($resource_operands, $resource_operand_offsets, $resource_operand_lengths,"
        " $resource_operand_accesses) attr-dict `:` custom<ShapedFunctionType>(ref($resource_operands), type($resource_operands),"
        " $resource_operand_sizes, type($results_), $result_sizes, $tied_operands)"
    )

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    def verify_(self) -> None:
        super().verify_()
        resources = sum(isinstance(value.type, ResourceType) for value in self.resource_operands)
        counts = {len(self.resource_operand_offsets), len(self.resource_operand_lengths), len(self.resource_operand_accesses)}
        if counts != {resources}:
            raise VerifyException(f"needs an offset, a length and an access for each of {resources} resources")


OPS = [CmdCallOp, CmdFuncOp]
