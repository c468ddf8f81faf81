"""Splices memoize regions in place: nothing is memoized, the debugging aid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import replace

ONE_SHOT = hal.CommandBufferModeAttr.of("OneShot")


@dataclass(frozen=True)
class InlineMemoizeRegions(ModulePass):
    """Runs each memoize region where it stands, every time.

    before:  %r = hal.device.memoize<%d> affinity(%a) -> T { %c = hal.command_buffer.create ... mode("None") ...; hal.return %c }
    after:   %r = hal.command_buffer.create ... mode(OneShot) ...

    Legal because a region's results may not depend on how often it runs; each recording is now used once, hence one-shot.
    """

    name: ClassVar[str] = "iree-hal-inline-memoize-regions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for region in [op for op in module.walk() if isinstance(op, hal.DeviceMemoizeOp)]:
            inline_region(region)


def inline_region(region: hal.DeviceMemoizeOp) -> None:
    """Puts what the region does in its place. Its recordings must be submitted at most once."""
    for op in region.body.walk():
        if isinstance(op, hal.CommandBufferCreateOp):
            op.properties["modes"] = hal.CommandBufferModeAttr(op.modes.data | ONE_SHOT.data)
    terminator = region.body.block.last_op
    assert isinstance(terminator, hal.ReturnOp)
    returned = list(terminator.operands)
    Rewriter.erase_op(terminator)
    Rewriter.inline_block(region.body.block, InsertPoint.before(region))
    replace(region, returned)
