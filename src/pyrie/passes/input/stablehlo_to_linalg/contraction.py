"""dot and dot_general: linalg's named contractions where one fits, a generic where none does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import AnyFloat, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from pyrie.dialects import arith, linalg
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import DotDimensionNumbers
from pyrie.passes.input.stablehlo_to_linalg import scalars
from pyrie.passes.input.stablehlo_to_linalg.emitter import (
    PARALLEL,
    REDUCTION,
    Emitter,
    Size,
    element_of,
    is_unsigned,
    shape_of,
    signless,
)
from pyrie.passes.input.stablehlo_to_linalg.scalars import i1

# (batching, free left, contracting, free right) dimension counts -> op on [batch, m, k] x [batch, k, n]
NAMED: dict[tuple[int, int, int, int], type[linalg.NamedOp]] = {
    (0, 1, 1, 1): linalg.MatmulOp,
    (1, 1, 1, 1): linalg.BatchMatmulOp,
    (0, 1, 1, 0): linalg.MatvecOp,
    (0, 0, 1, 1): linalg.VecmatOp,
    (0, 0, 1, 0): linalg.DotOp,
}


def multiply_add(e: Emitter, signs: Sequence[Attribute], args: list[SSAValue]) -> list[SSAValue]:
    """accumulator + a * b in the accumulator's type; of booleans, `or` and `and`."""
    a, b, accumulator = args
    element = accumulator.type
    a, b = (scalars.convert(e, value, sign, element) for value, sign in zip((a, b), signs, strict=True))
    if isinstance(element, AnyFloat):
        return [e(arith.AddfOp(accumulator, e(arith.MulfOp(a, b))))]
    if element == i1:
        return [e(arith.OrIOp(accumulator, e(arith.AndIOp(a, b))))]
    return [e(arith.AddiOp(accumulator, e(arith.MuliOp(a, b))))]


def lower_dot(e: Emitter, op: Operation) -> list[SSAValue]:
    assert isinstance(op, hlo.DotOp | hlo.DotGeneralOp)
    result_type = cast(TensorType, op.result.type)
    value = contract(e, op.lhs, op.rhs, op.numbers, signless(result_type.element_type))
    return [e.as_type(value, signless(result_type))]


def contract(e: Emitter, lhs: SSAValue, rhs: SSAValue, numbers: DotDimensionNumbers, element: Attribute) -> SSAValue:
    """The sums of products over the contracting dimensions, with the result's dimensions in StableHLO's order."""
    d = numbers
    left = [i for i in range(len(shape_of(lhs))) if i not in (*d.lhs_batching_dimensions, *d.lhs_contracting_dimensions)]
    right = [i for i in range(len(shape_of(rhs))) if i not in (*d.rhs_batching_dimensions, *d.rhs_contracting_dimensions)]
    counts = (len(d.lhs_batching_dimensions), len(left), len(d.lhs_contracting_dimensions), len(right))
    sizes: list[Size] = [better(e, lhs, i, rhs, j) for i, j in zip(d.lhs_batching_dimensions, d.rhs_batching_dimensions, strict=True)]
    sizes += [e.size(lhs, i) for i in left] + [e.size(rhs, i) for i in right]
    accumulator = e.zeros(sizes, element)
    named = NAMED.get(counts)
    if named is not None and not needs_conversion(e, (lhs, rhs), element):
        lhs = e.transposed(lhs, [*d.lhs_batching_dimensions, *left, *d.lhs_contracting_dimensions])
        rhs = e.transposed(rhs, [*d.rhs_batching_dimensions, *d.rhs_contracting_dimensions, *right])
        return e(named([lhs, rhs], [accumulator]))
    batching, free_left, contracting, free_right = counts
    parallel = batching + free_left + free_right
    rank = parallel + contracting
    reduced = range(parallel, rank)

    def map_of(rank_of: int, groups: Sequence[tuple[Sequence[int], Sequence[int]]]) -> AffineMap:
        loops = {axis: loop for axes, loop_range in groups for axis, loop in zip(axes, loop_range, strict=True)}
        return AffineMap(rank, 0, tuple(AffineExpr.dimension(loops[axis]) for axis in range(rank_of)))

    batch = range(batching)
    middle = range(batching, batching + free_left)
    maps = [
        map_of(
            len(shape_of(lhs)),
            ((d.lhs_batching_dimensions, batch), (left, middle), (d.lhs_contracting_dimensions, reduced)),
        ),
        map_of(
            len(shape_of(rhs)),
            (
                (d.rhs_batching_dimensions, batch),
                (right, range(batching + free_left, parallel)),
                (d.rhs_contracting_dimensions, reduced),
            ),
        ),
        AffineMap(rank, 0, tuple(AffineExpr.dimension(i) for i in range(parallel))),
    ]
    iterators = [PARALLEL] * parallel + [REDUCTION] * contracting
    signs = e.signs.operands
    return e.generic([lhs, rhs], [accumulator], maps, iterators, lambda inner, args: multiply_add(inner, signs, args))[0]


def needs_conversion(e: Emitter, values: Sequence[SSAValue], element: Attribute) -> bool:
    """Whether a named op, which extends signed numbers, would compute something else."""
    unsigned = any(is_unsigned(sign) for sign in e.signs.operands[:2])
    return element == i1 or (unsigned and any(element_of(value.type) != element for value in values))


def better(e: Emitter, a: SSAValue, i: int, b: SSAValue, j: int) -> Size:
    """The size that two dimensions share: the static one if there is one."""
    first = e.size(a, i)
    return first if isinstance(first, int) else e.size(b, j) if shape_of(b)[j] >= 0 else first


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {
    hlo.DotOp: lower_dot,
    hlo.DotGeneralOp: lower_dot,
}
