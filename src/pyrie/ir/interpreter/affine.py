"""The meaning of affine as index arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from xdsl.dialects.builtin import AffineMapAttr, DenseArrayBase
from xdsl.ir import Operation
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineSymExpr,
)

from pyrie.ir.interpreter.registry import Value, elementwise, implements
from pyrie.ir.interpreter.scf import mixed

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def evaluate(expression: AffineExpr, dims: Sequence[np.ndarray], symbols: Sequence[np.ndarray] = ()) -> np.ndarray:
    """An affine expression on arrays of indices."""
    match expression:
        case AffineConstantExpr(value):
            return np.array(value, np.int64)
        case AffineDimExpr(position):
            return np.asarray(dims[position])
        case AffineSymExpr(position):
            return np.asarray(symbols[position])
        case AffineBinaryOpExpr(kind, lhs, rhs):
            return _BINARY[kind](evaluate(lhs, dims, symbols), evaluate(rhs, dims, symbols))
    raise TypeError(f"unknown affine expression {expression}")


_BINARY = {
    AffineBinaryOpKind.Add: np.add,
    AffineBinaryOpKind.Mul: np.multiply,
    AffineBinaryOpKind.Mod: np.mod,
    AffineBinaryOpKind.FloorDiv: np.floor_divide,
    AffineBinaryOpKind.CeilDiv: lambda a, b: -np.floor_divide(-a, b),
}


def _results(op: Operation, operands: Sequence[np.ndarray]) -> list[np.ndarray]:
    map_ = cast(AffineMapAttr, op.properties["map"]).data
    return [evaluate(result, operands[: map_.num_dims], operands[map_.num_dims :]) for result in map_.results]


@elementwise("affine.apply")
def apply(op: Operation, *operands: np.ndarray) -> np.ndarray:
    return _results(op, operands)[0]


@elementwise("affine.min")
def smallest(op: Operation, *operands: np.ndarray) -> np.ndarray:
    return np.minimum.reduce(np.broadcast_arrays(*_results(op, operands)))


@elementwise("affine.max")
def largest(op: Operation, *operands: np.ndarray) -> np.ndarray:
    return np.maximum.reduce(np.broadcast_arrays(*_results(op, operands)))


@elementwise("affine.delinearize_index")
def delinearize(op: Operation, linear: np.ndarray, *dynamic: np.ndarray) -> tuple[np.ndarray, ...]:
    basis = mixed(cast(DenseArrayBase, op.properties["static_basis"]), dynamic)
    bounded = basis[1:] if len(basis) == len(op.results) else basis
    digits, rest = [], np.asarray(linear)
    for size in reversed(bounded):
        rest, digit = np.floor_divide(rest, size), np.mod(rest, size)
        digits.append(digit)
    return (rest, *reversed(digits))


@implements("affine.linearize_index")
def linearize(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    static = cast(DenseArrayBase, op.properties["static_basis"])
    count = int(op.properties["operandSegmentSizes"].get_values()[0])  # pyright: ignore[reportAttributeAccessIssue]
    basis = mixed(static, operands[count:])
    total = np.array(0, np.int64)
    for index, size in zip(operands[:count], [1, *basis][-count:], strict=True):
        total = total * size + index
    return (np.asarray(total),)
