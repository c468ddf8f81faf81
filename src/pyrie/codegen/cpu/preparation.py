"""Rewrites what strategies need not know: composite ops become the structured ops they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    AnyFloat,
    ArrayAttr,
    BFloat16Type,
    Float16Type,
    FloatAttr,
    IndexType,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap

from pyrie.dialects import arith, func, linalg, math, tensor
from pyrie.dialects.iree_linalg_ext import AttentionOp
from pyrie.dialects.linalg.structured import PARALLEL, REDUCTION

Dims = Sequence[int]
Operand = tuple[SSAValue, Dims]  # a tensor and the loops that its dimensions are


def prepare(function: func.FuncOp) -> None:
    """Decomposes composite ops of a dispatch function in place."""
    for op in list(function.body.block.ops):
        decompose = DECOMPOSITIONS.get(op.name)
        if decompose is not None:
            result = decompose(op)
            op.results[0].replace_all_uses_with(result)
            op.detach()
            op.erase()


class _Maker:
    """Inserts structured ops before `anchor`, over loops whose extents are those of dimensions of known tensors."""

    def __init__(self, anchor: Operation, known: Sequence[Operand]):
        self.anchor = anchor
        self.sources = {dim: (value, axis) for value, dims in reversed(known) for axis, dim in enumerate(dims)}

    def insert(self, op: Operation) -> SSAValue:
        block = self.anchor.parent
        assert block is not None
        block.insert_op_before(op, self.anchor)
        return op.results[0]

    def empty(self, dims: Dims, element: Attribute) -> SSAValue:
        shape, sizes = [], []
        for dim in dims:
            value, axis = self.sources[dim]
            shape.append(cast(TensorType, value.type).get_shape()[axis])
            if shape[-1] == DYNAMIC_INDEX:
                number = self.insert(arith.ConstantOp.from_int_and_width(axis, IndexType()))
                sizes.append(self.insert(tensor.DimOp(value, number)))
        return self.insert(tensor.EmptyOp(sizes, TensorType(element, shape)))

    def fill(self, number: float, dims: Dims, element: Attribute) -> SSAValue:
        constant = self.insert(arith.ConstantOp(FloatAttr(number, cast(AnyFloat, element))))
        empty = self.empty(dims, element)
        return self.insert(linalg.FillOp([constant], [empty], result_types=[empty.type]))

    def generic(self, inputs: Sequence[Operand], output: Operand, body: Callable[..., SSAValue]) -> SSAValue:
        """A linalg.generic; `body(body_maker, *scalars)` gives the value to yield. Loops that the output lacks are reductions."""
        operands = [*inputs, output]
        loops = [*output[1], *dict.fromkeys(d for _, dims in inputs for d in dims if d not in output[1])]
        block = Block(arg_types=[v.type.element_type if isinstance(v.type, TensorType) else v.type for v, _ in operands])
        inner = _Body(block)
        block.add_op(linalg.YieldOp(body(inner, *block.args)))
        maps = [AffineMap(len(loops), 0, tuple(AffineDimExpr(loops.index(d)) for d in dims)) for _, dims in operands]
        iterators = [PARALLEL if d in output[1] else REDUCTION for d in loops]
        return self.insert(linalg.GenericOp([v for v, _ in inputs], [output[0]], block, maps, iterators, [output[0].type]))

    def softmax(self, scores: SSAValue, dims: Dims, reduced: Dims) -> SSAValue:
        """exp(x - max) * (1 / sum), in four ops: the maximum and the sum are over `reduced`."""
        element = cast(TensorType, scores.type).element_type
        rest = [d for d in dims if d not in reduced]
        start = self.fill(float("-inf"), rest, element)
        largest = self.generic([(scores, dims)], (start, rest), lambda b, x, acc: b.add(arith.MaximumfOp(acc, x)))
        powers = self.generic(
            [(scores, dims), (largest, rest)],
            (self.empty(dims, element), dims),
            lambda b, x, top, _: b.add(math.ExpOp(b.add(arith.SubfOp(x, top)))),
        )
        zero = self.fill(0.0, rest, element)
        total = self.generic([(powers, dims)], (zero, rest), lambda b, x, acc: b.add(arith.AddfOp(acc, x)))
        output = (self.empty(dims, element), dims)

        def scale(b: _Body, x: SSAValue, sum_: SSAValue, _: SSAValue) -> SSAValue:
            """One division a row: it depends on the row alone, and so is done there."""
            one = b.add(arith.ConstantOp(FloatAttr(1.0, cast(AnyFloat, element))))
            return b.add(arith.MulfOp(x, b.add(arith.DivfOp(one, sum_))))

        return self.generic([(powers, dims), (total, rest)], output, scale)


class _Body:
    """Adds scalar ops to a body."""

    def __init__(self, block: Block):
        self.block = block

    def add(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def cast(self, value: SSAValue, type: Attribute) -> SSAValue:
        """`value` as a float of another width."""
        if value.type == type:
            return value
        wider = cast(AnyFloat, value.type).bitwidth < cast(AnyFloat, type).bitwidth
        return self.add((arith.ExtFOp if wider else arith.TruncFOp).create(operands=[value], result_types=[type]))


def softmax(op: Operation) -> SSAValue:
    assert isinstance(op, linalg.SoftmaxOp)
    dims = range(len(cast(TensorType, op.input.type).get_shape()))
    return _Maker(op, [(op.input, dims)]).softmax(op.input, dims, [op.dimension.value.data])


def attention(op: Operation) -> SSAValue:
    """Scores = query x key, scaled, masked and passed through the region; softmax over the keys; times the values. Narrow floats are summed
    in f32."""
    assert isinstance(op, AttentionOp)
    maps = [attr.data for attr in cast("ArrayAttr[AffineMapAttr]", op.indexing_maps)]
    dims = [[cast(AffineDimExpr, expr).position for expr in map.results] for map in maps]
    query, key, value, output = dims[0], dims[1], dims[2], dims[-1]
    operands: list[Operand] = [(op.query, query), (op.key, key), (op.value, value)]
    keys = [d for d in key if d in value and d not in query and d not in output]
    scored = [*(d for d in output if d in query or d in key), *keys]
    make = _Maker(op, operands)
    stored = cast(TensorType, op.output.type).element_type
    element = f32 if isinstance(stored, Float16Type | BFloat16Type) else stored

    def multiply(b: _Body, x: SSAValue, y: SSAValue, acc: SSAValue) -> SSAValue:
        return b.add(arith.AddfOp(acc, b.add(arith.MulfOp(b.cast(x, element), b.cast(y, element)))))

    scores = make.generic(operands[:2], (make.fill(0.0, scored, element), scored), multiply)
    region = op.region.block
    extra: list[Operand] = [(op.scale, [])]
    if op.mask is not None:
        extra.append((op.mask, dims[4]))

    def adjust(b: _Body, score: SSAValue, scale: SSAValue, *rest: SSAValue) -> SSAValue:
        adjusted = b.add(arith.MulfOp(score, b.cast(scale, element)))
        if op.mask is not None:
            adjusted = b.add(arith.AddfOp(adjusted, _mask(b, rest[0], element)))
        mapping: dict[SSAValue, SSAValue] = {region.args[0]: b.cast(adjusted, region.args[0].type)}
        for inner in list(region.ops)[:-1]:
            b.block.add_op(inner.clone(mapping))
        last = region.last_op
        assert last is not None
        return b.cast(mapping.get(last.operands[0], last.operands[0]), element)

    scores = make.generic([(scores, scored), *extra], (make.empty(scored, element), scored), adjust)
    weights = make.softmax(scores, scored, keys)
    total = make.generic([(weights, scored), operands[2]], (make.fill(0.0, output, element), output), multiply)
    if element == stored:
        return total
    return make.generic([(total, output)], (make.empty(output, stored), output), lambda b, x, _: b.cast(x, stored))


def _mask(b: _Body, mask: SSAValue, element: Attribute) -> SSAValue:
    """A mask as a number to add: false is minus infinity."""
    if isinstance(mask.type, AnyFloat):
        return b.cast(mask, element)
    numbers = [b.add(arith.ConstantOp(FloatAttr(n, cast(AnyFloat, element)))) for n in (0.0, float("-inf"))]
    zero = b.add(arith.ConstantOp.from_int_and_width(0, mask.type))  # pyright: ignore[reportArgumentType]
    return b.add(arith.SelectOp(b.add(arith.CmpiOp(mask, zero, "ne")), *numbers))


DECOMPOSITIONS: dict[str, Callable[[Operation], SSAValue]] = {
    "linalg.softmax": softmax,
    "iree_linalg_ext.attention": attention,
}
