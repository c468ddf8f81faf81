"""Commands on allocated memory: what is recorded into command buffers, and the regions that order them."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, SymbolRefAttr, UnitAttr, i32
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, RecursiveMemoryEffect, SingleBlockImplicitTerminator
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import DispatchEntryPoints, ImplicitTerminatorRegion
from pyrie.dialects.stream.assembly import (
    AWAIT,
    ON,
    SIGNAL,
    DispatchResources,
    ExplicitResourceRegion,
    ImplicitYieldOp,
    Resource,
    StreamOp,
    Timepoint,
    index,
    sized,
)
from pyrie.dialects.stream.resource import YieldOp
from pyrie.dialects.stream.types import ChannelType, CollectiveAttr, ResourceAccessAttr

# ---- cache control -----------------------------------------------------------------------------------------------------


class _RangeOp(StreamOp):
    target = operand_def(Resource)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_length = operand_def(index)

    traits = traits_def(MemoryWriteEffect())


_RANGE = "$target `[` $target_offset `for` $target_length `]` `:` " + sized("target") + "attr-dict-with-keyword"


@irdl_op_definition
class CmdFlushOp(_RangeOp):
    """Makes writes to a range visible elsewhere."""

    name = "stream.cmd.flush"

    source_affinity = opt_prop_def(Attribute)

    assembly_format = "(`to` `(` $source_affinity^ `)`)? " + _RANGE


@irdl_op_definition
class CmdInvalidateOp(_RangeOp):
    """Makes writes made elsewhere visible in a range."""

    name = "stream.cmd.invalidate"

    source_affinity = opt_prop_def(Attribute)

    assembly_format = "(`from` `(` $source_affinity^ `)`)? " + _RANGE


@irdl_op_definition
class CmdDiscardOp(_RangeOp):
    """Says that the contents of a range are no longer needed."""

    name = "stream.cmd.discard"

    assembly_format = _RANGE


# ---- transfer and dispatch ---------------------------------------------------------------------------------------------


@irdl_op_definition
class CmdFillOp(StreamOp):
    """Fills a range with a value of 1, 2 or 4 bytes."""

    name = "stream.cmd.fill"

    target = operand_def(Resource)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    target_length = operand_def(index)
    value = operand_def()

    assembly_format = (
        "$value `,` $target `[` $target_offset `for` $target_length `]` `:` type($value) `->` " + sized("target") + "attr-dict-with-keyword"
    )

    traits = traits_def(MemoryWriteEffect())


@irdl_op_definition
class CmdCopyOp(StreamOp):
    """Copies a range from one resource to another; they do not overlap."""

    name = "stream.cmd.copy"

    source = operand_def(Resource)
    source_size = operand_def(index)
    source_offset = operand_def(index)
    target = operand_def(Resource)
    target_size = operand_def(index)
    target_offset = operand_def(index)
    length = operand_def(index)

    assembly_format = (
        "$source `[` $source_offset `]` `,` $target `[` $target_offset `]` `,` $length `:` "
        + sized("source")
        + "`->` "
        + sized("target")
        + "attr-dict-with-keyword"
    )

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())


class _ResourcesOp(StreamOp):
    """Base of commands on a list of ranges, each with how it is accessed."""

    resources = var_operand_def(Resource)
    resource_sizes = var_operand_def(index)
    resource_offsets = var_operand_def(index)
    resource_lengths = var_operand_def(index)
    resource_accesses = prop_def(ArrayAttr[ResourceAccessAttr])

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    def verify_(self) -> None:
        counts = {len(self.resources), len(self.resource_sizes), len(self.resource_offsets), len(self.resource_lengths)}
        if counts != {len(self.resource_accesses)}:
            raise VerifyException("needs a size, offset, length and access for each resource")


_RESOURCES = (
    "`{` custom<DispatchResources>($resources, type($resources), $resource_sizes, $resource_offsets, $resource_lengths,"
    " $resource_accesses) `\\n` `}` attr-dict-with-keyword"
)


@irdl_op_definition
class CmdCollectiveOp(_ResourcesOp):
    """Exchanges data between the participants of a channel."""

    name = "stream.cmd.collective"

    op = prop_def(CollectiveAttr)
    channel = operand_def(ChannelType())
    element_count = operand_def(index)
    param = opt_operand_def(i32)

    custom_directives = (DispatchResources,)
    assembly_format = (
        "`` $op `` `[` $element_count `]` `channel` `(` $channel `)` (`param` `(` $param^ `:` type($param) `)`)? " + _RESOURCES
    )


@irdl_op_definition
class CmdDispatchOp(_ResourcesOp):
    """Runs an executable's entry point on a grid that follows from the workload."""

    name = "stream.cmd.dispatch"

    workload = var_operand_def(index)
    entry_points = prop_def(ArrayAttr[SymbolRefAttr])
    uniform_operands = var_operand_def()

    custom_directives = (DispatchEntryPoints, DispatchResources)
    assembly_format = (
        "custom<DispatchEntryPoints>($entry_points) (`[` $workload^ `]`)? ``"
        " (`(` $uniform_operands^ `:` type($uniform_operands) `)`)? ` ` " + _RESOURCES
    )


# ---- regions -----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class CmdExecuteOp(ImplicitYieldOp):
    """Runs its commands in order as one submission. `once`: the recording will not be used again."""

    name = "stream.cmd.execute"
    SIZES: ClassVar = (("resource_operands", "resource_operand_sizes"),)

    resource_operands = var_operand_def(Resource)
    resource_operand_sizes = var_operand_def(index)
    once = opt_prop_def(UnitAttr)
    await_timepoint = opt_operand_def(Timepoint)
    affinity = opt_prop_def(Attribute)
    result_timepoint = result_def(Timepoint)
    body = region_def("single_block")

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (ExplicitResourceRegion,)
    assembly_format = (
        "(`once` $once^)? "
        + ON
        + AWAIT
        + "`with` `` custom<ExplicitResourceRegion>($resource_operands, type($resource_operands), $resource_operand_sizes, $body) "
        + SIGNAL
        + "attr-dict-with-keyword"
    )

    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))

    def verify_(self) -> None:
        super().verify_()
        if [argument.type for argument in self.body.block.args] != [value.type for value in self.resource_operands]:
            raise VerifyException("has a region whose arguments differ from its operands")


class _CmdRegionOp(ImplicitYieldOp):
    body = region_def("single_block")

    custom_directives = (ImplicitTerminatorRegion,)
    assembly_format = "custom<ImplicitTerminatorRegion>($body) attr-dict-with-keyword"

    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))


@irdl_op_definition
class CmdSerialOp(_CmdRegionOp):
    """Runs its commands one after the other."""

    name = "stream.cmd.serial"


@irdl_op_definition
class CmdConcurrentOp(_CmdRegionOp):
    """Runs its commands at the same time."""

    name = "stream.cmd.concurrent"


OPS = [
    CmdCollectiveOp,
    CmdConcurrentOp,
    CmdCopyOp,
    CmdDiscardOp,
    CmdDispatchOp,
    CmdExecuteOp,
    CmdFillOp,
    CmdFlushOp,
    CmdInvalidateOp,
    CmdSerialOp,
]
