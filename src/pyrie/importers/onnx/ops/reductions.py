"""Reductions along axes, arg-reductions, softmax, cumulative sums."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from xdsl.builder import Builder as IRBuilder
from xdsl.dialects.builtin import AnyFloat, i1, i64
from xdsl.ir import Attribute, Block, Region
from xdsl.rewriter import InsertPoint

from pyrie.dialects import chlo
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection as Direction
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value
from pyrie.ir.elements import numpy_dtype
from pyrie.support.errors import UnsupportedError

Reduce = Callable[[Builder, Value, list[int], bool], Value]


def lowest(element: Attribute) -> float:
    """The number below all others of a type."""
    return -math.inf if isinstance(element, AnyFloat) else 0 if element == i1 else int(np.iinfo(numpy_dtype(element)).min)


def highest(element: Attribute) -> float:
    return math.inf if isinstance(element, AnyFloat) else 1 if element == i1 else int(np.iinfo(numpy_dtype(element)).max)


def total(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.reduce(hlo.AddOp, x, 0, axes, keep=keep)


def largest(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.reduce(hlo.MaximumOp, x, lowest(x.element), axes, keep=keep)


def smallest(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    return b.reduce(hlo.MinimumOp, x, highest(x.element), axes, keep=keep)


def average(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    count = b.product([x.sizes[axis] for axis in axes])
    if isinstance(count, int):
        return b.binary(hlo.DivideOp, total(b, x, axes, keep), count)
    return b.binary(hlo.DivideOp, total(b, x, axes, keep), size_value(b, count, x.element))


def size_value(b: Builder, count: object, element: Attribute) -> Value:
    """A size known at run time as a 0-d tensor of numbers."""
    from pyrie.importers.onnx.values import symbolic

    return b.convert(symbolic(np.array(count, dtype=object), i64), element)


def square(b: Builder, x: Value) -> Value:
    return b.binary(hlo.MultiplyOp, x, x)


def log_sum_exp(b: Builder, x: Value, axes: list[int], keep: bool) -> Value:
    top = largest(b, x, axes, True)
    finite = b.select(b.like(hlo.IsFiniteOp(b.ssa(top)), top, i1), top, 0.0)
    sums = b.unary(hlo.LogOp, total(b, b.unary(hlo.ExponentialOp, b.binary(hlo.SubtractOp, x, finite)), axes, True))
    result = b.binary(hlo.AddOp, sums, finite)
    return result if keep else b.reshape(result, [n for i, n in enumerate(x.sizes) if i not in axes])


REDUCTIONS: dict[str, Reduce] = {
    "ReduceMax": largest,
    "ReduceMean": average,
    "ReduceMin": smallest,
    "ReduceProd": lambda b, x, axes, keep: b.reduce(hlo.MultiplyOp, x, 1, axes, keep=keep),
    "ReduceSum": total,
    "ReduceL1": lambda b, x, axes, keep: total(b, b.unary(hlo.AbsOp, x), axes, keep),
    "ReduceL2": lambda b, x, axes, keep: b.unary(hlo.SqrtOp, total(b, square(b, x), axes, keep)),
    "ReduceLogSum": lambda b, x, axes, keep: b.unary(hlo.LogOp, total(b, x, axes, keep)),
    "ReduceLogSumExp": log_sum_exp,
    "ReduceSumSquare": lambda b, x, axes, keep: total(b, square(b, x), axes, keep),
}
AXES_INPUT_SINCE = {"ReduceSum": 13}  # the others: 18


def _register(name: str, compute: Reduce) -> None:
    @onnx_op(name, since=1)
    def by_attribute(b: Builder, x: Value, *, axes: list[int] | None = None, keepdims: int = 1) -> Value:
        chosen = b.axes(axes, x.rank) if axes is not None else list(range(x.rank))
        return compute(b, x, chosen, bool(keepdims))

    @onnx_op(name, since=AXES_INPUT_SINCE.get(name, 18))
    def by_input(b: Builder, x: Value, axes: Value | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
        given = b.constants(axes, "axes") if axes is not None else []
        if not given and noop_with_empty_axes:
            given_axes: list[int] = []
            return (
                compute(b, x, given_axes, bool(keepdims))
                if name not in ("ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceMean")
                else x
            )
        return compute(b, x, b.axes(given, x.rank) if given else list(range(x.rank)), bool(keepdims))


for _name, _compute in REDUCTIONS.items():
    _register(_name, _compute)


# ---- arg-reductions ------------------------------------------------------------------------------------------------------


def arg_reduce(b: Builder, x: Value, direction: Direction, init: float, axis: int, keep: bool, last: bool) -> Value:
    """Reduces values together with their indices; of equal values the first index wins, or the last."""
    axis = b.axis(axis, x.rank)
    indices = b.iota(x.sizes, axis, i64)
    scalar, scalar_index = hlo.scalar_of(x.type), hlo.scalar_of(indices.type)
    block = Block(arg_types=[scalar, scalar_index, scalar, scalar_index])
    inner = IRBuilder(InsertPoint.at_end(block))
    best, best_index, value, index = block.args
    better = inner.insert(hlo.CompareOp(direction, value, best)).results[0]
    nan = inner.insert(hlo.CompareOp(Direction.NE, value, value)).results[0]
    same = inner.insert(hlo.CompareOp(Direction.EQ, value, best)).results[0]
    closer = inner.insert(hlo.CompareOp(Direction.GT if last else Direction.LT, index, best_index)).results[0]
    tie = inner.insert(hlo.AndOp(same, closer)).results[0]
    wins = inner.insert(hlo.OrOp(inner.insert(hlo.OrOp(better, nan)).results[0], tie)).results[0]
    chosen = inner.insert(hlo.SelectOp(wins, value, best)).results[0]
    chosen_index = inner.insert(hlo.SelectOp(wins, index, best_index)).results[0]
    inner.insert(hlo.ReturnOp(chosen, chosen_index))
    start = [b.ssa(b.scalar(init, x.element)), b.ssa(b.scalar(0, i64))]
    op = hlo.ReduceOp([b.ssa(x), b.ssa(indices)], start, [axis], Region(block))
    b.insert(op)
    result = b.value(op.results[1], [n for i, n in enumerate(x.sizes) if i != axis])
    return b.reshape(result, [1 if i == axis else n for i, n in enumerate(x.sizes)]) if keep else result


@onnx_op("ArgMax", since=1)
def arg_max(b: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return arg_reduce(b, x, Direction.GT, lowest(x.element), axis, bool(keepdims), bool(select_last_index))


@onnx_op("ArgMin", since=1)
def arg_min(b: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return arg_reduce(b, x, Direction.LT, highest(x.element), axis, bool(keepdims), bool(select_last_index))


@onnx_op("TopK", since=11)
def top_k(b: Builder, x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> list[Value]:
    """The k first of the values in order, along any axis."""
    (count,) = b.constants(k, "k")
    axis = b.axis(axis, x.rank)
    order = [i for i in range(x.rank) if i != axis] + [axis]
    moved = b.transpose(x, order)
    if not largest:
        moved = b.unary(hlo.NegateOp, moved)
    op = chlo.TopKOp(b.ssa(moved), count)
    b.insert(op)
    sizes = [*moved.sizes[:-1], count]
    back = [order.index(i) for i in range(x.rank)]
    values = b.transpose(b.value(op.results[0], sizes), back)
    indices = b.transpose(b.value(op.results[1], sizes), back)
    return [values if largest else b.unary(hlo.NegateOp, values), b.convert(indices, i64)]


@onnx_op("CumSum", since=11)
def cumulative_sum(b: Builder, x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """A window over everything before each element; reversed, over everything behind it."""
    along = b.axis(b.constants(axis, "axis")[0], x.rank)
    size = x.sizes[along]
    if not isinstance(size, int):
        raise UnsupportedError("a cumulative sum over a size known only at run time is not supported")
    before, after = (size, -1) if exclusive else (size - 1, 0)
    padding = [(0, 0)] * x.rank
    padding[along] = (after, before) if reverse else (before, after)
    ones = [1] * x.rank
    window = [size if i == along else 1 for i in range(x.rank)]
    op = hlo.ReduceWindowOp(
        [b.ssa(x)], [b.ssa(b.scalar(0, x.element))], hlo.binary_body(hlo.AddOp, x.type), window=window, strides=ones, padding=padding,
        window_dilations=ones,
    )  # fmt: skip
    return b.like(op, x)


@onnx_op("Hardmax", since=13)
def hardmax(b: Builder, x: Value, *, axis: int = -1) -> Value:
    """One at the first largest element, zero elsewhere."""
    first = arg_reduce(b, x, Direction.GT, lowest(x.element), axis, True, False)
    return b.convert(b.compare(Direction.EQ, b.iota(x.sizes, b.axis(axis, x.rank), i64), first), x.element)


# ---- softmax -------------------------------------------------------------------------------------------------------------


def softmax_over(b: Builder, x: Value, axes: list[int], *, logarithm: bool = False) -> Value:
    shifted = b.binary(hlo.SubtractOp, x, largest(b, x, axes, True))
    powers = b.unary(hlo.ExponentialOp, shifted)
    sums = total(b, powers, axes, True)
    return b.binary(hlo.SubtractOp, shifted, b.unary(hlo.LogOp, sums)) if logarithm else b.binary(hlo.DivideOp, powers, sums)


@onnx_op("Softmax", since=13)
def softmax(b: Builder, x: Value, *, axis: int = -1) -> Value:
    return softmax_over(b, x, [b.axis(axis, x.rank)])


@onnx_op("LogSoftmax", since=13)
def log_softmax(b: Builder, x: Value, *, axis: int = -1) -> Value:
    return softmax_over(b, x, [b.axis(axis, x.rank)], logarithm=True)


@onnx_op("Softmax", since=1)
def softmax_of_matrix(b: Builder, x: Value, *, axis: int = 1) -> Value:
    """Before opset 13 all dimensions from `axis` on are one."""
    return softmax_over(b, x, list(range(b.axis(axis, x.rank), x.rank)))


@onnx_op("LogSoftmax", since=1)
def log_softmax_of_matrix(b: Builder, x: Value, *, axis: int = 1) -> Value:
    return softmax_over(b, x, list(range(b.axis(axis, x.rank), x.rank)), logarithm=True)
