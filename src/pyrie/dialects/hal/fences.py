"""Fences, and files in memory."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, i32, i64
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def, var_operand_def
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import EffectInstance, MemoryAllocEffect, MemoryEffectKind

from pyrie.dialects.hal.assembly import HALOp
from pyrie.dialects.hal.enums import FenceFlagsAttr, MemoryAccessAttr, WaitFlagsAttr
from pyrie.dialects.hal.types import DeviceType, FenceType, FileType
from pyrie.dialects.util.types import BufferType as HostBufferType


@irdl_op_definition
class ExFileFromMemoryOp(HALOp):
    """A file over host memory."""

    name = "hal.ex.file.from_memory"

    device = operand_def(DeviceType)
    queue_affinity = operand_def(i64)
    access = prop_def(MemoryAccessAttr)
    buffer = operand_def(HostBufferType)
    offset = operand_def(IndexType)
    length = operand_def(IndexType)
    flags = operand_def(i32)
    result = result_def(FileType)

    RESULT_NAMES: ClassVar = ("memory_file",)
    assembly_format = (
        "`device` `(` $device `:` type($device) `)` `affinity` `(` $queue_affinity `)` `access` `(` $access `)` "
        "`buffer` `(` $buffer `:` type($buffer) `)` `` `[` $offset `for` $length `]` `flags` `(` $flags `)` "
        "`:` type($result) attr-dict-with-keyword"
    )

    def __init__(
        self,
        device: SSAValue,
        affinity: SSAValue,
        access: MemoryAccessAttr,
        buffer: SSAValue,
        offset: SSAValue,
        length: SSAValue,
        flags: SSAValue,
    ):
        super().__init__(
            operands=[device, affinity, buffer, offset, length, flags], properties={"access": access}, result_types=[FileType()]
        )


class AllocatesResult(MemoryAllocEffect):
    """Makes something new, which nobody misses if it is not used."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return {EffectInstance(MemoryEffectKind.ALLOC, op.results[0])}


@irdl_op_definition
class FenceCreateOp(HALOp):
    """A fence that nothing has signaled yet."""

    name = "hal.fence.create"

    device = operand_def(DeviceType)
    flags = prop_def(FenceFlagsAttr)
    result = result_def(FenceType)

    RESULT_NAMES: ClassVar = ("fence",)
    traits = traits_def(AllocatesResult())
    assembly_format = "`device` `(` $device `:` type($device) `)` `flags` `(` $flags `)` `:` type($result) attr-dict-with-keyword"

    def __init__(self, device: SSAValue):
        super().__init__(operands=[device], properties={"flags": FenceFlagsAttr(0)}, result_types=[FenceType()])


@irdl_op_definition
class FenceJoinOp(HALOp, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """A fence reached when all are."""

    name = "hal.fence.join"

    flags = prop_def(FenceFlagsAttr)
    fences = var_operand_def(FenceType)
    result = result_def(FenceType)

    RESULT_NAMES: ClassVar = ("fence",)
    assembly_format = "`at` `(` `[` $fences `]` `)` `flags` `(` $flags `)` `->` type($result) attr-dict-with-keyword"

    def __init__(self, fences: Sequence[SSAValue]):
        super().__init__(operands=[fences], properties={"flags": FenceFlagsAttr(0)}, result_types=[FenceType()])

    def fold(self) -> Sequence[SSAValue | Attribute] | None:
        return (self.fences[0],) if len(self.fences) == 1 else None

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.canonicalization import SimplifyFenceJoin

        return (SimplifyFenceJoin(),)


@irdl_op_definition
class FenceQueryOp(HALOp):
    """Whether a fence is reached: ok, deferred, or what failed."""

    name = "hal.fence.query"

    fence = operand_def(FenceType)
    status = result_def(i32)

    assembly_format = "`<` $fence `:` type($fence) `>` `:` type($status) attr-dict-with-keyword"


@irdl_op_definition
class FenceSignalOp(HALOp, HasCanonicalizationPatternsInterface):
    """Reaches a fence."""

    name = "hal.fence.signal"

    fence = operand_def(FenceType)

    assembly_format = "`<` $fence `:` type($fence) `>` attr-dict-with-keyword"

    def __init__(self, fence: SSAValue):
        super().__init__(operands=[fence])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.canonicalization import DropSignalOfNewFence

        return (DropSignalOfNewFence(),)


@irdl_op_definition
class FenceFailOp(HALOp):
    """Ends a fence in failure."""

    name = "hal.fence.fail"

    fence = operand_def(FenceType)
    status = operand_def(i32)

    assembly_format = "`<` $fence `:` type($fence) `>` `status` `(` $status `)` attr-dict-with-keyword"


@irdl_op_definition
class FenceAwaitOp(HALOp, HasCanonicalizationPatternsInterface):
    """Waits until all fences are reached; the status is what failed."""

    name = "hal.fence.await"

    timeout_millis = operand_def(i32)
    flags = prop_def(WaitFlagsAttr)
    fences = var_operand_def(FenceType)
    status = result_def(i32)

    RESULT_NAMES: ClassVar = ("status",)
    assembly_format = (
        "`until` `(` `[` $fences `]` `)` `timeout_millis` `(` $timeout_millis `)` `flags` `(` $flags `)` `:` type($status) "
        "attr-dict-with-keyword"
    )

    def __init__(self, timeout_millis: SSAValue, fences: Sequence[SSAValue]):
        super().__init__(operands=[timeout_millis, fences], properties={"flags": WaitFlagsAttr(0)}, result_types=[i32])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from pyrie.dialects.hal.canonicalization import SimplifyFenceAwait

        return (SimplifyFenceAwait(),)
