"""The attributes of the hal dialect: devices, targets and what a kernel is bound to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntAttr, IntegerAttr, NoneAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.hal.enums import (
    CollectiveElementTypeAttr,
    CollectiveKindAttr,
    CollectiveReductionAttr,
    DescriptorFlagsAttr,
    DescriptorTypeAttr,
    EnumAttr,
    ExecutionModelAttr,
    PipelineLayoutFlagsAttr,
)
from pyrie.dialects.hal.types import DeviceType
from pyrie.dialects.util.attributes import SelfTypedAttr

ANY_QUEUE = -1  # the queue mask of an affinity that leaves the choice to the device


def sanitize_symbol(text: str) -> str:
    """`text` as part of a symbol: lower case, every run of other characters one underscore."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower())


def _print_list(printer: Printer, values: Sequence[Attribute]) -> None:
    with printer.in_square_brackets():
        printer.print_list(values, printer.print_attribute)


def _parse_all(parser: AttrParser, of: type[Attribute]) -> ArrayAttr:
    """`[#a, #b]` of one attribute class."""

    def one() -> Attribute:
        attribute = parser.parse_attribute()
        if not isinstance(attribute, of):
            parser.raise_error(f"expected #{of.name}")
        return attribute

    return ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one))


# ---- targets and devices -----------------------------------------------------------------------------------------------


@irdl_attr_definition
class ExecutableTargetAttr(ParametrizedAttribute):
    """What device code is compiled for: a backend, the format it gives, and its configuration."""

    name = "hal.executable.target"

    backend: StringAttr
    format: StringAttr
    configuration: DictionaryAttr

    def asm_alias(self) -> str | None:
        return f"executable_target_{self.symbol_fragment}"

    @property
    def symbol_fragment(self) -> str:
        """The format as part of a symbol name."""
        return sanitize_symbol(self.format.data)

    def covers(self, other: Attribute) -> bool:
        """Whether `other` is this target or a more specific one: the same backend and format, and at least this configuration."""
        return (
            isinstance(other, ExecutableTargetAttr)
            and (self.backend, self.format) == (other.backend, other.format)
            and self.configuration.data.items() <= other.configuration.data.items()
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            backend = StringAttr(parser.parse_str_literal())
            parser.parse_punctuation(",")
            format = StringAttr(parser.parse_str_literal())
            configuration = parser.parse_attribute() if parser.parse_optional_punctuation(",") else DictionaryAttr({})
            return [backend, format, configuration]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            present = [self.backend, self.format, *((self.configuration,) if self.configuration.data else ())]
            printer.print_list(present, printer.print_attribute)


class DeviceAttr(SelfTypedAttr):
    """How a device is found when the program is loaded; the initial value of a global of type `!hal.device`, which is its own type."""

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        parameters = list(super().parse_parameters(parser))
        position = cls.get_type_index()
        if isinstance(parameters[position], NoneAttr):
            parameters[position] = DeviceType()
        return parameters


@irdl_attr_definition
class DeviceTargetAttr(DeviceAttr):
    """Any device whose identifier matches the pattern and that runs code for one of the targets."""

    name = "hal.device.target"

    device_id: StringAttr
    configuration: DictionaryAttr
    executable_targets: ArrayAttr
    type: Attribute

    @staticmethod
    def of(device_id: str, configuration: DictionaryAttr, targets: Sequence[ExecutableTargetAttr]) -> DeviceTargetAttr:
        return DeviceTargetAttr(StringAttr(device_id), configuration, ArrayAttr(targets), DeviceType())

    def asm_alias(self) -> str | None:
        return f"device_target_{sanitize_symbol(self.device_id.data)}" + ("" if self.ordinal is None else f"_{self.ordinal}_")

    @property
    def ordinal(self) -> int | None:
        """Which of the devices that match is meant, if the configuration says so."""
        ordinal = self.configuration.data.get("ordinal")
        return ordinal.value.data if isinstance(ordinal, IntegerAttr) else None

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        configuration, targets = DictionaryAttr({}), ArrayAttr(())
        with parser.in_angle_brackets():
            device_id = StringAttr(parser.parse_str_literal())
            while parser.parse_optional_punctuation(","):
                attribute = parser.parse_attribute()
                if isinstance(attribute, DictionaryAttr):
                    configuration = attribute
                elif isinstance(attribute, ArrayAttr) and all(isinstance(a, ExecutableTargetAttr) for a in attribute):
                    targets = attribute
                else:
                    parser.raise_error("expected a configuration dictionary or a list of #hal.executable.target")
        return [device_id, configuration, targets]

    def print_body(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            parts = (self.device_id, self.configuration, self.executable_targets)
            printer.print_list([part for part in parts if part.data], printer.print_attribute)


@irdl_attr_definition
class DeviceAliasAttr(DeviceAttr):
    """A device by a name that is resolved to targets before anything is compiled: `<"local"[0], {config}>`."""

    name = "hal.device.alias"

    type: Attribute
    device_id: StringAttr
    ordinal: IntAttr | NoneAttr
    configuration: DictionaryAttr | NoneAttr

    @staticmethod
    def of(device_id: str, ordinal: int | None = None) -> DeviceAliasAttr:
        number = NoneAttr() if ordinal is None else IntAttr(ordinal)
        return DeviceAliasAttr(DeviceType(), StringAttr(device_id), number, NoneAttr())

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            device_id = StringAttr(parser.parse_str_literal())
            ordinal: Attribute = NoneAttr()
            if parser.parse_optional_punctuation("["):
                ordinal = IntAttr(parser.parse_integer())
                parser.parse_punctuation("]")
            configuration = parser.parse_attribute() if parser.parse_optional_punctuation(",") else NoneAttr()
            return [device_id, ordinal, configuration]

    def print_body(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.device_id)
            if isinstance(self.ordinal, IntAttr):
                printer.print_string(f"[{self.ordinal.data}]")
            if isinstance(self.configuration, DictionaryAttr):
                printer.print_string(", ")
                printer.print_attribute(self.configuration)


@irdl_attr_definition
class DeviceOrdinalAttr(DeviceAttr):
    """The n-th device of those the program is given."""

    name = "hal.device.ordinal"

    type: Attribute
    ordinal: IntAttr

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [IntAttr(parser.parse_integer())]

    def print_body(self, printer: Printer) -> None:
        printer.print_string(f"<{self.ordinal.data}>")


@irdl_attr_definition
class DeviceFallbackAttr(DeviceAttr):
    """The device that another global holds."""

    name = "hal.device.fallback"

    type: Attribute
    device: SymbolRefAttr

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [SymbolRefAttr(parser.parse_symbol_name())]

    def print_body(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.device)


@irdl_attr_definition
class DeviceSelectAttr(DeviceAttr):
    """The first of several that is there."""

    name = "hal.device.select"

    type: Attribute
    devices: ArrayAttr

    @staticmethod
    def of(devices: Sequence[DeviceAttr]) -> DeviceAttr:
        """The first of `devices` that is there; of one, that one itself."""
        return devices[0] if len(devices) == 1 else DeviceSelectAttr(DeviceType(), ArrayAttr(devices))

    @property
    def choices(self) -> list[DeviceAttr]:
        return [device for device in self.devices.data if isinstance(device, DeviceAttr)]

    @classmethod
    def parse_body(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [_parse_all(parser, DeviceAttr)]

    def print_body(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            _print_list(printer, self.devices.data)


def _parse_queues(parser: AttrParser) -> IntAttr:
    """`, [0, 2]` as a mask of queues; nothing means any."""
    if not parser.parse_optional_punctuation(","):
        return IntAttr(ANY_QUEUE)
    queues = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
    return IntAttr(sum({1 << queue for queue in queues}))


def _print_queues(printer: Printer, mask: IntAttr) -> None:
    if mask.data != ANY_QUEUE:
        printer.print_string(f", [{', '.join(str(bit) for bit in range(64) if mask.data >> bit & 1)}]")


@irdl_attr_definition
class DeviceAffinityAttr(ParametrizedAttribute):
    """Work and memory belong to the device of a global, on some of its queues."""

    name = "hal.device.affinity"

    device: SymbolRefAttr
    queue_mask: IntAttr

    @staticmethod
    def of(device: str, queue_mask: int = ANY_QUEUE) -> DeviceAffinityAttr:
        return DeviceAffinityAttr(SymbolRefAttr(device), IntAttr(queue_mask))

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the globals whose devices this may mean."""
        return (self.device.string_value(),)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [SymbolRefAttr(parser.parse_symbol_name()), _parse_queues(parser)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.device)
            _print_queues(printer, self.queue_mask)


@irdl_attr_definition
class DevicePromiseAttr(ParametrizedAttribute):
    """An affinity to a device that is declared later, by name."""

    name = "hal.device.promise"

    device: StringAttr
    queue_mask: IntAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [StringAttr(parser.parse_symbol_name().data), _parse_queues(parser)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_symbol_name(self.device.data)
            _print_queues(printer, self.queue_mask)


@irdl_attr_definition
class DeviceOptimalAttr(ParametrizedAttribute):
    """Whichever of several affinities is best, chosen when the program runs."""

    name = "hal.device.optimal"

    affinities: ArrayAttr

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the globals whose devices this may mean, each once."""
        return tuple(dict.fromkeys(name for part in self.affinities.data if isinstance(part, DeviceAffinityAttr) for name in part.devices))

    def verify(self) -> None:
        if not self.affinities.data:
            raise VerifyException("must have at least one device affinity")
        if not all(isinstance(part, DeviceAffinityAttr | DevicePromiseAttr) for part in self.affinities.data):
            raise VerifyException("can only select between HAL affinity attrs")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_attribute))]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            _print_list(printer, self.affinities.data)


# ---- kernels -----------------------------------------------------------------------------------------------------------


@irdl_attr_definition
class PipelineBindingAttr(ParametrizedAttribute):
    """One buffer of a kernel: `<storage_buffer, "ReadOnly|Indirect">`."""

    name = "hal.pipeline.binding"

    type: DescriptorTypeAttr
    flags: DescriptorFlagsAttr

    @staticmethod
    def of(*flags: str) -> PipelineBindingAttr:
        return PipelineBindingAttr(DescriptorTypeAttr("storage_buffer"), DescriptorFlagsAttr.of(*flags))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            type = DescriptorTypeAttr(DescriptorTypeAttr.parse_parameter(parser))
            flags = DescriptorFlagsAttr.parse_parameter(parser) if parser.parse_optional_punctuation(",") else 0
            return [type, DescriptorFlagsAttr(flags)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.type.data)
            if self.flags.data:
                printer.print_string(", ")
                self.flags.print_parameter(printer)


@irdl_attr_definition
class PipelineLayoutAttr(ParametrizedAttribute):
    """What a kernel is given: the number of 32-bit constants, then its bindings in order."""

    name = "hal.pipeline.layout"

    bindings: ArrayAttr[PipelineBindingAttr]
    constants: IntAttr
    flags: PipelineLayoutFlagsAttr | NoneAttr

    def asm_alias(self) -> str | None:
        return "pipeline_layout"

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        constants, flags = 0, NoneAttr()
        with parser.in_angle_brackets():
            if parser.parse_optional_keyword("constants"):
                parser.parse_punctuation("=")
                constants = parser.parse_integer()
                parser.parse_punctuation(",")
            parser.parse_keyword("bindings")
            parser.parse_punctuation("=")
            bindings = _parse_all(parser, PipelineBindingAttr)
            if parser.parse_optional_punctuation(","):
                parser.parse_keyword("flags")
                parser.parse_punctuation("=")
                flags = PipelineLayoutFlagsAttr(PipelineLayoutFlagsAttr.parse_parameter(parser))
        return [bindings, IntAttr(constants), flags]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            if self.constants.data:
                printer.print_string(f"constants = {self.constants.data}, ")
            printer.print_string("bindings = ")
            _print_list(printer, self.bindings.data)
            if isinstance(self.flags, PipelineLayoutFlagsAttr):
                printer.print_string(", flags = ")
                self.flags.print_parameter(printer)


@irdl_attr_definition
class ExecutableObjectAttr(ParametrizedAttribute):
    """An object file linked into an executable: `<{path = "a.o", data = dense<...>}>`."""

    name = "hal.executable.object"

    path: StringAttr
    data: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            fields = parser.parse_attribute()
        if not isinstance(fields, DictionaryAttr) or not isinstance(path := fields.data.get("path"), StringAttr):
            parser.raise_error('expected {path = "..."}')
        return [path, fields.data.get("data", NoneAttr())]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string("<{path = ")
        printer.print_attribute(self.path)
        if not isinstance(self.data, NoneAttr):
            printer.print_string(", data = ")
            printer.print_attribute(self.data)
        printer.print_string("}>")


@irdl_attr_definition
class ExecutableObjectsAttr(ParametrizedAttribute):
    """Objects by target: `<{#target = [#object, ...], ...}>`."""

    name = "hal.executable.objects"

    targets: ArrayAttr
    objects: ArrayAttr

    def applicable(self, target: ExecutableTargetAttr) -> ArrayAttr | None:
        """The objects for the first of the targets that covers `target`, or None."""
        for key, objects in zip(self.targets, self.objects, strict=True):
            if isinstance(key, ExecutableTargetAttr) and isinstance(objects, ArrayAttr) and key.covers(target):
                return objects
        return None

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def one() -> tuple[Attribute, Attribute]:
            target = parser.parse_attribute()
            parser.parse_punctuation("=")
            return target, parser.parse_attribute()

        with parser.in_angle_brackets():
            pairs = parser.parse_comma_separated_list(parser.Delimiter.BRACES, one)
        return [ArrayAttr(target for target, _ in pairs), ArrayAttr(objects for _, objects in pairs)]

    def print_parameters(self, printer: Printer) -> None:
        def one(pair: tuple[Attribute, Attribute]) -> None:
            printer.print_attribute(pair[0])
            printer.print_string(" = ")
            printer.print_attribute(pair[1])

        printer.print_string("<{")
        printer.print_list(list(zip(self.targets, self.objects, strict=True)), one)
        printer.print_string("}>")


# ---- calls and collectives ---------------------------------------------------------------------------------------------


def _parse_word(of: type[EnumAttr]) -> Callable[[AttrParser], EnumAttr]:
    return lambda parser: of(of.parse_parameter(parser))


@irdl_attr_definition
class ABIConventionAttr(ParametrizedAttribute):
    """How a function is called from outside: `<synchronous>` or `<coarse_fences>`."""

    name = "hal.abi.convention"

    model: ExecutionModelAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [_parse_word(ExecutionModelAttr)(parser)]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.model.data}>")


@irdl_attr_definition
class CollectiveAttr(ParametrizedAttribute):
    """`<all_reduce with sum : f32>`"""

    name = "hal.collective"

    kind: CollectiveKindAttr
    reduction: CollectiveReductionAttr | NoneAttr
    element_type: CollectiveElementTypeAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            kind = _parse_word(CollectiveKindAttr)(parser)
            reduction = _parse_word(CollectiveReductionAttr)(parser) if parser.parse_optional_keyword("with") else NoneAttr()
            parser.parse_punctuation(":")
            return [kind, reduction, _parse_word(CollectiveElementTypeAttr)(parser)]

    def print_parameters(self, printer: Printer) -> None:
        reduction = f" with {self.reduction.data}" if isinstance(self.reduction, CollectiveReductionAttr) else ""
        printer.print_string(f"<{self.kind.data}{reduction} : {self.element_type.data}>")
