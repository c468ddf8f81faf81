"""Drops executables and exports that nothing dispatches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import is_private, referenced_symbols


@dataclass(frozen=True)
class PruneExecutables(ModulePass):
    """Erases private executables that no op outside of executables refers to.

    before:  hal.executable private @unused { ... }
    after:   (nothing)

    Legal because only ops of the host code load and dispatch executables.
    """

    name: ClassVar[str] = "iree-hal-prune-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        used: set[str] = set()
        cache: dict[int, frozenset[str]] = {}
        executables: list[hal.ExecutableOp] = []
        for op in module.body.block.ops:
            if isinstance(op, hal.ExecutableOp):
                executables.append(op)
                continue
            for inner in op.walk():
                for attribute in inner.properties.values():
                    used |= referenced_symbols(attribute, cache)
        for executable in executables:
            if is_private(executable) and executable.sym_name.data not in used:
                executable.detach()
                executable.erase()
