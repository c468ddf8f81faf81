"""Affine maps and sets as MLIR reads and writes them: `affine_map<(d0)[s0] -> (d0 * 4 - s0)>`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
    AffineSet,
    AffineSymExpr,
)
from xdsl.parser import AffineParser as XDSLAffineParser
from xdsl.utils.mlir_lexer import MLIRToken

_SPELLING = {
    AffineBinaryOpKind.Mul: " * ",
    AffineBinaryOpKind.Mod: " mod ",
    AffineBinaryOpKind.FloorDiv: " floordiv ",
    AffineBinaryOpKind.CeilDiv: " ceildiv ",
}
Names = Callable[[str, int], str]


def _default_names(kind: str, position: int) -> str:
    return f"{kind}{position}"


def format_map(map: AffineMap) -> str:
    """`(d0, d1)[s0] -> (d0 + s0, d1)`, without the `affine_map<>` round it."""
    return f"{_space(map.num_dims, map.num_symbols)} -> ({', '.join(map_results(map.results))})"


def format_set(set: AffineSet) -> str:
    """`(d0)[s0] : (d0 - s0 >= 0)`."""
    constraints = ", ".join(f"{format_expr(c.lhs)} {c.kind.value} {format_expr(c.rhs)}" for c in set.constraints)
    return f"{_space(set.num_dims, set.num_symbols)} : ({constraints})"


def map_results(results: Sequence[AffineExpr], names: Names = _default_names) -> list[str]:
    """Each result expression; `names("d", 0)` gives what stands for dimension 0 (SSA names in `affine.load %m[%i + 1]`)."""
    return [format_expr(result, names) for result in results]


def format_expr(expr: AffineExpr, names: Names = _default_names, *, strong: bool = False) -> str:
    """One expression; `strong` puts parentheses round what binds weaker than a multiplication."""
    match expr:
        case AffineDimExpr():
            return names("d", expr.position)
        case AffineSymExpr():
            return names("s", expr.position)
        case AffineConstantExpr():
            return str(expr.value)
        case AffineBinaryOpExpr():
            text = _sum(expr, names) if expr.kind is AffineBinaryOpKind.Add else _product(expr, names)
            return f"({text})" if strong else text
    raise AssertionError(expr)


def _product(expr: AffineBinaryOpExpr, names: Names) -> str:
    left = format_expr(expr.lhs, names, strong=True)
    if expr.kind is AffineBinaryOpKind.Mul and expr.rhs == AffineConstantExpr(-1):
        return f"-{left}"
    return f"{left}{_SPELLING[expr.kind]}{format_expr(expr.rhs, names, strong=True)}"


def _sum(expr: AffineBinaryOpExpr, names: Names) -> str:
    left, right = format_expr(expr.lhs, names), expr.rhs
    if isinstance(right, AffineBinaryOpExpr) and right.kind is AffineBinaryOpKind.Mul and isinstance(right.rhs, AffineConstantExpr):
        factor = right.rhs.value
        if factor == -1:
            is_sum = isinstance(right.lhs, AffineBinaryOpExpr) and right.lhs.kind is AffineBinaryOpKind.Add
            return f"{left} - {format_expr(right.lhs, names, strong=is_sum)}"
        if factor < -1:
            return f"{left} - {format_expr(right.lhs, names, strong=True)} * {-factor}"
    if isinstance(right, AffineConstantExpr) and right.value < 0:
        return f"{left} - {-right.value}"
    return f"{left} + {format_expr(right, names)}"


def _space(dims: int, symbols: int) -> str:
    text = f"({', '.join(f'd{i}' for i in range(dims))})"
    return f"{text}[{', '.join(f's{i}' for i in range(symbols))}]" if symbols else text


def binary(kind: AffineBinaryOpKind, left: AffineExpr, right: AffineExpr) -> AffineExpr:
    """`left kind right`, simplified exactly as far as MLIR does while it builds an expression (xDSL also distributes products)."""
    if isinstance(left, AffineConstantExpr) and isinstance(right, AffineConstantExpr):
        folded = _fold(kind, left.value, right.value)
        if folded is not None:
            return AffineConstantExpr(folded)
    simplified = _SIMPLIFY[kind](left, right)
    return simplified if simplified is not None else AffineBinaryOpExpr(kind, left, right)


def _fold(kind: AffineBinaryOpKind, left: int, right: int) -> int | None:
    match kind:
        case AffineBinaryOpKind.Add:
            return left + right
        case AffineBinaryOpKind.Mul:
            return left * right
        case _ if right < 1:
            return None
        case AffineBinaryOpKind.Mod:
            return left % right
        case AffineBinaryOpKind.FloorDiv:
            return left // right
        case AffineBinaryOpKind.CeilDiv:
            return -(-left // right)


def _is_symbolic_or_constant(expr: AffineExpr) -> bool:
    match expr:
        case AffineDimExpr():
            return False
        case AffineBinaryOpExpr():
            return _is_symbolic_or_constant(expr.lhs) and _is_symbolic_or_constant(expr.rhs)
    return True


def _constant_of(expr: AffineExpr, kind: AffineBinaryOpKind) -> int | None:
    """c if expr is `x kind c`."""
    if isinstance(expr, AffineBinaryOpExpr) and expr.kind is kind and isinstance(expr.rhs, AffineConstantExpr):
        return expr.rhs.value
    return None


def _largest_divisor(expr: AffineExpr) -> int:
    match expr:
        case AffineConstantExpr():
            return abs(expr.value)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul):
            return _largest_divisor(expr.lhs) * _largest_divisor(expr.rhs)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add | AffineBinaryOpKind.Mod):
            return math.gcd(_largest_divisor(expr.lhs), _largest_divisor(expr.rhs))
    return 1


def _simplify_add(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    add, mul = AffineBinaryOpKind.Add, AffineBinaryOpKind.Mul
    if isinstance(left, AffineConstantExpr) or (_is_symbolic_or_constant(left) and not _is_symbolic_or_constant(right)):
        return binary(add, right, left)
    if isinstance(right, AffineConstantExpr):
        if right.value == 0:
            return left
        inner = _constant_of(left, add)
        if inner is not None:
            return binary(add, left.lhs, AffineConstantExpr(inner + right.value))  # pyright: ignore[reportAttributeAccessIssue]
    left_factor, right_factor = _constant_of(left, mul), _constant_of(right, mul)
    left_base = left.lhs if left_factor is not None else left  # pyright: ignore[reportAttributeAccessIssue]
    right_base = right.lhs if right_factor is not None else right  # pyright: ignore[reportAttributeAccessIssue]
    if left_base == right_base and not isinstance(right, AffineConstantExpr):
        factor = (1 if left_factor is None else left_factor) + (1 if right_factor is None else right_factor)
        return binary(mul, left_base, AffineConstantExpr(factor))
    if isinstance(left, AffineBinaryOpExpr) and _constant_of(left, add) is not None:  # (x + c) + y -> (x + y) + c
        return binary(add, binary(add, left.lhs, right), left.rhs)
    return _floordiv_times_to_mod(left, right)


def _floordiv_times_to_mod(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    """x + (x floordiv c) * -c -> x mod c."""
    factor = _constant_of(right, AffineBinaryOpKind.Mul)
    if factor is None or factor >= 0:
        return None
    quotient = right.lhs  # pyright: ignore[reportAttributeAccessIssue]
    if _constant_of(quotient, AffineBinaryOpKind.FloorDiv) == -factor and quotient.lhs == left:
        return binary(AffineBinaryOpKind.Mod, left, AffineConstantExpr(-factor))
    return None


def _simplify_mul(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    mul = AffineBinaryOpKind.Mul
    if not _is_symbolic_or_constant(right) or (isinstance(left, AffineConstantExpr) and not isinstance(right, AffineConstantExpr)):
        return binary(mul, right, left) if _is_symbolic_or_constant(left) else None
    if isinstance(right, AffineConstantExpr):
        if right.value in (0, 1):
            return left if right.value else right
        inner = _constant_of(left, mul)
        if inner is not None:
            return binary(mul, left.lhs, AffineConstantExpr(inner * right.value))  # pyright: ignore[reportAttributeAccessIssue]
    return None


def _simplify_floordiv(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    if not isinstance(right, AffineConstantExpr) or right.value == 0:
        return None
    divisor = right.value
    if divisor == 1:
        return left
    inner = _constant_of(left, AffineBinaryOpKind.Mul)
    if divisor > 1 and inner is not None and inner % divisor == 0:
        return binary(AffineBinaryOpKind.Mul, left.lhs, AffineConstantExpr(inner // divisor))  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(left, AffineBinaryOpExpr) or left.kind is not AffineBinaryOpKind.Add:
        return None
    if divisor > 1 and not (_largest_divisor(left.lhs) % divisor and _largest_divisor(left.rhs) % divisor):
        kind = AffineBinaryOpKind.FloorDiv
        return binary(AffineBinaryOpKind.Add, binary(kind, left.lhs, right), binary(kind, left.rhs, right))
    return None


def _simplify_ceildiv(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    if not isinstance(right, AffineConstantExpr) or right.value < 1:
        return None
    if right.value == 1:
        return left
    inner = _constant_of(left, AffineBinaryOpKind.Mul)
    if inner is not None and inner % right.value == 0:
        return binary(AffineBinaryOpKind.Mul, left.lhs, AffineConstantExpr(inner // right.value))  # pyright: ignore[reportAttributeAccessIssue]
    return None


def _simplify_mod(left: AffineExpr, right: AffineExpr) -> AffineExpr | None:
    if not isinstance(right, AffineConstantExpr) or right.value < 1:
        return None
    modulus = right.value
    if _largest_divisor(left) % modulus == 0:
        return AffineConstantExpr(0)
    if isinstance(left, AffineBinaryOpExpr) and left.kind is AffineBinaryOpKind.Add:
        if _largest_divisor(left.lhs) % modulus == 0:
            return binary(AffineBinaryOpKind.Mod, left.rhs, right)
        if _largest_divisor(left.rhs) % modulus == 0:
            return binary(AffineBinaryOpKind.Mod, left.lhs, right)
    inner = _constant_of(left, AffineBinaryOpKind.Mod)
    if inner is not None and inner % modulus == 0:
        return binary(AffineBinaryOpKind.Mod, left.lhs, right)  # pyright: ignore[reportAttributeAccessIssue]
    return None


_SIMPLIFY = {
    AffineBinaryOpKind.Add: _simplify_add,
    AffineBinaryOpKind.Mul: _simplify_mul,
    AffineBinaryOpKind.FloorDiv: _simplify_floordiv,
    AffineBinaryOpKind.CeilDiv: _simplify_ceildiv,
    AffineBinaryOpKind.Mod: _simplify_mod,
}


class AffineParser(XDSLAffineParser):
    """xDSL's, building expressions as MLIR does."""

    def _create_binop_expr(self, lhs: AffineExpr, rhs: AffineExpr, binop: MLIRToken) -> AffineExpr:
        if binop.text == "-":
            return binary(AffineBinaryOpKind.Add, lhs, binary(AffineBinaryOpKind.Mul, rhs, AffineConstantExpr(-1)))
        return binary(_KIND_OF_TOKEN[binop.text], lhs, rhs)

    def _parse_primary(self, parse_optional_bare_id: Callable[[], AffineExpr | None]) -> AffineExpr:
        if self._current_token.text == "-":
            self._consume_token()
            return binary(AffineBinaryOpKind.Mul, self._parse_primary(parse_optional_bare_id), AffineConstantExpr(-1))
        return super()._parse_primary(parse_optional_bare_id)


_KIND_OF_TOKEN = {
    "+": AffineBinaryOpKind.Add,
    "*": AffineBinaryOpKind.Mul,
    "mod": AffineBinaryOpKind.Mod,
    "floordiv": AffineBinaryOpKind.FloorDiv,
    "ceildiv": AffineBinaryOpKind.CeilDiv,
}
