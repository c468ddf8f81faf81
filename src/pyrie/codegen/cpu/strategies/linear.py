"""Coefficients of affine expressions."""

from __future__ import annotations

from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr


def coefficients(expr: AffineExpr) -> dict[int, int]:
    """The coefficient of each dimension in a linear expression; {} if it is not linear."""
    match expr:
        case AffineDimExpr():
            return {expr.position: 1}
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add):
            total = coefficients(expr.lhs)
            for dim, factor in coefficients(expr.rhs).items():
                total[dim] = total.get(dim, 0) + factor
            return total
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul) if isinstance(expr.rhs, AffineConstantExpr):
            return {dim: factor * expr.rhs.value for dim, factor in coefficients(expr.lhs).items()}
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul) if isinstance(expr.lhs, AffineConstantExpr):
            return {dim: factor * expr.lhs.value for dim, factor in coefficients(expr.rhs).items()}
    return {}
