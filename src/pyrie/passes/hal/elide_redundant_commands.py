"""Drops barriers behind barriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import host_functions

FULL = hal.ExecutionStageAttr.of("CommandRetire", "Transfer", "Dispatch").data


@dataclass(frozen=True)
class ElideRedundantCommands(ModulePass):
    """Erases an execution barrier when the command before it on the same command buffer, in the same block, is a full barrier.

    before:  hal.command_buffer.execution_barrier<%c> ...; hal.command_buffer.execution_barrier<%c> ...
    after:   hal.command_buffer.execution_barrier<%c> ...

    Legal because nothing was recorded between them that the second could wait for.
    """

    name: ClassVar[str] = "iree-hal-elide-redundant-commands"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in list(function.walk()):
                for region in op.regions:
                    for block in region.blocks:
                        _elide(list(block.ops))


def _elide(ops: list[Operation]) -> None:
    behind_barrier: set[SSAValue] = set()
    for op in ops:
        if isinstance(op, hal.CommandBufferExecutionBarrierOp):
            if op.command_buffer in behind_barrier:
                op.detach()
                op.erase()
            elif op.source_stage_mask.data & FULL and op.target_stage_mask.data & FULL:
                behind_barrier.add(op.command_buffer)
        else:
            behind_barrier.difference_update(operand for inner in op.walk() for operand in inner.operands)
