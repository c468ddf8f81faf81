"""Throws device code away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import inner_module, variants


@dataclass(frozen=True)
class StripExecutableContents(ModulePass):
    """Erases the code of every variant and keeps its exports (an aid for reading what the host does).

    before:  hal.executable.variant @v target(#t) { hal.executable.export @f ...; builtin.module { func.func @f() { ... } } }
    after:   hal.executable.variant @v target(#t) { hal.executable.export @f ... }

    Legal for the host's part, which refers to exports only; the program can no longer be serialized.
    """

    name: ClassVar[str] = "iree-hal-strip-executable-contents"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for variant in variants(module):
            if (code := inner_module(variant)) is not None:
                code.detach()
                code.erase()
