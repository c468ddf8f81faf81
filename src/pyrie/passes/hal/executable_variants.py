"""The variants of the module's executables, their code, and who generates it."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from pyrie.codegen.target import TargetBackend, load_backend
from pyrie.dialects import hal


def variants(module: ModuleOp) -> Iterator[hal.ExecutableVariantOp]:
    """Every variant of every executable, in order."""
    for op in module.body.block.ops:
        if isinstance(op, hal.ExecutableOp):
            yield from op.variants


def inner_module(executable: Operation) -> ModuleOp | None:
    """The code of a variant, of a hand-written source or of a stream.executable; None if it is elsewhere."""
    return next((op for op in executable.regions[0].block.ops if isinstance(op, ModuleOp)), None)


def variants_with_backends(module: ModuleOp) -> Iterator[tuple[TargetBackend, hal.ExecutableVariantOp]]:
    """Every variant of every executable, with the code generator for its target. Raises InputError for a backend that does not exist."""
    for variant in variants(module):
        yield load_backend(variant.target.backend.data), variant
