"""Trigonometric functions and their inverses.

Arguments are reduced by multiples of pi/2 held in three parts, which is good up to about |x| = 2^30; beyond, the angle itself is known to
the argument's precision only and results are some number between -1 and 1.
"""

from __future__ import annotations

import math

from pyrie.codegen.cpu.rt.builder import MathBuilder
from pyrie.codegen.cpu.rt.library import Function

# pi/2 in parts of 33 bits: whole numbers below 2^20 times a part are exact; with an FMA all products are
HALF_PI_PARTS = (1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21)
SINE = tuple((-1.0) ** n / math.factorial(2 * n + 1) for n in range(8, 0, -1))
COSINE = tuple((-1.0) ** n / math.factorial(2 * n) for n in range(9, 1, -1))
LARGEST_ANGLE = 2.0**50


def _reduced(b: MathBuilder, x: str) -> tuple[str, str]:
    """x minus a whole number of quarter turns, and that number modulo 2^51."""
    bounded = b.select(b.compare("olt", b.abs(x), LARGEST_ANGLE), x, b.select(b.compare("oeq", b.abs(x), math.inf), math.nan, 0.0))
    bounded = b.select(b.compare("uno", x, x), x, bounded)
    magic = 1.5 * 2.0**52
    total = b.fma(bounded, 2.0 / math.pi, magic)
    quarters = b.sub(total, magic)
    r = bounded
    for part in HALF_PI_PARTS:
        r = b.fma(quarters, -part, r)
    return r, b.bits(total)


def _sine_of(b: MathBuilder, r: str, quadrant: str) -> str:
    """The sine of r plus `quadrant` quarter turns."""
    square = b.mul(r, r)
    sine = b.fma(b.mul(b.polynomial(square, SINE), square), r, r)
    cosine = b.fma(b.mul(b.polynomial(square, COSINE), square), square, b.fma(square, -0.5, 1.0))
    swapped = b.integer_compare("ne", b.integer_op("and", quadrant, 1), 0)
    negative = b.integer_compare("ne", b.integer_op("and", quadrant, 2), 0)
    result = b.select(swapped, cosine, sine)
    return b.select(negative, b.neg(result), result)


def sin(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("sin", x)
    result = _sine_of(b, *_reduced(b, x))
    return b.select(b.compare("oeq", x, 0.0), x, result)


def cos(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("cos", x)
    r, quadrant = _reduced(b, x)
    return _sine_of(b, r, b.integer_op("add", quadrant, 1))


def tan(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("tan", x)
    r, quadrant = _reduced(b, x)
    result = b.div(_sine_of(b, r, quadrant), _sine_of(b, r, b.integer_op("add", quadrant, 1)))
    return b.select(b.compare("oeq", x, 0.0), x, result)


# ---- inverses ----------------------------------------------------------------------------------------------------------

ATAN = tuple((-1.0) ** n / (2 * n + 1) for n in range(22, 0, -1))
TAN_EIGHTH = math.sqrt(2.0) - 1.0


def atan(b: MathBuilder, x: str) -> str:
    """The series below tan(pi/8); larger arguments are turned by an eighth or a quarter."""
    if not b.is_double:
        return b.in_double("atan", x)
    return b.copysign(_quotient_angle(b, b.abs(x), b.constant(1.0)), x)


def _quotient_angle(b: MathBuilder, y: str, x: str) -> str:
    """atan(y / x) for y, x >= 0, between 0 and pi/2."""
    steep = b.compare("ogt", y, x)
    infinite = b.both(b.compare("oeq", y, math.inf), b.compare("oeq", x, math.inf))
    top, bottom = b.select(steep, x, y), b.select(steep, y, x)
    ratio = b.select(infinite, 1.0, b.div(top, bottom))
    ratio = b.select(b.compare("oeq", top, 0.0), 0.0, ratio)
    middle = b.compare("ogt", ratio, TAN_EIGHTH)
    t = b.select(middle, b.div(b.sub(ratio, 1.0), b.add(ratio, 1.0)), ratio)
    square = b.mul(t, t)
    angle = b.fma(b.mul(b.polynomial(square, ATAN), square), t, t)
    angle = b.select(middle, b.add(angle, math.pi / 4), angle)
    angle = b.select(steep, b.sub(math.pi / 2, angle), angle)
    return b.select(b.compare("uno", x, y), math.nan, angle)


def atan2(b: MathBuilder, y: str, x: str) -> str:
    if not b.is_double:
        return b.in_double("atan2", y, x)
    angle = _quotient_angle(b, b.abs(y), b.abs(x))
    left = b.integer_compare("slt", b.bits(x), 0)
    return b.copysign(b.select(left, b.sub(math.pi, angle), angle), y)


def asin(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("asin", x)
    other = b.sqrt(b.mul(b.sub(1.0, x), b.add(x, 1.0)))
    return b.function("atan2", x, other)


def acos(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("acos", x)
    return b.mul(b.function("atan2", b.sqrt(b.sub(1.0, x)), b.sqrt(b.add(x, 1.0))), 2.0)


FUNCTIONS = {
    "sin": Function(sin, ulp=2.0),
    "cos": Function(cos, ulp=2.0),
    "tan": Function(tan, ulp=4.0),
    "atan": Function(atan, ulp=3.0),
    "atan2": Function(atan2, operands=2, ulp=3.0),
    "asin": Function(asin, ulp=4.0),
    "acos": Function(acos, ulp=4.0),
}
