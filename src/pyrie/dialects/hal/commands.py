"""Command buffers, and the channels that collectives go through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, StringAttr, i32, i64
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    base,
    eq,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure

from pyrie.dialects.hal.assembly import Bindings, FunctionId, HALOp
from pyrie.dialects.hal.attributes import CollectiveAttr
from pyrie.dialects.hal.enums import (
    ChannelFlagsAttr,
    CommandBufferModeAttr,
    CommandCategoryAttr,
    CopyFlagsAttr,
    DispatchFlagsAttr,
    ExecutionBarrierFlagsAttr,
    ExecutionStageAttr,
    FillFlagsAttr,
    UpdateFlagsAttr,
)
from pyrie.dialects.hal.subspans import UsesRanges
from pyrie.dialects.hal.types import BufferType, ChannelType, CommandBufferType, DeviceType, ExecutableType
from pyrie.dialects.util.types import BufferType as HostBufferType

SLOT_OR_BUFFER = base(IndexType) | base(BufferType)  # a slot of the binding table given at submission, or a buffer recorded directly
FUNCTION_ID = eq(i64) | base(IndexType)
CMD = "`<` $command_buffer `:` type($command_buffer) `>`"


# ---- channels ----------------------------------------------------------------------------------------------------------


@irdl_op_definition
class ChannelCreateOp(HALOp):
    """Joins a group of devices."""

    name = "hal.channel.create"

    device = operand_def(DeviceType)
    queue_affinity = operand_def(i64)
    flags = prop_def(ChannelFlagsAttr)
    id = operand_def(HostBufferType)
    group = operand_def(HostBufferType)
    rank = operand_def(i32)
    count = operand_def(i32)
    result = result_def(ChannelType)

    RESULT_NAMES: ClassVar = ("channel",)
    assembly_format = (
        "`device` `(` $device `:` type($device) `)` `affinity` `(` $queue_affinity `)` `flags` `(` $flags `)` `id` `(` $id `)` "
        "`group` `(` $group `)` `rank` `(` $rank `)` `count` `(` $count `)` `:` type($result) attr-dict-with-keyword"
    )


@irdl_op_definition
class ChannelSplitOp(HALOp):
    """Divides a group by color."""

    name = "hal.channel.split"

    channel = operand_def(ChannelType)
    color = operand_def(i32)
    key = operand_def(i32)
    flags = prop_def(ChannelFlagsAttr)
    result = result_def(ChannelType)

    RESULT_NAMES: ClassVar = ("channel",)
    assembly_format = (
        "`<` $channel `:` type($channel) `>` `color` `(` $color `)` `key` `(` $key `)` `flags` `(` $flags `)` "
        "`:` type($result) attr-dict-with-keyword"
    )


@irdl_op_definition
class ChannelRankAndCountOp(HALOp):
    """This member's number and the number of members."""

    name = "hal.channel.rank_and_count"

    channel = operand_def(ChannelType)
    rank = result_def(i32)
    count = result_def(i32)

    RESULT_NAMES: ClassVar = ("ccl_rank", "ccl_count")
    traits = traits_def(Pure())
    assembly_format = "`<` $channel `:` type($channel) `>` `:` type($rank) `,` type($count) attr-dict-with-keyword"


# ---- recording ---------------------------------------------------------------------------------------------------------


@irdl_op_definition
class CommandBufferCreateOp(HALOp):
    """Begins a recording. `binding_capacity` is the number of slots that commands may refer to."""

    name = "hal.command_buffer.create"

    device = operand_def(DeviceType)
    modes = prop_def(CommandBufferModeAttr)
    command_categories = prop_def(CommandCategoryAttr)
    queue_affinity = opt_operand_def(i64)  # absent in text from before affinities
    binding_capacity = opt_operand_def(IndexType)
    result = result_def(CommandBufferType)

    RESULT_NAMES: ClassVar = ("cmd",)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "`device` `(` $device `:` type($device) `)` `mode` `(` $modes `)` `categories` `(` $command_categories `)` "
        "(`affinity` `(` $queue_affinity^ `)`)? (`bindings` `(` $binding_capacity^ `)`)? `:` type($result) attr-dict-with-keyword"
    )

    def __init__(
        self,
        device: SSAValue,
        modes: CommandBufferModeAttr,
        categories: CommandCategoryAttr,
        affinity: SSAValue,
        binding_capacity: SSAValue | None = None,
    ):
        super().__init__(
            operands=[device, [affinity], [binding_capacity] if binding_capacity is not None else []],
            properties={"modes": modes, "command_categories": categories},
            result_types=[CommandBufferType()],
        )


@irdl_op_definition
class CommandBufferFinalizeOp(HALOp):
    """Ends a recording; afterwards it is immutable."""

    name = "hal.command_buffer.finalize"

    command_buffer = operand_def(CommandBufferType)

    assembly_format = f"{CMD} attr-dict-with-keyword"

    def __init__(self, command_buffer: SSAValue):
        super().__init__(operands=[command_buffer])


@irdl_op_definition
class CommandBufferDeviceOp(HALOp, HasFolderInterface):
    """The device a recording is for."""

    name = "hal.command_buffer.device"

    command_buffer = operand_def(CommandBufferType)
    device = result_def(DeviceType)

    traits = traits_def(Pure())
    assembly_format = f"{CMD} `:` type($device) attr-dict-with-keyword"

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        created = self.command_buffer.owner
        return (created.device,) if isinstance(created, CommandBufferCreateOp) else None


@irdl_op_definition
class CommandBufferBeginDebugGroupOp(HALOp):
    """Names the commands up to the matching end."""

    name = "hal.command_buffer.begin_debug_group"

    command_buffer = operand_def(CommandBufferType)
    label = prop_def(StringAttr)

    assembly_format = f"{CMD} `label` `(` $label `)` attr-dict-with-keyword"


@irdl_op_definition
class CommandBufferEndDebugGroupOp(HALOp):
    """Ends a named group of commands."""

    name = "hal.command_buffer.end_debug_group"

    command_buffer = operand_def(CommandBufferType)

    assembly_format = f"{CMD} attr-dict-with-keyword"


@irdl_op_definition
class CommandBufferExecutionBarrierOp(HALOp):
    """Commands after it start when commands before it are through the source stages."""

    name = "hal.command_buffer.execution_barrier"

    command_buffer = operand_def(CommandBufferType)
    source_stage_mask = prop_def(ExecutionStageAttr)
    target_stage_mask = prop_def(ExecutionStageAttr)
    flags = prop_def(ExecutionBarrierFlagsAttr)

    assembly_format = (
        f"{CMD} `source` `(` $source_stage_mask `)` `target` `(` $target_stage_mask `)` `flags` `(` $flags `)` attr-dict-with-keyword"
    )

    def __init__(self, command_buffer: SSAValue, source: ExecutionStageAttr, target: ExecutionStageAttr):
        super().__init__(
            operands=[command_buffer],
            properties={"source_stage_mask": source, "target_stage_mask": target, "flags": ExecutionBarrierFlagsAttr(0)},
        )


@irdl_op_definition
class CommandBufferFillBufferOp(HALOp, UsesRanges):
    """Repeats a pattern over a range."""

    name = "hal.command_buffer.fill_buffer"
    RANGES: ClassVar = (("target_buffer", "target_offset"),)

    command_buffer = operand_def(CommandBufferType)
    target_buffer = operand_def(SLOT_OR_BUFFER)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    pattern = operand_def()
    flags = prop_def(FillFlagsAttr)

    assembly_format = (
        f"{CMD} `target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `,` $length `]` "
        "`pattern` `(` $pattern `:` type($pattern) `)` `flags` `(` $flags `)` attr-dict-with-keyword"
    )

    def __init__(self, command_buffer: SSAValue, target: SSAValue, offset: SSAValue, length: SSAValue, pattern: SSAValue):
        super().__init__(operands=[command_buffer, target, offset, length, pattern], properties={"flags": FillFlagsAttr(0)})


@irdl_op_definition
class CommandBufferUpdateBufferOp(HALOp, UsesRanges):
    """Writes bytes that are part of the recording."""

    name = "hal.command_buffer.update_buffer"
    RANGES: ClassVar = (("source_buffer", "source_offset", "source_size"), ("target_buffer", "target_offset"))

    command_buffer = operand_def(CommandBufferType)
    source_buffer = operand_def(HostBufferType)
    source_size = operand_def(IndexType)
    source_offset = operand_def(IndexType)
    target_buffer = operand_def(SLOT_OR_BUFFER)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = prop_def(UpdateFlagsAttr)

    assembly_format = (
        f"{CMD} `source` `(` $source_buffer `:` type($source_buffer) `{{` $source_size `}}` `)` `` `[` $source_offset `]` "
        "`target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` "
        "`flags` `(` $flags `)` attr-dict-with-keyword"
    )


@irdl_op_definition
class CommandBufferCopyBufferOp(HALOp, UsesRanges):
    """Copies a range."""

    name = "hal.command_buffer.copy_buffer"
    RANGES: ClassVar = (("source_buffer", "source_offset"), ("target_buffer", "target_offset"))

    command_buffer = operand_def(CommandBufferType)
    source_buffer = operand_def(SLOT_OR_BUFFER)
    source_offset = operand_def(IndexType)
    target_buffer = operand_def(SLOT_OR_BUFFER)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = prop_def(CopyFlagsAttr)

    assembly_format = (
        f"{CMD} `source` `(` $source_buffer `:` type($source_buffer) `)` `` `[` $source_offset `]` "
        "`target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` "
        "`flags` `(` $flags `)` attr-dict-with-keyword"
    )

    def __init__(
        self,
        command_buffer: SSAValue,
        source: SSAValue,
        source_offset: SSAValue,
        target: SSAValue,
        target_offset: SSAValue,
        length: SSAValue,
    ):
        super().__init__(
            operands=[command_buffer, source, source_offset, target, target_offset, length], properties={"flags": CopyFlagsAttr(0)}
        )


@irdl_op_definition
class CommandBufferCollectiveOp(HALOp):
    """A collective over the members of a channel."""

    name = "hal.command_buffer.collective"

    command_buffer = operand_def(CommandBufferType)
    channel = operand_def(ChannelType)
    op = prop_def(CollectiveAttr)
    element_count = operand_def(IndexType)
    param = opt_operand_def(i32)
    send_buffer = opt_operand_def(SLOT_OR_BUFFER)
    send_offset = opt_operand_def(IndexType)
    send_length = opt_operand_def(IndexType)
    recv_buffer = opt_operand_def(SLOT_OR_BUFFER)
    recv_offset = opt_operand_def(IndexType)
    recv_length = opt_operand_def(IndexType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        f"{CMD} `channel` `(` $channel `:` type($channel) `)` `op` `(` $op `)` (`param` `(` $param^ `:` type($param) `)`)? "
        "(`send` `(` $send_buffer^ `:` type($send_buffer) `)` `` `[` $send_offset `,` $send_length `]`)? "
        "(`recv` `(` $recv_buffer^ `:` type($recv_buffer) `)` `` `[` $recv_offset `,` $recv_length `]`)? "
        "`count` `(` $element_count `)` attr-dict-with-keyword"
    )


@irdl_op_definition
class CommandBufferDispatchOp(HALOp, UsesRanges):
    """Runs a kernel over a grid of workgroups."""

    name = "hal.command_buffer.dispatch"
    RANGES: ClassVar = (("binding_buffers", "binding_offsets"),)

    command_buffer = operand_def(CommandBufferType)
    executable = operand_def(ExecutableType)
    entry_point = operand_def(FUNCTION_ID)
    workgroup_x = operand_def(IndexType)
    workgroup_y = operand_def(IndexType)
    workgroup_z = operand_def(IndexType)
    constants = var_operand_def(i32)
    binding_buffers = var_operand_def(SLOT_OR_BUFFER)
    binding_offsets = var_operand_def(IndexType)
    binding_lengths = var_operand_def(IndexType)
    flags = opt_prop_def(DispatchFlagsAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (Bindings, FunctionId)
    assembly_format = (
        f"{CMD} `target` `(` $executable `:` type($executable) `)` `` `[` custom<FunctionId>($entry_point, type($entry_point)) `]` "
        "`workgroups` `(` `[` $workgroup_x `,` $workgroup_y `,` $workgroup_z `]` `)` (`constants` `(` `[` $constants^ `]` `)`)? "
        "(`bindings` `(` `[` custom<Bindings>($binding_buffers, type($binding_buffers), $binding_offsets, $binding_lengths)^ `]` `)`)? "
        "(`flags` `(` $flags^ `)`)? attr-dict-with-keyword"
    )

    def __init__(
        self,
        command_buffer: SSAValue,
        executable: SSAValue,
        entry_point: SSAValue,
        workgroups: Sequence[SSAValue],
        constants: Sequence[SSAValue],
        bindings: Sequence[tuple[SSAValue, SSAValue, SSAValue]],
    ):
        buffers, offsets, lengths = zip(*bindings, strict=True) if bindings else ((), (), ())
        super().__init__(
            operands=[command_buffer, executable, entry_point, *workgroups, constants, buffers, offsets, lengths],
            properties={"flags": DispatchFlagsAttr(0)},
        )


@irdl_op_definition
class CommandBufferDispatchIndirectOp(HALOp, UsesRanges):
    """Runs a kernel over a grid whose size is read from a buffer when the command runs."""

    name = "hal.command_buffer.dispatch.indirect"
    RANGES: ClassVar = (("workgroups_buffer", "workgroups_offset"), ("binding_buffers", "binding_offsets"))

    command_buffer = operand_def(CommandBufferType)
    executable = operand_def(ExecutableType)
    entry_point = operand_def(FUNCTION_ID)
    workgroups_buffer = operand_def(SLOT_OR_BUFFER)
    workgroups_offset = operand_def(IndexType)
    constants = var_operand_def(i32)
    binding_buffers = var_operand_def(SLOT_OR_BUFFER)
    binding_offsets = var_operand_def(IndexType)
    binding_lengths = var_operand_def(IndexType)
    flags = opt_prop_def(DispatchFlagsAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    custom_directives = (Bindings, FunctionId)
    assembly_format = (
        f"{CMD} `target` `(` $executable `:` type($executable) `)` `` `[` custom<FunctionId>($entry_point, type($entry_point)) `]` "
        "`workgroups` `(` $workgroups_buffer `:` type($workgroups_buffer) `)` `` `[` $workgroups_offset `]` "
        "(`constants` `(` `[` $constants^ `]` `)`)? "
        "(`bindings` `(` `[` custom<Bindings>($binding_buffers, type($binding_buffers), $binding_offsets, $binding_lengths)^ `]` `)`)? "
        "(`flags` `(` $flags^ `)`)? attr-dict-with-keyword"
    )
