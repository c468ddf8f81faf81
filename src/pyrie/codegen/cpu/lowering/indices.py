"""Positions in tensors: one scalar, or one for each lane of a tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr, AffineSymExpr

from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder


class CannotVectorize(Exception):
    """Raised inside the engine when a tile asks for something that only exists element by element; a strategy then takes smaller steps."""


@dataclass(frozen=True, eq=False)
class Lanes:
    """One axis of the tile being computed: `size` lanes. Axes of a vector are in the order of `rank`."""

    size: int
    rank: int


@dataclass(frozen=True)
class Position:
    """`base + sum(coefficient * lane)` over the lanes of some axes."""

    base: Index
    lanes: tuple[tuple[Lanes, int], ...] = ()

    def coefficient(self, axis: Lanes) -> int:
        return next((c for a, c in self.lanes if a is axis), 0)


Positions = tuple[Position, ...]


def axes_of(positions: Sequence[Position]) -> tuple[Lanes, ...]:
    """The axes along which any of `positions` moves, in vector order."""
    return ordered({axis for position in positions for axis, _ in position.lanes})


def ordered(axes: set[Lanes] | Sequence[Lanes]) -> tuple[Lanes, ...]:
    return tuple(sorted(set(axes), key=lambda a: a.rank))


class PositionArithmetic:
    """Affine arithmetic on positions, folding what is known."""

    def __init__(self, builder: KernelBuilder):
        self.builder = builder

    def add(self, a: Position, b: Position) -> Position:
        total = dict(a.lanes)
        for axis, coefficient in b.lanes:
            total[axis] = total.get(axis, 0) + coefficient
        return Position(self.builder.add(a.base, b.base), tuple((axis, c) for axis, c in total.items() if c))

    def scale(self, a: Position, factor: Index) -> Position:
        if a.lanes and not isinstance(factor, int):
            raise CannotVectorize
        lanes = tuple((axis, c * factor) for axis, c in a.lanes) if isinstance(factor, int) and factor else ()
        return Position(self.builder.mul(a.base, factor), lanes)

    def floordiv(self, a: Position, by: Index) -> Position:
        self._check_within_block(a, by)
        return Position(self.builder.floordiv(a.base, by))

    def mod(self, a: Position, by: Index) -> Position:
        self._check_within_block(a, by)
        return Position(self.builder.mod(a.base, by), a.lanes)

    def _check_within_block(self, a: Position, by: Index) -> None:
        """All lanes must lie in one block of `by` elements: they then share the quotient, and differ in the remainder as they stand."""
        if not a.lanes:
            return
        span = 1 + sum(coefficient * (axis.size - 1) for axis, coefficient in a.lanes)
        aligned = self.builder.divisor(a.base)
        if not isinstance(by, int) or any(c < 0 for _, c in a.lanes) or span > by:
            raise CannotVectorize
        inside = isinstance(a.base, int) and a.base % by + span <= by
        if not inside and not (aligned and by % aligned == 0 and span <= aligned) and aligned % by:
            raise CannotVectorize

    def evaluate(self, expr: AffineExpr, dims: Mapping[int, Position] | Sequence[Position], symbols: Sequence[Position] = ()) -> Position:
        """An affine expression at positions of its dimensions."""
        match expr:
            case AffineDimExpr():
                return dims[expr.position]
            case AffineSymExpr():
                return symbols[expr.position]
            case AffineConstantExpr():
                return Position(expr.value)
            case AffineBinaryOpExpr():
                a, b = self.evaluate(expr.lhs, dims, symbols), self.evaluate(expr.rhs, dims, symbols)
                return self._binary(expr.kind, a, b)
        raise CannotVectorize

    def _binary(self, kind: AffineBinaryOpKind, a: Position, b: Position) -> Position:
        if kind is AffineBinaryOpKind.Add:
            return self.add(a, b)
        if b.lanes:
            a, b = b, a
        if b.lanes:
            raise CannotVectorize
        match kind:
            case AffineBinaryOpKind.Mul:
                return self.scale(a, b.base)
            case AffineBinaryOpKind.FloorDiv:
                return self.floordiv(a, b.base)
            case AffineBinaryOpKind.Mod:
                return self.mod(a, b.base)
            case AffineBinaryOpKind.CeilDiv:
                raised = self.add(a, Position(self.builder.sub(b.base, 1)))
                return self.floordiv(raised, b.base)

    def linearize(self, positions: Sequence[Position], extents: Sequence[Index]) -> Position:
        """Row-major number of an element in an array of `extents`."""
        total = Position(0)
        for position, extent in zip(positions, extents, strict=True):
            total = self.add(self.scale(total, extent), position)
        return total

    def delinearize(self, position: Position, extents: Sequence[Index]) -> Positions:
        """Inverse of `linearize`."""
        result: list[Position] = []
        for extent in reversed(extents[1:]):
            result.insert(0, self.mod(position, extent))
            position = self.floordiv(position, extent)
        return (position, *result) if extents else ()
