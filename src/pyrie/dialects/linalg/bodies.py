"""Scalar bodies of the named ops: ops of arith and math on one element of each operand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import arith, math
from pyrie.dialects.linalg.structured import YieldOp
from pyrie.support.errors import UnsupportedError

Attributes = Mapping[str, Attribute]


class BodyBuilder:
    """Appends scalar ops to a block whose arguments are the elements of the operands."""

    def __init__(self, element_types: Sequence[Attribute], attributes: Attributes):
        self.block = Block(arg_types=element_types)
        self.args = self.block.args
        self.unsigned = "unsigned" in str(attributes.get("cast", ""))
        self.attributes = attributes

    def add(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def finish(self, *values: SSAValue) -> Region:
        self.block.add_op(YieldOp(*values))
        return Region(self.block)

    def constant(self, number: float, type_: Attribute) -> SSAValue:
        """The constant `number` of an integer, index or float type."""
        if isinstance(type_, AnyFloat):
            return self.add(arith.ConstantOp(FloatAttr(float(number), type_)))
        return self.add(arith.ConstantOp(IntegerAttr(int(number), type_)))  # pyright: ignore[reportArgumentType, reportCallIssue]

    def cast(self, value: SSAValue, to: Attribute, unsigned: bool | None = None) -> SSAValue:
        """`value` as an element of type `to`; integers extend by the op's `cast` attribute."""
        of = value.type
        unsigned = self.unsigned if unsigned is None else unsigned
        if of == to:
            return value
        if isinstance(of, IndexType) or isinstance(to, IndexType):
            return self.add(arith.IndexCastOp(value, to))
        if isinstance(of, AnyFloat) and isinstance(to, AnyFloat):
            return self.add(arith.ExtFOp(value, to) if to.bitwidth > of.bitwidth else arith.TruncFOp(value, to))
        if isinstance(of, AnyFloat):
            return self.add(arith.FPToUIOp(value, to) if unsigned else arith.FPToSIOp(value, to))
        if isinstance(to, AnyFloat):
            return self.add(arith.UIToFPOp(value, to) if unsigned else arith.SIToFPOp(value, to))
        if isinstance(of, IntegerType) and isinstance(to, IntegerType):
            if to.width.data < of.width.data:
                return self.add(arith.TruncIOp(value, to))
            return self.add(arith.ExtUIOp(value, to) if unsigned else arith.ExtSIOp(value, to))
        raise UnsupportedError(f"a linalg op casts {of} to {to}", hint="supported: integers, index and floats")

    def binary(self, kind: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """One of the binary functions below on two elements of one type."""
        if isinstance(a.type, AnyFloat):
            column = 1
        elif isinstance(a.type, IntegerType) and a.type.width.data == 1:
            column = 2
        else:
            column = 0
        op = BINARY[kind][column]
        if op is None:
            raise UnsupportedError(f"linalg function '{kind}' on {a.type}", hint=f"supported functions: {', '.join(BINARY)}")
        return self.add(op(a, b))


# function: op on integers, on floats, on i1
BINARY: dict[str, tuple[Callable[..., Operation] | None, Callable[..., Operation] | None, Callable[..., Operation] | None]] = {
    "add": (arith.AddiOp, arith.AddfOp, arith.OrIOp),
    "sub": (arith.SubiOp, arith.SubfOp, None),
    "mul": (arith.MuliOp, arith.MulfOp, arith.AndIOp),
    "div": (arith.DivSIOp, arith.DivfOp, None),
    "div_unsigned": (arith.DivUIOp, None, None),
    "max_signed": (arith.MaxSIOp, arith.MaximumfOp, None),
    "min_signed": (arith.MinSIOp, arith.MinimumfOp, None),
    "max_unsigned": (arith.MaxUIOp, arith.MaximumfOp, arith.OrIOp),
    "min_unsigned": (arith.MinUIOp, arith.MinimumfOp, arith.AndIOp),
    "powf": (None, math.PowFOp, None),
}

UNARY: dict[str, Callable[[SSAValue], Operation]] = {
    "exp": math.ExpOp,
    "log": math.LogOp,
    "abs": math.AbsFOp,
    "ceil": math.CeilOp,
    "floor": math.FloorOp,
    "negf": arith.NegfOp,
    "round": math.RoundOp,
    "sqrt": math.SqrtOp,
    "rsqrt": math.RsqrtOp,
    "tanh": math.TanhOp,
    "erf": math.ErfOp,
}

Body = Callable[[BodyBuilder], Region]


def copy(b: BodyBuilder) -> Region:
    """out = in"""
    return b.finish(b.cast(b.args[0], b.args[1].type))


def unary(kind: str) -> Body:
    """out = f(in)"""

    def build(b: BodyBuilder) -> Region:
        value = b.cast(b.args[0], b.args[1].type)
        if kind == "square":
            return b.finish(b.binary("mul", value, value))
        if kind == "reciprocal":
            return b.finish(b.binary("div", b.constant(1.0, value.type), value))
        return b.finish(b.add(UNARY[kind](value)))

    return build


def binary(kind: str) -> Body:
    """out = f(a, b)"""

    def build(b: BodyBuilder) -> Region:
        to = b.args[2].type
        return b.finish(b.binary(kind, b.cast(b.args[0], to), b.cast(b.args[1], to)))

    return build


def elementwise(kind: str) -> tuple[int, Body]:
    """The number of inputs and the body of an elementwise function."""
    if kind == "select":
        return 3, select
    return (2, binary(kind)) if kind in BINARY else (1, unary(kind))


def select(b: BodyBuilder) -> Region:
    """out = condition ? a : b"""
    return b.finish(b.add(arith.SelectOp(b.args[0], b.args[1], b.args[2])))


def multiply_accumulate(b: BodyBuilder) -> Region:
    """out += a * b, in the type of out"""
    to = b.args[2].type
    product = b.binary("mul", b.cast(b.args[0], to), b.cast(b.args[1], to))
    return b.finish(b.binary("add", b.args[2], product))


def multiply_accumulate_quantized(b: BodyBuilder) -> Region:
    """out += (a - a_zero) * (b - b_zero), in the type of out"""
    to = b.args[4].type
    lhs = b.binary("sub", b.cast(b.args[0], to, False), b.cast(b.args[2], to, False))
    rhs = b.binary("sub", b.cast(b.args[1], to, False), b.cast(b.args[3], to, False))
    return b.finish(b.binary("add", b.args[4], b.binary("mul", lhs, rhs)))


def pool(kind: str) -> Body:
    """out = f(out, in) over a window whose elements are not read"""

    def build(b: BodyBuilder) -> Region:
        to = b.args[2].type
        return b.finish(b.binary(kind, b.args[2], b.cast(b.args[0], to, kind.endswith("unsigned"))))

    return build
