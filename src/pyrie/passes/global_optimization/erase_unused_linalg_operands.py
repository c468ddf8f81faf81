"""Inputs of linalg.generic that its body does not read, or that come twice."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.dialects.linalg import GenericOp
from pyrie.dialects.linalg.fusion import without_redundant_inputs
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class EraseUnusedLinalgOperands(ModulePass):
    """Drops inputs that are not read and reads an input that comes twice once.

    before:  linalg.generic ins(%x, %x, %y) { ^bb0(%a, %b, %c, %out): yield (%a * %b) }
    after:   linalg.generic ins(%x)         { ^bb0(%a, %out): yield (%a * %a) }

    Legal because the body sees the same elements; an input that alone gives the extent of a loop stays.
    """

    name = "iree-global-opt-erase-unused-linalg-operands"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, GenericOp)]:
            smaller = without_redundant_inputs(op)
            if smaller is not None:
                Rewriter.replace_op(op, smaller)
