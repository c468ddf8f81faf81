"""Elementwise ops of StableHLO and CHLO on scalars: the bodies of linalg.generic.

One table a number kind: `SCALARS[op class]` has a column for floats, signed integers and unsigned integers (and booleans).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerAttr, IntegerType, f32
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, chlo, math
from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection, ComparisonType
from pyrie.passes.input.stablehlo_to_linalg.emitter import Emitter, Signs, constant_of, is_unsigned
from pyrie.support.errors import UnsupportedError

Scalar = Callable[[Emitter, list[SSAValue]], SSAValue]
i1 = IntegerType(1)


@dataclass(frozen=True)
class Row:
    """How one op is computed; None where it is not defined for that kind of number."""

    real: Scalar | None = None
    signed: Scalar | None = None
    unsigned: Scalar | None = None


def op(cls: type[Operation]) -> Scalar:
    """Applies one op."""
    return lambda e, args: e(cls(*args))


def both(cls: type[Operation]) -> dict[str, Scalar]:
    """The same op for signed and unsigned integers."""
    return {"signed": op(cls), "unsigned": op(cls)}


def width(value: SSAValue) -> int:
    assert isinstance(value.type, IntegerType)
    return value.type.width.data


# ---- integers ----------------------------------------------------------------------------------------------------------


def guarded_divide(
    cls: type[Operation], at_zero: Callable[[Emitter, SSAValue], SSAValue], overflow: Callable[[Emitter, SSAValue], SSAValue]
):
    """Signed division without a trap: `at_zero` for a divisor of zero, `overflow` for the smallest number over -1."""

    def divide(e: Emitter, args: list[SSAValue]) -> SSAValue:
        a, b = args
        zero, minus_one, one = (e.constant(n, a.type) for n in (0, -1, 1))
        smallest = e.constant(-(1 << (width(a) - 1)), a.type)
        is_zero = e(arith.CmpiOp(b, zero, "eq"))
        overflows = e(arith.AndIOp(e(arith.CmpiOp(a, smallest, "eq")), e(arith.CmpiOp(b, minus_one, "eq"))))
        safe = e(arith.SelectOp(e(arith.OrIOp(is_zero, overflows)), one, b))
        quotient = e(cls(a, safe))  # pyright: ignore[reportCallIssue]
        return e(arith.SelectOp(is_zero, at_zero(e, a), e(arith.SelectOp(overflows, overflow(e, a), quotient))))

    return divide


def guarded_unsigned(cls: type[Operation], at_zero: Callable[[Emitter, SSAValue], SSAValue]):
    """Unsigned division without a trap."""

    def divide(e: Emitter, args: list[SSAValue]) -> SSAValue:
        a, b = args
        is_zero = e(arith.CmpiOp(b, e.constant(0, a.type), "eq"))
        safe = e(arith.SelectOp(is_zero, e.constant(1, a.type), b))
        return e(arith.SelectOp(is_zero, at_zero(e, a), e(cls(a, safe))))  # pyright: ignore[reportCallIssue]

    return divide


def same(e: Emitter, a: SSAValue) -> SSAValue:
    return a


def number(n: int) -> Callable[[Emitter, SSAValue], SSAValue]:
    return lambda e, a: e.constant(n, a.type)


def shift(cls: type[Operation], beyond: Callable[[Emitter, SSAValue], SSAValue]) -> Scalar:
    """A shift that gives `beyond` for counts of the width or more, taken as unsigned."""

    def apply(e: Emitter, args: list[SSAValue]) -> SSAValue:
        a, count = args
        inside = e(arith.CmpiOp(count, e.constant(width(a), a.type), "ult"))
        safe = e(arith.SelectOp(inside, count, e.constant(0, a.type)))
        return e(arith.SelectOp(inside, e(cls(a, safe)), beyond(e, a)))  # pyright: ignore[reportCallIssue]

    return apply


def sign_bits(e: Emitter, a: SSAValue) -> SSAValue:
    return e(arith.ShRSIOp(a, e.constant(width(a) - 1, a.type)))


def absolute(e: Emitter, args: list[SSAValue]) -> SSAValue:
    (a,) = args
    zero = e.constant(0, a.type)
    return e(arith.SelectOp(e(arith.CmpiOp(a, zero, "sge")), a, e(arith.SubiOp(zero, a))))


def integer_sign(e: Emitter, args: list[SSAValue]) -> SSAValue:
    (a,) = args
    zero, one = e.constant(0, a.type), e.constant(1, a.type)
    nonzero = e(arith.OrIOp(sign_bits(e, a), one))
    return e(arith.SelectOp(e(arith.CmpiOp(a, zero, "eq")), zero, nonzero))


def integer_power(e: Emitter, args: list[SSAValue], *, signed: bool) -> SSAValue:
    """Square and multiply over the bits of the exponent; a negative exponent gives 1, -1 or 0, and 0 to it gives 0."""
    base, exponent = args
    if isinstance(known := constant_of(exponent), IntegerAttr) and known.value.data >= 0:
        return constant_power(e, base, known.value.data)
    zero, one, minus_one = (e.constant(n, base.type) for n in (0, 1, -1))
    result, square, bits = one, base, exponent
    for _ in range(width(base)):
        taken = e(arith.CmpiOp(e(arith.AndIOp(bits, one)), one, "eq"))
        result = e(arith.SelectOp(taken, e(arith.MuliOp(result, square)), result))
        square = e(arith.MuliOp(square, square))
        bits = e(arith.ShRUIOp(bits, one))
    if not signed:
        return result
    negative = e(arith.CmpiOp(exponent, zero, "slt"))
    odd = e(arith.CmpiOp(e(arith.AndIOp(exponent, one)), one, "eq"))
    of_minus_one = e(arith.SelectOp(odd, minus_one, one))
    is_one, is_minus_one = e(arith.CmpiOp(base, one, "eq")), e(arith.CmpiOp(base, minus_one, "eq"))
    small = e(arith.SelectOp(is_one, one, e(arith.SelectOp(is_minus_one, of_minus_one, zero))))
    return e(arith.SelectOp(negative, small, result))


def constant_power(e: Emitter, base: SSAValue, exponent: int) -> SSAValue:
    """The base to a known power."""
    result = e.constant(1, base.type)
    for bit in bin(exponent)[2:]:
        result = e(arith.MuliOp(result, result))
        if bit == "1":
            result = e(arith.MuliOp(result, base))
    return result


def negate_integer(e: Emitter, args: list[SSAValue]) -> SSAValue:
    return e(arith.SubiOp(e.constant(0, args[0].type), args[0]))


def flip_bits(e: Emitter, args: list[SSAValue]) -> SSAValue:
    return e(arith.XOrIOp(args[0], e.constant(-1, args[0].type)))


# ---- floats ------------------------------------------------------------------------------------------------------------


def float_sign(e: Emitter, args: list[SSAValue]) -> SSAValue:
    """NaN and zeros stay what they are."""
    (a,) = args
    unit = e(math.CopySignOp(e.constant(1.0, a.type), a))
    keeps = e(arith.CmpfOp(a, e.constant(0.0, a.type), "ueq"))
    return e(arith.SelectOp(keeps, a, unit))


def logistic(e: Emitter, args: list[SSAValue]) -> SSAValue:
    (a,) = args
    one = e.constant(1.0, a.type)
    return e(arith.DivfOp(one, e(arith.AddfOp(one, e(math.ExpOp(e(arith.NegfOp(a))))))))


def is_finite(e: Emitter, args: list[SSAValue]) -> SSAValue:
    (a,) = args
    magnitude = e(math.AbsFOp(a))
    return e(arith.CmpfOp(magnitude, e.constant(float("inf"), a.type), "one"))


def is_infinite(sign: int) -> Scalar:
    """Whether a float is infinite: of either sign for 0."""

    def test(e: Emitter, args: list[SSAValue]) -> SSAValue:
        value = args[0] if sign else e(math.AbsFOp(args[0]))
        return e(arith.CmpfOp(value, e.constant(float("-inf") if sign < 0 else float("inf"), value.type), "oeq"))

    return test


def square(e: Emitter, args: list[SSAValue]) -> SSAValue:
    return e(arith.MulfOp(args[0], args[0]))


def complement_of_erf(e: Emitter, args: list[SSAValue]) -> SSAValue:
    return e(math.ErfcOp(args[0]))


# ---- the table ---------------------------------------------------------------------------------------------------------

TRAP_FREE_DIVIDE = guarded_divide(arith.DivSIOp, number(-1), same)
TRAP_FREE_REMAINDER = guarded_divide(arith.RemSIOp, same, number(0))

SCALARS: dict[type[Operation], Row] = {
    hlo.AbsOp: Row(op(math.AbsFOp), absolute, lambda e, args: args[0]),
    hlo.CbrtOp: Row(op(math.CbrtOp)),
    hlo.CeilOp: Row(op(math.CeilOp)),
    hlo.CosineOp: Row(op(math.CosOp)),
    hlo.CountLeadingZerosOp: Row(**both(math.CountLeadingZerosOp)),
    hlo.ExponentialOp: Row(op(math.ExpOp)),
    hlo.ExponentialMinusOneOp: Row(op(math.ExpM1Op)),
    hlo.FloorOp: Row(op(math.FloorOp)),
    hlo.IsFiniteOp: Row(is_finite),
    hlo.LogOp: Row(op(math.LogOp)),
    hlo.LogPlusOneOp: Row(op(math.Log1pOp)),
    hlo.LogisticOp: Row(logistic),
    hlo.NegateOp: Row(op(arith.NegfOp), negate_integer, negate_integer),
    hlo.NotOp: Row(None, flip_bits, flip_bits),
    hlo.PopcntOp: Row(**both(math.CtPopOp)),
    hlo.RealOp: Row(lambda e, args: args[0]),
    hlo.ImagOp: Row(lambda e, args: e.constant(0.0, args[0].type)),
    hlo.RoundNearestAfzOp: Row(op(math.RoundOp)),
    hlo.RoundNearestEvenOp: Row(op(math.RoundEvenOp)),
    hlo.RsqrtOp: Row(op(math.RsqrtOp)),
    hlo.SignOp: Row(float_sign, integer_sign),
    hlo.SineOp: Row(op(math.SinOp)),
    hlo.SqrtOp: Row(op(math.SqrtOp)),
    hlo.TanOp: Row(op(math.TanOp)),
    hlo.TanhOp: Row(op(math.TanhOp)),
    hlo.AddOp: Row(op(arith.AddfOp), **both(arith.AddiOp)),
    hlo.AndOp: Row(None, **both(arith.AndIOp)),
    hlo.Atan2Op: Row(op(math.Atan2Op)),
    hlo.DivideOp: Row(op(arith.DivfOp), TRAP_FREE_DIVIDE, guarded_unsigned(arith.DivUIOp, number(-1))),
    hlo.MaximumOp: Row(op(arith.MaximumfOp), op(arith.MaxSIOp), op(arith.MaxUIOp)),
    hlo.MinimumOp: Row(op(arith.MinimumfOp), op(arith.MinSIOp), op(arith.MinUIOp)),
    hlo.MultiplyOp: Row(op(arith.MulfOp), **both(arith.MuliOp)),
    hlo.OrOp: Row(None, **both(arith.OrIOp)),
    hlo.PowerOp: Row(
        op(math.PowFOp), lambda e, args: integer_power(e, args, signed=True), lambda e, args: integer_power(e, args, signed=False)
    ),
    hlo.RemainderOp: Row(op(arith.RemfOp), TRAP_FREE_REMAINDER, guarded_unsigned(arith.RemUIOp, same)),
    hlo.ShiftLeftOp: Row(None, shift(arith.ShLIOp, number(0)), shift(arith.ShLIOp, number(0))),
    hlo.ShiftRightArithmeticOp: Row(None, shift(arith.ShRSIOp, sign_bits), shift(arith.ShRSIOp, sign_bits)),
    hlo.ShiftRightLogicalOp: Row(None, shift(arith.ShRUIOp, number(0)), shift(arith.ShRUIOp, number(0))),
    hlo.SubtractOp: Row(op(arith.SubfOp), **both(arith.SubiOp)),
    hlo.XorOp: Row(None, **both(arith.XOrIOp)),
    chlo.AcosOp: Row(op(math.AcosOp)),
    chlo.AcoshOp: Row(op(math.AcoshOp)),
    chlo.AsinOp: Row(op(math.AsinOp)),
    chlo.AsinhOp: Row(op(math.AsinhOp)),
    chlo.AtanOp: Row(op(math.AtanOp)),
    chlo.AtanhOp: Row(op(math.AtanhOp)),
    chlo.CoshOp: Row(op(math.CoshOp)),
    chlo.ErfOp: Row(op(math.ErfOp)),
    chlo.ErfcOp: Row(complement_of_erf),
    chlo.IsInfOp: Row(is_infinite(0)),
    chlo.IsNegInfOp: Row(is_infinite(-1)),
    chlo.IsPosInfOp: Row(is_infinite(1)),
    chlo.SinhOp: Row(op(math.SinhOp)),
    chlo.SquareOp: Row(square),
    chlo.TanOp: Row(op(math.TanOp)),
}

# Booleans add and multiply as `or` and `and`, as StableHLO says.
BOOLEANS: dict[type[Operation], Scalar] = {hlo.AddOp: op(arith.OrIOp), hlo.MultiplyOp: op(arith.AndIOp)}

FLOAT_PREDICATES = {"EQ": "oeq", "NE": "une", "GE": "oge", "GT": "ogt", "LE": "ole", "LT": "olt"}
SIGNED_PREDICATES = {"EQ": "eq", "NE": "ne", "GE": "sge", "GT": "sgt", "LE": "sle", "LT": "slt"}
UNSIGNED_PREDICATES = {"EQ": "eq", "NE": "ne", "GE": "uge", "GT": "ugt", "LE": "ule", "LT": "ult"}


def compare(e: Emitter, op: hlo.CompareOp, element: Attribute, args: list[SSAValue]) -> SSAValue:
    direction: ComparisonDirection = op.comparison_direction.data
    lhs, rhs = args
    if isinstance(lhs.type, IntegerType | IndexType):
        table = UNSIGNED_PREDICATES if is_unsigned(element) else SIGNED_PREDICATES
        return e(arith.CmpiOp(lhs, rhs, table[direction]))
    if op.compare_type is not None and op.compare_type.data == ComparisonType.TOTALORDER:
        return e(arith.CmpiOp(total_order_key(e, lhs), total_order_key(e, rhs), SIGNED_PREDICATES[direction]))
    return e(arith.CmpfOp(lhs, rhs, FLOAT_PREDICATES[direction]))


def total_order_key(e: Emitter, a: SSAValue) -> SSAValue:
    """A signed integer that orders floats as IEEE's totalOrder: bits of negative numbers are flipped below the sign."""
    bits = IntegerType(a.type.bitwidth)  # pyright: ignore[reportAttributeAccessIssue]
    pattern = e(arith.BitcastOp(a, bits))
    flipped = e(arith.XOrIOp(pattern, e.constant((1 << (bits.width.data - 1)) - 1, bits)))
    return e(arith.SelectOp(e(arith.CmpiOp(pattern, e.constant(0, bits), "slt")), flipped, pattern))


def clamp(e: Emitter, element: Attribute, args: list[SSAValue]) -> SSAValue:
    low, value, high = args
    row = SCALARS[hlo.MaximumOp], SCALARS[hlo.MinimumOp]
    larger, smaller = (choose(r, element) for r in row)
    assert larger is not None and smaller is not None
    return smaller(e, [larger(e, [value, low]), high])


def convert(e: Emitter, value: SSAValue, source: Attribute, target: Attribute) -> SSAValue:
    """A number as another type; to booleans, whether it is not zero; to integers, cut towards zero."""
    to = target if not isinstance(target, IntegerType) else IntegerType(target.width.data)
    if source == target:
        return value
    from_float = isinstance(value.type, AnyFloat)
    if to == i1:
        if from_float:
            return e(arith.CmpfOp(value, e.constant(0.0, value.type), "une"))
        return value if value.type == i1 else e(arith.CmpiOp(value, e.constant(0, value.type), "ne"))
    if isinstance(to, AnyFloat):
        if from_float:
            return convert_float(e, value, to)
        return e((arith.UIToFPOp if is_unsigned(source) else arith.SIToFPOp)(value, to))
    if from_float:
        return e((arith.FPToUIOp if is_unsigned(target) else arith.FPToSIOp)(value, to))
    if isinstance(value.type, IndexType) or isinstance(to, IndexType):
        return e(arith.IndexCastOp(value, to))
    assert isinstance(to, IntegerType)
    if width(value) == to.width.data:
        return value
    if width(value) > to.width.data:
        return e(arith.TruncIOp(value, to))
    return e((arith.ExtUIOp if is_unsigned(source) else arith.ExtSIOp)(value, to))


def convert_float(e: Emitter, value: SSAValue, to: AnyFloat) -> SSAValue:
    source = value.type
    assert isinstance(source, AnyFloat)
    if source == to:
        return value
    if source.bitwidth < to.bitwidth:
        return e(arith.ExtFOp(value, to))
    if source.bitwidth > to.bitwidth:
        return e(arith.TruncFOp(value, to))
    return e(arith.TruncFOp(e(arith.ExtFOp(value, f32)), to))  # f16 and bf16: each through f32


def choose(row: Row, element: Attribute) -> Scalar | None:
    """The column for numbers of this type."""
    if isinstance(element, AnyFloat):
        return row.real
    return row.unsigned if is_unsigned(element) else row.signed


def is_elementwise(op: Operation) -> bool:
    """Whether `apply_scalar` knows the op."""
    return type(op) in SCALARS or isinstance(op, hlo.CompareOp | hlo.SelectOp | hlo.ClampOp | hlo.ConvertOp | hlo.BitcastConvertOp)


def apply_scalar(e: Emitter, op: Operation, signs: Signs, args: list[SSAValue]) -> SSAValue:
    """One elementwise op on scalars. Raises UnsupportedError where the op is not defined or not known for the type."""
    match op:
        case hlo.CompareOp():
            return compare(e, op, signs.operands[0], args)
        case hlo.SelectOp():
            return e(arith.SelectOp(*args))
        case hlo.ClampOp():
            return clamp(e, signs.operands[1], args)
        case hlo.ConvertOp():
            return convert(e, args[0], signs.operands[0], signs.results[0])
        case hlo.BitcastConvertOp():
            to = signs.results[0]
            to = IntegerType(to.width.data) if isinstance(to, IntegerType) else to
            return args[0] if args[0].type == to else e(arith.BitcastOp(args[0], to))
    element = signs.operands[0]
    scalar = BOOLEANS.get(type(op)) if element == i1 else None
    scalar = scalar or choose(SCALARS.get(type(op), Row()), element)
    if scalar is None:
        raise UnsupportedError(f"'{op.name}' of {element} elements is not supported", hint=supported_kinds(type(op)))
    return scalar(e, args)


def supported_kinds(cls: type[Operation]) -> str:
    """Which kinds of numbers an op is known for."""
    row = SCALARS.get(cls, Row())
    kinds = [name for name, f in (("floats", row.real), ("signed integers", row.signed), ("unsigned integers", row.unsigned)) if f]
    return f"supported: {', '.join(kinds) or 'none yet'}"
