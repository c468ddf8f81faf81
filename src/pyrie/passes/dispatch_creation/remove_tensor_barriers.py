"""The markers that kept computation away from the boundary."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

BARRIERS = ("iree_tensor_ext.compute_barrier.start", "iree_tensor_ext.compute_barrier.end")


@dataclass(frozen=True)
class RemoveTensorBarriers(ModulePass):
    """Replaces each compute barrier by its operand.

    before:  %1 = iree_tensor_ext.compute_barrier.start %0 : tensor<4xf32> -> tensor<4xf32>
    after:   uses of %1 read %0

    Legal because a barrier is the identity.
    """

    name = "iree-dispatch-creation-remove-tensor-barriers"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if op.name in BARRIERS]:
            Rewriter.replace_op(op, [], [op.operands[0]])
