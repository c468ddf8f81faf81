"""Chooses how each kernel is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import variants_with_backends


@dataclass(frozen=True)
class ConfigureExecutables(ModulePass):
    """Lets the target backend of each variant choose a strategy for each function; the choice is visible as attributes.

    before:  func.func @f() { ... linalg.matmul ... }
    after:   func.func @f() attributes {translation_info = #iree_codegen.translation_info<...>} { ... linalg.matmul ... }
    """

    name: ClassVar[str] = "iree-hal-configure-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for backend, variant in variants_with_backends(module):
            backend.configure(context, variant)
