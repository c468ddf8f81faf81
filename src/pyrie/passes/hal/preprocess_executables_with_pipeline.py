"""Runs passes on each executable by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.pass_options import parse_pipeline
from pyrie.ir.passes import ModulePass, Pipeline


@dataclass(frozen=True)
class PreprocessExecutablesWithPipeline(ModulePass):
    """Runs the passes of the textual `pipeline` on every executable, which they see as the only op of a module.

    before:  hal.executable @e { ... }
    after:   what `builtin.module(PASSES)` makes of a module that holds @e

    Legal if the passes are: that is the user's promise, who specializes executables for a target this way.
    """

    name: ClassVar[str] = "iree-hal-preprocess-executables-with-pipeline"

    pipeline: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        from pyrie.passes.registry import load_pass  # the table names this module too

        passes = parse_pipeline(self.pipeline, load_pass)
        for executable in [op for op in module.body.block.ops if isinstance(op, hal.ExecutableOp)]:
            marker = executable.next_op
            executable.detach()
            alone = ModuleOp([executable])
            alone.location = executable.location
            try:
                Pipeline(f"preprocessing of @{executable.sym_name.data}", *passes).run(context, alone)
            finally:
                point = InsertPoint.before(marker) if marker is not None else InsertPoint.at_end(module.body.block)
                for op in list(alone.body.block.ops):
                    op.detach()
                    Rewriter.insert_op(op, point)
