"""iree-util-combine-initializers"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Region

from pyrie.dialects import cf, util
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class CombineInitializers(ModulePass):
    """Joins all initializers into one at the place of the last, so that they are simplified together.

    before:  util.initializer { a; util.return }  util.initializer { b; util.return }
    after:   util.initializer { a; b; util.return }

    Legal because they run one after the other, nothing else runs in between, and globals are all there from the start.
    """

    name = "iree-util-combine-initializers"

    def apply(self, context: Context, module: ModuleOp) -> None:
        initializers = [op for op in module.ops if isinstance(op, util.InitializerOp)]
        if len(initializers) < 2:
            return
        last = initializers[-1]
        region = Region()
        following: Block | None = None
        for op in reversed(initializers):
            blocks = list(op.body.blocks)
            for block in blocks:
                op.body.detach_block(block)
            if following is not None:
                for block in blocks:
                    if isinstance(terminator := block.last_op, util.ReturnOp):
                        terminator.detach()
                        terminator.erase()
                        block.add_op(cf.BranchOp(following))
            for i, block in enumerate(blocks):
                region.insert_block(block, i)
            following = blocks[0]
        combined = util.InitializerOp(region)
        combined.location = last.location
        module.body.block.insert_op_before(combined, last)
        for op in initializers:
            op.detach()
            op.erase()
