"""Runs each dispatch several times, to measure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import host_functions

BEFORE = hal.ExecutionStageAttr.of("CommandRetire", "Dispatch")
AFTER = hal.ExecutionStageAttr.of("CommandIssue", "Dispatch")


@dataclass(frozen=True)
class RepeatDispatches(ModulePass):
    """Records every dispatch `count` times, one behind the other (a benchmarking aid).

    before:  hal.command_buffer.dispatch<%c> target(%e)[%f] ...
    after:   hal.command_buffer.dispatch<%c> target(%e)[%f] ...; hal.command_buffer.execution_barrier<%c> ...
             hal.command_buffer.dispatch<%c> target(%e)[%f] ...

    Legal only for timing: a dispatch that updates a buffer in place gives another result the second time. The barriers keep a small
    dispatch from filling idle processors with its own repetitions.
    """

    name: ClassVar[str] = "iree-hal-repeat-dispatches"

    count: int = 1

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in [op for op in function.walk() if isinstance(op, hal.CommandBufferDispatchOp)]:
                block = op.parent
                assert block is not None
                for _ in range(1, self.count):
                    barrier = hal.CommandBufferExecutionBarrierOp(op.command_buffer, BEFORE, AFTER)
                    barrier.location = op.location
                    block.insert_ops_before([op.clone(), barrier], op)
