"""The enumerations and bit sets of the hal dialect, with the values that the runtime gives them.

A bit set prints as one bare word when exactly one word covers it, and as a quoted list otherwise: `Indirect`, `"ReadOnly|Indirect"`,
`"None"`. A word may stand for several bits (`Transfer`); then all words whose bits are set are listed.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.ir import Data
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer


class BitSetAttr(Data[int]):
    """A set of named bits."""

    BITS: ClassVar[dict[str, int]]

    @classmethod
    def of(cls, *words: str):
        """The set of the given words: `MemoryTypeAttr.of("DeviceLocal")`."""
        value = 0
        for word in words:
            value |= cls.BITS[word]
        return cls(value)

    @property
    def words(self) -> list[str]:
        return [word for word, bits in self.BITS.items() if bits and self.data & bits == bits]

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> int:
        position = parser.pos
        text = parser.parse_optional_str_literal()
        if text is None:
            text = parser.parse_identifier(" or a quoted list of flags")
        value = 0
        for word in text.split("|"):
            if word != "None" and word not in cls.BITS:
                parser.raise_error(f"'{word}' is not one of None, {', '.join(cls.BITS)}", position)
            value |= cls.BITS.get(word, 0)
        return value

    def print_parameter(self, printer: Printer) -> None:
        words = self.words
        printer.print_string(words[0] if len(words) == 1 else f'"{"|".join(words) or "None"}"')


class EnumAttr(Data[str]):
    """One word of a fixed list."""

    VALUES: ClassVar[dict[str, int]]

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        position = parser.pos
        word = "*" if "*" in cls.VALUES and parser.parse_optional_punctuation("*") else parser.parse_identifier()
        if word not in cls.VALUES:
            parser.raise_error(f"'{word}' is not one of {', '.join(cls.VALUES)}", position)
        return word

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(self.data)

    @property
    def number(self) -> int:
        return self.VALUES[self.data]


class ReservedFlagsAttr(BitSetAttr):
    """A bit set in which no bit has a meaning yet."""

    BITS: ClassVar = {"Reserved": 1}


def _numbered(*words: str) -> dict[str, int]:
    return {word: i for i, word in enumerate(words)}


# ---- bit sets ----------------------------------------------------------------------------------------------------------


@irdl_attr_definition
class AllocaFlagsAttr(BitSetAttr):
    """How a queue allocation lives."""

    name = "hal.alloca_flags"
    BITS: ClassVar = {"IndeterminateLifetime": 1}


@irdl_attr_definition
class DeallocaFlagsAttr(BitSetAttr):
    """Where a queue allocation is returned to."""

    name = "hal.dealloca_flags"
    BITS: ClassVar = {"PreferOrigin": 1}


@irdl_attr_definition
class BufferUsageAttr(BitSetAttr):
    """What a buffer may be used for."""

    name = "hal.buffer_usage_bits"
    BITS: ClassVar = {
        "TransferSource": 1 << 0,
        "TransferTarget": 1 << 1,
        "Transfer": 3,
        "DispatchIndirectParameters": 1 << 8,
        "DispatchUniformRead": 1 << 9,
        "DispatchStorageRead": 1 << 10,
        "DispatchStorageWrite": 1 << 11,
        "DispatchStorage": 3 << 10,
        "DispatchImageRead": 1 << 12,
        "DispatchImageWrite": 1 << 13,
        "DispatchImage": 3 << 12,
        "SharingExport": 1 << 16,
        "SharingReplicate": 1 << 17,
        "SharingConcurrent": 1 << 18,
        "SharingImmutable": 1 << 19,
        "MappingScoped": 1 << 24,
        "MappingPersistent": 1 << 25,
        "MappingOptional": 1 << 26,
        "MappingAccessRandom": 1 << 27,
        "MappingAccessSequentialWrite": 1 << 28,
        "Mapping": 1 << 24 | 1 << 27,
    }


@irdl_attr_definition
class MemoryTypeAttr(BitSetAttr):
    """Which memory a buffer is in, and who sees it."""

    name = "hal.memory_type_bits"
    BITS: ClassVar = {
        "Optimal": 0x01,
        "HostVisible": 0x02,
        "HostCoherent": 0x04,
        "HostCached": 0x08,
        "HostLocal": 0x46,
        "DeviceVisible": 0x10,
        "DeviceLocal": 0x30,
    }


@irdl_attr_definition
class MemoryAccessAttr(BitSetAttr):
    """How memory is reached."""

    name = "hal.memory_access_bits"
    BITS: ClassVar = {"Read": 1, "Write": 2, "Discard": 4, "MayAlias": 8, "Unaligned": 16, "Any": 32}


@irdl_attr_definition
class CommandBufferModeAttr(BitSetAttr):
    """How a recording may be used."""

    name = "hal.command_buffer_mode"
    BITS: ClassVar = {"OneShot": 1, "AllowInlineExecution": 16}


@irdl_attr_definition
class CommandCategoryAttr(BitSetAttr):
    """Which commands a recording may hold."""

    name = "hal.command_category"
    BITS: ClassVar = {"Transfer": 1, "Dispatch": 2}


@irdl_attr_definition
class ExecutionStageAttr(BitSetAttr):
    """Stages of a command that a barrier orders."""

    name = "hal.execution_stage"
    BITS: ClassVar = {"CommandIssue": 1, "CommandProcess": 2, "Dispatch": 4, "Transfer": 8, "CommandRetire": 16, "Host": 32}


@irdl_attr_definition
class DescriptorFlagsAttr(BitSetAttr):
    """How a kernel uses a binding."""

    name = "hal.descriptor_flags"
    BITS: ClassVar = {"ReadOnly": 1, "Indirect": 2}


@irdl_attr_definition
class PipelineLayoutFlagsAttr(BitSetAttr):
    """Properties of all bindings of a kernel."""

    name = "hal.pipeline_layout_flags"
    BITS: ClassVar = {"Indirect": 1}


@irdl_attr_definition
class ChannelFlagsAttr(ReservedFlagsAttr):
    name = "hal.channel_flags"


@irdl_attr_definition
class CopyFlagsAttr(ReservedFlagsAttr):
    name = "hal.copy_flags"


@irdl_attr_definition
class DispatchFlagsAttr(ReservedFlagsAttr):
    name = "hal.dispatch_flags"


@irdl_attr_definition
class ExecuteFlagsAttr(ReservedFlagsAttr):
    name = "hal.execute_flags"


@irdl_attr_definition
class ExecutionBarrierFlagsAttr(ReservedFlagsAttr):
    name = "hal.execution_barrier_flags"


@irdl_attr_definition
class FenceFlagsAttr(ReservedFlagsAttr):
    name = "hal.fence_flags"


@irdl_attr_definition
class FillFlagsAttr(ReservedFlagsAttr):
    name = "hal.fill_flags"


@irdl_attr_definition
class ReadFlagsAttr(ReservedFlagsAttr):
    name = "hal.read_flags"


@irdl_attr_definition
class UpdateFlagsAttr(ReservedFlagsAttr):
    name = "hal.update_flags"


@irdl_attr_definition
class WaitFlagsAttr(ReservedFlagsAttr):
    name = "hal.wait_flags"


@irdl_attr_definition
class WriteFlagsAttr(ReservedFlagsAttr):
    name = "hal.write_flags"


# ---- enumerations ------------------------------------------------------------------------------------------------------


@irdl_attr_definition
class LifetimeAttr(EnumAttr):
    """How long a resource lives."""

    name = "hal.lifetime"
    VALUES: ClassVar = _numbered("*", "external", "staging", "transient", "variable", "constant")


@irdl_attr_definition
class DescriptorTypeAttr(EnumAttr):
    """What a binding is."""

    name = "hal.descriptor_type"
    VALUES: ClassVar = {"uniform_buffer": 6, "storage_buffer": 7}

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        if parser.parse_optional_punctuation("<") is None:  # inside of a binding it is a bare word
            return super().parse_parameter(parser)
        word = super().parse_parameter(parser)
        parser.parse_punctuation(">")
        return word

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data}>")


@irdl_attr_definition
class ExecutionModelAttr(EnumAttr):
    """How a caller and a function agree on when results are ready."""

    name = "hal.execution_model"
    VALUES: ClassVar = _numbered("synchronous", "coarse_fences")


@irdl_attr_definition
class CollectiveKindAttr(EnumAttr):
    """Which collective."""

    name = "hal.collective_kind"
    VALUES: ClassVar = _numbered(
        "all_gather", "all_reduce", "all_to_all", "broadcast", "reduce", "reduce_scatter", "send", "recv", "send_recv"
    )


@irdl_attr_definition
class CollectiveReductionAttr(EnumAttr):
    """How a collective combines elements."""

    name = "hal.collective_reduction"
    VALUES: ClassVar = _numbered("none", "sum", "product", "minimum", "maximum", "average")


@irdl_attr_definition
class CollectiveElementTypeAttr(EnumAttr):
    """The element type of a collective."""

    name = "hal.collective_element_type"
    VALUES: ClassVar = _numbered(
        "si8", "ui8", "si16", "ui16", "si32", "ui32", "si64", "ui64", "f16", "f32", "f64", "bf16",
        "f8E5M2", "f8E4M3FN", "f8E5M2FNUZ", "f8E4M3FNUZ",
    )  # fmt: skip


BIT_SETS_AND_ENUMS = [
    AllocaFlagsAttr, BufferUsageAttr, ChannelFlagsAttr, CollectiveElementTypeAttr, CollectiveKindAttr, CollectiveReductionAttr,
    CommandBufferModeAttr, CommandCategoryAttr, CopyFlagsAttr, DeallocaFlagsAttr, DescriptorFlagsAttr, DescriptorTypeAttr,
    DispatchFlagsAttr, ExecuteFlagsAttr, ExecutionBarrierFlagsAttr, ExecutionModelAttr, ExecutionStageAttr, FenceFlagsAttr,
    FillFlagsAttr, LifetimeAttr, MemoryAccessAttr, MemoryTypeAttr, PipelineLayoutFlagsAttr, ReadFlagsAttr, UpdateFlagsAttr,
    WaitFlagsAttr, WriteFlagsAttr,
]  # fmt: skip
