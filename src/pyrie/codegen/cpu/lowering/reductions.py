"""Reductions as loops that carry accumulators.

The accumulator is as wide as the tile asked for. When the strategy says so (`Elements.reduction_lanes`), one reduction loop is stepped
through in lanes of its own: partial results in a wider accumulator, combined at the end. That reassociates, so it is done only for
combiners that allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, TensorType, i64
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.codegen.cpu.emit.control import UNROLL
from pyrie.codegen.cpu.lowering.bodies import Evaluation, elementwise
from pyrie.codegen.cpu.lowering.elements import Elements, operand_tiles
from pyrie.codegen.cpu.lowering.indices import CannotVectorize, Lanes, Position, Positions, axes_of, ordered
from pyrie.codegen.cpu.lowering.scopes import Index
from pyrie.codegen.cpu.lowering.scratch import Frame, frame
from pyrie.codegen.cpu.lowering.transfers import Tile, broadcast, is_float, vector_type
from pyrie.codegen.cpu.structured import Structured
from pyrie.dialects import arith, vector
from pyrie.dialects.vector import CombiningKindAttr, CombiningKindFlag

REDUCTION_RANK = 1000  # axes of reductions come after those of what is stored
CONTRACT = FastMathFlagsAttr([FastMathFlag.ALLOW_CONTRACT])


@dataclass(frozen=True)
class Combiner:
    """An associative, commutative way to combine; `neutral(type)` changes nothing."""

    kind: CombiningKindFlag
    neutral: Callable[[Attribute], float]


def _lowest(type: Attribute) -> float:
    return float("-inf") if is_float(type) else -(1 << _width(type) - 1)


def _highest(type: Attribute) -> float:
    return float("inf") if is_float(type) else (1 << _width(type) - 1) - 1


def _width(type: Attribute) -> int:
    return type.width.data if isinstance(type, IntegerType) else 64


def _ones(type: Attribute) -> float:
    return -1


COMBINERS: dict[type[Operation], Combiner] = {
    arith.AddfOp: Combiner(CombiningKindFlag.ADD, lambda t: 0.0),
    arith.AddiOp: Combiner(CombiningKindFlag.ADD, lambda t: 0),
    arith.MulfOp: Combiner(CombiningKindFlag.MUL, lambda t: 1.0),
    arith.MuliOp: Combiner(CombiningKindFlag.MUL, lambda t: 1),
    arith.MaximumfOp: Combiner(CombiningKindFlag.MAXIMUMF, _lowest),
    arith.MinimumfOp: Combiner(CombiningKindFlag.MINIMUMF, _highest),
    arith.MaxSIOp: Combiner(CombiningKindFlag.MAXSI, _lowest),
    arith.MinSIOp: Combiner(CombiningKindFlag.MINSI, _highest),
    arith.MaxUIOp: Combiner(CombiningKindFlag.MAXUI, lambda t: 0),
    arith.MinUIOp: Combiner(CombiningKindFlag.MINUI, _ones),
    arith.AndIOp: Combiner(CombiningKindFlag.AND, _ones),
    arith.OrIOp: Combiner(CombiningKindFlag.OR, lambda t: 0),
    arith.XOrIOp: Combiner(CombiningKindFlag.XOR, lambda t: 0),
}


@dataclass(frozen=True)
class Step:
    """What one step of a recognised reduction does: accumulator = `op`(accumulator, `contribution`)."""

    op: Operation
    contribution: SSAValue
    combiner: Combiner


def reduction_steps(loops: Structured) -> tuple[Step, ...] | None:
    """The steps of a body all of whose results combine associatively, or None."""
    steps = []
    accumulators = loops.body.args[len(loops.inputs) :]
    for accumulator, result in zip(accumulators, loops.yielded, strict=True):
        op = result.owner
        if not isinstance(op, Operation) or type(op) not in COMBINERS or accumulator not in op.operands:
            return None
        if sum(1 for _ in accumulator.uses) != 1 or sum(1 for _ in result.uses) != 1:
            return None
        contribution = op.operands[1] if op.operands[0] is accumulator else op.operands[0]
        steps.append(Step(op, contribution, COMBINERS[type(op)]))
    return tuple(steps)


def reduce(e: Elements, loops: Structured, number: int, at: Positions) -> Tile:
    """Result `number` of a reduction, at `at`: loops where the positions exist, outside of loops that they do not depend on."""
    builder = e.builder
    scope = builder.home(*(p.base for p in at))
    guard = builder.guard()
    scope = guard if guard.depth > scope.depth else scope
    positions: list[Position | None] = [None] * loops.rank
    for expr, position in zip(loops.init_maps[number].results, at, strict=True):
        positions[expr.position] = position  # pyright: ignore[reportAttributeAccessIssue]
    if any(positions[d] is None for d in loops.parallel_dims):
        raise CannotVectorize
    with builder.at(scope):
        tiles = _Reduction(e, loops, positions, axes_of(at)).run()
    for i, tile in enumerate(tiles):
        here = tuple(positions[expr.position] for expr in loops.init_maps[i].results)  # pyright: ignore[reportAttributeAccessIssue]
        builder.remember(("tile", loops.op.results[i], here), tile, builder.home(tile.value))
    return tiles[number]


class _Reduction:
    """One reduction at one tile of its results."""

    def __init__(self, e: Elements, loops: Structured, positions: list[Position | None], axes: tuple[Lanes, ...]):
        self.e, self.loops, self.axes = e, loops, axes
        self.builder = e.builder
        self.positions = positions
        self.steps = reduction_steps(loops)
        self.extents = {d: e.loop_extent(loops, d) for d in loops.reduction_dims}

    def run(self) -> list[Tile]:
        initial = [broadcast(self.builder, tile, self.axes) for tile in self._initial()]
        dim, lanes = self._lanes()
        if dim is None:
            return self._nest(initial, {}, self.axes, self._step)
        extent = self.extents[dim]
        if isinstance(extent, int):
            segments = [(0, extent - extent % lanes, lanes), (extent - extent % lanes, extent, extent % lanes)]
        else:
            whole = self.builder.mul(self.builder.floordiv(extent, lanes), lanes)
            segments = [(0, whole, lanes), (whole, extent, 1)]
        result = initial
        for lower, upper, size in segments:
            if lower == upper and isinstance(lower, int):
                continue
            result = self._segment(result, dim, lower, upper, size)
        return result

    def _initial(self) -> list[Tile]:
        tiles = []
        for value, map in zip(self.loops.inits, self.loops.init_maps, strict=True):
            at = tuple(self._at(expr.position) for expr in map.results)  # pyright: ignore[reportAttributeAccessIssue]
            tiles.append(self.e.of(value, at) if isinstance(value.type, TensorType) else Tile(self.e.dispatch.scalar(value)))
        return tiles

    def _at(self, dim: int) -> Position:
        position = self.positions[dim]
        assert position is not None
        return position

    def _lanes(self) -> tuple[int | None, int]:
        """The reduction loop to step through in lanes, and how many."""
        if self.steps is None:
            return None, 0
        dim, lanes = self.loops.reduction_dims[-1], self.e.reduction_lanes(self.loops, self.axes)
        extent = self.extents[dim]
        if isinstance(extent, int):
            lanes = min(lanes, extent)
        return (dim, lanes) if lanes > 1 else (None, 0)

    def _segment(self, results: list[Tile], dim: int, lower: Index, upper: Index, size: int) -> list[Tile]:
        """Combines `results` with the contributions of `lower <= dim < upper`, `size` at a time."""
        if size == 1:
            return self._nest(results, {dim: (lower, upper, None)}, self.axes, self._step)
        assert self.steps is not None
        axis = Lanes(size, REDUCTION_RANK + dim)
        wide = (*self.axes, axis)
        neutral = []
        for step, tile in zip(self.steps, results, strict=True):
            type = vector_type(tile.element_type, wide)
            neutral.append(Tile(self.builder.number(step.combiner.neutral(tile.element_type), type), wide))
        partial = self._nest(neutral, {dim: (lower, upper, axis)}, wide, self._wide_step)
        return [self._collapse(step, p, r) for step, p, r in zip(self.steps, partial, results, strict=True)]

    def _collapse(self, step: Step, partial: Tile, start: Tile) -> Tile:
        """Combines the last axis of `partial` with `start`."""
        dims = DenseArrayBase.from_list(i64, [len(self.axes)])
        properties = {"kind": CombiningKindAttr(step.combiner.kind), "reduction_dims": dims}
        op = self.builder.pure(vector.MultiReductionOp, [partial.value, start.value], [start.value.type], properties)
        return Tile(op.results[0], self.axes)

    def _nest(
        self,
        carried: list[Tile],
        special: dict[int, tuple[Index, Index, Lanes | None]],
        axes: tuple[Lanes, ...],
        step: Callable[[list[Position], list[Tile]], list[Tile]],
    ) -> list[Tile]:
        """Loops over all reduction dims in order, outermost first."""
        dims = self.loops.reduction_dims

        def level(depth: int, positions: list[Position], carried: list[Tile]) -> list[Tile]:
            if depth == len(dims):
                return step(positions, carried)
            dim = dims[depth]
            lower, upper, axis = special.get(dim, (0, self.extents[dim], None))
            size = axis.size if axis else 1

            def at(base: Index) -> list[Tile]:
                moved = list(positions)
                moved[dim] = Position(base, ((axis, 1),) if axis else ())
                with frame(self.e, Frame(self.builder.current, base, self.extents[dim], axis)):
                    return level(depth + 1, moved, carried_now)

            carried_now = carried
            if isinstance(lower, int) and isinstance(upper, int) and upper - lower == size:
                return at(lower)

            def body(iv: SSAValue, values: Sequence[SSAValue]) -> Sequence[SSAValue]:
                nonlocal carried_now
                carried_now = [Tile(v, t.axes) for v, t in zip(values, carried, strict=True)]
                return [t.value for t in at(iv)]

            attributes = {UNROLL: IntegerAttr(self._unroll(axes), i64)} if depth == len(dims) - 1 else {}
            results = self.builder.for_(lower, upper, size, [t.value for t in carried], body, attributes)
            return [Tile(v, t.axes) for v, t in zip(results, carried, strict=True)]

        start = [p if p is not None else Position(0) for p in self.positions]
        return level(0, start, carried)

    def _unroll(self, axes: tuple[Lanes, ...]) -> int:
        """Four steps an iteration: more is only code (measured)."""
        return 4

    def _step(self, positions: list[Position], carried: list[Tile]) -> list[Tile]:
        """One step of any body."""
        evaluation = self._evaluate(positions, carried)
        if self.steps is None:
            return [broadcast(self.builder, evaluation.tile(v), self.axes) for v in self.loops.yielded]
        return self._combined(evaluation, carried, self.axes)

    def _wide_step(self, positions: list[Position], carried: list[Tile]) -> list[Tile]:
        return self._combined(self._evaluate(positions, carried), carried, carried[0].axes)

    def _evaluate(self, positions: list[Position], carried: list[Tile]) -> Evaluation:
        return self.e.bodies.run(self.loops.body, operand_tiles(self.e, self.loops, positions, carried), positions)

    def _combined(self, evaluation: Evaluation, carried: list[Tile], axes: tuple[Lanes, ...]) -> list[Tile]:
        assert self.steps is not None
        results = []
        for step, accumulator in zip(self.steps, carried, strict=True):
            op = step.contribution.owner
            properties = None
            if isinstance(step.op, arith.AddfOp) and isinstance(op, arith.MulfOp) and sum(1 for _ in step.contribution.uses) == 1:
                factors = [evaluation.tile(o) for o in op.operands]
                contribution = elementwise(self.builder, op, factors, {"fastmath": CONTRACT})[0]
                properties = {"fastmath": CONTRACT}
            else:
                contribution = evaluation.tile(step.contribution)
            both = [accumulator, contribution] if step.op.operands[1] is step.contribution else [contribution, accumulator]
            combined = elementwise(self.builder, step.op, both, properties)[0]
            if ordered(combined.axes) != axes:
                raise CannotVectorize
            results.append(combined)
        return results
