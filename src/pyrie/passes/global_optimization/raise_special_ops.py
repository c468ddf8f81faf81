"""Recognizes what front ends spell out: softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import arith
from pyrie.dialects import math as math_dialect
from pyrie.dialects.folding import constant_attribute, splat_number
from pyrie.dialects.linalg import FillOp, GenericOp, SoftmaxOp
from pyrie.dialects.linalg.interface import (
    accumulation,
    copies_input,
    is_all_parallel,
    is_identity,
    output_maps,
    permuted_dims,
    reduction_dims,
)
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.transforms.dce import erase_dead_ops


@dataclass(frozen=True)
class RaiseSpecialOps(ModulePass):
    """Turns max, subtract, exp, sum and divide along one dimension into linalg.softmax.

    before:  %m = reduce max %x; %d = %x - broadcast %m; %e = exp %d; %s = reduce sum %e; %r = %e / broadcast %s
    after:   %r = linalg.softmax dimension(N) ins(%x) outs(%empty)

    Legal because that is the definition of softmax; the maximum starts at -inf and the sum at 0.
    """

    name = "iree-global-opt-raise-special-ops"

    def apply(self, context: Context, module: ModuleOp) -> None:
        changed = False
        for op in [op for op in module.walk() if isinstance(op, GenericOp)]:
            found = match_softmax(op)
            if found is not None:
                source, dimension = found
                Rewriter.replace_op(op, SoftmaxOp(source, op.outputs[0], dimension))
                changed = True
        if changed:
            erase_dead_ops(module)


def match_softmax(division: GenericOp) -> tuple[SSAValue, int] | None:
    """The argument and dimension of the softmax that ends in `division`, or None."""
    operands = _binary_inputs(division, arith.DivfOp)
    if operands is None:
        return None
    powers, broadcast_sum = operands
    total, dimension = _broadcast_of_reduction(broadcast_sum, arith.AddfOp, 0.0) or (None, -1)
    exponential = powers.owner
    if total != powers or not isinstance(exponential, GenericOp) or not _is_pointwise(exponential):
        return None
    body = list(exponential.body.block.ops)
    if len(body) == 2 and isinstance(body[0], math_dialect.ExpOp) and len(exponential.inputs) == 1:
        difference = _binary_inputs(exponential.inputs[0].owner, arith.SubfOp)
    elif len(body) == 3 and isinstance(body[0], arith.SubfOp) and isinstance(body[1], math_dialect.ExpOp):
        difference = _arguments(exponential, body[0])
    else:
        return None
    if difference is None:
        return None
    source, maximum = difference
    found = _broadcast_of_reduction(maximum, arith.MaximumfOp, -math.inf) or _broadcast_of_reduction(maximum, arith.MaxnumfOp, -math.inf)
    return (source, dimension) if found == (source, dimension) else None


def _is_pointwise(op: GenericOp) -> bool:
    return len(op.outputs) == 1 and is_all_parallel(op) and is_identity(output_maps(op)[0])


def _arguments(op: GenericOp, inner: Operation) -> tuple[SSAValue, SSAValue] | None:
    """The tensors whose elements the two operands of `inner` are; the first read in place."""
    arguments = list(op.body.block.args)
    positions = [arguments.index(value) if value in arguments else -1 for value in inner.operands]  # pyright: ignore[reportArgumentType]
    if min(positions) < 0 or max(positions) >= len(op.inputs) or not is_identity(op.maps()[positions[0]]):
        return None
    second, map_ = op.inputs[positions[1]], op.maps()[positions[1]]
    return None if permuted_dims(map_) is None else (op.inputs[positions[0]], second)


def _binary_inputs(op: object, kind: type[Operation]) -> tuple[SSAValue, SSAValue] | None:
    """The two tensors that a pointwise generic combines with one op."""
    if not isinstance(op, GenericOp) or not _is_pointwise(op):
        return None
    body = list(op.body.block.ops)
    if len(body) != 2 or not isinstance(body[0], kind) or body[1].operands[0] != body[0].results[0]:
        return None
    return _arguments(op, body[0])


def _broadcast_of_reduction(value: SSAValue, kind: type[Operation], initial: float) -> tuple[SSAValue, int] | None:
    """The reduced tensor and the dimension, when `value` is a reduction by `kind` along one dimension, broadcast or not."""
    op = value.owner
    if isinstance(op, GenericOp) and is_all_parallel(op) and copies_input(op):
        op = op.inputs[0].owner
    if not isinstance(op, GenericOp) or len(op.inputs) != 1 or not is_identity(op.maps()[0]):
        return None
    reduced, found = reduction_dims(op), accumulation(op)
    kept = [dim for dim in range(len(op.iterators())) if dim not in reduced]
    if len(reduced) != 1 or found is None or not isinstance(found[0], kind) or permuted_dims(op.maps()[1]) != kept:
        return None
    start = op.outputs[0].owner
    number = splat_number(constant_attribute(start.inputs[0])) if isinstance(start, FillOp) else None
    if found[1] is not op.body.block.args[0] or number is None or float(number) != initial:
        return None
    return op.inputs[0], reduced[0]
