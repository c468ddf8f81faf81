"""Spells out CHLO ops, and the StableHLO ops that are abbreviations, in plain StableHLO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from xdsl.builder import Builder
from xdsl.dialects.builtin import DYNAMIC_INDEX, AnyFloat, IndexType, ModuleOp, TensorType, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, chlo, tensor
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection, ComparisonType
from pyrie.dialects.stablehlo.movement import retyped
from pyrie.dialects.stablehlo.shapes import shape_of
from pyrie.dialects.tensor.shapes import known_size
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import location_of
from pyrie.ir.passes import ModulePass
from pyrie.support.errors import PyrieError


@dataclass(frozen=True)
class LegalizeCHLO(ModulePass):
    """Replaces ops that stand for several StableHLO ops. Functions of one number, such as `chlo.erf`, stay: they have scalar lowerings.

    before:  %0 = chlo.broadcast_add %a, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    after:   %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<8xf32>) -> tensor<4x8xf32>
             %0 = stablehlo.add %a, %1 : tensor<4x8xf32>

    Legal because each replacement is the definition of the op.
    """

    name: ClassVar[str] = "chlo-legalize-to-stablehlo"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if type(op) in EXPANSIONS]:
            try:
                values = EXPANSIONS[type(op)](Expander(op), op)
            except PyrieError as error:
                error.location = error.location or location_of(op)
                raise
            Rewriter.replace_op(op, (), values)


class Expander(Builder):
    """Inserts StableHLO in front of an op; calling it inserts an op and gives its first result."""

    def __init__(self, op: Operation):
        super().__init__(InsertPoint.before(op))
        self.location = op.location

    def __call__(self, op: Operation) -> SSAValue:
        op.location = self.location
        return self.insert(op).results[0]

    def size(self, value: SSAValue, axis: int) -> SSAValue:
        """The size of a dimension as an index."""
        known = known_size(value, axis)
        if isinstance(known, SSAValue):
            return known
        constant = self(arith.ConstantOp.from_int_and_width(axis if known is None else known, IndexType()))
        return constant if known is not None else self(tensor.DimOp(value, constant))

    def sizes(self, values: Sequence[SSAValue]) -> SSAValue:
        return self(tensor.FromElementsOp(*values, result_type=TensorType(IndexType(), [len(values)])))

    def broadcast(self, value: SSAValue, dims: Sequence[int], shape: Sequence[int], like: SSAValue) -> SSAValue:
        """The value broadcast to `shape`; dynamic sizes are those of `like`."""
        target = retyped(value.type, shape)
        if value.type == target and list(dims) == list(range(len(shape))) and DYNAMIC_INDEX not in shape:
            return value
        if DYNAMIC_INDEX not in shape:
            return self(hlo.BroadcastInDimOp(value, target, dims))
        if value is like:
            return value
        return self(hlo.DynamicBroadcastInDimOp(value, self.sizes([self.size(like, axis) for axis in range(len(shape))]), target, dims))

    def both(self, lhs: SSAValue, rhs: SSAValue, given: Attribute | None) -> tuple[SSAValue, SSAValue]:
        """Both operands broadcast to the shape they share."""
        a, b = shape_of(lhs.type), shape_of(rhs.type)
        shape = chlo.broadcast_shape(a, b, given)
        if DYNAMIC_INDEX not in shape:
            like = lhs
        elif a == b:
            return lhs, rhs
        else:
            like = lhs if (len(a), a.count(1) == 0) >= (len(b), b.count(1) == 0) else rhs
        rank = len(shape)
        left = chlo.broadcast_dims(len(a), rank, given if len(a) < len(b) else None)
        right = chlo.broadcast_dims(len(b), rank, given if len(b) < len(a) else None)
        return self.broadcast(lhs, left, shape, like), self.broadcast(rhs, right, shape, like)


def expand_binary(b: Expander, op: Operation) -> list[SSAValue]:
    assert isinstance(op, chlo.BroadcastBinaryOp)
    lhs, rhs = b.both(op.lhs, op.rhs, op.broadcast_dimensions)
    assert op.PLAIN is not None
    return [b(op.PLAIN(lhs, rhs))]


def expand_compare(b: Expander, op: Operation) -> list[SSAValue]:
    assert isinstance(op, chlo.BroadcastCompareOp)
    lhs, rhs = b.both(op.lhs, op.rhs, op.broadcast_dimensions)
    kind = op.compare_type.data if op.compare_type else None
    return [b(hlo.CompareOp(op.comparison_direction.data, lhs, rhs, kind))]


def expand_select(b: Expander, op: Operation) -> list[SSAValue]:
    assert isinstance(op, chlo.BroadcastSelectOp)
    on_true, on_false = b.both(op.on_true, op.on_false, None)
    pred = op.pred
    if shape_of(pred.type):
        pred, _ = b.both(pred, on_true, None)
        _, on_true = b.both(pred, on_true, None)
        _, on_false = b.both(pred, on_false, None)
    return [b(hlo.SelectOp(pred, on_true, on_false))]


def expand_constant(b: Expander, op: Operation) -> list[SSAValue]:
    assert isinstance(op, chlo.ConstantOp)
    return [b(hlo.ConstantOp(op.value))]


def expand_constant_like(b: Expander, op: Operation) -> list[SSAValue]:
    assert isinstance(op, chlo.ConstantLikeOp)
    type = cast(TensorType, op.result.type)
    number = op.value.value.data  # pyright: ignore[reportAttributeAccessIssue]
    scalar = b(hlo.ConstantOp.scalar(number, type.element_type))
    return [b.broadcast(scalar, [], type.get_shape(), op.operand)]


def expand_top_k(b: Expander, op: Operation) -> list[SSAValue]:
    """Sorts the values with their indices, largest first, and keeps k of them."""
    assert isinstance(op, chlo.TopKOp)
    shape = shape_of(op.operand.type)
    axis, k = len(shape) - 1, op.k.value.data
    index_type = TensorType(i32, list(shape))
    if DYNAMIC_INDEX in shape:
        sizes = b.sizes([b.size(op.operand, i) for i in range(len(shape))])
        indices = b(hlo.DynamicIotaOp(sizes, axis, index_type))
    else:
        indices = b(hlo.IotaOp(axis, index_type))
    scalar, scalar_index = retyped(op.operand.type, ()), TensorType(i32, [])
    block = Block(arg_types=[scalar, scalar, scalar_index, scalar_index])
    inner = Builder(InsertPoint.at_end(block))
    total = ComparisonType.TOTALORDER if isinstance(scalar.element_type, AnyFloat) else None
    larger = inner.insert(hlo.CompareOp(ComparisonDirection.GT, block.args[0], block.args[1], total))
    inner.insert(hlo.ReturnOp(larger.results[0]))
    sort = hlo.SortOp([op.operand, indices], axis, Region(block))
    b(sort)
    limit = [n if i != axis else k for i, n in enumerate(shape)]
    if DYNAMIC_INDEX in limit:
        zeros, ones = ([b(arith.ConstantOp.from_int_and_width(n, IndexType()))] * len(shape) for n in (0, 1))
        limits = [b.size(op.operand, i) if i != axis else b(arith.ConstantOp.from_int_and_width(k, IndexType())) for i in range(len(shape))]
        return [
            b(hlo.RealDynamicSliceOp(value, b.sizes(zeros), b.sizes(limits), b.sizes(ones), result.type))
            for value, result in zip(sort.results, op.results, strict=True)
        ]
    return [b(hlo.SliceOp(value, [0] * len(shape), limit, [1] * len(shape))) for value in sort.results]


def expand_batch_norm(b: Expander, op: Operation) -> list[SSAValue]:
    """(x - mean) * (scale / sqrt(variance + epsilon)) + offset, each parameter broadcast along the features."""
    assert isinstance(op, hlo.BatchNormInferenceOp)
    axis, shape = op.feature_index.value.data, shape_of(op.operand.type)
    vector = cast(TensorType, op.variance.type)
    epsilon = b(hlo.ConstantOp.scalar(op.epsilon.value.data, vector.element_type))
    deviation = b(hlo.SqrtOp(b(hlo.AddOp(op.variance, b.broadcast(epsilon, [], vector.get_shape(), op.variance)))))

    def spread(value: SSAValue) -> SSAValue:
        return b.broadcast(value, [axis], shape, op.operand)

    centered = b(hlo.SubtractOp(op.operand, spread(op.mean)))
    scaled = b(hlo.MultiplyOp(centered, spread(b(hlo.DivideOp(op.scale, deviation)))))
    return [b(hlo.AddOp(scaled, spread(op.offset)))]


EXPANSIONS: dict[type[Operation], Callable[[Expander, Operation], list[SSAValue]]] = {
    **dict.fromkeys(chlo.BROADCAST.values(), expand_binary),
    chlo.BroadcastCompareOp: expand_compare,
    chlo.BroadcastSelectOp: expand_select,
    chlo.ConstantOp: expand_constant,
    chlo.ConstantLikeOp: expand_constant_like,
    chlo.TopKOp: expand_top_k,
    hlo.BatchNormInferenceOp: expand_batch_norm,
}
