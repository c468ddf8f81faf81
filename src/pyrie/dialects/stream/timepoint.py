"""Timepoints (when work is done) and channels (who takes part in it)."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stream.assembly import ON, SIGNAL, Resource, ShapedTypeListTwice, StreamOp, Timepoint, index, sized
from pyrie.dialects.stream.types import ChannelType
from pyrie.dialects.util.types import BufferType


@irdl_op_definition
class TimepointImmediateOp(StreamOp):
    """The timepoint that is already reached."""

    name = "stream.timepoint.immediate"

    result_timepoint = result_def(Timepoint)

    assembly_format = "attr-dict " + SIGNAL

    traits = traits_def(Pure(), ConstantLike())


@irdl_op_definition
class TimepointImportOp(StreamOp):
    """A timepoint from an object of another dialect, such as a fence."""

    name = "stream.timepoint.import"

    arguments = var_operand_def()
    affinity = opt_prop_def(Attribute)
    result_timepoint = result_def(Timepoint)

    assembly_format = ON + "$arguments `:` `(` type($arguments) `)` " + SIGNAL + "attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TimepointExportOp(StreamOp):
    """An object of another dialect, such as a fence, from a timepoint."""

    name = "stream.timepoint.export"

    await_timepoint = operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    results_ = var_result_def()

    assembly_format = ON + "$await_timepoint `=` `` `>` `(` type($results_) `)` attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TimepointChainExternalOp(StreamOp):
    """Signals objects of another dialect when a timepoint is reached."""

    name = "stream.timepoint.chain_external"

    await_timepoint = operand_def(Timepoint)
    external_values = var_operand_def()
    affinity = opt_prop_def(Attribute)

    assembly_format = ON + "$await_timepoint `=` `` `>` `(` $external_values `:` type($external_values) `)` attr-dict-with-keyword"


@irdl_op_definition
class TimepointJoinOp(StreamOp):
    """The timepoint at which all of several are reached."""

    name = "stream.timepoint.join"

    await_timepoints = var_operand_def(Timepoint)
    result_timepoint = result_def(Timepoint)

    assembly_format = "`max` `(` $await_timepoints `)` " + SIGNAL + "attr-dict-with-keyword"

    traits = traits_def(Pure())

    def verify_(self) -> None:
        if not self.await_timepoints:
            raise VerifyException("joins no timepoint")


@irdl_op_definition
class TimepointBarrierOp(StreamOp):
    """A resource and the timepoint at which it is available."""

    name = "stream.timepoint.barrier"
    TIED: ClassVar = ("resource", None)

    T: ClassVar = VarConstraint("T", Resource)
    resource = operand_def(T)
    resource_size = operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(T)
    result_timepoint = result_def(Timepoint)

    assembly_format = ON + "$resource `:` " + sized("resource") + SIGNAL + "attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class TimepointAwaitOp(StreamOp):
    """Resources that may be used once the timepoint is reached; `sync` blocks the host until then."""

    name = "stream.timepoint.await"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"),)

    resource_operands = var_operand_def(Resource)
    resource_operand_sizes = var_operand_def(index)
    await_timepoint = operand_def(Timepoint)
    sync = opt_prop_def(UnitAttr)
    results_ = var_result_def(Resource)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ShapedTypeListTwice,)
    assembly_format = (
        "(`sync` $sync^)? $await_timepoint `=` `` `>` $resource_operands `:`"
        " custom<ShapedTypeListTwice>(type($resource_operands), type($results_), $resource_operand_sizes) attr-dict-with-keyword"
    )

    traits = traits_def(Pure())

    def tied_operand(self, result: int) -> SSAValue | None:
        return self.resource_operands[result]


# ---- channels ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ChannelCreateOp(StreamOp):
    """Joins a group of participants."""

    name = "stream.channel.create"

    id = opt_operand_def(BufferType())
    group = opt_prop_def(StringAttr)
    rank = opt_operand_def(index)
    count = opt_operand_def(index)
    affinity = opt_prop_def(Attribute)
    result = result_def(ChannelType())

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        ON + "(`id` `(` $id^ `)`)? (`group` `(` $group^ `)`)? (`rank` `(` $rank^ `)`)? (`count` `(` $count^ `)`)? `:` type($result)"
        " attr-dict-with-keyword"
    )

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("channel",)


@irdl_op_definition
class ChannelSplitOp(StreamOp):
    """The channel of those who gave the same color, ordered by key."""

    name = "stream.channel.split"

    channel = operand_def(ChannelType())
    color = operand_def(index)
    key = operand_def(index)
    result = result_def(ChannelType())

    assembly_format = "$channel `,` $color `,` $key `:` type($channel) `->` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("channel",)


class _ChannelQueryOp(StreamOp):
    channel = operand_def(ChannelType())
    result = result_def(index)

    assembly_format = "$channel `:` type($result) attr-dict-with-keyword"

    traits = traits_def(Pure())


@irdl_op_definition
class ChannelRankOp(_ChannelQueryOp):
    """This participant's number in the channel."""

    name = "stream.channel.rank"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("ccl_rank",)


@irdl_op_definition
class ChannelCountOp(_ChannelQueryOp):
    """How many participants the channel has."""

    name = "stream.channel.count"

    def asm_result_names(self) -> tuple[str | None, ...]:
        return ("ccl_count",)


OPS = [
    ChannelCountOp,
    ChannelCreateOp,
    ChannelRankOp,
    ChannelSplitOp,
    TimepointAwaitOp,
    TimepointBarrierOp,
    TimepointChainExternalOp,
    TimepointExportOp,
    TimepointImmediateOp,
    TimepointImportOp,
    TimepointJoinOp,
]
