"""Attributes of StableHLO: enumerations written `#stablehlo<comparison_direction LT>` and dimension numbers written as structs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.dialects.utils.enum_attribute import EnumAttribute
from xdsl.ir import Attribute, Data, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.str_enum import StrEnum

Dims = tuple[int, ...]
T = TypeVar("T")

# ---- enumerations ------------------------------------------------------------------------------------------------------


class ComparisonDirection(StrEnum):
    EQ = "EQ"
    NE = "NE"
    GE = "GE"
    GT = "GT"
    LE = "LE"
    LT = "LT"


class ComparisonType(StrEnum):
    NOTYPE = "NOTYPE"
    FLOAT = "FLOAT"
    TOTALORDER = "TOTALORDER"
    SIGNED = "SIGNED"
    UNSIGNED = "UNSIGNED"


class Precision(StrEnum):
    DEFAULT = "DEFAULT"
    HIGH = "HIGH"
    HIGHEST = "HIGHEST"


class ResultAccuracyMode(StrEnum):
    DEFAULT = "DEFAULT"
    HIGHEST = "HIGHEST"
    TOLERANCE = "TOLERANCE"


class RngDistribution(StrEnum):
    UNIFORM = "UNIFORM"
    NORMAL = "NORMAL"


class RngAlgorithm(StrEnum):
    DEFAULT = "DEFAULT"
    THREE_FRY = "THREE_FRY"
    PHILOX = "PHILOX"


class FftType(StrEnum):
    FFT = "FFT"
    IFFT = "IFFT"
    RFFT = "RFFT"
    IRFFT = "IRFFT"


@irdl_attr_definition
class ComparisonDirectionAttr(EnumAttribute[ComparisonDirection], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.comparison_direction"


@irdl_attr_definition
class ComparisonTypeAttr(EnumAttribute[ComparisonType], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.comparison_type"


@irdl_attr_definition
class PrecisionAttr(EnumAttribute[Precision], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.precision"


@irdl_attr_definition
class RngDistributionAttr(EnumAttribute[RngDistribution], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.rng_distribution"


@irdl_attr_definition
class RngAlgorithmAttr(EnumAttribute[RngAlgorithm], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.rng_algorithm"


@irdl_attr_definition
class FftTypeAttr(EnumAttribute[FftType], SpacedOpaqueSyntaxAttribute):
    name = "stablehlo.fft_type"


@irdl_attr_definition
class ResultAccuracyModeAttr(EnumAttribute[ResultAccuracyMode]):
    """`#stablehlo.result_accuracy_mode<HIGHEST>`"""

    name = "stablehlo.result_accuracy_mode"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> ResultAccuracyMode:
        with parser.in_angle_brackets():
            return super().parse_parameter(parser)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            super().print_parameter(printer)


# ---- structs -----------------------------------------------------------------------------------------------------------


class StructAttr(Data[T]):
    """`<list = [1, 2], number = 3>`: the fields of the dataclass `struct`; empty lists and zeros are not written."""

    struct: ClassVar[type[Any]]

    @classmethod
    def of(cls, **values: Any) -> Any:
        """The attribute with the given fields; the others are empty or zero."""
        return cls(cls.struct(**{name: tuple(v) if isinstance(v, list | range) else v for name, v in values.items()}))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> T:
        kinds = {field.name: field.default for field in fields(cls.struct)}
        values: dict[str, Any] = {}

        def one() -> None:
            name = parser.parse_identifier()
            if name not in kinds or name in values:
                parser.raise_error(f"'{name}' is repeated or not one of {', '.join(kinds)}")
            parser.parse_punctuation("=")
            if isinstance(kinds[name], tuple):
                values[name] = tuple(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer))
            else:
                values[name] = parser.parse_integer()

        parser.parse_comma_separated_list(parser.Delimiter.ANGLE, one)
        return cls.struct(**values)

    def print_parameter(self, printer: Printer) -> None:
        def one(item: tuple[str, Any]) -> None:
            printer.print_string(f"{item[0]} = {list(item[1]) if isinstance(item[1], tuple) else item[1]}")

        values = [(field.name, getattr(self.data, field.name)) for field in fields(self.struct)]
        with printer.in_angle_brackets():
            printer.print_list([item for item in values if item[1]], one)


@dataclass(frozen=True)
class DotDimensionNumbers:
    lhs_batching_dimensions: Dims = ()
    rhs_batching_dimensions: Dims = ()
    lhs_contracting_dimensions: Dims = ()
    rhs_contracting_dimensions: Dims = ()


@irdl_attr_definition
class DotDimensionNumbersAttr(StructAttr[DotDimensionNumbers]):
    """Which dimensions of a dot_general are batched and which are summed over; the others are free."""

    name = "stablehlo.dot"
    struct = DotDimensionNumbers


@dataclass(frozen=True)
class GatherDimensionNumbers:
    offset_dims: Dims = ()
    collapsed_slice_dims: Dims = ()
    operand_batching_dims: Dims = ()
    start_indices_batching_dims: Dims = ()
    start_index_map: Dims = ()
    index_vector_dim: int = 0


@irdl_attr_definition
class GatherDimensionNumbersAttr(StructAttr[GatherDimensionNumbers]):
    """How indices and slices of a gather make up the result."""

    name = "stablehlo.gather"
    struct = GatherDimensionNumbers


@dataclass(frozen=True)
class ScatterDimensionNumbers:
    update_window_dims: Dims = ()
    inserted_window_dims: Dims = ()
    input_batching_dims: Dims = ()
    scatter_indices_batching_dims: Dims = ()
    scatter_dims_to_operand_dims: Dims = ()
    index_vector_dim: int = 0


@irdl_attr_definition
class ScatterDimensionNumbersAttr(StructAttr[ScatterDimensionNumbers]):
    """How indices and updates of a scatter find their place in the input."""

    name = "stablehlo.scatter"
    struct = ScatterDimensionNumbers


@dataclass(frozen=True)
class ChannelHandle:
    handle: int = 0
    type: int = 0


@irdl_attr_definition
class ChannelHandleAttr(StructAttr[ChannelHandle]):
    """A communication channel. Both fields are always written."""

    name = "stablehlo.channel_handle"
    struct = ChannelHandle

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<handle = {self.data.handle}, type = {self.data.type}>")


@dataclass(frozen=True)
class ResultAccuracy:
    mode: ResultAccuracyMode = ResultAccuracyMode.DEFAULT
    atol: float = 0.0
    rtol: float = 0.0
    ulps: int = 0


@irdl_attr_definition
class ResultAccuracyAttr(Data[ResultAccuracy]):
    """`<ulps = 4, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>`: how exact a transcendental must be."""

    name = "stablehlo.result_accuracy"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> ResultAccuracy:
        values: dict[str, Any] = {}

        def one() -> None:
            name = parser.parse_identifier()
            parser.parse_punctuation("=")
            if name == "mode":
                mode = parser.parse_attribute()
                if not isinstance(mode, ResultAccuracyModeAttr):
                    parser.raise_error("mode wants a #stablehlo.result_accuracy_mode")
                values[name] = mode.data
            elif name in ("atol", "rtol"):
                values[name] = float(parser.parse_number())
            elif name == "ulps":
                values[name] = parser.parse_integer()
            else:
                parser.raise_error(f"'{name}' is not one of atol, rtol, ulps, mode")

        parser.parse_comma_separated_list(parser.Delimiter.ANGLE, one)
        return ResultAccuracy(**values)

    def print_parameter(self, printer: Printer) -> None:
        data = self.data
        numbers = [f"{name} = {value:.6e}, " for name, value in (("atol", data.atol), ("rtol", data.rtol)) if value]
        ulps = f"ulps = {data.ulps}, " if data.ulps else ""
        printer.print_string(f"<{''.join(numbers)}{ulps}mode = #stablehlo.result_accuracy_mode<{data.mode.value}>>")


DEFAULT_ACCURACY = ResultAccuracyAttr(ResultAccuracy())


@dataclass(frozen=True)
class ConvDimensionNumbers:
    input_batch_dimension: int
    input_feature_dimension: int
    input_spatial_dimensions: Dims
    kernel_input_feature_dimension: int
    kernel_output_feature_dimension: int
    kernel_spatial_dimensions: Dims
    output_batch_dimension: int
    output_feature_dimension: int
    output_spatial_dimensions: Dims


@irdl_attr_definition
class ConvDimensionNumbersAttr(Data[ConvDimensionNumbers]):
    """`<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>`: batch, feature and spatial dimensions of input, kernel and output."""

    name = "stablehlo.conv"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> ConvDimensionNumbers:
        with parser.in_angle_brackets():
            return parse_convolution_dimensions(parser)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(convolution_dimensions_text(self.data))


def parse_convolution_dimensions(parser: AttrParser) -> ConvDimensionNumbers:
    """Parses `[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`."""

    def one() -> str | int:
        number = parser.parse_optional_integer(allow_boolean=False, allow_negative=False)
        return parser.parse_identifier() if number is None else number

    def group(first: str, second: str) -> tuple[int, int, Dims]:
        labels = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
        spatial = len(labels) - 2
        if sorted(map(str, labels)) != sorted([first, second, *map(str, range(spatial))]):
            parser.raise_error(f"expected the dimensions {first}, {second} and 0 to n - 1, each once")
        return labels.index(first), labels.index(second), tuple(labels.index(i) for i in range(spatial))

    source = group("b", "f")
    parser.parse_characters("x")
    kernel = group("i", "o")
    parser.parse_punctuation("->")
    return ConvDimensionNumbers(*source, *kernel, *group("b", "f"))


def convolution_dimensions_text(d: ConvDimensionNumbers) -> str:
    """What `parse_convolution_dimensions` reads."""

    def group(first: str, at_first: int, second: str, at_second: int, spatial: Dims) -> str:
        labels = [""] * (len(spatial) + 2)
        labels[at_first], labels[at_second] = first, second
        for i, at in enumerate(spatial):
            labels[at] = str(i)
        return f"[{', '.join(labels)}]"

    source = group("b", d.input_batch_dimension, "f", d.input_feature_dimension, d.input_spatial_dimensions)
    kernel = group("i", d.kernel_input_feature_dimension, "o", d.kernel_output_feature_dimension, d.kernel_spatial_dimensions)
    result = group("b", d.output_batch_dimension, "f", d.output_feature_dimension, d.output_spatial_dimensions)
    return f"{source}x{kernel}->{result}"


@irdl_attr_definition
class DotAlgorithmAttr(Data[tuple[tuple[str, Attribute | int | bool], ...]]):
    """Which arithmetic a dot_general may use: types of the parts and of the sum, numbers of components and products."""

    name = "stablehlo.dot_algorithm"
    types = ("lhs_precision_type", "rhs_precision_type", "accumulation_type")
    numbers = ("lhs_component_count", "rhs_component_count", "num_primitive_operations")

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[tuple[str, Attribute | int | bool], ...]:
        values: list[tuple[str, Attribute | int | bool]] = []

        def field(name: str, read: Any) -> None:
            parser.parse_keyword(name)
            parser.parse_punctuation("=")
            values.append((name, read()))

        with parser.in_angle_brackets():
            for name in cls.types:
                field(name, parser.parse_type)
                parser.parse_punctuation(",")
            for name in cls.numbers:
                field(name, parser.parse_integer)
                parser.parse_punctuation(",")
            field("allow_imprecise_accumulation", parser.parse_boolean)
        return tuple(values)

    def print_parameter(self, printer: Printer) -> None:
        def one(item: tuple[str, Attribute | int | bool]) -> None:
            printer.print_string(f"{item[0]} = ")
            if isinstance(item[1], Attribute):
                printer.print_attribute(item[1])
            else:
                printer.print_string(str(item[1]).lower())

        with printer.in_angle_brackets():
            printer.print_list(self.data, one)


@irdl_attr_definition
class BoundsAttr(Data[Dims]):
    """`#stablehlo.bounds<4, ?>`: upper bounds of a tensor's dynamic dimensions, in its encoding."""

    name = "stablehlo.bounds"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Dims:
        def one() -> int:
            return DYNAMIC_INDEX if parser.parse_optional_punctuation("?") else parser.parse_integer()

        return tuple(parser.parse_comma_separated_list(parser.Delimiter.ANGLE, one))

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{', '.join('?' if n == DYNAMIC_INDEX else str(n) for n in self.data)}>")


@irdl_attr_definition
class TokenType(ParametrizedAttribute, TypeAttribute):
    """Orders side effects."""

    name = "stablehlo.token"


ATTRIBUTES: list[type[Attribute]] = [
    BoundsAttr,
    ChannelHandleAttr,
    ComparisonDirectionAttr,
    ComparisonTypeAttr,
    ConvDimensionNumbersAttr,
    DotAlgorithmAttr,
    DotDimensionNumbersAttr,
    FftTypeAttr,
    GatherDimensionNumbersAttr,
    PrecisionAttr,
    ResultAccuracyAttr,
    ResultAccuracyModeAttr,
    RngAlgorithmAttr,
    RngDistributionAttr,
    ScatterDimensionNumbersAttr,
    TokenType,
]
