"""Functions, calls and initializers; what never runs and what must not be optimized."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    AnyAttr,
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
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    CallableOpInterface,
    IsolatedFromAbove,
    IsTerminator,
    NoMemoryEffect,
    Pure,
    RecursiveMemoryEffect,
    ReturnLike,
    SymbolOpInterface,
)
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    OperandTypeList,
    TiedFunctionResultList,
    parse_tied_type,
    tied_indices,
    tied_operands_attr,
)


class FunctionCallable(CallableOpInterface):
    """The inliner's view of `util.func`."""

    @classmethod
    def get_callable_region(cls, op: Operation) -> Region:
        return op.regions[0]

    @classmethod
    def get_argument_types(cls, op: Operation) -> tuple[Attribute, ...]:
        assert isinstance(op, FuncOp)
        return op.function_type.inputs.data

    @classmethod
    def get_result_types(cls, op: Operation) -> tuple[Attribute, ...]:
        assert isinstance(op, FuncOp)
        return op.function_type.outputs.data


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A function of the program; without a body it is imported.

    `tied_operands` names for each result the argument whose storage it shares (-1: none), written `-> %arg0`.
    """

    name = "util.func"

    body = region_def()
    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    tied_operands = opt_prop_def(ArrayAttr)
    sym_visibility = opt_prop_def(StringAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    inlining_policy = opt_prop_def(AnyAttr())

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), FunctionCallable())

    def __init__(
        self,
        name: str,
        function_type: FunctionType,
        body: Region | None = None,
        *,
        visibility: str | None = None,
        inlining_policy: Attribute | None = None,
        attributes: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            regions=[body or Region()],
            properties={
                "sym_name": StringAttr(name),
                "function_type": function_type,
                "sym_visibility": StringAttr(visibility) if visibility else None,
                "inlining_policy": inlining_policy,
            },
            attributes=attributes or {},
        )

    @property
    def is_public(self) -> bool:
        return self.sym_visibility is None or self.sym_visibility.data == "public"

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        visibility = parser.parse_optional_visibility_keyword()
        name = parser.parse_symbol_name()
        arguments: list[Parser.Argument] = []
        types: list[Attribute] = []
        arg_attrs: list[dict[str, Attribute]] = []

        def argument() -> None:
            if (parsed := parser.parse_optional_argument()) is not None:
                arguments.append(parsed)
                types.append(parsed.type)
            else:
                types.append(parser.parse_type())
            arg_attrs.append(parser.parse_optional_dictionary_attr_dict())
            if (location := parser.parse_optional_location()) is not None and parsed is not None:
                parsed.location = location

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, argument)
        names = [(argument.name.text[1:], 0) for argument in arguments]
        results: list[tuple[Attribute, int]] = []
        res_attrs: list[dict[str, Attribute]] = []

        def result() -> None:
            results.append(parse_tied_type(parser, names, types))
            res_attrs.append(parser.parse_optional_dictionary_attr_dict())

        if parser.parse_optional_punctuation("->"):  # attributes stand behind results in parentheses only
            listed = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, result)
            if listed is None:
                results.append(parse_tied_type(parser, names, types))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        attributes = dict(attributes.data) if attributes else {}
        body = parser.parse_optional_region(arguments if arguments or not types else None)
        properties = {
            "sym_name": name,
            "function_type": FunctionType.from_lists(types, [type for type, _ in results]),
            "tied_operands": tied_operands_attr(tie for _, tie in results),
            "sym_visibility": visibility,
            "arg_attrs": _dictionaries(arg_attrs),
            "res_attrs": _dictionaries(res_attrs),
            "inlining_policy": attributes.pop("inlining_policy", None),
        }
        return cls.create(
            properties={key: value for key, value in properties.items() if value is not None},
            attributes=attributes,
            regions=[body or Region()],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.sym_visibility.data if self.sym_visibility else 'public'} ")
        printer.print_symbol_name(self.sym_name.data)
        inputs, outputs = self.function_type.inputs.data, self.function_type.outputs.data
        arguments = self.body.blocks[0].args if self.body.blocks else ()
        arg_attrs = self.arg_attrs.data if self.arg_attrs else ()
        with printer.in_parens():
            for i, type in enumerate(inputs):
                printer.print_string(", " if i else "")
                if arguments:
                    printer.print_ssa_value(arguments[i])
                else:
                    printer.print_string(f"%arg{i}")
                printer.print_string(": ")
                printer.print_attribute(type)
                if arg_attrs and arg_attrs[i].data:
                    printer.print_string(" ")
                    printer.print_attr_dict(arg_attrs[i].data)
                if arguments and printer.print_debuginfo:
                    printer.print_string(" ")
                    printer.print_attribute(arguments[i].location)
        if outputs:
            printer.print_string(" -> ")
            self._print_results(printer, outputs, arguments)
        attributes = dict(self.attributes)
        if self.inlining_policy is not None:
            attributes["inlining_policy"] = self.inlining_policy
        printer.print_op_attributes(attributes, print_keyword=True)
        if self.body.blocks:
            printer.print_string(" ")
            printer.print_region(self.body, print_entry_block_args=False)

    def _print_results(self, printer: Printer, outputs: Sequence[Attribute], arguments: Sequence[SSAValue]) -> None:
        res_attrs = self.res_attrs.data if self.res_attrs else ()
        parens = len(outputs) != 1 or any(attrs.data for attrs in res_attrs)
        printer.print_string("(" if parens else "")
        for i, (type, tie) in enumerate(zip(outputs, tied_indices(self.tied_operands, len(outputs)), strict=True)):
            printer.print_string(", " if i else "")
            if tie >= 0:
                if arguments:
                    printer.print_ssa_value(arguments[tie])
                else:
                    printer.print_string(f"%arg{tie}")
            if tie < 0 or self.function_type.inputs.data[tie] != type:
                printer.print_string(" as " if tie >= 0 else "")
                printer.print_attribute(type)
            if res_attrs and res_attrs[i].data:
                printer.print_string(" ")
                printer.print_attr_dict(res_attrs[i].data)
        printer.print_string(")" if parens else "")

    def verify_(self) -> None:
        if self.body.blocks and tuple(self.body.blocks[0].arg_types) != self.function_type.inputs.data:
            raise VerifyException("the types of the entry block's arguments differ from the function type")


def _dictionaries(values: Sequence[dict[str, Attribute]]) -> ArrayAttr | None:
    return ArrayAttr(DictionaryAttr(value) for value in values) if any(values) else None


@irdl_op_definition
class CallOp(IRDLOperation):
    """Calls a `util.func`."""

    name = "util.call"

    callee = prop_def(FlatSymbolRefAttrConstr)
    arguments = var_operand_def()
    tied_operands = opt_prop_def(ArrayAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res = var_result_def()

    irdl_options = (ParsePropInAttrDict(),)
    custom_directives = (OperandTypeList, TiedFunctionResultList)
    assembly_format = (
        "$callee `(` $arguments `)` attr-dict `:` custom<OperandTypeList>(type($arguments)) `->` "
        "custom<TiedFunctionResultList>(ref($arguments), ref(type($arguments)), type($res), $tied_operands)"
    )

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_types: Sequence[Attribute]):
        super().__init__(operands=[arguments], result_types=[result_types], properties={"callee": SymbolRefAttr(callee)})


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """Ends a `util.func` or `util.initializer`."""

    name = "util.return"

    arguments = var_operand_def()

    traits = traits_def(IsTerminator(), ReturnLike(), Pure())
    assembly_format = "attr-dict ($arguments^ `:` type($arguments))?"

    def __init__(self, *arguments: SSAValue):
        super().__init__(operands=[arguments])

    def verify_(self) -> None:
        parent = self.parent_op()
        if isinstance(parent, FuncOp) and tuple(self.operand_types) != parent.function_type.outputs.data:
            raise VerifyException(f"returns ({', '.join(map(str, self.operand_types))}) from a function of type {parent.function_type}")


@irdl_op_definition
class InitializerOp(IRDLOperation):
    """Code run once when the program is loaded, in the order of the module; the only place that may store immutable globals."""

    name = "util.initializer"

    body = region_def()
    function_type = prop_def(FunctionType)

    traits = traits_def(IsolatedFromAbove())

    def __init__(self, body: Region):
        super().__init__(regions=[body], properties={"function_type": FunctionType.from_lists([], [])})

    @classmethod
    def parse(cls, parser: Parser) -> InitializerOp:
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(parser.parse_region())
        op.attributes.update(attributes.data if attributes else {})
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)


@irdl_op_definition
class UnreachableOp(IRDLOperation):
    """Control never comes here."""

    name = "util.unreachable"

    message = opt_prop_def(StringAttr)

    traits = traits_def(IsTerminator(), NoMemoryEffect())
    assembly_format = "($message^)? attr-dict"


@irdl_op_definition
class SCFUnreachableOp(IRDLOperation):
    """Control never comes here, inside structured control flow where it cannot be a terminator."""

    name = "util.scf.unreachable"

    message = opt_prop_def(StringAttr)

    assembly_format = "($message^)? attr-dict"


@irdl_op_definition
class HoistableConversionOp(IRDLOperation):
    """A conversion that may be moved across control flow; one with `tag` undoes one with `inverseTag`."""

    name = "util.hoistable_conversion"

    tag = prop_def(StringAttr)
    inverse_tag = prop_def(StringAttr, prop_name="inverseTag")
    inputs = var_operand_def()
    res = var_result_def()
    body = region_def("single_block")

    traits = traits_def(RecursiveMemoryEffect())

    def verify_(self) -> None:
        if tuple(self.body.block.arg_types) != tuple(self.operand_types):
            raise VerifyException("the types of the region's arguments differ from the inputs")


@irdl_op_definition
class OptimizationBarrierOp(IRDLOperation):
    """Passes its operands through and hides where they came from."""

    name = "util.optimization_barrier"

    arguments = var_operand_def()
    res = var_result_def()

    def __init__(self, *arguments: SSAValue):
        super().__init__(operands=[arguments], result_types=[[argument.type for argument in arguments]])

    @classmethod
    def parse(cls, parser: Parser) -> OptimizationBarrierOp:
        attributes = parser.parse_optional_attr_dict()
        position = parser.pos
        operands = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        if operands:
            parser.parse_punctuation(":")
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
            op = cls(*parser.resolve_operands(operands, types, position))
        else:
            op = cls()
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        if self.arguments:
            printer.print_string(" ")
            printer.print_list(self.arguments, printer.print_ssa_value)
            printer.print_string(" : ")
            printer.print_list(self.operand_types, printer.print_attribute)
