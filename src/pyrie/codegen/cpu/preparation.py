"""Rewrites what strategies need not know: composite ops become the structured ops they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, AnyFloat, FloatAttr, IndexType, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap

from pyrie.dialects import arith, func, linalg, math, tensor
from pyrie.dialects.linalg.structured import PARALLEL, REDUCTION


def prepare(function: func.FuncOp) -> None:
    """Decomposes composite ops of a dispatch function in place."""
    for op in list(function.body.block.ops):
        decompose = DECOMPOSITIONS.get(op.name)
        if decompose is not None:
            decompose(op)


class _Maker:
    """Inserts structured ops before `anchor`, all over the iteration space of `shape` of `like`."""

    def __init__(self, anchor: Operation, like: SSAValue):
        self.anchor, self.like = anchor, like
        self.type = cast(TensorType, like.type)
        self.rank = len(self.type.get_shape())

    def insert(self, op: Operation) -> SSAValue:
        block = self.anchor.parent
        assert block is not None
        block.insert_op_before(op, self.anchor)
        return op.results[0]

    def empty(self, axes: Sequence[int]) -> SSAValue:
        """A tensor with the given dimensions of `like`."""
        shape = [self.type.get_shape()[axis] for axis in axes]
        sizes = []
        for axis in axes:
            if self.type.get_shape()[axis] == DYNAMIC_INDEX:
                number = self.insert(arith.ConstantOp.from_int_and_width(axis, IndexType()))
                sizes.append(self.insert(tensor.DimOp(self.like, number)))
        return self.insert(tensor.EmptyOp(sizes, TensorType(self.type.element_type, shape)))

    def fill(self, number: float, axes: Sequence[int]) -> SSAValue:
        element = cast(AnyFloat, self.type.element_type)
        constant = self.insert(arith.ConstantOp(FloatAttr(number, element)))
        empty = self.empty(axes)
        return self.insert(linalg.FillOp([constant], [empty], result_types=[empty.type]))

    def generic(
        self, inputs: Sequence[tuple[SSAValue, Sequence[int]]], output: tuple[SSAValue, Sequence[int]], body: Callable[..., list[Operation]]
    ) -> SSAValue:
        """`body(*scalars)` returns the ops of the body; the last one's result is yielded. Axes are the dimensions of each tensor."""
        operands = [*inputs, output]
        block = Block(arg_types=[cast(TensorType, v.type).element_type for v, _ in operands])
        ops = body(*block.args)
        block.add_ops([*ops, linalg.YieldOp(ops[-1].results[0])])
        maps = [AffineMap(self.rank, 0, tuple(AffineDimExpr(a) for a in axes)) for _, axes in operands]
        iterators = [PARALLEL if a in output[1] else REDUCTION for a in range(self.rank)]
        return self.insert(linalg.GenericOp([v for v, _ in inputs], [output[0]], block, maps, iterators, [output[0].type]))


def softmax(op: Operation) -> None:
    """exp(x - max) / sum, in four ops: the maximum and the sum are over one axis."""
    assert isinstance(op, linalg.SoftmaxOp)
    make = _Maker(op, op.input)
    axes = list(range(make.rank))
    rest = [a for a in axes if a != op.dimension.value.data]
    largest = make.generic([(op.input, axes)], (make.fill(float("-inf"), rest), rest), lambda x, acc: [arith.MaximumfOp(acc, x)])

    def power(x: SSAValue, top: SSAValue, _: SSAValue) -> list[Operation]:
        difference = arith.SubfOp(x, top)
        return [difference, math.ExpOp(difference.result)]

    powers = make.generic([(op.input, axes), (largest, rest)], (make.empty(axes), axes), power)
    total = make.generic([(powers, axes)], (make.fill(0.0, rest), rest), lambda x, acc: [arith.AddfOp(acc, x)])
    result = make.generic([(powers, axes), (total, rest)], (make.empty(axes), axes), lambda x, s, _: [arith.DivfOp(x, s)])
    op.results[0].replace_all_uses_with(result)
    op.detach()
    op.erase()


DECOMPOSITIONS: dict[str, Callable[[Operation], None]] = {"linalg.softmax": softmax}
