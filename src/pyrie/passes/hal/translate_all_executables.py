"""Makes kernels of the functions of executables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.executable_variants import variants_with_backends


@dataclass(frozen=True)
class TranslateExecutables(ModulePass):
    """Lets the target backend lower each function to a kernel; workgroup counts become arithmetic.

    before:  func.func @f() { ... linalg.matmul on tensors ... }
    after:   func.func @f() { loops over vectors and memory }
    """

    name: ClassVar[str] = "iree-hal-translate-all-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for backend, variant in variants_with_backends(module):
            backend.translate(context, variant)
