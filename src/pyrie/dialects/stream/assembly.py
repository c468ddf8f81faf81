"""What the ops of the `stream` dialect share: a base class, constraints, pieces of assembly formats and directives of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.irdl import IRDLOperation, OpDef, VarResultDef, base
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    OperandDirective,
    ParsingState,
    RegionVariable,
    TypeDirective,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import (
    Directive,
    dynamic_dimension_count,
    operand_key,
    parse_shaped_results,
    parse_shaped_type,
    print_shaped_results,
    print_shaped_type,
    set_operands,
    tied_indices,
    tied_operands_attr,
)
from pyrie.dialects.stream.types import ResourceAccessAttr, ResourceType, TimepointType, parse_access

index = IndexType()
Resource = base(ResourceType)
Timepoint = TimepointType()

ON = "(`on` `(` $affinity^ `)`)? "
AWAIT = "(`await` `(` $await_timepoint^ `)` `=` `` `>`)? "
AWAIT_OR_COLON = "(`await` `(` $await_timepoint^ `)` `=` `` `>`):(`:`)? "
AWAIT_ONLY = "(`await` `(` $await_timepoint^ `)`)? "
SIGNAL = "`=` `` `>` type($result_timepoint) "


def sized(value: str) -> str:
    """Format of `type{%size}`."""
    return f"type(${value}) `` `{{` ${value}_size `}}` "


def encoded(value: str) -> str:
    """Format of `tensor<?xf32>{%dim} in type{%size}`."""
    return f"${value}_encoding (`` `{{` ${value}_encoding_dims^ `}}`)? `in` " + sized(value)


class StreamOp(IRDLOperation):
    """Base of the stream ops.

    `TIED` names, for each result, the operand whose storage it continues; `TIED_LIST` the operand list that `tied_operands` indexes.
    `SIZES` pairs operand or result names with the names of their sizes, which `verify_` counts.
    """

    TIED: ClassVar[tuple[str | None, ...]] = ()
    TIED_LIST: ClassVar[str | None] = None
    SIZES: ClassVar[tuple[tuple[str, str], ...]] = ()

    def tied_operand(self, result: int) -> SSAValue | None:
        """The operand whose storage result number `result` continues, or None."""
        if result < len(self.TIED):
            name = self.TIED[result]
            return getattr(self, name) if name else None
        if self.TIED_LIST and isinstance(tied := self.properties.get("tied_operands"), ArrayAttr) and result < len(tied):
            tie = tied_indices(tied, len(tied))[result]
            return getattr(self, self.TIED_LIST)[tie] if tie >= 0 else None
        return None

    def asm_result_names(self) -> tuple[str | None, ...]:
        """MLIR's default: results of ops that declare several are called as declared; a variadic group is called by its first."""
        return declared_result_names(self.get_irdl_definition(), self)

    def verify_(self) -> None:
        for values, sizes in self.SIZES:
            needed = sum(dynamic_dimension_count(value.type) for value in getattr(self, values))
            if needed != len(getattr(self, sizes)):
                raise VerifyException(f"has {len(getattr(self, sizes))} {sizes} for {needed} sized {values}")


def declared_result_names(definition: OpDef, op: IRDLOperation) -> tuple[str | None, ...]:
    """The declared name at the first result of each declared group, None elsewhere."""
    if len(definition.results) < 2:
        return (None,) * len(op.results)
    names: list[str | None] = []
    for name, result in definition.results:
        if isinstance(result, VarResultDef):
            group: Sequence[SSAValue] = getattr(op, name)
            names += [name.rstrip("_") if i == 0 else None for i in range(len(group))]
        else:
            names.append(name)
    return tuple(names)


class ImplicitYieldOp(StreamOp):
    """Base of ops whose region ends in a terminator that need not be written."""

    def __post_init__(self) -> None:
        for trait in self.get_traits_of_type(SingleBlockImplicitTerminator):
            for region in self.regions:
                if not region.blocks:
                    region.add_block(Block())
                last = region.blocks[0].last_op
                if last is None or not last.has_trait(IsTerminator, value_if_unregistered=False):
                    region.blocks[0].add_op(trait.op_type())  # pyright: ignore[reportCallIssue]


# ---- directives --------------------------------------------------------------------------------------------------------


@irdl_custom_directive
class ShapedTypeListTwice(Directive):
    """`type{%size}, ...` of operands and of results that have the same types."""

    operand_types: TypeDirective
    result_types: TypeDirective
    sizes: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        sizes: list[UnresolvedOperand] = []
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: parse_shaped_type(parser, sizes))
        self.operand_types.set(state, types)
        self.result_types.set(state, types)
        self.sizes.set(state, sizes)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        sizes = iter(self.sizes.get(op))
        printer.print_list(self.operand_types.get(op), lambda type: print_shaped_type(printer, type, sizes))


@irdl_custom_directive
class DispatchOperands(Directive):
    """`(%resource[%offset to %end for %length], %uniform, ...)`"""

    operands: VariadicOperandVariable
    offsets: VariadicOperandVariable
    ends: VariadicOperandVariable
    lengths: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        ranges: list[tuple[UnresolvedOperand, ...]] = []

        def one() -> UnresolvedOperand:
            operand = parser.parse_unresolved_operand()
            if parser.parse_optional_punctuation("["):
                offset = parser.parse_unresolved_operand()
                parser.parse_keyword("to")
                end = parser.parse_unresolved_operand()
                parser.parse_keyword("for")
                ranges.append((offset, end, parser.parse_unresolved_operand()))
                parser.parse_punctuation("]")
            return operand

        self.operands.set(state, parser.parse_comma_separated_list(parser.Delimiter.PAREN, one))
        for i, variable in enumerate((self.offsets, self.ends, self.lengths)):
            variable.set(state, [parsed[i] for parsed in ranges])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        ranges = iter(zip(self.offsets.get(op), self.ends.get(op), self.lengths.get(op), strict=True))

        def one(operand: SSAValue) -> None:
            printer.print_ssa_value(operand)
            if isinstance(operand.type, ResourceType):
                for text, value in zip(("[", " to ", " for "), next(ranges), strict=True):
                    printer.print_string(text)
                    printer.print_ssa_value(value)
                printer.print_string("]")

        with printer.in_parens():
            printer.print_list(self.operands.get(op), one)


@irdl_custom_directive
class DispatchResources(Directive):
    """`ro %resource[%offset for %length] : type{%size}, ...`, each on a line of its own."""

    resources: VariadicOperandVariable
    types: TypeDirective
    sizes: VariadicOperandVariable
    offsets: VariadicOperandVariable
    lengths: VariadicOperandVariable
    accesses: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        sizes: list[UnresolvedOperand] = []

        def one() -> tuple[ResourceAccessAttr, UnresolvedOperand, UnresolvedOperand, UnresolvedOperand, Attribute]:
            access = ResourceAccessAttr(parse_access(parser))
            resource = parser.parse_unresolved_operand()
            with parser.in_square_brackets():
                offset = parser.parse_unresolved_operand()
                parser.parse_keyword("for")
                length = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            return access, resource, offset, length, parse_shaped_type(parser, sizes)

        rows = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.accesses.set(state, ArrayAttr(row[0] for row in rows))
        self.resources.set(state, [row[1] for row in rows])
        self.offsets.set(state, [row[2] for row in rows])
        self.lengths.set(state, [row[3] for row in rows])
        self.types.set(state, [row[4] for row in rows])
        self.sizes.set(state, sizes)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        accesses = self.accesses.get(op)
        assert isinstance(accesses, ArrayAttr)
        rows = zip(accesses, self.resources.get(op), self.offsets.get(op), self.lengths.get(op), self.sizes.get(op), strict=True)
        with printer.indented():
            for i, (access, resource, offset, length, size) in enumerate(rows):
                printer.print_string("," if i else "")
                printer.print_string("\n")
                printer.print_string(f"{access.data} ")
                printer.print_ssa_value(resource)
                printer.print_string("[")
                printer.print_ssa_value(offset)
                printer.print_string(" for ")
                printer.print_ssa_value(length)
                printer.print_string("] : ")
                print_shaped_type(printer, resource.type, iter((size,)))


def parse_captures(parser: Parser) -> tuple[list[tuple[UnresolvedOperand, Parser.Argument]], list[UnresolvedOperand]]:
    """Parses `(%value as %argument: type{%size}, ...)`; returns the pairs and the sizes."""
    sizes: list[UnresolvedOperand] = []

    def one() -> tuple[UnresolvedOperand, Parser.Argument]:
        value = parser.parse_unresolved_operand()
        parser.parse_keyword("as")
        name = parser.parse_argument(expect_type=False)
        parser.parse_punctuation(":")
        return value, name.resolve(parse_shaped_type(parser, sizes))

    return parser.parse_comma_separated_list(parser.Delimiter.PAREN, one), sizes


def print_captures(printer: Printer, op: IRDLOperation, values: Sequence[SSAValue], sizes: Sequence[SSAValue]) -> None:
    """Prints what `parse_captures` reads; the arguments are those of the op's region."""
    remaining = iter(sizes)

    def one(pair: tuple[SSAValue, SSAValue]) -> None:
        printer.print_ssa_value(pair[0])
        printer.print_string(" as ")
        printer.print_ssa_value(pair[1])
        printer.print_string(": ")
        print_shaped_type(printer, pair[1].type, remaining)

    with printer.in_parens():
        printer.print_list(list(zip(values, op.regions[0].block.args, strict=True)), one)


@irdl_custom_directive
class ResourceRegion(Directive):
    """`(%value as %arg: type{%size}, ...) -> (type{%size}, %value as type{%size}) { ... }`"""

    operands: VariadicOperandVariable
    types: TypeDirective
    sizes: VariadicOperandVariable
    result_types: TypeDirective
    result_sizes: VariadicOperandVariable
    tied: AttributeVariable
    body: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        captures, sizes = parse_captures(parser)
        types = [argument.type for _, argument in captures]
        self.operands.set(state, [value for value, _ in captures])
        self.types.set(state, types)
        self.sizes.set(state, sizes)
        result_types: Sequence[Attribute] = ()
        result_sizes: Sequence[UnresolvedOperand] = ()
        if parser.parse_optional_punctuation("->"):
            results = parse_shaped_results(parser, [operand_key(value) for value, _ in captures], types)
            result_types, result_sizes = results.types, results.dims
            if (tied := tied_operands_attr(results.ties)) is not None:
                self.tied.set(state, tied)
        self.result_types.set(state, result_types)
        self.result_sizes.set(state, result_sizes)
        self.body.set(state, parser.parse_region([argument for _, argument in captures]))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        print_captures(printer, op, self.operands.get(op), self.sizes.get(op))
        if types := self.result_types.get(op):
            printer.print_string(" -> ")
            print_shaped_results(printer, self.operands.get(op), types, self.result_sizes.get(op), self.tied.get(op))
        printer.print_string(" ")
        printer.print_region(self.body.get(op), print_entry_block_args=False)


@irdl_custom_directive
class ExplicitResourceRegion(Directive):
    """`(%value as %arg: type{%size}, ...) { ... }`"""

    operands: VariadicOperandVariable
    types: TypeDirective
    sizes: VariadicOperandVariable
    body: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        captures, sizes = parse_captures(parser)
        self.operands.set(state, [value for value, _ in captures])
        self.types.set(state, [argument.type for _, argument in captures])
        self.sizes.set(state, sizes)
        self.body.set(state, parser.parse_region([argument for _, argument in captures]))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        print_captures(printer, op, self.operands.get(op), self.sizes.get(op))
        printer.print_string(" ")
        printer.print_region(self.body.get(op), print_entry_block_args=False, print_block_terminators=False)


@irdl_custom_directive
class PackSliceRanges(Directive):
    """`[first, last] = %size, ...`, each on a line of its own."""

    intervals: AttributeVariable
    sizes: VariadicOperandVariable
    offset_types: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        intervals: list[IntegerAttr] = []

        def one() -> UnresolvedOperand:
            parser.parse_punctuation("[")
            intervals.append(IntegerAttr(parser.parse_integer(), index))
            parser.parse_punctuation(",")
            intervals.append(IntegerAttr(parser.parse_integer(), index))
            parser.parse_punctuation("]")
            parser.parse_punctuation("=")
            return parser.parse_unresolved_operand()

        sizes = parser.parse_optional_undelimited_comma_separated_list(
            lambda: one() if parser._current_token.text == "[" else None,  # pyright: ignore[reportPrivateUsage]
            one,
        )
        self.sizes.set(state, sizes or [])
        self.intervals.set(state, ArrayAttr(intervals))
        self.offset_types.set(state, [index] * len(sizes or []))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        intervals = self.intervals.get(op)
        assert isinstance(intervals, ArrayAttr)
        numbers = [interval.value.data for interval in intervals]
        with printer.indented():
            for i, size in enumerate(self.sizes.get(op)):
                printer.print_string(",\n" if i else "\n")
                printer.print_string(f"[{numbers[2 * i]}, {numbers[2 * i + 1]}] = ")
                printer.print_ssa_value(size)
        if numbers:
            printer.print_string("\n")


@irdl_custom_directive
class ConstantValueList(Directive):
    """`type{%size} = #value, ...`, each on a line of its own."""

    types: TypeDirective
    sizes: VariadicOperandVariable
    values: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        sizes: list[UnresolvedOperand] = []

        def one() -> tuple[Attribute, Attribute]:
            type = parse_shaped_type(parser, sizes)
            parser.parse_punctuation("=")
            return type, parser.parse_attribute()

        rows = parser.parse_comma_separated_list(parser.Delimiter.NONE, one)
        self.types.set(state, [type for type, _ in rows])
        self.sizes.set(state, sizes)
        self.values.set(state, ArrayAttr(value for _, value in rows))

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        values = self.values.get(op)
        assert isinstance(values, ArrayAttr)
        with printer.indented():
            for i, (type, size, value) in enumerate(zip(self.types.get(op), self.sizes.get(op), values, strict=True)):
                printer.print_string(",\n" if i else "\n")
                print_shaped_type(printer, type, iter((size,)))
                printer.print_string(" = ")
                printer.print_attribute(value)


@irdl_custom_directive
class CollectiveParam(Directive):
    """`source(%p) `, `target(%p) ` or `source_target_pair(%p) `, as the kind of collective asks; else nothing."""

    op: AttributeVariable
    param: OperandDirective

    WORDS: ClassVar = {"broadcast": "source", "reduce": "target", "send": "target", "recv": "source", "send_recv": "source_target_pair"}

    def parse(self, parser: Parser, state: ParsingState) -> None:
        kind = state.properties["op"].kind.data  # pyright: ignore[reportAttributeAccessIssue]
        operands: list[UnresolvedOperand] = []
        if word := self.WORDS.get(kind):
            parser.parse_keyword(word)
            with parser.in_parens():
                operands.append(parser.parse_unresolved_operand())
        set_operands(self.param, state, operands)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        if (param := self.param.get(op)) is not None:  # pyright: ignore[reportAttributeAccessIssue]
            printer.print_string(self.WORDS[op.properties["op"].kind.data] + "(")  # pyright: ignore[reportAttributeAccessIssue]
            printer.print_ssa_value(param)
            printer.print_string(") ")
