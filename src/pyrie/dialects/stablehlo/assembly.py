"""The `custom<...>` assembly directives of StableHLO. Each docstring shows the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    ComplexType,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    i1,
    i32,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    ParsingState,
    PrintingState,
    TypeDirective,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser
from xdsl.printer import Printer

from pyrie.dialects.directives import Directive
from pyrie.dialects.stablehlo.attributes import (
    ConvDimensionNumbersAttr,
    DotAlgorithmAttr,
    DotDimensionNumbersAttr,
    Precision,
    PrecisionAttr,
    convolution_dimensions_text,
    parse_convolution_dimensions,
)


def dims_of(attribute: Attribute | None) -> tuple[int, ...]:
    """The integers of a dense array attribute."""
    assert isinstance(attribute, DenseArrayBase)
    return tuple(int(n) for n in attribute.get_values())


def i64_array(values: Iterable[int]) -> DenseArrayBase:
    """`array<i64: ...>`"""
    return DenseArrayBase.from_list(i64, list(values))


def print_functional_type(printer: Printer, op: IRDLOperation) -> None:
    """`(type, ...) -> type` of an op with one result."""
    with printer.in_parens():
        printer.print_list(op.operand_types, printer.print_attribute)
    printer.print_string(" -> ")
    printer.print_attribute(op.result_types[0])


def parse_one_type_or_function(parser: Parser, count: int) -> tuple[Sequence[Attribute], Attribute]:
    """Parses `type`, which then is the type of all, or `(type, ...) -> type`; returns operand types and result type."""
    type = parser.parse_type()
    if not isinstance(type, FunctionType):
        return [type] * count, type
    if len(type.inputs) != count or len(type.outputs) != 1:
        parser.raise_error(f"expected {count} operand type(s) and one result type, got {type}")
    return type.inputs.data, type.outputs.data[0]


class SameTypes(Directive):
    """`type` when operands and result have it all, else `(type, ...) -> type`. The last parameter is the result's type."""

    def types(self) -> list[TypeDirective]:
        return [getattr(self, name) for name in self.parameters]

    def parse(self, parser: Parser, state: ParsingState) -> None:
        *operands, result = self.types()
        operand_types, result_type = parse_one_type_or_function(parser, len(operands))
        for directive, type in zip(operands, operand_types, strict=True):
            directive.set(state, [type])
        result.set(state, [result_type])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        result = op.result_types[0]
        if all(type == result for type in op.operand_types):
            printer.print_attribute(result)
        else:
            print_functional_type(printer, op)


@irdl_custom_directive
class UnaryType(SameTypes):
    operand: TypeDirective
    result: TypeDirective


@irdl_custom_directive
class BinaryType(SameTypes):
    lhs: TypeDirective
    rhs: TypeDirective
    result: TypeDirective


@irdl_custom_directive
class TernaryType(SameTypes):
    first: TypeDirective
    second: TypeDirective
    third: TypeDirective
    result: TypeDirective


@irdl_custom_directive
class SelectType(Directive):
    """`tensor<4xi1>, tensor<4xf32>`, or a function type when the branches differ from the result."""

    pred: TypeDirective
    on_true: TypeDirective
    on_false: TypeDirective
    result: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        first = parser.parse_type()
        if isinstance(first, FunctionType):
            if len(first.inputs) != 3 or len(first.outputs) != 1:
                parser.raise_error(f"expected three operand types and one result type, got {first}")
            types = [*first.inputs, *first.outputs]
        else:
            parser.parse_punctuation(",")
            types = [first, *[parser.parse_type()] * 3]
        for directive, type in zip((self.pred, self.on_true, self.on_false, self.result), types, strict=True):
            directive.set(state, [type])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        pred, on_true, on_false = op.operand_types
        result = op.result_types[0]
        if on_true == on_false == result:
            printer.print_list((pred, result), printer.print_attribute)
        else:
            print_functional_type(printer, op)


@irdl_custom_directive
class ComplexOpType(Directive):
    """`tensor<4xcomplex<f32>>`; the operands have the real type of it."""

    lhs: TypeDirective
    rhs: TypeDirective
    result: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        (lhs, rhs), result = parse_one_type_or_function(parser, 2)
        if lhs == result:
            lhs = rhs = real_type(result)
        for directive, type in ((self.lhs, lhs), (self.rhs, rhs), (self.result, result)):
            directive.set(state, [type])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        result = op.result_types[0]
        if all(type == real_type(result) for type in op.operand_types):
            printer.print_attribute(result)
        else:
            print_functional_type(printer, op)


def real_type(type: Attribute) -> Attribute:
    """The type of the real part of a complex tensor; any other type is its own."""
    if isinstance(type, TensorType) and isinstance(type.element_type, ComplexType):
        return TensorType(type.element_type.element_type, type.get_shape(), type.encoding)
    return type


@irdl_custom_directive
class PairwiseTypes(Directive):
    """`type, type`: of the operands, and one by one of the results."""

    operands: TypeDirective
    results: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        self.operands.set(state, types)
        self.results.set(state, types)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_list(self.operands.get(op), printer.print_attribute)


@irdl_custom_directive
class VariadicOperandWithAttribute(Directive):
    """`%a, %b,`: operands, each with a comma behind it."""

    values: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        values = []
        while (value := parser.parse_optional_unresolved_operand()) is not None:
            values.append(value)
            parser.parse_punctuation(",")
        self.values.set(state, values)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_list(self.values.get(op), printer.print_ssa_value)
        printer.print_string(",")


@irdl_custom_directive
class SliceRanges(Directive):
    """`[0:2, 1:7:2]`: start, limit, and a stride other than one."""

    start: AttributeVariable
    limit: AttributeVariable
    strides: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def one() -> tuple[int, int, int]:
            start = parser.parse_integer()
            parser.parse_punctuation(":")
            limit = parser.parse_integer()
            return start, limit, parser.parse_integer() if parser.parse_optional_punctuation(":") else 1

        ranges = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
        for i, variable in enumerate((self.start, self.limit, self.strides)):
            variable.set(state, i64_array(r[i] for r in ranges))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        ranges = zip(dims_of(self.start.get(op)), dims_of(self.limit.get(op)), dims_of(self.strides.get(op)), strict=True)
        with printer.in_square_brackets():
            printer.print_list([f"{a}:{b}" + (f":{s}" if s != 1 else "") for a, b, s in ranges], printer.print_string)


@irdl_custom_directive
class DotDimensions(Directive):
    """`batching_dims = [0] x [0], contracting_dims = [2] x [1]`; no batching part when nothing is batched."""

    numbers: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def dims() -> list[int]:
            return parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)

        def pair() -> tuple[list[int], list[int]]:
            parser.parse_punctuation("=")
            lhs = dims()
            parser.parse_characters("x")
            return lhs, dims()

        batching: tuple[list[int], list[int]] = [], []
        if parser.parse_optional_keyword_in(("batching_dims", "batch_dims")):
            batching = pair()
            parser.parse_punctuation(",")
        parser.parse_keyword("contracting_dims")
        contracting = pair()
        numbers = DotDimensionNumbersAttr.of(
            lhs_batching_dimensions=batching[0],
            rhs_batching_dimensions=batching[1],
            lhs_contracting_dimensions=contracting[0],
            rhs_contracting_dimensions=contracting[1],
        )
        self.numbers.set(state, numbers)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        numbers = self.numbers.get(op)
        assert isinstance(numbers, DotDimensionNumbersAttr)
        d = numbers.data
        if d.lhs_batching_dimensions or d.rhs_batching_dimensions:
            printer.print_string(f"batching_dims = {list(d.lhs_batching_dimensions)} x {list(d.rhs_batching_dimensions)}, ")
        printer.print_string(f"contracting_dims = {list(d.lhs_contracting_dimensions)} x {list(d.rhs_contracting_dimensions)}")


class PrecisionDirective(Directive):
    """Writes without white space before it, since the text begins with a comma."""

    precision: AttributeVariable

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)

    def parse_precision(self, parser: Parser, state: ParsingState) -> None:
        parser.parse_keyword("precision")
        parser.parse_punctuation("=")
        names = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parser.parse_str_enum(Precision))
        self.precision.set(state, ArrayAttr(PrecisionAttr(name) for name in names))

    def write_precision(self, printer: Printer, op: IRDLOperation) -> None:
        if isinstance(precision := self.precision.get(op), ArrayAttr):
            names = ", ".join(p.data.value for p in precision if isinstance(p, PrecisionAttr))
            printer.print_string(f", precision = [{names}]")


@irdl_custom_directive
class PrecisionConfig(PrecisionDirective):
    """`, precision = [DEFAULT, HIGHEST]`, or nothing."""

    precision: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if parser.parse_optional_punctuation(","):
            self.parse_precision(parser, state)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        self.write_precision(printer, op)


@irdl_custom_directive
class PrecisionConfigAndAlgorithm(PrecisionDirective):
    """`, precision = [DEFAULT, DEFAULT], algorithm = <...>`, each part optional."""

    precision: AttributeVariable
    algorithm: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        while parser.parse_optional_punctuation(","):
            if not parser.parse_optional_keyword("algorithm"):
                self.parse_precision(parser, state)
                continue
            parser.parse_punctuation("=")
            self.algorithm.set(state, DotAlgorithmAttr(DotAlgorithmAttr.parse_parameter(parser)))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        self.write_precision(printer, op)
        if isinstance(algorithm := self.algorithm.get(op), DotAlgorithmAttr):
            printer.print_string(", algorithm = ")
            algorithm.print_parameter(printer)


@irdl_custom_directive
class ConvolutionDimensions(Directive):
    """`[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`"""

    numbers: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.numbers.set(state, ConvDimensionNumbersAttr(parse_convolution_dimensions(parser)))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        numbers = self.numbers.get(op)
        assert isinstance(numbers, ConvDimensionNumbersAttr)
        printer.print_string(convolution_dimensions_text(numbers.data))


@irdl_custom_directive
class WindowAttributes(Directive):
    """`stride = [2, 1], pad = [[1, 1], [0, 1]], lhs_dilate = [1, 2], rhs_dilate = [1, 1], reverse = [false, true]`, each optional."""

    stride: AttributeVariable
    pad: AttributeVariable
    lhs_dilate: AttributeVariable
    rhs_dilate: AttributeVariable
    reverse: AttributeVariable

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def integers() -> list[int]:
            return parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=True))

        def pair() -> list[int]:
            if len(values := integers()) != 2:
                parser.raise_error(f"expected [low, high], got {len(values)} number(s)")
            return values

        left = list(self.parameters)
        while (name := parser.parse_optional_keyword_in(left)) is not None:
            left.remove(name)
            parser.parse_punctuation("=")
            if name == "pad":
                pairs = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, pair)
                numbers = [n for p in pairs for n in p]
                attribute: Attribute = DenseIntOrFPElementsAttr.from_list(TensorType(i64, [len(pairs), 2]), numbers)
            else:
                attribute = DenseArrayBase.from_list(i1 if name == "reverse" else i64, integers())
            getattr(self, name).set(state, attribute)
            if not parser.parse_optional_punctuation(","):
                break

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        parts: list[str] = []
        for name in self.parameters:
            attribute = getattr(self, name).get(op)
            if isinstance(attribute, DenseIntOrFPElementsAttr):
                numbers = attribute.get_values()
                pairs = [list(numbers[i : i + 2]) for i in range(0, len(numbers), 2)]
                parts.append(f"{name} = {pairs}")
            elif name == "reverse" and attribute is not None:
                parts.append(f"{name} = [{', '.join('true' if n else 'false' for n in dims_of(attribute))}]")
            elif attribute is not None:
                parts.append(f"{name} = {list(dims_of(attribute))}")
        printer.print_string(", ".join(parts))


@irdl_custom_directive
class ExponentMantissa(Directive):
    """`e5m10`"""

    exponent: AttributeVariable
    mantissa: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        match = re.fullmatch(r"e(\d+)m(\d+)", text := parser.parse_identifier())
        if match is None:
            parser.raise_error(f"expected exponent and mantissa bits such as e5m10, got '{text}'")
        self.exponent.set(state, IntegerAttr(int(match[1]), i32))
        self.mantissa.set(state, IntegerAttr(int(match[2]), i32))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        bits = [a.value.data for a in (self.exponent.get(op), self.mantissa.get(op)) if isinstance(a, IntegerAttr)]
        printer.print_string("e{}m{}".format(*bits))


@irdl_custom_directive
class CustomCallTarget(Directive):
    """`@name`"""

    target: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.target.set(state, parser.parse_symbol_name())

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        target = self.target.get(op)
        assert isinstance(target, StringAttr)
        printer.print_attribute(SymbolRefAttr(target))


@irdl_custom_directive
class TopKResults(Directive):
    """`(values, indices)`"""

    values: TypeDirective
    indices: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        if len(types) != 2:
            parser.raise_error("expected the types of values and indices")
        self.values.set(state, types[:1])
        self.indices.set(state, types[1:])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        with printer.in_parens():
            printer.print_list(op.result_types, printer.print_attribute)
