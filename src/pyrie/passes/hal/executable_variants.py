"""The variants of the module's executables, and who generates their code."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp

from pyrie.codegen.target import TargetBackend, load_backend
from pyrie.dialects import hal


def variants_with_backends(module: ModuleOp) -> Iterator[tuple[TargetBackend, hal.ExecutableVariantOp]]:
    """Every variant of every executable, with the code generator for its target. Raises InputError for a backend that does not exist."""
    for op in module.body.block.ops:
        if isinstance(op, hal.ExecutableOp):
            for variant in op.variants:
                yield load_backend(variant.target.backend.data), variant
