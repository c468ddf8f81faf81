"""iree-stream-verify-*: what each step of the phase must leave behind. Each raises an error that names the first op out of place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation

from pyrie.dialects import stream
from pyrie.dialects.stream.types import UNKNOWN, ResourceType
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import host_functions

_UNSUPPORTED = {
    "flow.dispatch.workgroups": "outline dispatches first (the flow phase)",
    "flow.dispatch.region": "form dispatches first (the dispatch-creation phase)",
    "hal.tensor.alias": "results in storage of the caller are not supported yet",
    "hal.tensor.barrier": "compile with the synchronous invocation model",
    "hal.tensor.transients": "transient storage of the caller is not supported yet",
    "flow.call": "streamable calls are not supported yet",
}


def host_ops(module: ModuleOp) -> Iterator[Operation]:
    """Every op that runs on the host."""
    for function in host_functions(module):
        yield from function.regions[0].walk()


@dataclass(frozen=True)
class VerifyInput(ModulePass):
    """Refuses programs that the stream phase cannot schedule: collectives, several devices, unformed dispatches. Changes nothing."""

    name = "iree-stream-verify-input"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in host_ops(module):
            if op.name in _UNSUPPORTED:
                raise unsupported_at(op, "cannot be scheduled", hint=_UNSUPPORTED[op.name])
            if op.name.startswith(("flow.collective.", "flow.channel.")):
                raise unsupported_at(op, "exchanges data between devices", hint="one device is supported")
        for op in module.body.block.ops:
            if (affinity := op.attributes.get("stream.affinity")) is not None and affinity != module.attributes.get(
                "stream.affinity.default"
            ):
                raise unsupported_at(op, f"asks for the affinity {affinity}", hint="one device is supported, the module's default affinity")


@dataclass(frozen=True)
class VerifyLoweringToTensors(ModulePass):
    """No tensor is left on the host. Changes nothing."""

    name = "iree-stream-verify-lowering-to-tensors"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in host_ops(module):
            for value in (*op.operands, *op.results):
                if isinstance(value.type, TensorType):
                    raise error_at(op, f"still handles a tensor ({value.type})")


@dataclass(frozen=True)
class VerifyLoweringToAsyncResources(ModulePass):
    """No `stream.tensor.*` is left but imports, exports and traces. Changes nothing."""

    name = "iree-stream-verify-lowering-to-async-resources"

    def apply(self, context: Context, module: ModuleOp) -> None:
        kept = (stream.TensorImportOp, stream.TensorExportOp, stream.TensorTraceOp)
        for op in host_ops(module):
            if op.name.startswith("stream.tensor.") and not isinstance(op, kept):
                raise error_at(op, "still handles a tensor")


@dataclass(frozen=True)
class VerifyLoweringToAsync(ModulePass):
    """Every resource has a lifetime. Changes nothing."""

    name = "iree-stream-verify-lowering-to-async"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in host_ops(module):
            for value in (*op.operands, *op.results):
                if isinstance(value.type, ResourceType) and value.type.lifetime.data == UNKNOWN:
                    raise error_at(op, "has a resource of unknown lifetime")


@dataclass(frozen=True)
class VerifyLoweringToCmd(ModulePass):
    """No `stream.async.*` is left: all memory is explicit. Changes nothing."""

    name = "iree-stream-verify-lowering-to-cmd"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in host_ops(module):
            if op.name.startswith("stream.async."):
                raise error_at(op, "still has value semantics")
