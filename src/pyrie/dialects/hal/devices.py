"""Devices: found, asked, memoized for, and given work through queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import FunctionType, IndexType, IntegerAttr, StringAttr, i1, i32, i64
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.irdl import (
    AnyAttr,
    Operand,
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import IsTerminator, Pure, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.directives import SizeAwareType
from pyrie.dialects.folding import constant_int
from pyrie.dialects.hal.assembly import Bindings, HALOp, Qualified, QueryKey
from pyrie.dialects.hal.attributes import DeviceAffinityAttr
from pyrie.dialects.hal.enums import (
    AllocaFlagsAttr,
    CopyFlagsAttr,
    DeallocaFlagsAttr,
    ExecuteFlagsAttr,
    FillFlagsAttr,
    ReadFlagsAttr,
    UpdateFlagsAttr,
    WriteFlagsAttr,
)
from pyrie.dialects.hal.types import AllocatorType, BufferType, CommandBufferType, DeviceType, FenceType, FileType
from pyrie.dialects.util.types import BufferType as HostBufferType
from pyrie.dialects.util.values import NullOp

# ---- device management -------------------------------------------------------------------------------------------------


@irdl_op_definition
class DevicesCountOp(HALOp):
    """How many devices the program is given."""

    name = "hal.devices.count"

    result = result_def(IndexType)

    RESULT_NAMES: ClassVar = ("device_count",)
    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self):
        super().__init__(result_types=[IndexType()])


@irdl_op_definition
class DevicesGetOp(HALOp):
    """The n-th device of those the program is given."""

    name = "hal.devices.get"

    index = operand_def(IndexType)
    result = result_def(DeviceType)

    traits = traits_def(Pure())
    assembly_format = "$index attr-dict `:` type($result)"

    def __init__(self, index: SSAValue):
        super().__init__(operands=[index], result_types=[DeviceType()])

    def asm_result_names(self) -> tuple[str | None, ...]:
        number = constant_int(self.index)
        return ("device_n" if number is None else f"device_{number}",)


_RESOLVED_NAMES: dict[type[Attribute], str] = {DeviceType: "device", AllocatorType: "allocator"}


@irdl_op_definition
class DeviceResolveOp(HALOp):
    """The device, allocator or queue affinity that an affinity attribute stands for."""

    name = "hal.device.resolve"

    affinity = opt_prop_def(DeviceAffinityAttr)
    res = var_result_def()

    traits = traits_def(Pure())
    custom_directives = (Qualified,)
    assembly_format = "(`on` `(` custom<Qualified>($affinity)^ `)`)? attr-dict `:` type($res)"

    def __init__(self, affinity: DeviceAffinityAttr | None, result_types: Sequence[Attribute]):
        super().__init__(properties={"affinity": affinity}, result_types=[result_types])

    def asm_result_names(self) -> tuple[str | None, ...]:
        return tuple(_RESOLVED_NAMES.get(type(result.type), "queue_affinity") for result in self.res)


@irdl_op_definition
class DeviceAllocatorOp(HALOp):
    """The allocator of a device."""

    name = "hal.device.allocator"

    device = operand_def(DeviceType)
    result = result_def(AllocatorType)

    RESULT_NAMES: ClassVar = ("allocator",)
    traits = traits_def(Pure())
    assembly_format = "`<` $device `:` type($device) `>` `:` type($result) attr-dict-with-keyword"

    def __init__(self, device: SSAValue):
        super().__init__(operands=[device], result_types=[AllocatorType()])


@irdl_op_definition
class DeviceQueryOp(HALOp):
    """Asks a device for a value; `ok` is false, and the value the default, when it knows none."""

    name = "hal.device.query"

    device = operand_def(DeviceType)
    category = prop_def(StringAttr)
    key = prop_def(StringAttr)
    default_value = opt_prop_def(AnyAttr())
    ok = result_def(i1)
    value = result_def()

    RESULT_NAMES: ClassVar = ("ok", "value")
    traits = traits_def(Pure())
    custom_directives = (QueryKey,)
    assembly_format = (
        "`<` $device `:` type($device) `>` `key` `(` custom<QueryKey>($category, $key) `)` "
        "`:` type($ok) `,` type($value) (`=` $default_value^)? attr-dict-with-keyword"
    )

    def __init__(self, device: SSAValue, category: str, key: str, type: Attribute, default: Attribute | None = None):
        super().__init__(
            operands=[device],
            properties={"category": StringAttr(category), "key": StringAttr(key), "default_value": default},
            result_types=[i1, type],
        )

    def verify_(self) -> None:
        if isinstance(self.default_value, IntegerAttr) and self.default_value.type != self.value.type:
            raise VerifyException(f"the default is of type {self.default_value.type}, the value of type {self.value.type}")


@irdl_op_definition
class ReturnOp(HALOp):
    """Ends a region of a hal op; of one that declares what it returns, with values of these types."""

    name = "hal.return"

    arguments = var_operand_def()

    traits = traits_def(IsTerminator())
    assembly_format = "($arguments^ `:` type($arguments))? attr-dict"

    def __init__(self, *arguments: SSAValue):
        super().__init__(operands=[arguments])

    def verify_(self) -> None:
        parent = self.parent_op()
        declared = parent.properties.get("function_type") if parent is not None else None
        if not isinstance(declared, FunctionType):
            return
        expected = declared.outputs.data
        if len(expected) != len(self.arguments):
            raise VerifyException(f"return must have the same number of operands as its parent has results, {len(expected)}")
        for i, (type, value) in enumerate(zip(expected, self.arguments, strict=True)):
            if type != value.type:
                raise VerifyException(f"parent expected result {i} to be '{type}' but returning '{value.type}'")


@irdl_op_definition
class DeviceMemoizeOp(HALOp):
    """Runs `body` once per device and queue affinity and returns what it returned then.

    Inlining it is always legal. `body` may capture constants and immutable globals freely; any other
    capture ("dynamic") becomes part of the key of a cache (see `iree-hal-outline-memoize-regions`).
    """

    name = "hal.device.memoize"

    device = operand_def(DeviceType)
    queue_affinity = operand_def(i64)
    res = var_result_def()
    body = region_def("single_block")

    traits = traits_def(RecursiveMemoryEffect())
    assembly_format = "`<` $device `:` type($device) `>` `affinity` `(` $queue_affinity `)` `->` type($res) attr-dict-with-keyword $body"

    def __init__(self, device: SSAValue, affinity: SSAValue, result_types: Sequence[Attribute], body: Region):
        super().__init__(operands=[device, affinity], result_types=[result_types], regions=[body])

    def verify_(self) -> None:
        returned = self.body.block.last_op
        if not isinstance(returned, ReturnOp):
            raise VerifyException("the region ends in hal.return")
        if tuple(returned.operand_types) != tuple(self.result_types):
            raise VerifyException(f"returns {returned.operand_types} from a region declared to give {self.result_types}")


# ---- queues ------------------------------------------------------------------------------------------------------------

QUEUE = "`<` $device `:` type($device) `>` `affinity` `(` $queue_affinity `)`"
FENCES = "`wait` `(` $wait_fence `)` `signal` `(` $signal_fence `)`"
FLAGS = "`flags` `(` $flags `)` attr-dict-with-keyword"


def queue_operands() -> tuple[Operand, Operand, Operand, Operand]:
    """The first operands of each queue op: it runs on a device and queues, from `wait_fence` on, and signals `signal_fence` at its end."""
    return operand_def(DeviceType), operand_def(i64), operand_def(FenceType), operand_def(FenceType)


class QueueOp(HALOp):
    """Base of the ops that start with `queue_operands`."""

    def verify_(self) -> None:
        wait, signal = self.operands[2:4]
        if wait is signal and not isinstance(wait.owner, NullOp):
            raise VerifyException("device queue operations cannot wait and signal on the same fence")


@irdl_op_definition
class DeviceQueueAllocaOp(QueueOp):
    """Allocates a buffer in queue order."""

    name = "hal.device.queue.alloca"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    pool = operand_def(i64)
    memory_types = operand_def(i32)
    buffer_usage = operand_def(i32)
    result_size = operand_def(IndexType)
    flags = prop_def(AllocaFlagsAttr)
    result = result_def(BufferType)

    RESULT_NAMES: ClassVar = ("transient_buffer",)
    custom_directives = (SizeAwareType,)
    assembly_format = (
        f"{QUEUE} {FENCES} `pool` `(` $pool `)` `type` `(` $memory_types `)` `usage` `(` $buffer_usage `)` `flags` `(` $flags `)` "
        "`:` custom<SizeAwareType>(type($result), $result_size) attr-dict-with-keyword"
    )

    def __init__(self, queue: Sequence[SSAValue], pool: SSAValue, memory_types: SSAValue, usage: SSAValue, size: SSAValue, flags: int = 0):
        super().__init__(
            operands=[*queue, pool, memory_types, usage, size],
            properties={"flags": AllocaFlagsAttr(flags)},
            result_types=[BufferType()],
        )


@irdl_op_definition
class DeviceQueueDeallocaOp(QueueOp):
    """Frees a buffer in queue order."""

    name = "hal.device.queue.dealloca"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    buffer = operand_def(BufferType)
    flags = prop_def(DeallocaFlagsAttr)

    assembly_format = f"{QUEUE} {FENCES} `buffer` `(` $buffer `:` type($buffer) `)` {FLAGS}"

    def __init__(self, queue: Sequence[SSAValue], buffer: SSAValue, flags: int = 0):
        super().__init__(operands=[*queue, buffer], properties={"flags": DeallocaFlagsAttr(flags)})


@irdl_op_definition
class DeviceQueueFillOp(QueueOp):
    """Repeats a pattern over a range."""

    name = "hal.device.queue.fill"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    target_buffer = operand_def(BufferType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    pattern = operand_def()
    flags = prop_def(FillFlagsAttr)

    assembly_format = (
        f"{QUEUE} {FENCES} `target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` "
        f"`pattern` `(` $pattern `:` type($pattern) `)` {FLAGS}"
    )

    def __init__(self, queue: Sequence[SSAValue], target: SSAValue, offset: SSAValue, length: SSAValue, pattern: SSAValue):
        super().__init__(operands=[*queue, target, offset, length, pattern], properties={"flags": FillFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueUpdateOp(QueueOp):
    """Writes bytes of host memory."""

    name = "hal.device.queue.update"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    source_buffer = operand_def(HostBufferType)
    source_offset = operand_def(IndexType)
    target_buffer = operand_def(BufferType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = prop_def(UpdateFlagsAttr)

    assembly_format = (
        f"{QUEUE} {FENCES} `source` `(` $source_buffer `:` type($source_buffer) `)` `` `[` $source_offset `]` "
        f"`target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` {FLAGS}"
    )


@irdl_op_definition
class DeviceQueueCopyOp(QueueOp):
    """Copies a range."""

    name = "hal.device.queue.copy"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    source_buffer = operand_def(BufferType)
    source_offset = operand_def(IndexType)
    target_buffer = operand_def(BufferType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = prop_def(CopyFlagsAttr)

    assembly_format = (
        f"{QUEUE} {FENCES} `source` `(` $source_buffer `:` type($source_buffer) `)` `` `[` $source_offset `]` "
        f"`target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` {FLAGS}"
    )

    def __init__(
        self,
        queue: Sequence[SSAValue],
        source: SSAValue,
        source_offset: SSAValue,
        target: SSAValue,
        target_offset: SSAValue,
        length: SSAValue,
    ):
        super().__init__(operands=[*queue, source, source_offset, target, target_offset, length], properties={"flags": CopyFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueReadOp(QueueOp):
    """Reads from a file into a buffer."""

    name = "hal.device.queue.read"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    source_file = operand_def(FileType)
    source_offset = operand_def(i64)
    target_buffer = operand_def(BufferType)
    target_offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = prop_def(ReadFlagsAttr)

    assembly_format = (
        f"{QUEUE} {FENCES} `source` `(` $source_file `:` type($source_file) `)` `` `[` $source_offset `]` "
        f"`target` `(` $target_buffer `:` type($target_buffer) `)` `` `[` $target_offset `]` `length` `(` $length `)` {FLAGS}"
    )

    def __init__(
        self,
        queue: Sequence[SSAValue],
        source: SSAValue,
        source_offset: SSAValue,
        target: SSAValue,
        target_offset: SSAValue,
        length: SSAValue,
    ):
        super().__init__(operands=[*queue, source, source_offset, target, target_offset, length], properties={"flags": ReadFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueWriteOp(QueueOp):
    """Writes from a buffer into a file."""

    name = "hal.device.queue.write"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    source_buffer = operand_def(BufferType)
    source_offset = operand_def(IndexType)
    target_file = operand_def(FileType)
    target_offset = operand_def(i64)
    length = operand_def(IndexType)
    flags = prop_def(WriteFlagsAttr)

    assembly_format = (
        f"{QUEUE} {FENCES} `source` `(` $source_buffer `:` type($source_buffer) `)` `` `[` $source_offset `]` "
        f"`target` `(` $target_file `:` type($target_file) `)` `` `[` $target_offset `]` `length` `(` $length `)` {FLAGS}"
    )

    def __init__(
        self,
        queue: Sequence[SSAValue],
        source: SSAValue,
        source_offset: SSAValue,
        target: SSAValue,
        target_offset: SSAValue,
        length: SSAValue,
    ):
        super().__init__(operands=[*queue, source, source_offset, target, target_offset, length], properties={"flags": WriteFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueBarrierOp(QueueOp, HasCanonicalizationPatternsInterface):
    """Signals one fence when another is reached."""

    name = "hal.device.queue.barrier"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    flags = prop_def(ExecuteFlagsAttr)

    assembly_format = f"{QUEUE} {FENCES} {FLAGS}"

    def __init__(self, queue: Sequence[SSAValue]):
        super().__init__(operands=[*queue], properties={"flags": ExecuteFlagsAttr(0)})

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.canonicalization import DropReachedBarrier, ShortenBarrierChain

        return (DropReachedBarrier(), ShortenBarrierChain())


@irdl_op_definition
class DeviceQueueExecuteOp(QueueOp):
    """Replays a recording that has no binding table."""

    name = "hal.device.queue.execute"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    command_buffer = operand_def(CommandBufferType)
    flags = prop_def(ExecuteFlagsAttr)

    assembly_format = f"{QUEUE} {FENCES} `commands` `(` $command_buffer `)` {FLAGS}"

    def __init__(self, queue: Sequence[SSAValue], command_buffer: SSAValue):
        super().__init__(operands=[*queue, command_buffer], properties={"flags": ExecuteFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueExecuteIndirectOp(QueueOp):
    """Replays a recording with the buffers of a binding table in its slots."""

    name = "hal.device.queue.execute.indirect"

    device, queue_affinity, wait_fence, signal_fence = queue_operands()
    command_buffer = operand_def(CommandBufferType)
    binding_buffers = var_operand_def(BufferType)
    binding_offsets = var_operand_def(IndexType)
    binding_lengths = var_operand_def(IndexType)
    flags = prop_def(ExecuteFlagsAttr)

    irdl_options = (SameVariadicOperandSize(),)
    custom_directives = (Bindings,)
    assembly_format = (
        f"{QUEUE} {FENCES} `commands` `(` $command_buffer `)` "
        "`bindings` `(` `[` custom<Bindings>($binding_buffers, type($binding_buffers), $binding_offsets, $binding_lengths) `]` `)` "
        f"{FLAGS}"
    )

    def __init__(self, queue: Sequence[SSAValue], command_buffer: SSAValue, bindings: Sequence[tuple[SSAValue, SSAValue, SSAValue]]):
        buffers, offsets, lengths = zip(*bindings, strict=True) if bindings else ((), (), ())
        super().__init__(operands=[*queue, command_buffer, buffers, offsets, lengths], properties={"flags": ExecuteFlagsAttr(0)})


@irdl_op_definition
class DeviceQueueFlushOp(HALOp):
    """Makes sure that submitted work starts."""

    name = "hal.device.queue.flush"

    device = operand_def(DeviceType)
    queue_affinity = operand_def(i64)

    assembly_format = f"{QUEUE} attr-dict-with-keyword"
