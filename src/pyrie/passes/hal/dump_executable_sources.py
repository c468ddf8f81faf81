"""Writes each executable to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_files import module_name, relocate, standalone_text, write_listing


@dataclass(frozen=True)
class DumpExecutableSources(ModulePass):
    """Writes every executable to `path`/[PREFIX_]MODULE_EXECUTABLE.mlir (to standard output without a path).

    before:  hal.executable private @e { ... } loc("model.mlir":7:1)
    after:   the same, loc("path/module_e.mlir":1:0)

    Legal because only locations change: from here on errors and profiles show the small file instead of the whole model.
    """

    name: ClassVar[str] = "iree-hal-dump-executable-sources"

    path: str = ""
    prefix: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        prefix = f"{self.prefix}_" if self.prefix else ""
        for op in module.body.block.ops:
            if isinstance(op, hal.ExecutableOp):
                file = f"{prefix}{module_name(module)}_{op.sym_name.data}.mlir"
                text = standalone_text(op)
                written = write_listing(op, self.path, file, text)
                relocate(context, op, text, str(Path(written)))
