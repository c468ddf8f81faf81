"""Replaces composites by calls of the functions that spell them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.dialects import func
from pyrie.dialects import stablehlo as hlo
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class LegalizeComposites(ModulePass):
    """Turns each composite into a call; the inliner and the removal of unused functions do the rest.

    before:  %0 = stablehlo.composite "my.gelu" %x {decomposition = @gelu, ...} : (tensor<4xf32>) -> tensor<4xf32>
    after:   %0 = func.call @gelu(%x) : (tensor<4xf32>) -> tensor<4xf32>

    Legal because a composite means what its decomposition computes. `keep` names composites that a later pass lowers as a whole.
    """

    name: ClassVar[str] = "stablehlo-legalize-composite-to-call"

    keep: tuple[str, ...] = ()

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, hlo.CompositeOp) and op.composite_name.data not in self.keep]:
            call = func.CallOp(op.decomposition, list(op.inputs), list(op.result_types))
            call.location = op.location
            Rewriter.replace_op(op, call)
