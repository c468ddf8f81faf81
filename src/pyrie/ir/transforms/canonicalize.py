"""Brings every op into its simplest form."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.rewriting import canonicalize


@dataclass(frozen=True)
class Canonicalize(ModulePass):
    """Folds, applies every op's own canonicalization patterns, simplifies blocks, and drops what is unused.

    before:  %0 = arith.addi %x, %c0 : index        (and nobody reads %1 = arith.muli %x, %x)
    after:   uses of %0 read %x

    Legal because each fold and pattern keeps the meaning of its op, and only pure ops are dropped.
    """

    name = "canonicalize"

    def apply(self, context: Context, module: ModuleOp) -> None:
        canonicalize(module)
