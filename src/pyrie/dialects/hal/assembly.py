"""The `custom<...>` assembly directives of the hal dialect."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr, i1, i64
from xdsl.ir import Attribute, Block, ParametrizedAttribute, Region
from xdsl.irdl import IRDLOperation
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    OperandVariable,
    ParsingState,
    PrintingState,
    RegionVariable,
    TypeDirective,
    VariadicOperandVariable,
    irdl_custom_directive,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer

from pyrie.dialects.directives import Directive, operand_key, parse_workgroup_count, print_region_arguments, print_workgroup_count


class HALOp(IRDLOperation):
    """Base of hal ops whose results have fixed names in the text."""

    RESULT_NAMES: ClassVar[tuple[str | None, ...]] = ()

    def asm_result_names(self) -> tuple[str | None, ...]:
        return self.RESULT_NAMES


@irdl_custom_directive
class Bindings(Directive):
    """Lines of `(%buffer : type)[%offset, %length]`; parameters ($buffers, type($buffers), $offsets, $lengths)."""

    buffers: VariadicOperandVariable
    types: TypeDirective
    offsets: VariadicOperandVariable
    lengths: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        rows: list[tuple[UnresolvedOperand, Attribute, UnresolvedOperand, UnresolvedOperand]] = []
        while parser.parse_optional_punctuation("("):
            buffer = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            type = parser.parse_type()
            parser.parse_punctuation(")")
            with parser.in_square_brackets():
                offset = parser.parse_unresolved_operand()
                parser.parse_punctuation(",")
                rows.append((buffer, type, offset, parser.parse_unresolved_operand()))
            if not parser.parse_optional_punctuation(","):
                break
        self.buffers.set(state, [row[0] for row in rows])
        self.types.set(state, [row[1] for row in rows])
        self.offsets.set(state, [row[2] for row in rows])
        self.lengths.set(state, [row[3] for row in rows])

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)
        state.should_emit_space = False
        state.last_was_punctuation = True

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        rows = zip(self.buffers.get(op), self.offsets.get(op), self.lengths.get(op), strict=True)
        for i, (buffer, offset, length) in enumerate(rows):
            printer.print_string((", " if i else "") + "\n")
            printer.print_string("  (")
            printer.print_ssa_value(buffer)
            printer.print_string(" : ")
            printer.print_attribute(buffer.type)
            printer.print_string(")[")
            printer.print_ssa_value(offset)
            printer.print_string(", ")
            printer.print_ssa_value(length)
            printer.print_string("]")
        printer.print_string("\n")

    def set_empty(self, state: ParsingState) -> None:
        self.buffers.set(state, [])
        self.types.set(state, [])
        self.offsets.set(state, [])
        self.lengths.set(state, [])

    def is_anchorable(self) -> bool:
        return True

    def is_present(self, op: IRDLOperation) -> bool:
        return bool(self.buffers.get(op))


@irdl_custom_directive
class FunctionId(Directive):
    """`%function`: an i64 from `hal.executable.lookup.function`; in older text the index of the export."""

    operand: OperandVariable
    type: TypeDirective

    def parse(self, parser: Parser, state: ParsingState) -> None:
        operand = parser.parse_unresolved_operand()
        name, index = operand_key(operand)
        known = parser.ssa_values.get(name, ())
        self.operand.set(state, operand)
        self.type.set(state, [known[index].type if index < len(known) else i64])

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)
        state.should_emit_space = True
        state.last_was_punctuation = False

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_ssa_value(self.operand.get(op))


@irdl_custom_directive
class Qualified(Directive):
    """An attribute of a known class with or without its `#dialect.name`; printed with it, so that an alias can stand for it."""

    attribute: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        attribute = parser.parse_optional_attribute()
        if attribute is None:
            base = getattr(self.attribute, "unique_base", None)
            if base is None or not issubclass(base, ParametrizedAttribute):
                parser.raise_error("expected an attribute")
            attribute = base.new(base.parse_parameters(parser))
        self.attribute.set(state, attribute)

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        if self.attribute.get(op) is not None:
            super().print(printer, state, op)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        attribute = self.attribute.get(op)
        assert attribute is not None
        printer.print_attribute(attribute)

    def set_empty(self, state: ParsingState) -> None:
        pass

    def is_anchorable(self) -> bool:
        return True

    def is_present(self, op: IRDLOperation) -> bool:
        return self.attribute.get(op) is not None


@irdl_custom_directive
class Shortened(Qualified):
    """As `Qualified`, but printed without the name where no alias can stand for it: `target(<"llvm-cpu", ...>)`."""

    attribute: AttributeVariable

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        attribute = self.attribute.get(op)
        if isinstance(attribute, ParametrizedAttribute) and not getattr(printer, "has_aliases", True):
            attribute.print_parameters(printer)
        else:
            super().write(printer, op)


@irdl_custom_directive
class QueryKey(Directive):
    """`"category" :: "key"`"""

    category: AttributeVariable
    key: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.category.set(state, StringAttr(parser.parse_str_literal()))
        parser.parse_punctuation(":")
        parser.parse_punctuation(":")
        self.key.set(state, StringAttr(parser.parse_str_literal()))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)
        state.should_emit_space = True
        state.last_was_punctuation = False

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        for i, variable in enumerate((self.category, self.key)):
            attribute = variable.get(op)
            assert attribute is not None
            printer.print_string(" :: " if i else "")
            printer.print_attribute(attribute)


@irdl_custom_directive
class DenseEncoding(Directive):
    """`dense_row_major` when there is no encoding, else the encoding."""

    encoding: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if not parser.parse_optional_keyword("dense_row_major"):
            self.encoding.set(state, parser.parse_attribute())

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.write(printer, op)
        state.should_emit_space = True
        state.last_was_punctuation = False

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        if (encoding := self.encoding.get(op)) is None:
            printer.print_string("dense_row_major")
        else:
            printer.print_attribute(encoding)


@irdl_custom_directive
class Body(Directive):
    """`{ ... }` of one block, which may be empty; it needs no terminator and shows none."""

    region: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        region = parser.parse_region()
        if not region.blocks:
            region.add_block(Block())
        self.region.set(state, region)

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_region(self.region.get(op), print_empty_block=False)


@irdl_custom_directive
class ExportRegions(Directive):
    """`condition(%device: !hal.device) -> i1 {...}`, `fallback(@other)` and `count(...) -> (index, index, index) {...}`, each optional."""

    condition: RegionVariable
    fallback: AttributeVariable
    count: RegionVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.condition.set(state, parse_condition(parser) if parser.parse_optional_keyword("condition") else Region())
        if parser.parse_optional_keyword("fallback"):
            with parser.in_parens():
                self.fallback.set(state, parser.parse_attribute())
        self.count.set(state, parse_workgroup_count(parser) if parser.parse_optional_keyword("count") else Region())

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        if (condition := self.condition.get(op)).blocks:
            printer.print_string(" condition")
            print_condition(printer, condition)
        if (fallback := self.fallback.get(op)) is not None:
            printer.print_string(" fallback(")
            printer.print_attribute(fallback)
            printer.print_string(")")
        if (count := self.count.get(op)).blocks:
            printer.print_string(" count")
            print_workgroup_count(printer, count)
        state.should_emit_space = True
        state.last_was_punctuation = False

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        raise AssertionError("printed by `print`")


def parse_condition(parser: Parser) -> Region:
    """Parses `(%device: !hal.device) -> i1 { ... }`."""
    arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
    parser.parse_punctuation("->")
    if parser.parse_type() != i1:
        parser.raise_error("a condition returns an i1")
    return parser.parse_region(arguments)


def print_condition(printer: Printer, region: Region) -> None:
    """Prints what `parse_condition` reads."""
    print_region_arguments(printer, region)
    printer.print_string(" -> i1 ")
    printer.print_region(region, print_entry_block_args=False)


@irdl_custom_directive
class DeviceQueueAffinityList(Directive):
    """`[(%device, %affinity : !hal.device, i64), ...]`, one a line."""

    devices: VariadicOperandVariable
    types: TypeDirective
    affinities: VariadicOperandVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        def one() -> tuple[UnresolvedOperand, UnresolvedOperand, Attribute]:
            with parser.in_parens():
                device = parser.parse_unresolved_operand()
                parser.parse_punctuation(",")
                affinity = parser.parse_unresolved_operand()
                parser.parse_punctuation(":")
                type = parser.parse_type()
                parser.parse_punctuation(",")
                parser.parse_type()
                return device, affinity, type

        rows = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
        self.devices.set(state, [row[0] for row in rows])
        self.affinities.set(state, [row[1] for row in rows])
        self.types.set(state, [row[2] for row in rows])

    def write(self, printer: Printer, op: IRDLOperation) -> None:
        printer.print_string("[")
        for i, (device, affinity) in enumerate(zip(self.devices.get(op), self.affinities.get(op), strict=True)):
            printer.print_string(("," if i else "") + "\n")
            printer.print_string("  (")
            printer.print_ssa_value(device)
            printer.print_string(", ")
            printer.print_ssa_value(affinity)
            printer.print_string(" : ")
            printer.print_attribute(device.type)
            printer.print_string(", i64)")
        printer.print_string("\n")
        printer.print_string("]")
