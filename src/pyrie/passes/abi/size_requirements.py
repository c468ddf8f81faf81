"""Which sizes an op on tensors requires to be equal, or to fit: a table from op classes to what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr

from pyrie.dialects import arith, cf, hal, iree_linalg_ext, linalg, tensor
from pyrie.dialects.directives import index
from pyrie.dialects.linalg.structured import StructuredOp
from pyrie.dialects.tensor.shapes import MixedIndex, shape_of
from pyrie.ir.locations import NameLoc


class Dimension(NamedTuple):
    """One dimension of a tensor."""

    value: SSAValue
    axis: int


Side = Dimension | list[MixedIndex]  # a dimension, or a product of sizes


class Requirement(NamedTuple):
    """`left` must be equal to `right`, or at most that."""

    left: Side
    right: Side
    at_most: bool = False

    def words(self, op: Operation) -> str:
        relation = "must be at most" if self.at_most else "must be equal to"
        return f"{_describe(self.left, op)} {relation} {_describe(self.right, op)}"


def _describe(side: Side, op: Operation) -> str:
    if isinstance(side, Dimension):
        return f"dimension {side.axis} of {_name(side.value, op)}"
    if len(side) == 1:
        return str(side[0]) if isinstance(side[0], int) else "a size computed at run time"
    return f"the product of [{', '.join(str(size) if isinstance(size, int) else '?' for size in side)}]"


def _name(value: SSAValue, op: Operation) -> str:
    """A tensor as the user knows it: by the name of an argument or node, else by its place among the operands."""
    owner = value.owner
    if isinstance(owner, hal.TensorImportOp) and owner.import_name is not None:
        return f"'{owner.import_name.data}'"
    if isinstance(owner, Operation) and isinstance(owner.location, NameLoc) and owner.location != op.location:
        return f"the result of '{owner.location.desc.data}'"
    return f"operand {list(op.operands).index(value)}" if value in op.operands else "the result"


def requirements(op: Operation) -> Iterator[Requirement]:
    """What `op` requires of sizes that are not all in its types."""
    handler = _HANDLERS.get(type(op))
    if handler is not None and any(_is_dynamic(value) for value in (*op.operands, *op.results)):
        yield from handler(op)


def _is_dynamic(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType) and DYNAMIC_INDEX in value.type.get_shape()


def _are_alike(tensors: Sequence[SSAValue]) -> Iterator[Requirement]:
    """All have one shape."""
    for other in tensors[1:]:
        for axis in range(len(shape_of(other))):
            yield Requirement(Dimension(other, axis), Dimension(tensors[0], axis))


def _structured(op: StructuredOp) -> Iterator[Requirement]:
    """Every dimension that one loop runs over has the loop's extent."""
    loops: dict[int, Dimension] = {}
    for value, map_ in zip(op.operands, op.maps(), strict=True):
        if not isinstance(value.type, TensorType):
            continue
        for axis, result in enumerate(map_.results):
            if isinstance(result, AffineDimExpr):
                here = Dimension(value, axis)
                if (first := loops.setdefault(result.position, here)) is not here:
                    yield Requirement(here, first)


def _cast(op: tensor.CastOp) -> Iterator[Requirement]:
    """A cast to a size that only the result's type has."""
    for axis, (source, result) in enumerate(zip(shape_of(op.source), shape_of(op.dest), strict=True)):
        if source == DYNAMIC_INDEX != result:
            yield Requirement(Dimension(op.source, axis), [result])


def _expansion(op: tensor.ExpandShapeOp) -> Iterator[Requirement]:
    """A dimension is the product of those it is expanded to."""
    sizes = op.mixed_output_shape()
    for axis, group in enumerate(op.groups()):
        yield Requirement(Dimension(op.src, axis), [sizes[i] for i in group])


def _extraction(op: tensor.ExtractSliceOp) -> Iterator[Requirement]:
    yield from _slice(op, op.source)


def _insertion(op: tensor.InsertSliceOp) -> Iterator[Requirement]:
    if len(shape_of(op.source)) == len(shape_of(op.dest)):
        for axis, size in enumerate(op.mixed_sizes()):
            yield Requirement(Dimension(op.source, axis), [size])
    yield from _slice(op, op.dest)


def _slice(op: tensor.ExtractSliceOp | tensor.InsertSliceOp, whole: SSAValue) -> Iterator[Requirement]:
    """A slice lies inside of the whole. Where its start is known only at run time, whoever computed that has clamped it."""
    for axis, (offset, size, stride) in enumerate(zip(op.mixed_offsets(), op.mixed_sizes(), op.mixed_strides(), strict=True)):
        end: MixedIndex = size
        if isinstance(offset, int) and isinstance(size, int) and isinstance(stride, int):
            end = offset + (size - 1) * stride + 1 if size else 0
        yield Requirement([end], Dimension(whole, axis), at_most=True)


def _softmax(op: linalg.SoftmaxOp) -> Iterator[Requirement]:
    yield from _are_alike([op.input, op.output])


def _sort(op: Any) -> Iterator[Requirement]:
    yield from _are_alike([*op.inputs, *op.outputs])


def _scatter(op: Any) -> Iterator[Requirement]:
    """An index for each update, whose window fits into the tensor."""
    yield Requirement(Dimension(op.updates, 0), Dimension(op.indices, 0))
    window, rank = len(shape_of(op.updates)) - 1, len(shape_of(op.original))
    for axis in range(window):
        yield Requirement(Dimension(op.updates, 1 + axis), Dimension(op.original, rank - window + axis), at_most=True)


STRUCTURED = (
    *(linalg.BroadcastOp, linalg.ContractOp, linalg.CopyOp, linalg.ElementwiseOp, linalg.FillOp, linalg.GenericOp, linalg.MapOp),
    *(linalg.ReduceOp, linalg.TransposeOp, *linalg.NAMED_OPS.values()),
)

_HANDLERS: dict[type[Operation], Callable[[Any], Iterator[Requirement]]] = {
    **dict.fromkeys(STRUCTURED, _structured),
    iree_linalg_ext.ScatterOp: _scatter,
    iree_linalg_ext.SortOp: _sort,
    linalg.SoftmaxOp: _softmax,
    tensor.CastOp: _cast,
    tensor.ExpandShapeOp: _expansion,
    tensor.ExtractSliceOp: _extraction,
    tensor.InsertSliceOp: _insertion,
}


COMPARISONS = {arith.CmpiOp.predicate_number("eq"): False, arith.CmpiOp.predicate_number("ule"): True}


def asserted(op: Operation) -> Requirement | None:
    """What an assertion that a front end made states of two sizes; None if it states something else."""
    compare = op.arg.owner if isinstance(op, cf.AssertOp) else None
    if not isinstance(compare, arith.CmpiOp) or compare.predicate.value.data not in COMPARISONS or compare.lhs.type != index:
        return None
    return Requirement([compare.lhs], [compare.rhs], COMPARISONS[compare.predicate.value.data])
