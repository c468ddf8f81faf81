"""Types and attributes of the `stream` dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntAttr, NoneAttr, StringAttr
from xdsl.ir import Attribute, Data, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SizedType
from pyrie.dialects.util.attributes import NamedParameter, SelfTypedAttr

UNKNOWN, EXTERNAL, STAGING, TRANSIENT, VARIABLE, CONSTANT = LIFETIMES = (
    "*",
    "external",
    "staging",
    "transient",
    "variable",
    "constant",
)


@irdl_attr_definition
class ResourceType(ParametrizedAttribute, TypeAttribute, SizedType):
    """Bytes on a device, with a lifetime that says who owns them and for how long.

    `*` not known yet; `external` owned by the caller; `staging` for host access; `transient` within one invocation; `variable` mutable
    program state; `constant` immutable for the life of the program.
    """

    name = "stream.resource"

    lifetime: StringAttr

    def __init__(self, lifetime: str | StringAttr = UNKNOWN):
        super().__init__(StringAttr(lifetime) if isinstance(lifetime, str) else lifetime)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            if parser.parse_optional_punctuation("*"):
                return [StringAttr(UNKNOWN)]
            return [StringAttr(parser.parse_identifier("resource lifetime"))]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.lifetime.data}>")

    def verify(self) -> None:
        if self.lifetime.data not in LIFETIMES:
            raise VerifyException(f"'{self.lifetime.data}' is no lifetime; these are: {', '.join(LIFETIMES)}")


@irdl_attr_definition
class TimepointType(ParametrizedAttribute, TypeAttribute):
    """A point on the timeline of execution; once it is reached, all that led to it has completed."""

    name = "stream.timepoint"


@irdl_attr_definition
class FileType(ParametrizedAttribute, TypeAttribute):
    """A file that device work can read from and write to."""

    name = "stream.file"


@irdl_attr_definition
class BindingType(ParametrizedAttribute, TypeAttribute):
    """A resource as an executable's function receives it."""

    name = "stream.binding"


@irdl_attr_definition
class ChannelType(ParametrizedAttribute, TypeAttribute):
    """One participant of a group that communicates."""

    name = "stream.channel"


@irdl_attr_definition
class TimepointAttr(SelfTypedAttr, ParametrizedAttribute):
    """The timepoint that is already reached: `#stream.timepoint<immediate>`."""

    name = "stream.timepoint"

    type: Attribute

    def __init__(self) -> None:
        super().__init__(TimepointType())

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        (type,) = super().parse_parameters(parser)
        return [TimepointType() if isinstance(type, NoneAttr) else type]

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parser.parse_keyword("immediate")
        return []

    def print_body(self, printer: Printer) -> None:
        printer.print_string("<immediate>")


# field -> value when a config does not give it
RESOURCE_CONFIG_FIELDS: dict[str, Attribute] = {
    "max_allocation_size": IntAttr(0),
    "min_buffer_offset_alignment": IntAttr(0),
    "max_buffer_range": IntAttr(0),
    "min_buffer_range_alignment": IntAttr(0),
    "index_bits": IntAttr(32),
    "alias_mutable_bindings": IntAttr(0),
    "memory_model": StringAttr("Discrete"),
}


@irdl_attr_definition
class ResourceConfigAttr(ParametrizedAttribute):
    """What a device asks of resources: limits of allocations and bindings, their alignments, and the width of `index`."""

    name = "stream.resource_config"

    max_allocation_size: IntAttr
    min_buffer_offset_alignment: IntAttr
    max_buffer_range: IntAttr
    min_buffer_range_alignment: IntAttr
    index_bits: IntAttr
    alias_mutable_bindings: IntAttr
    memory_model: StringAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        fields: dict[str, Attribute] = {}

        def field() -> None:
            key = parser.parse_identifier("resource config field")
            if key not in RESOURCE_CONFIG_FIELDS:
                parser.raise_error(f"a resource config has no field {key}")
            parser.parse_punctuation("=")
            if key == "memory_model":
                fields[key] = StringAttr(parser.parse_identifier())
            else:
                fields[key] = IntAttr(parser.parse_integer(allow_boolean=True))

        with parser.in_angle_brackets():
            parser.parse_comma_separated_list(parser.Delimiter.BRACES, field)
        return [fields.get(key, default) for key, default in RESOURCE_CONFIG_FIELDS.items()]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string("<{")
        for i, (key, value) in enumerate(zip(RESOURCE_CONFIG_FIELDS, self.parameters, strict=True)):
            printer.print_string(f"{', ' if i else ''}{key} = {value.data}")  # pyright: ignore[reportAttributeAccessIssue]
        printer.print_string("}>")

    @property
    def alignment(self) -> int:
        """Alignment of every offset that a binding can have."""
        return self.min_buffer_offset_alignment.data


# What the host CPU asks, and what is assumed of a device that says nothing.
HOST_CONFIG = ResourceConfigAttr(
    IntAttr(2**63 - 1), IntAttr(64), IntAttr(2**63 - 1), IntAttr(64), IntAttr(64), IntAttr(0), StringAttr("Unified")
)


@irdl_attr_definition
class PartitioningConfigAttr(ParametrizedAttribute):
    """What to favor when work is cut into executions: `debug`, `min-peak-memory` or `max-concurrency`."""

    name = "stream.partitioning_config"

    favor: StringAttr

    FAVORS: ClassVar = ("debug", "min-peak-memory", "max-concurrency")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            favor = parser.parse_identifier()
            while parser.parse_optional_punctuation("-"):
                favor += "-" + parser.parse_identifier()
        if favor not in cls.FAVORS:
            parser.raise_error(f"expected one of {', '.join(cls.FAVORS)}; got {favor}")
        return [StringAttr(favor)]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.favor.data}>")


@irdl_attr_definition
class ResourceAccessAttr(Data[str]):
    """How a dispatch touches a binding: `ro`, `wo` or `rw`."""

    name = "stream.resource_access"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parse_access(parser)

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data}>")

    @property
    def reads(self) -> bool:
        return "r" in self.data

    @property
    def writes(self) -> bool:
        return "w" in self.data


def parse_access(parser: AttrParser) -> str:
    """Parses `ro`, `wo` or `rw`."""
    access = parser.parse_identifier("resource access")
    if access not in ("ro", "wo", "rw"):
        parser.raise_error(f"a resource is accessed ro, wo or rw; not {access}")
    return access


@irdl_attr_definition
class CollectiveAttr(ParametrizedAttribute):
    """A collective operation: `<all_reduce with sum : f32>`."""

    name = "stream.collective"

    kind: StringAttr
    reduction: StringAttr | NoneAttr
    element_type: StringAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            kind = StringAttr(parser.parse_identifier())
            reduction = StringAttr(parser.parse_identifier()) if parser.parse_optional_keyword("with") else NoneAttr()
            parser.parse_punctuation(":")
            return [kind, reduction, StringAttr(parser.parse_identifier())]

    def print_parameters(self, printer: Printer) -> None:
        reduction = f" with {self.reduction.data}" if isinstance(self.reduction, StringAttr) else ""
        printer.print_string(f"<{self.kind.data}{reduction} : {self.element_type.data}>")


@irdl_attr_definition
class NamedParameterAttr(NamedParameter):
    """A tensor kept outside of the module: `#stream.parameter.named<"scope"::"key"> : tensor<4xf32>`."""

    name = "stream.parameter.named"


ATTRIBUTES: list[type[Attribute]] = [
    BindingType,
    ChannelType,
    CollectiveAttr,
    FileType,
    NamedParameterAttr,
    PartitioningConfigAttr,
    ResourceAccessAttr,
    ResourceConfigAttr,
    ResourceType,
    TimepointAttr,
    TimepointType,
]
