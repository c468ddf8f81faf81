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


@dataclass(frozen=True)
class ElideRedundantCommands(ModulePass):
    """Erases an execution barrier when the command before it on the same command buffer, in the same block, is a barrier of the
    same stages or more.

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
    behind: dict[SSAValue, tuple[int, int]] = {}  # command buffer -> the stages of the barrier that was recorded last
    for op in ops:
        if not isinstance(op, hal.CommandBufferExecutionBarrierOp):
            for operand in (operand for inner in op.walk() for operand in inner.operands):
                behind.pop(operand, None)
            continue
        source, target = behind.get(op.command_buffer, (0, 0))
        if op.source_stage_mask.data | source == source and op.target_stage_mask.data | target == target:
            op.detach()
            op.erase()
        else:
            behind[op.command_buffer] = op.source_stage_mask.data, op.target_stage_mask.data
