"""Channels and collectives: tensors exchanged between the participants of a group."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IndexType, StringAttr, TensorType
from xdsl.ir import Data, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    VarConstraint,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import Pure

from pyrie.dialects.directives import ShapedTiedResult

index = IndexType()
AnyTensor = base(TensorType)


@irdl_attr_definition
class ChannelType(ParametrizedAttribute, TypeAttribute):
    """One participant of a group that communicates."""

    name = "flow.channel"


class KeywordAttr(Data[str]):
    """An attribute that is one of the words in `CASES`."""

    CASES: ClassVar[tuple[str, ...]]

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        word = parser.parse_identifier()
        if word not in cls.CASES:
            parser.raise_error(f"expected one of {', '.join(cls.CASES)}; got {word}")
        return word

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(self.data)


@irdl_attr_definition
class CollectiveElementTypeAttr(KeywordAttr):
    """How the participants read the elements."""

    name = "flow.collective_element_type"
    CASES = ("si8", "ui8", "si16", "ui16", "si32", "ui32", "si64", "ui64", "f16", "f32", "f64", "bf16")


@irdl_attr_definition
class CollectiveReductionOpAttr(KeywordAttr):
    """How the participants' elements are combined."""

    name = "flow.collective_reduction_op"
    CASES = ("none", "sum", "product", "minimum", "maximum", "average")


@irdl_op_definition
class ChannelDefaultOp(IRDLOperation):
    """The channel of everyone in `group`."""

    name = "flow.channel.default"

    group = opt_prop_def(base(StringAttr))
    result = result_def(ChannelType())

    assembly_format = "($group^)? `:` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("default_channel",)


@irdl_op_definition
class ChannelSplitOp(IRDLOperation):
    """The channel of those who gave the same color, ordered by key."""

    name = "flow.channel.split"

    channel = operand_def(ChannelType())
    color = operand_def(index)
    key = operand_def(index)
    result = result_def(ChannelType())

    assembly_format = "$channel `,` $color `,` $key `:` type($channel) `->` type($result) attr-dict-with-keyword"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("channel",)


class _ChannelQueryOp(IRDLOperation):
    channel = operand_def(ChannelType())
    result = result_def(index)

    assembly_format = "$channel `:` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return (self.name.removeprefix("flow.").replace(".", "_"),)


@irdl_op_definition
class ChannelRankOp(_ChannelQueryOp):
    """This participant's number in the channel."""

    name = "flow.channel.rank"


@irdl_op_definition
class ChannelCountOp(_ChannelQueryOp):
    """How many participants the channel has."""

    name = "flow.channel.count"


class _CollectiveOp(IRDLOperation):
    T: ClassVar = VarConstraint("T", AnyTensor)
    element_type = prop_def(CollectiveElementTypeAttr)
    target = operand_def(T)
    target_dims = var_operand_def(index)
    source = operand_def(AnyTensor)
    channel = operand_def(ChannelType())
    result = result_def(T)

    custom_directives = (ShapedTiedResult,)


_COLLECTIVE = (
    "$element_type `,` $target `,` $source `,` $channel `:` `(` type($target) `,` type($source) `,` type($channel) `)` `->`"
    " custom<ShapedTiedResult>(ref($target), type($result), $target_dims) attr-dict-with-keyword"
)


@irdl_op_definition
class CollectiveAllGatherOp(_CollectiveOp):
    """Everyone's tensors, one after the other, for everyone."""

    name = "flow.collective.all_gather"
    assembly_format = _COLLECTIVE


@irdl_op_definition
class CollectiveAllToAllOp(_CollectiveOp):
    """Part i of everyone's tensor goes to participant i."""

    name = "flow.collective.all_to_all"
    assembly_format = _COLLECTIVE


@irdl_op_definition
class CollectiveAllReduceOp(_CollectiveOp):
    """Everyone's tensors combined, for everyone."""

    name = "flow.collective.all_reduce"
    reduction_op = prop_def(CollectiveReductionOpAttr)
    assembly_format = "$reduction_op `,` " + _COLLECTIVE


@irdl_op_definition
class CollectiveReduceScatterOp(_CollectiveOp):
    """Everyone's tensors combined, part i for participant i."""

    name = "flow.collective.reduce_scatter"
    reduction_op = prop_def(CollectiveReductionOpAttr)
    assembly_format = "$reduction_op `,` " + _COLLECTIVE


@irdl_op_definition
class CollectiveSendRecvOp(_CollectiveOp):
    """A tensor sent to participant `send` and one received from participant `recv`."""

    name = "flow.collective.send_recv"

    send = operand_def(index)
    recv = operand_def(index)

    assembly_format = (
        "$element_type `,` $target `,` $source `,` $channel `,` $send `,` $recv `:` `(` type($target) `,` type($source) `,` type($channel)"
        " `,` type($send) `,` type($recv) `)` `->` custom<ShapedTiedResult>(ref($target), type($result), $target_dims)"
        " attr-dict-with-keyword"
    )
