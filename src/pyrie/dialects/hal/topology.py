"""How devices reach each other's memory."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, NoneAttr, SymbolRefAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

LINK_PROPERTIES = ("unified_memory", "transparent_access")  # in the order in which they print


@irdl_attr_definition
class DeviceLinkAttr(ParametrizedAttribute):
    """From one device to another: `(@a -> @b = {transparent_access = true}, {other = 1})`. What is not said is false."""

    name = "hal.device.link"

    source: SymbolRefAttr
    target: SymbolRefAttr
    properties: DictionaryAttr
    extra: DictionaryAttr | NoneAttr

    def has(self, property: str) -> bool:
        """Whether the link has one of `LINK_PROPERTIES`."""
        value = self.properties.data.get(property)
        return isinstance(value, IntegerAttr) and bool(value.value.data)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_parens():
            source = SymbolRefAttr(parser.parse_symbol_name())
            parser.parse_punctuation("->")
            target = SymbolRefAttr(parser.parse_symbol_name())
            parser.parse_punctuation("=")
            position = parser.pos
            properties = parser.parse_attribute()
            if not isinstance(properties, DictionaryAttr) or set(properties.data) - set(LINK_PROPERTIES):
                parser.raise_error(f"expected a dictionary of {', '.join(LINK_PROPERTIES)}", position)
            extra = parser.parse_attribute() if parser.parse_optional_punctuation(",") else NoneAttr()
        return [source, target, properties, extra]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_parens():
            printer.print_attribute(self.source)
            printer.print_string(" -> ")
            printer.print_attribute(self.target)
            said = [f"{name} = true" for name in LINK_PROPERTIES if self.has(name)]
            printer.print_string(f" = {{{', '.join(said)}}}")
            if isinstance(self.extra, DictionaryAttr):
                printer.print_string(", ")
                printer.print_attribute(self.extra)


@irdl_attr_definition
class DeviceTopologyAttr(ParametrizedAttribute):
    """The links among the program's devices, on the module as `stream.topology`."""

    name = "hal.device.topology"

    links: ArrayAttr

    def is_transparent(self, source: str, target: str) -> bool:
        """Whether device `source` uses the memory of device `target` without copies."""
        return source == target or self._linked(source, target, "transparent_access")

    def is_unified(self, source: str, target: str) -> bool:
        """Whether the two devices have one memory."""
        return source == target or self._linked(source, target, "unified_memory")

    def _linked(self, source: str, target: str, property: str) -> bool:
        for link in self.links.data:
            if isinstance(link, DeviceLinkAttr) and (link.source.string_value(), link.target.string_value()) == (source, target):
                return link.has(property)
        return False

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parser.parse_keyword("links")
            parser.parse_punctuation("=")
            links = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: DeviceLinkAttr.new(DeviceLinkAttr.parse_parameters(parser))
            )
            return [ArrayAttr(links)]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string("<links = ")
        with printer.in_square_brackets():
            printer.print_list(self.links.data, lambda link: isinstance(link, DeviceLinkAttr) and link.print_parameters(printer))
        printer.print_string(">")
