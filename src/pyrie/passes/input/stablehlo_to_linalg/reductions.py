"""Reductions: reduce, sort and top-k."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo.assembly import dims_of
from pyrie.passes.input.stablehlo_to_linalg.elementwise import inline_scalar_region
from pyrie.passes.input.stablehlo_to_linalg.emitter import PARALLEL, REDUCTION, Emitter, shape_of, signless


def lower_reduce(e: Emitter, op: Operation) -> list[SSAValue]:
    """A generic with reduction loops over `dimensions`, into tensors filled with the initial values."""
    assert isinstance(op, hlo.ReduceOp)
    dimensions = dims_of(op.dimensions)
    rank = len(shape_of(op.inputs[0]))
    kept = [axis for axis in range(rank) if axis not in dimensions]
    sizes = [e.size(op.inputs[0], axis) for axis in kept]
    outputs = [e.filled(e.fill_value(init), sizes) for init in op.init_values]
    identity = AffineMap.identity(rank)
    projection = AffineMap(rank, 0, tuple(AffineExpr.dimension(axis) for axis in kept))
    maps = [identity] * len(op.inputs) + [projection] * len(outputs)
    iterators = [REDUCTION if axis in dimensions else PARALLEL for axis in range(rank)]

    def body(inner: Emitter, args: list[SSAValue]) -> Sequence[SSAValue]:
        count = len(op.inputs)
        return inline_scalar_region(inner, op.body, [*args[count:], *args[:count]])

    results = e.generic(list(op.inputs), outputs, maps, iterators, body)
    return [e.as_type(value, signless(result.type)) for value, result in zip(results, op.results, strict=True)]


LOWERINGS: dict[type[Operation], Callable[[Emitter, Operation], list[SSAValue]]] = {hlo.ReduceOp: lower_reduce}
