"""What strategies look at: a stored tensor, the op that does the work, and how their dimensions correspond."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineExpr

from pyrie.codegen.cpu.lowering.bodies import is_expensive
from pyrie.codegen.cpu.lowering.nests import Piece
from pyrie.codegen.cpu.structured import Structured, is_structured, structured
from pyrie.dialects import linalg


@dataclass(frozen=True)
class Stored:
    """`extents` of the stored tensor (None: dynamic); `root` is the reduction that it comes from, if any, and `loop_of` gives, for each
    stored dimension, the loop of the root that it is. `op` makes the stored tensor, `top` is the same if it is structured."""

    extents: tuple[int | None, ...]
    root: Structured | None
    loop_of: dict[int, int]
    top: Structured | None
    expensive: bool
    op: Operation | None

    @property
    def rank(self) -> int:
        return len(self.extents)

    def reduced_extent(self) -> int:
        """The number of steps of the root's reduction, as far as it is known."""
        total = 1
        if self.root is not None:
            for dim in self.root.reduction_dims:
                total *= loop_extent(self.root, dim) or 256
        return total


def describe(piece: Piece) -> Stored:
    """Looks through elementwise ops to the reduction that a stored tensor comes from."""
    type = piece.value.type
    assert isinstance(type, TensorType)
    extents = tuple(None if n == DYNAMIC_INDEX else n for n in type.get_shape())
    top = _structured_owner(piece.value)
    root, loop_of = _find_root(piece.value, {d: d for d in range(len(extents))})
    op = piece.value.owner if isinstance(piece.value.owner, Operation) else None
    return Stored(extents, root, loop_of, top, _any_expensive(piece.value), op)


def _structured_owner(value: SSAValue) -> Structured | None:
    op = value.owner
    return structured(op) if isinstance(op, linalg.StructuredOp) and is_structured(op) else None


def _find_root(value: SSAValue, dims: dict[int, int]) -> tuple[Structured | None, dict[int, int]]:
    """The heaviest reduction behind `value`; `dims` maps stored dimensions to dimensions of `value`."""
    op = value.owner
    if not isinstance(op, Operation) or not isinstance(value, OpResult):
        return None, {}
    if not isinstance(op, linalg.StructuredOp) or not is_structured(op):
        if op.name.split(".")[0] in ("arith", "math") and op.operands and isinstance(op.operands[0].type, TensorType):
            return _find_root(op.operands[0], dims)
        return None, {}
    loops = structured(op)
    positions = loops.init_maps[value.index].results
    to_loops = {s: p for s, d in dims.items() if (p := dimension(positions[d])) is not None}
    if loops.reduction_dims:
        return loops, to_loops
    found: tuple[Structured | None, dict[int, int]] = (None, {})
    for operand, map in zip(loops.inputs, loops.input_maps, strict=True):
        if not isinstance(operand.type, TensorType):
            continue
        of_operand = {p: i for i, expr in enumerate(map.results) if (p := dimension(expr)) is not None}
        inner = {s: of_operand[loop] for s, loop in to_loops.items() if loop in of_operand}
        root, loop_of = _find_root(operand, inner)
        if root is not None and (found[0] is None or root.rank > found[0].rank):
            found = root, loop_of
    return found


def comes_from_reduction(value: SSAValue) -> bool:
    """Whether computing `value` takes a reduction of the same dispatch."""
    op = value.owner
    if not isinstance(op, linalg.StructuredOp) or not is_structured(op):
        return False
    return bool(structured(op).reduction_dims) or any(comes_from_reduction(operand) for operand in op.inputs)


def _any_expensive(value: SSAValue) -> bool:
    op = value.owner
    if not isinstance(op, linalg.StructuredOp) or not is_structured(op):
        return False
    return is_expensive(op.body.block) or any(_any_expensive(operand) for operand in op.inputs)


# ---- maps --------------------------------------------------------------------------------------------------------------


def dimension(expr: AffineExpr) -> int | None:
    """The loop that an index is, if it is just a loop."""
    return expr.position if isinstance(expr, AffineDimExpr) else None


def loop_extent(loops: Structured, dim: int) -> int | None:
    """The static extent of a loop."""
    source = loops.extent_sources[dim]
    if source is None or not isinstance(source[0].type, TensorType):
        return None
    size = source[0].type.get_shape()[source[1]]
    return None if size == DYNAMIC_INDEX else size


def is_unit_stride(loops: Structured, operand: int, dim: int) -> bool:
    """Whether neighbours along loop `dim` are neighbours in memory: the loop moves the last index by one, and no other index."""
    results = loops.maps[operand].results
    if not results or any(dim in expr.used_dims() for expr in results[:-1]):
        return False
    return coefficient(results[-1], dim) == 1


def coefficient(expr: AffineExpr, dim: int) -> int:
    """How far an index moves when loop `dim` makes a step; 0 for an index that is not linear."""
    from pyrie.codegen.cpu.strategies.linear import coefficients

    return coefficients(expr).get(dim, 0)


def uses(loops: Structured, operand: int, dim: int) -> bool:
    return any(dim in expr.used_dims() for expr in loops.maps[operand].results)
