"""The workgroup count of an export as arithmetic over its workload: the size of the grid that the kernel expects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.ir import Block, Operation, OpResult, SSAValue

from pyrie.codegen.cpu.lowering.dispatch import TRANSPARENT, Dispatch
from pyrie.codegen.cpu.lowering.nests import blocks_of, pieces
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder
from pyrie.dialects import arith, hal
from pyrie.dialects.iree_tensor_ext import (
    DispatchWorkgroupCountFromSliceOp,
    DispatchWorkgroupCountSplitReductionModifierOp,
    DispatchWorkloadOrdinalOp,
)
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

if TYPE_CHECKING:
    from pyrie.codegen.cpu.strategies.plan import Plan


def replace_count(export: hal.ExecutableExportOp, dispatch: Dispatch, plans: Sequence[Plan]) -> None:
    """Replaces `workgroup_count_from_slice` in an export's count region; a region that has none is left as it is."""
    if not export.workgroup_count.blocks:
        return
    block = export.workgroup_count.block
    op = next((o for o in block.ops if isinstance(o, DispatchWorkgroupCountFromSliceOp)), None)
    if op is None:
        return
    scratch = Block()
    builder = KernelBuilder(scratch)
    counted = _Workload(dispatch, builder, op.workload)
    total: Index = 0
    for piece, plan in zip(pieces(dispatch), plans, strict=True):
        share: Index = 1
        for _, count in blocks_of(builder, counted.extents(piece.value), plan.tiling):
            share = builder.mul(share, count)
        total = share if total == 0 else _largest(builder, total, share)
    results = [builder.index(total), builder.index(1), builder.index(1)]
    for made in list(scratch.ops):
        made.detach()
        block.insert_op_before(made, op)
    for result, value in zip(op.results, results, strict=True):
        result.replace_all_uses_with(value)
    op.detach()
    op.erase()
    _drop_split_reductions(block)


def _drop_split_reductions(block: Block) -> None:
    """Kernels compute whole reductions, whatever a modifier of the count expects."""
    for op in list(block.ops):
        if isinstance(op, DispatchWorkgroupCountSplitReductionModifierOp):
            for result, value in zip(op.results, (op.workgroup_x, op.workgroup_y, op.workgroup_z), strict=True):
                result.replace_all_uses_with(value)
            op.detach()
            op.erase()


def _largest(builder: KernelBuilder, a: Index, b: Index) -> Index:
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return builder.pure(arith.MaxUIOp, [builder.index(a), builder.index(b)], [builder.index(a).type]).results[0]


class _Workload(Dispatch):
    """The sizes of a dispatch's tensors, with the workload's operands for its workload ordinals."""

    def __init__(self, dispatch: Dispatch, builder: KernelBuilder, workload: Sequence[SSAValue]):
        super().__init__(dispatch.function, builder, dispatch.module)
        self.workload = list(workload)

    def _carry(self, value: SSAValue) -> SSAValue:
        op = value.owner
        if isinstance(op, DispatchWorkloadOrdinalOp):
            return self.workload[op.ordinal.value.data]
        if (
            isinstance(op, Operation)
            and (op.name in TRANSPARENT or isinstance(value, OpResult))
            and op.name != "hal.interface.constant.load"
        ):
            return super()._carry(value)
        hint = "sizes that decide the number of workgroups come from iree_tensor_ext.dispatch.workload.ordinal"
        location = location_of(op) if isinstance(op, Operation) else None
        raise UnsupportedError("the workgroup count depends on a value that is not in the workload", location=location, hint=hint)
