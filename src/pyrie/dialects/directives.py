"""The `custom<...>` assembly directives that several dialects share.

Each class is one directive; its fields are the parameters in the order of the op's `assembly_format`, its docstring shows the text.
A *shaped* type is followed by the values of its dynamic dimensions, `tensor<?x4xf32>{%d}`; a *sized* type (see `SizedType`) by its
size, `!stream.resource<*>{%size}`. A *tied* result shares the storage of an operand and is written as that operand: `%0`, or `%0 as type`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    ContainerType,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    ShapedType,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Region, SSAValue, TypedAttribute
from xdsl.irdl import IRDLOperation
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    OperandDirective,
    OptionalOperandVariable,
    ParsingState,
    PrintingState,
    RegionVariable,
    TypeDirective,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import AttrParser, Parser, UnresolvedOperand
from xdsl.printer import Printer

index = IndexType()
T = TypeVar("T")


class SizedType:
    """Mixin of types whose values are always written with their size: `type{%size}`."""


# ---- building blocks ---------------------------------------------------------------------------------------------------


def dynamic_dimension_count(type: Attribute) -> int:
    """How many values stand in braces after `type`: its dynamic dimensions, or 1 for its size."""
    if isinstance(type, SizedType):
        return 1
    return sum(dim == DYNAMIC_INDEX for dim in type.get_shape()) if isinstance(type, ShapedType) else 0


def parse_shaped_type(parser: Parser, dims: list[UnresolvedOperand]) -> Attribute:
    """Parses `type{%dim, ...}` and appends the values to `dims`."""
    type = parser.parse_type()
    parse_dimensions(parser, type, dims)
    return type


def parse_dimensions(parser: Parser, type: Attribute, dims: list[UnresolvedOperand]) -> None:
    """Parses the `{%dim, ...}` that `type` asks for, if it does."""
    count = dynamic_dimension_count(type)
    if not count:
        return
    parsed = parser.parse_comma_separated_list(parser.Delimiter.BRACES, parser.parse_unresolved_operand)
    if len(parsed) != count:
        parser.raise_error(f"expected {count} dynamic dimension value(s) for {type}, got {len(parsed)}")
    dims += parsed


def print_shaped_type(printer: Printer, type: Attribute, dims: Iterator[SSAValue]) -> None:
    """Prints `type{%dim, ...}`, taking from `dims` as many values as the type needs."""
    printer.print_attribute(type)
    print_dimensions(printer, type, dims)


def print_dimensions(printer: Printer, type: Attribute, dims: Iterator[SSAValue]) -> None:
    """Prints the `{%dim, ...}` that `type` needs, if any."""
    if count := dynamic_dimension_count(type):
        with printer.in_braces():
            printer.print_list([next(dims) for _ in range(count)], printer.print_ssa_value)


def tied_indices(tied: Attribute | None, count: int) -> list[int]:
    """The operand index each of `count` results is tied to; -1 where it is not."""
    return [i.value.data for i in tied] if isinstance(tied, ArrayAttr) and len(tied) else [-1] * count  # pyright: ignore


def tied_operands_attr(ties: Iterable[int]) -> ArrayAttr | None:
    """The `tied_operands` attribute, absent when no result is tied."""
    ties = tuple(ties)
    return ArrayAttr(IntegerAttr(tie, index) for tie in ties) if any(tie >= 0 for tie in ties) else None


def operand_key(operand: UnresolvedOperand) -> tuple[str, int]:
    return operand.operand_name, operand.index


def parse_tied_type(parser: Parser, names: Sequence[tuple[str, int]], types: Sequence[Attribute]) -> tuple[Attribute, int]:
    """Parses `type`, `%operand` or `%operand as type`; returns the type and the operand's index or -1."""
    operand = parser.parse_optional_unresolved_operand()
    if operand is None:
        return parser.parse_type(), -1
    if (key := operand_key(operand)) not in names:
        parser.raise_error(f"a result is tied to %{operand.operand_name}, which is not an operand here", operand.span)
    tie = names.index(key)
    return (parser.parse_type() if parser.parse_optional_keyword("as") else types[tie]), tie


def print_tied_type(printer: Printer, type: Attribute, tie: int, operands: Sequence[SSAValue]) -> None:
    """Prints `type`, `%operand` (of the same type) or `%operand as type`."""
    if tie >= 0:
        printer.print_ssa_value(operands[tie])
        if operands[tie].type == type:
            return
        printer.print_string(" as ")
    printer.print_attribute(type)


def parse_list_or_one(parser: AttrParser, element: Callable[[], object]) -> None:
    """Parses `element`, or `(element, ...)`, or `()`."""
    if parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, element) is None:
        element()


def print_list_or_one(printer: Printer, elements: Sequence[T], element: Callable[[T], object]) -> None:
    """Prints one element bare, and none or several in parentheses."""
    if len(elements) == 1:
        element(elements[0])
        return
    with printer.in_parens():
        printer.print_list(elements, element)


def print_region_arguments(printer: Printer, region: Region) -> None:
    """Prints `(%arg0: type, ...)` of the region's entry block."""
    with printer.in_parens():
        printer.print_list(region.blocks[0].args if region.blocks else (), printer.print_block_argument)


def set_operands(variable: OperandDirective, state: ParsingState, operands: Sequence[UnresolvedOperand]) -> None:
    """Binds parsed operands to a single, optional or variadic operand variable."""
    if isinstance(variable, VariadicOperandVariable):
        variable.set(state, operands)
    elif isinstance(variable, OptionalOperandVariable):
        variable.set(state, operands[0] if operands else None)
    else:
        variable.set(state, operands[0])  # pyright: ignore[reportAttributeAccessIssue]


def get_operands(variable: OperandDirective, op: IRDLOperation) -> Sequence[SSAValue]:
    """The values of a single, optional or variadic operand variable."""
    value = variable.get(op)  # pyright: ignore[reportAttributeAccessIssue]
    return (value,) if isinstance(value, SSAValue) else tuple(value or ())


class Directive(CustomDirective):
    """Base of the directives below: MLIR's white space goes before each, then `write` prints it."""

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        state.print_whitespace(printer)
        self.write(printer, op)

    @abstractmethod
    def write(self, printer: Printer, op: IRDLOperation) -> None: ...


# ---- symbols -----------------------------------------------------------------------------------------------------------


@irdl_custom_directive
class SymbolVisibility(Directive):
    """`public`, `private` or `nested`; absent means public."""

    visibility: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if (visibility := parser.parse_optional_visibility_keyword()) is not None:
            self.visibility.set(state, visibility)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        visibility = self.visibility.get(op)
        printer.print_string(visibility.data if isinstance(visibility, StringAttr) else "public")


@irdl_custom_directive
class SymbolAlias(Directive):
    """`@function`, or `@function as("name")` when the symbol has another name than the function it refers to."""

    sym_name: AttributeVariable
    alias: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        alias = parser.parse_symbol_name()
        name = alias
        if parser.parse_optional_keyword("as"):
            with parser.in_parens():
                name = StringAttr(parser.parse_str_literal())
        self.alias.set(state, SymbolRefAttr(alias))
        self.sym_name.set(state, name)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        name, alias = self.sym_name.get(op), self.alias.get(op)
        assert isinstance(name, StringAttr) and isinstance(alias, SymbolRefAttr)
        printer.print_attribute(alias)
        if name != alias.root_reference:
            printer.print_string(f' as("{name.data}")')


@irdl_custom_directive
class DispatchEntryPoints(Directive):
    """`@executable::@export`, or `{@a::@x, @b::@x}` when several can serve."""

    entry_points: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        points = parser.parse_optional_comma_separated_list(parser.Delimiter.BRACES, parser.parse_attribute)
        self.entry_points.set(state, ArrayAttr([parser.parse_attribute()] if points is None else points))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        points = self.entry_points.get(op)
        assert isinstance(points, ArrayAttr)
        if len(points) == 1:
            printer.print_attribute(points.data[0])
            return
        with printer.in_braces():
            printer.print_list(points, printer.print_attribute)


@irdl_custom_directive
class ParameterReference(Directive):
    """`%key`, or `%scope::%key`."""

    scope: OptionalOperandVariable
    key: OperandDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        first = parser.parse_unresolved_operand()
        scoped = parser.parse_optional_punctuation(":") is not None
        if scoped:
            parser.parse_punctuation(":")
        self.scope.set(state, first if scoped else None)
        set_operands(self.key, state, [parser.parse_unresolved_operand() if scoped else first])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        if (scope := self.scope.get(op)) is not None:
            printer.print_ssa_value(scope)
            printer.print_string("::")
        printer.print_ssa_value(get_operands(self.key, op)[0])


# ---- types and values --------------------------------------------------------------------------------------------------


@irdl_custom_directive
class TypeOrAttr(Directive):
    """`: i32`, `= 42 : i32`, or `: i32 = 42 : index`."""

    type: AttributeVariable
    value: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if not parser.parse_optional_punctuation("="):
            parser.parse_punctuation(":")
            self.type.set(state, parser.parse_type())
            if parser.parse_optional_punctuation("="):
                self.value.set(state, parser.parse_attribute())
            return
        value = parser.parse_attribute()
        self.value.set(state, value)
        if not isinstance(value, TypedAttribute):
            parser.raise_error(f"{value} has no type of its own: write `: type = value`")
        self.type.set(state, value.get_type())

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        type, value = self.type.get(op), self.value.get(op)
        assert type is not None
        parts: list[tuple[str, Attribute]] = []
        if not (isinstance(value, TypedAttribute) and value.get_type() == type):
            parts.append((": ", type))
        if value is not None:
            parts.append(("= ", value))
        for i, (prefix, attribute) in enumerate(parts):
            printer.print_string((" " if i else "") + prefix)
            printer.print_attribute(attribute)


@irdl_custom_directive
class TypeAlias(Directive):
    """`tensor<4xf32>`, or `tensor<4xf32> as tensor<2xf64>` when the value is stored as another type."""

    encoding: AttributeVariable
    storage: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        encoding = parser.parse_type()
        self.encoding.set(state, encoding)
        self.storage.set(state, [parser.parse_type() if parser.parse_optional_keyword("as") else encoding])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        encoding, storage = self.encoding.get(op), self.storage.get(op)[0]
        if encoding is not None and encoding != storage:
            printer.print_attribute(encoding)
            printer.print_string(" as ")
        printer.print_attribute(storage)


@irdl_custom_directive
class SizeAwareType(Directive):
    """`type{%size}` of one value."""

    type: TypeDirective
    size: OperandDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.type.set(state, [parser.parse_type()])
        with parser.in_braces():
            set_operands(self.size, state, [parser.parse_unresolved_operand()])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_attribute(self.type.get(op)[0])
        with printer.in_braces():
            printer.print_ssa_value(get_operands(self.size, op)[0])


@irdl_custom_directive
class RangeList(Directive):
    """`[%offset for %length], ...`"""

    offsets: VariadicOperandVariable
    lengths: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def one() -> tuple[UnresolvedOperand, UnresolvedOperand]:
            with parser.in_square_brackets():
                offset = parser.parse_unresolved_operand()
                parser.parse_keyword("for")
                return offset, parser.parse_unresolved_operand()

        ranges = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.offsets.set(state, [offset for offset, _ in ranges])
        self.lengths.set(state, [length for _, length in ranges])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        def one(pair: tuple[SSAValue, SSAValue]) -> None:
            with printer.in_square_brackets():
                printer.print_ssa_value(pair[0])
                printer.print_string(" for ")
                printer.print_ssa_value(pair[1])

        printer.print_list(list(zip(self.offsets.get(op), self.lengths.get(op), strict=True)), one)


@irdl_custom_directive
class OperandTypeList(Directive):
    """`(type, type)` or `()`."""

    types: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.types.set(state, parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        with printer.in_parens():
            printer.print_list(self.types.get(op), printer.print_attribute)


@irdl_custom_directive
class TiedFunctionResultList(Directive):
    """`()`, `type`, or `(type, %operand, %operand as type)`; parameters (ref($operands), ref(type($operands)), type($results), $tied)."""

    operands: VariadicOperandVariable
    operand_types: TypeDirective
    result_types: TypeDirective
    tied: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        names = [operand_key(operand) for operand in state.operands[self.operands.index] or ()]
        types = state.operand_types[self.operands.index] or ()
        results: list[tuple[Attribute, int]] = []
        parse_list_or_one(parser, lambda: results.append(parse_tied_type(parser, names, types)))
        self.result_types.set(state, [type for type, _ in results])
        if (tied := tied_operands_attr(tie for _, tie in results)) is not None:
            self.tied.set(state, tied)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        types, operands = self.result_types.get(op), self.operands.get(op)
        results = list(zip(types, tied_indices(self.tied.get(op), len(types)), strict=True))
        print_list_or_one(printer, results, lambda result: print_tied_type(printer, *result, operands))


@irdl_custom_directive
class ShapedTypeList(Directive):
    """`type{%d0}, type, type{%d1}`"""

    types: TypeDirective
    dims: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        dims: list[UnresolvedOperand] = []
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: parse_shaped_type(parser, dims))
        self.types.set(state, types)
        self.dims.set(state, dims)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        dims = iter(self.dims.get(op))
        printer.print_list(self.types.get(op), lambda type: print_shaped_type(printer, type, dims))


@irdl_custom_directive
class ShapedTiedResult(Directive):
    """`type{%d}`, or `%target as type{%d}` for a result tied to `target`; parameters (ref($target), type($result), $dims)."""

    target: OperandDirective
    type: TypeDirective
    dims: OperandDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if parser.parse_optional_unresolved_operand() is not None:
            parser.parse_keyword("as")
        dims: list[UnresolvedOperand] = []
        self.type.set(state, [parse_shaped_type(parser, dims)])
        set_operands(self.dims, state, dims)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_ssa_value(get_operands(self.target, op)[0])
        printer.print_string(" as ")
        print_shaped_type(printer, self.type.get(op)[0], iter(get_operands(self.dims, op)))


@irdl_custom_directive
class ShapedFunctionType(Directive):
    """`(type, type{%d0}) -> (type{%d1}, %operand{%d0})`

    Parameters (ref($operands), type($operands), $operand_dims, type($results), $result_dims, $tied_operands).
    """

    operands: VariadicOperandVariable
    operand_types: TypeDirective
    operand_dims: VariadicOperandVariable
    result_types: TypeDirective
    result_dims: VariadicOperandVariable
    tied: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        operand_dims: list[UnresolvedOperand] = []
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parse_shaped_type(parser, operand_dims))
        self.operand_types.set(state, types)
        self.operand_dims.set(state, operand_dims)
        parser.parse_punctuation("->")
        names = [operand_key(operand) for operand in state.operands[self.operands.index] or ()]
        results = parse_shaped_results(parser, names, types)
        self.result_types.set(state, results.types)
        self.result_dims.set(state, results.dims)
        if (tied := tied_operands_attr(results.ties)) is not None:
            self.tied.set(state, tied)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        dims = iter(self.operand_dims.get(op))
        with printer.in_parens():
            printer.print_list(self.operand_types.get(op), lambda type: print_shaped_type(printer, type, dims))
        printer.print_string(" -> ")
        print_shaped_results(printer, self.operands.get(op), self.result_types.get(op), self.result_dims.get(op), self.tied.get(op))


class ShapedResults:
    """A parsed result list: types, the values of their dynamic dimensions, and operand indices (-1: not tied)."""

    def __init__(self) -> None:
        self.types: list[Attribute] = []
        self.dims: list[UnresolvedOperand] = []
        self.ties: list[int] = []


def parse_shaped_results(parser: Parser, names: Sequence[tuple[str, int]], operand_types: Sequence[Attribute]) -> ShapedResults:
    """Parses `type{%d}`, `(%operand{%d}, %operand as type{%d}, ...)` or `()`."""
    results = ShapedResults()

    def one() -> None:
        type, tie = parse_tied_type(parser, names, operand_types)
        parse_dimensions(parser, type, results.dims)
        results.types.append(type)
        results.ties.append(tie)

    parse_list_or_one(parser, one)
    return results


def print_shaped_results(
    printer: Printer, operands: Sequence[SSAValue], types: Sequence[Attribute], dims: Sequence[SSAValue], tied: Attribute | None
) -> None:
    """Prints what `parse_shaped_results` reads."""
    values = iter(dims)

    def one(result: tuple[Attribute, int]) -> None:
        print_tied_type(printer, *result, operands)
        print_dimensions(printer, result[0], values)

    print_list_or_one(printer, list(zip(types, tied_indices(tied, len(types)), strict=True)), one)


@irdl_custom_directive
class ShapedOperandList(Directive):
    """`%value : type{%d}, ...`"""

    values: VariadicOperandVariable
    types: TypeDirective
    dims: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        dims: list[UnresolvedOperand] = []

        def one() -> tuple[UnresolvedOperand, Attribute]:
            value = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            return value, parse_shaped_type(parser, dims)

        pairs = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.values.set(state, [value for value, _ in pairs])
        self.types.set(state, [type for _, type in pairs])
        self.dims.set(state, dims)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        dims = iter(self.dims.get(op))

        def one(value: SSAValue) -> None:
            printer.print_ssa_value(value)
            printer.print_string(" : ")
            print_shaped_type(printer, value.type, dims)

        printer.print_list(self.values.get(op), one)


# ---- regions -----------------------------------------------------------------------------------------------------------


def parse_workgroup_count(parser: Parser) -> Region:
    """Parses `(%arg0: index, ...) -> (index, index, index) { ... }`."""
    arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
    parser.parse_punctuation("->")
    types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
    if types != [index] * 3:
        parser.raise_error("a workgroup count region returns the counts of three dimensions: (index, index, index)")
    return parser.parse_region(arguments)


def print_workgroup_count(printer: Printer, region: Region) -> None:
    """Prints what `parse_workgroup_count` reads."""
    print_region_arguments(printer, region)
    printer.print_string(" -> (index, index, index) ")
    printer.print_region(region, print_entry_block_args=False)


@irdl_custom_directive
class WorkgroupCountRegion(Directive):
    """`workgroups(%w: index) -> (index, index, index) {...}`; nothing when the region is empty."""

    region: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.region.set(state, parse_workgroup_count(parser) if parser.parse_optional_keyword("workgroups") else Region())

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        region = self.region.get(op)
        if region.blocks:
            printer.print_string("workgroups")
            print_workgroup_count(printer, region)


@irdl_custom_directive
class ImplicitTerminatorRegion(Directive):
    """`{ ... }` without the terminator, which says nothing (the op puts it there: `SingleBlockImplicitTerminator`)."""

    region: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.region.set(state, parser.parse_region())

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_region(self.region.get(op), print_entry_block_args=False, print_block_terminators=False)


@irdl_custom_directive
class TypeAndElementType(Directive):
    """`tensor<4xf32>`, which also gives the type of a value that is one element; parameters (type($tensor), type($element))."""

    type: TypeDirective
    element: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        type = parser.parse_type()
        if not isinstance(type, ContainerType):
            parser.raise_error(f"expected a tensor type, got {type}")
        self.type.set(state, [type])
        self.element.set(state, [type.get_element_type()])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_attribute(self.type.get(op)[0])


@irdl_custom_directive
class DynamicIndexList(Directive):
    """`[%d, 4, %e]`: values where the static list holds the dynamic marker, and numbers elsewhere; parameters ($dynamic, $static)."""

    dynamic: VariadicOperandVariable
    static: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        values: list[UnresolvedOperand] = []

        def one() -> int:
            if (value := parser.parse_optional_unresolved_operand()) is None:
                return parser.parse_integer()
            values.append(value)
            return DYNAMIC_INDEX

        static = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
        self.dynamic.set(state, values)
        self.static.set(state, DenseArrayBase.from_list(i64, static))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        values = iter(self.dynamic.get(op))

        def one(number: int) -> None:
            if number == DYNAMIC_INDEX:
                printer.print_ssa_value(next(values))
            else:
                printer.print_int(number)

        static = self.static.get(op)
        assert isinstance(static, DenseArrayBase)
        with printer.in_square_brackets():
            printer.print_list(static.get_values(), one)
