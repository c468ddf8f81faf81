"""A command buffer being recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.ir import SSAValue

from pyrie.dialects import hal
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.state import Conversion

SOURCE_STAGES = hal.ExecutionStageAttr.of("CommandRetire", "Transfer", "Dispatch")
TARGET_STAGES = hal.ExecutionStageAttr.of("CommandIssue", "Transfer", "Dispatch")


@dataclass
class Recorder:
    """Where commands of one command buffer are put."""

    c: Conversion
    emit: Emitter
    command_buffer: SSAValue
    _device: SSAValue | None = None

    def device(self) -> SSAValue:
        """The device that the recording is for."""
        if self._device is None:
            made = hal.CommandBufferDeviceOp.build(operands=[self.command_buffer], result_types=[hal.DeviceType()])
            self._device = self.emit.emit(made).device
        return self._device

    def barrier(self) -> None:
        """Lets what follows start when all before is through."""
        self.emit.emit(hal.CommandBufferExecutionBarrierOp(self.command_buffer, SOURCE_STAGES, TARGET_STAGES))


# Records a command and returns what stands for its results.
Record = Callable[[Recorder, Any], list[SSAValue]]
