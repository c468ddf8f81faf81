"""The attributes of the util dialect: storage, integer assumptions and hints to passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntAttr, NoneAttr, StringAttr, i8
from xdsl.ir import Attribute, ParametrizedAttribute, TypedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


class SelfTypedAttr(TypedAttribute):
    """An attribute that is written with its own type behind it: `#util.null : !hal.fence`.

    A subclass has a parameter `type` and reads and prints what stands before the colon.
    """

    @classmethod
    def get_type_index(cls) -> int:
        return next(i for i, (name, _) in enumerate(cls.get_irdl_definition().parameters) if name == "type")

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parses the parameters other than the type."""
        return []

    def print_body(self, printer: Printer) -> None:
        """Prints the parameters other than the type."""

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        parameters = list(cls.parse_body(parser))
        type = parser.parse_type() if parser.parse_optional_punctuation(":") else NoneAttr()
        parameters.insert(cls.get_type_index(), type)
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        self.print_body(printer)
        if not isinstance(self.get_type(), NoneAttr):
            printer.print_string(" : ")
            printer.print_attribute(self.get_type())

    @classmethod
    def parse_with_type(cls, parser: AttrParser, type: Attribute) -> TypedAttribute:  # pyright: ignore[reportIncompatibleMethodOverride]
        parameters = list(cls.parse_body(parser))
        parameters.insert(cls.get_type_index(), type)
        return cls.new(parameters)

    def print_without_type(self, printer: Printer) -> None:
        printer.print_string(f"#{self.name}")
        self.print_body(printer)


@dataclass(frozen=True, init=False)  # so that the parameters count when two attributes are compared
class NamedParameter(SelfTypedAttr, ParametrizedAttribute):
    """A tensor kept outside of the module, by the key it has there: `<"scope"::"key"> : tensor<4xf32>`. Each level has its own."""

    type: Attribute
    scope: StringAttr | NoneAttr
    key: StringAttr
    config: DictionaryAttr | NoneAttr

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        scope, config = NoneAttr(), NoneAttr()
        with parser.in_angle_brackets():
            key = StringAttr(parser.parse_str_literal())
            if parser.parse_optional_punctuation(":"):
                parser.parse_punctuation(":")
                scope, key = key, StringAttr(parser.parse_str_literal())
            if parser.parse_optional_punctuation(","):
                config = parser.parse_attribute()
        return [scope, key, config]

    def print_body(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            if isinstance(self.scope, StringAttr):
                printer.print_attribute(self.scope)
                printer.print_string("::")
            printer.print_attribute(self.key)
            if isinstance(self.config, DictionaryAttr):
                printer.print_string(", ")
                printer.print_attribute(self.config)


@irdl_attr_definition
class NullAttr(SelfTypedAttr):
    """A reference to nothing."""

    name = "util.null"

    type: Attribute


@irdl_attr_definition
class UninitializedAttr(SelfTypedAttr):
    """Storage of a type whose contents do not matter."""

    name = "util.uninitialized"

    type: Attribute


@irdl_attr_definition
class BytePatternAttr(SelfTypedAttr):
    """Storage filled with a repeated pattern, for sizes without contents."""

    name = "util.byte_pattern"

    type: Attribute
    pattern: IntAttr

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [IntAttr(parser.parse_integer())]

    def print_body(self, printer: Printer) -> None:
        printer.print_string(f"<{self.pattern.data}>")


@irdl_attr_definition
class ByteRangeAttr(ParametrizedAttribute):
    """`<offset, length>`; `<[first to last]>` with round brackets for open ends is read too."""

    name = "util.byte_range"

    offset: IntAttr
    length: IntAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            inclusive = parser.parse_optional_punctuation("[") is not None
            if not inclusive and not parser.parse_optional_punctuation("("):
                offset = parser.parse_integer()
                parser.parse_punctuation(",")
                return [IntAttr(offset), IntAttr(parser.parse_integer())]
            start = parser.parse_integer() + (not inclusive)
            parser.parse_keyword("to")
            end = parser.parse_integer()
            if not parser.parse_optional_punctuation("]"):
                parser.parse_punctuation(")")
                end -= 1
            return [IntAttr(start), IntAttr(end - start)]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.offset.data}, {self.length.data}>")


@irdl_attr_definition
class CompositeAttr(ParametrizedAttribute):
    """Values stored one behind the other in `total_length` bytes."""

    name = "util.composite"

    total_length: IntAttr
    values: ArrayAttr

    def asm_alias(self) -> str | None:
        return f"composite_of_{self.total_length.data}b"

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            shape, element_type = parser.parse_ranked_shape()
            if len(shape) != 1 or element_type != i8:
                parser.raise_error("expected the total length as `<N>xi8`")
            parser.parse_punctuation(",")
            parser.parse_punctuation("[")
            values: list[Attribute] = []
            while not parser.parse_optional_punctuation("]"):
                values.append(parser.parse_attribute())
                if not parser.parse_optional_punctuation(","):
                    parser.parse_punctuation("]")
                    break
            return [IntAttr(shape[0]), ArrayAttr(values)]

    def print_parameters(self, printer: Printer) -> None:
        # The indentation is the printer of IREE's: fixed, whatever the nesting.
        printer.print_string(f"<{self.total_length.data}xi8, [", indent=0)
        if self.total_length.data > 0:
            printer.print_string("\n", indent=0)
            for value in self.values:
                printer.print_string("    ")
                printer.print_attribute(value)
                printer.print_string(",\n", indent=0)
        printer.print_string("]>")


@irdl_attr_definition
class InlineNeverAttr(ParametrizedAttribute):
    """Inlining policy: never."""

    name = "util.inline.never"


@irdl_attr_definition
class InlineAlwaysAttr(ParametrizedAttribute):
    """Inlining policy: always."""

    name = "util.inline.always"


@irdl_attr_definition
class PreprocessingPassPipelineAttr(ParametrizedAttribute):
    """A textual pass pipeline run on the module or function it is attached to."""

    name = "util.preprocessing_pipeline"

    pipeline: StringAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [StringAttr(parser.parse_str_literal())]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.pipeline)


ASSUMPTIONS = ("umin", "umax", "udiv")


@irdl_attr_definition
class IntAssumptionAttr(ParametrizedAttribute):
    """What is known of an integer: `<umin = 0, umax = 16, udiv = 4>`, each part optional."""

    name = "util.int.assumption"

    umin: IntAttr | NoneAttr
    umax: IntAttr | NoneAttr
    udiv: IntAttr | NoneAttr

    @staticmethod
    def of(umin: int | None = None, umax: int | None = None, udiv: int | None = None) -> IntAssumptionAttr:
        return IntAssumptionAttr(*(NoneAttr() if v is None else IntAttr(v) for v in (umin, umax, udiv)))

    @property
    def known(self) -> dict[str, int]:
        """The parts that are stated."""
        parts = zip(ASSUMPTIONS, self.parameters, strict=True)
        return {name: value.data for name, value in parts if isinstance(value, IntAttr)}

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        known: dict[str, Attribute] = {}

        def part() -> None:
            name = parser.parse_identifier()
            if name not in ASSUMPTIONS or name in known:
                parser.raise_error(f"'{name}' is not one of {', '.join(ASSUMPTIONS)}, or is given twice")
            parser.parse_punctuation("=")
            known[name] = IntAttr(parser.parse_integer())

        parser.parse_comma_separated_list(parser.Delimiter.ANGLE, part)
        return [known.get(name, NoneAttr()) for name in ASSUMPTIONS]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string("<" + ", ".join(f"{name} = {value}" for name, value in self.known.items()) + ">")

    def verify(self) -> None:
        if {"umin", "umax"} <= self.known.keys() and self.known["umin"] > self.known["umax"]:
            raise VerifyException(f"umin {self.known['umin']} is above umax {self.known['umax']}")
