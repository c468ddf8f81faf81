"""Named ops whose name helps nobody become linalg.generic, so that they fuse."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.dialects.linalg import BroadcastOp, ContractOp, CopyOp, ElementwiseOp, MapOp, ReduceOp, StructuredOp, TransposeOp
from pyrie.dialects.linalg.interface import generalized
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

GENERALIZED: tuple[type[StructuredOp], ...] = (BroadcastOp, ContractOp, CopyOp, ElementwiseOp, MapOp, ReduceOp, TransposeOp)


@dataclass(frozen=True)
class GeneralizeLinalgNamedOps(ModulePass):
    """Turns elementwise, movement and reduction ops into linalg.generic; contractions, convolutions and fills keep their names.

    before:  %t = linalg.transpose ins(%x : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) permutation = [1, 0]
    after:   %t = linalg.generic {indexing_maps = [(d0, d1) -> (d1, d0), (d0, d1) -> (d0, d1)], ...} ins(%x) outs(%e) { yield %in }

    Legal because a named op is by definition the generic op with its maps, iterators and body.
    """

    name = "iree-global-opt-generalize-linalg-named-ops"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, GENERALIZED)]:
            Rewriter.replace_op(op, generalized(op))
