"""stream -> hal: resources become buffers, timepoints fences, executions command buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, Region

from pyrie.dialects import hal, stream
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.conversion import channels, devices, executions, files, resources, tensors, timepoints
from pyrie.passes.hal.conversion.commands import convert_function
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.state import Conversion, Lowering, Recording
from pyrie.passes.hal.conversion.types import convert_types, host_functions
from pyrie.passes.stream.emitter import replace

FAMILIES = (channels, devices, executions, files, resources, tensors, timepoints)
LOWERINGS: dict[type[Operation], Lowering] = {cls: lower for family in FAMILIES for cls, lower in family.LOWERINGS.items()}
LEFT = "cannot be converted to the hal dialect"
LEFT_HINT = "the phases before this one leave no such op here"


@dataclass(frozen=True)
class ConvertToHAL(ModulePass):
    """Converts all host code of the stream dialect to the hal dialect.

    before:  %t = stream.cmd.execute with(%r as %b: ...) { stream.cmd.dispatch @e::@v::@f { rw %b[...] } } => !stream.timepoint
    after:   %cmd = hal.device.memoize<%device> affinity(%any) -> !hal.command_buffer { ... hal.command_buffer.dispatch ... }
             hal.device.queue.execute.indirect<%device> ... signal(%fence) commands(%cmd) bindings([(%buffer)[0, %size]])

    Legal because a fence is reached when its timepoint would be, and a recording is used again only where nothing that is in it changes:
    an execution is recorded in a memoize region when it is not `once`, is not a single fill or copy (that is an operation of the queue),
    every integer, index or float it uses is a constant or an immutable global, and at least one buffer may differ between executions and
    goes through the binding table. All others are recorded each time, for one use.

    `memoization`: make memoize regions at all. `indirect_command_buffers`: use binding tables, without which nothing can be memoized.
    `force_indirect_command_buffers`, `memoize_dynamic`: make memoize regions of executions whose scalars change too. A region then
    captures them, and outlining makes them keys of a cache (or runs the region each time), so that no stale recording is used.
    """

    name: ClassVar[str] = "iree-hal-conversion"

    memoization: bool = True
    indirect_command_buffers: bool = True
    force_indirect_command_buffers: bool = False
    memoize_dynamic: bool = False

    def apply(self, context: Context, module: ModuleOp) -> None:
        recording = Recording(self.memoization, self.indirect_command_buffers, self.force_indirect_command_buffers, self.memoize_dynamic)
        conversion = Conversion(module, recording)
        for op in list(module.body.block.ops):
            if isinstance(op, stream.CmdFuncOp):
                convert_function(op)
            elif isinstance(op, stream.StreamOp):
                raise unsupported_at(op, LEFT, hint=LEFT_HINT)
        convert_types(conversion, module)
        for function in host_functions(module):
            for region in function.regions:
                _convert_region(conversion, region)
        _strip_exports(module)
        module.attributes.pop("stream.affinity.default", None)


def _convert_region(conversion: Conversion, region: Region) -> None:
    for block in region.blocks:
        for op in list(block.ops):
            if op.parent is None:
                continue  # consumed together with an earlier op
            lowering = LOWERINGS.get(type(op))
            if lowering is not None:
                replace(op, lowering(conversion, Emitter.before(op), op))
            elif isinstance(op, stream.StreamOp):
                raise unsupported_at(op, LEFT, hint=LEFT_HINT)
            else:
                for nested in op.regions:
                    _convert_region(conversion, nested)


def _strip_exports(module: ModuleOp) -> None:
    """Drops what exports said about dispatches: it has been copied to each of them."""
    for op in module.body.block.ops:
        if isinstance(op, hal.ExecutableOp):
            for variant in op.variants:
                for export in variant.exports:
                    export.properties.pop("condition_fallback", None)
                    for region in (export.condition, export.workgroup_count):
                        for block in list(region.blocks):
                            region.erase_block(block, safe_erase=False)  # others of the region, which go too, may use its values
