"""Empty tensors between dispatches."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IndexType, IntegerAttr, ModuleOp, TensorType
from xdsl.rewriter import Rewriter

from pyrie.dialects.arith import ConstantOp
from pyrie.dialects.flow import TensorEmptyOp, TensorSplatOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class InitializeEmptyTensors(ModulePass):
    """Zero-fills empty tensors when asked to; left alone they stay uninitialized memory.

    before:  %e = flow.tensor.empty : tensor<4xf32>
    after:   %e = flow.tensor.splat %zero : tensor<4xf32>

    Legal because the elements of an empty tensor are unspecified, so any will do.
    """

    name = "iree-flow-initialize-empty-tensors"

    zero_fill: bool = False

    def apply(self, context: Context, module: ModuleOp) -> None:
        if not self.zero_fill:
            return
        for op in [op for op in module.walk() if isinstance(op, TensorEmptyOp)]:
            type_ = op.results[0].type
            assert isinstance(type_, TensorType)
            element = type_.element_type
            if isinstance(element, AnyFloat):
                zero = ConstantOp(FloatAttr(0.0, element))
            elif isinstance(element, IndexType):
                zero = ConstantOp(IntegerAttr(0, element))
            else:
                zero = ConstantOp(IntegerAttr(0, element))  # pyright: ignore[reportArgumentType, reportCallIssue]
            splat = TensorSplatOp.build(operands=[zero.result, list(op.operands)], result_types=[type_])
            Rewriter.replace_op(op, [zero, splat])
