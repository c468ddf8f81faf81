"""Exponentials, logarithms, powers, hyperbolic functions, the error function and the cube root.

float versions of what models use (exp, log, tanh, erf) are written out; the rest is computed in double and rounded once. Coefficients
without a comment are those of Taylor series, long enough for the reduced range. `ulp` in the table is what tests hold the functions to.
"""

from __future__ import annotations

import math

from pyrie.codegen.cpu.rt.builder import BIASES, SIGNIFICANDS, MathBuilder
from pyrie.codegen.cpu.rt.library import Function

LOG2E = 1.4426950408889634
# ln 2 in two parts; a whole number of a few hundred times the first is exact
LN2 = {"float": (6.93145752e-1, 1.42860677e-6), "double": (6.93147180369123816490e-01, 1.90821492927058770002e-10)}
EXP_RANGE = {"float": (-105.0, 89.0), "double": (-746.0, 710.0)}
# float: minimax on |x| <= ln(2)/2, highest power first
EXP_POLYNOMIAL = {
    "float": (1.37805939e-3, 8.37312452e-3, 4.16695364e-2, 1.66664720e-1, 4.99999851e-1, 1.0, 1.0),
    "double": tuple(1.0 / math.factorial(n) for n in range(13, -1, -1)),
}
LOG_TERMS = {"float": 5, "double": 12}  # of the series of log(1 + f) in f / (2 + f)


# ---- exponentials ------------------------------------------------------------------------------------------------------


def _split(b: MathBuilder, scaled: str) -> tuple[str, str]:
    """The nearest whole number, as a float and as an integer: it is in the low bits of a sum with a large number."""
    magic = 1.5 * 2.0 ** SIGNIFICANDS[b.scalar_type]
    total = b.add(scaled, magic)
    return b.sub(total, magic), b.integer_op("sub", b.bits(total), b.bits(b.constant(magic)))


def _scale(b: MathBuilder, value: str, whole: str, exponent: str) -> str:
    """value * 2^whole: an instruction of AVX-512, elsewhere in two steps, so that no factor overflows and subnormal results round once."""
    if b.has_scale:
        return b.scale(value, whole)
    half = b.integer_op("ashr", exponent, 1)
    rest = b.integer_op("sub", exponent, half)
    return b.mul(b.mul(value, b.power_of_two(half)), b.power_of_two(rest))


def exp(b: MathBuilder, x: str) -> str:
    x = b.clamp(x, *EXP_RANGE[b.scalar_type])
    whole, exponent = _split(b, b.mul(x, LOG2E))
    high, low = LN2[b.scalar_type]
    reduced = b.fma(whole, -low, b.fma(whole, -high, x))
    return _scale(b, b.polynomial(reduced, EXP_POLYNOMIAL[b.scalar_type]), whole, exponent)


def exp2(b: MathBuilder, x: str) -> str:
    low, high = (bound * LOG2E for bound in EXP_RANGE[b.scalar_type])
    x = b.clamp(x, math.floor(low), math.ceil(high))
    whole, exponent = _split(b, x)
    reduced = b.mul(b.sub(x, whole), math.log(2.0))
    return _scale(b, b.polynomial(reduced, EXP_POLYNOMIAL[b.scalar_type]), whole, exponent)


def expm1(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("expm1", x)
    series = b.mul(b.polynomial(x, [1.0 / math.factorial(n) for n in range(16, 0, -1)]), x)
    return b.select(b.compare("olt", b.abs(x), 0.5), series, b.sub(b.function("exp", x), 1.0))


# ---- logarithms --------------------------------------------------------------------------------------------------------


def _mantissa(b: MathBuilder, x: str) -> tuple[str, str]:
    """x = 2^e * m with sqrt(1/2) <= m < sqrt(2); both as floats. For x > 0, subnormal or not."""
    bits = SIGNIFICANDS[b.scalar_type]
    smallest = 2.0 ** (1 - BIASES[b.scalar_type])
    tiny = b.compare("olt", x, smallest)
    x = b.select(tiny, b.mul(x, 2.0 ** (bits + 2)), x)
    pattern = b.bits(x)
    offset = b.integer_op("sub", pattern, b.bits(b.constant(math.sqrt(0.5))))
    exponent = b.integer_op("ashr", offset, bits)
    mantissa = b.from_bits(b.integer_op("sub", pattern, b.integer_op("shl", exponent, bits)))
    shift = b.select(tiny, float(bits + 2), 0.0)
    return b.sub(b.to_float(exponent), shift), mantissa


def _log_series(b: MathBuilder, f: str) -> tuple[str, str, str]:
    """log(1 + f) = f - (h - s * (h + r)): returns h, s and r."""
    s = b.div(f, b.add(f, 2.0))
    z = b.mul(s, s)
    terms = LOG_TERMS[b.scalar_type]
    r = b.mul(z, b.polynomial(z, [2.0 / (2 * n + 1) for n in range(terms, 0, -1)]))
    return b.mul(b.mul(f, f), 0.5), s, r


def _log_special(b: MathBuilder, x: str, result: str) -> str:
    """log of zero, infinity, negative numbers and NaN."""
    result = b.select(b.compare("oeq", x, math.inf), x, result)
    result = b.select(b.compare("ult", x, 0.0), math.nan, result)
    result = b.select(b.compare("uno", x, x), x, result)
    return b.select(b.compare("oeq", x, 0.0), -math.inf, result)


def log(b: MathBuilder, x: str) -> str:
    exponent, mantissa = _mantissa(b, x)
    f = b.sub(mantissa, 1.0)
    h, s, r = _log_series(b, f)
    high, low = LN2[b.scalar_type]
    tail = b.fma(s, b.add(h, r), b.mul(exponent, low))
    return _log_special(b, x, b.fma(exponent, high, b.sub(f, b.sub(h, tail))))


def log2(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("log2", x)
    exponent, mantissa = _mantissa(b, x)
    f = b.sub(mantissa, 1.0)
    h, s, r = _log_series(b, f)
    logarithm = b.sub(f, b.sub(h, b.mul(s, b.add(h, r))))
    return _log_special(b, x, b.fma(logarithm, LOG2E, exponent))


def log10(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("log10", x)
    return b.mul(b.function("log", x), 1.0 / math.log(10.0))


def log1p(b: MathBuilder, x: str) -> str:
    """log(1 + x), corrected for what 1 + x lost."""
    if not b.is_double:
        return b.in_double("log1p", x)
    u = b.add(x, 1.0)
    corrected = b.mul(b.function("log", u), b.div(x, b.sub(u, 1.0)))
    result = b.select(b.compare("oeq", u, 1.0), x, corrected)
    return b.select(b.compare("oeq", x, math.inf), x, result)


# ---- powers ------------------------------------------------------------------------------------------------------------


def _two_product(b: MathBuilder, x: str, y: str) -> tuple[str, str]:
    """x * y and what it lost."""
    product = b.mul(x, y)
    if b.machine.has_fma:
        return product, b.fma(x, y, b.neg(product))
    (x1, x2), (y1, y2) = _halves(b, x), _halves(b, y)
    error = b.sub(b.mul(x1, y1), product)
    error = b.add(b.add(error, b.mul(x1, y2)), b.mul(x2, y1))
    return product, b.add(error, b.mul(x2, y2))


def _halves(b: MathBuilder, x: str) -> tuple[str, str]:
    scaled = b.mul(x, 2.0**27 + 1)
    high = b.sub(scaled, b.sub(scaled, x))
    return high, b.sub(x, high)


def _log_in_two(b: MathBuilder, x: str) -> tuple[str, str]:
    """log(x) for x > 0 as a sum of two doubles."""
    exponent, mantissa = _mantissa(b, x)
    f = b.sub(mantissa, 1.0)
    d = b.add(f, 2.0)
    lost = b.sub(f, b.sub(d, 2.0))
    s = b.div(f, d)
    product, error = _two_product(b, s, d)
    rest = b.sub(b.sub(b.sub(f, product), error), b.mul(s, lost))
    z = b.mul(s, s)
    series = b.mul(b.mul(s, z), b.polynomial(z, [2.0 / (2 * n + 1) for n in range(LOG_TERMS["double"], 0, -1)]))
    low = b.add(b.mul(b.div(rest, d), 2.0), series)
    high = b.mul(s, 2.0)
    first, second = LN2["double"]
    whole = b.mul(exponent, first)
    total = b.add(whole, high)
    remainder = b.add(b.sub(high, b.sub(total, whole)), b.fma(exponent, second, low))
    small = b.compare("oeq", exponent, 0.0)
    total, remainder = b.select(small, high, total), b.select(small, low, remainder)
    result = b.add(total, remainder)
    return result, b.sub(remainder, b.sub(result, total))


def pow_(b: MathBuilder, x: str, y: str) -> str:
    """exp(y log|x|) with the product carried in two doubles, then the signs and the cases that IEEE 754 lists."""
    if not b.is_double:
        return b.in_double("pow", x, y)
    magnitude = b.abs(x)
    high, low = _log_in_two(b, magnitude)
    infinite = b.compare("oeq", magnitude, math.inf)
    high = b.select(b.compare("oeq", magnitude, 0.0), -math.inf, b.select(infinite, math.inf, high))
    product, error = _two_product(b, y, high)
    error = b.fma(y, low, error)
    usable = b.compare("olt", b.abs(product), 800.0)
    error = b.select(usable, error, 0.0)
    power = b.function("exp", product)
    result = b.select(b.both(usable, b.compare("olt", power, math.inf)), b.fma(power, error, power), power)
    whole = b.compare("oeq", y, b.function("trunc", y))
    half = b.mul(y, 0.5)
    odd = b.both(whole, b.compare("one", half, b.function("trunc", half)))
    negative = b.integer_compare("slt", b.bits(x), 0)
    result = b.select(b.both(negative, odd), b.neg(result), result)
    undefined = b.both(b.compare("olt", x, 0.0), b.text.value(f"xor {b.mask_type} {whole}, {b.true()}"))
    finite = b.compare("one", magnitude, math.inf)
    result = b.select(b.both(undefined, finite), math.nan, result)
    result = b.select(b.either(b.compare("uno", x, x), b.compare("uno", y, y)), math.nan, result)
    minus_one = b.both(b.compare("oeq", x, -1.0), b.compare("oeq", b.abs(y), math.inf))
    one = b.either(b.compare("oeq", x, 1.0), b.compare("oeq", y, 0.0))
    return b.select(b.either(one, minus_one), 1.0, result)


def cbrt(b: MathBuilder, x: str) -> str:
    """A guess by exp and log, then one step of Halley's rule, on numbers scaled to where their cubes' errors are representable."""
    if not b.is_double:
        return b.in_double("cbrt", x)
    large, small = b.compare("ogt", b.abs(x), 2.0**900), b.compare("olt", b.abs(x), 2.0**-900)
    magnitude = b.mul(b.abs(x), b.select(large, 2.0**-300, b.select(small, 2.0**300, 1.0)))
    guess = b.function("exp", b.mul(b.function("log", magnitude), 1.0 / 3.0))
    cube = b.mul(b.mul(guess, guess), guess)
    step = b.div(b.sub(cube, magnitude), b.fma(cube, 2.0, magnitude))
    result = b.mul(b.sub(guess, b.mul(guess, step)), b.select(large, 2.0**100, b.select(small, 2.0**-100, 1.0)))
    regular = b.both(b.compare("ogt", magnitude, 0.0), b.compare("olt", magnitude, math.inf))
    return b.select(regular, b.copysign(result, x), x)


# ---- hyperbolic --------------------------------------------------------------------------------------------------------


def tanh(b: MathBuilder, x: str) -> str:
    """An odd polynomial near zero, 1 - 2 / (exp(2|x|) + 1) beyond."""
    magnitude = b.abs(x)
    if b.is_double:
        bounded = b.select(b.compare("ogt", magnitude, 22.0), 22.0, magnitude)
        t = b.function("expm1", b.add(bounded, bounded))
        return b.copysign(b.div(t, b.add(t, 2.0)), x)
    bounded = b.select(b.compare("ogt", magnitude, 10.0), 10.0, magnitude)
    power = b.function("exp", b.add(bounded, bounded))
    large = b.copysign(b.sub(1.0, b.div(2.0, b.add(power, 1.0))), x)
    square = b.mul(x, x)
    # minimax on |x| < 0.6
    series = b.mul(b.polynomial(square, (1.57394409e-2, -5.23025580e-2, 1.33152470e-1, -3.33327681e-1)), square)
    return b.copysign(b.select(b.compare("olt", magnitude, 0.599609375), b.fma(series, x, x), large), x)


def sinh(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("sinh", x)
    magnitude = b.abs(x)
    e = b.function("expm1", magnitude)
    usual = b.mul(b.add(e, b.div(e, b.add(e, 1.0))), 0.5)
    return b.copysign(b.select(b.compare("ogt", magnitude, 709.0), _half_exp(b, magnitude), usual), x)


def cosh(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("cosh", x)
    magnitude = b.abs(x)
    e = b.function("exp", magnitude)
    usual = b.fma(e, 0.5, b.div(0.5, e))
    return b.select(b.compare("ogt", magnitude, 709.0), _half_exp(b, magnitude), usual)


def _half_exp(b: MathBuilder, x: str) -> str:
    """exp(x) / 2 where exp(x) overflows before its half does."""
    root = b.function("exp", b.mul(x, 0.5))
    return b.mul(b.mul(root, 0.5), root)


def asinh(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("asinh", x)
    magnitude = b.abs(x)
    square = b.mul(magnitude, magnitude)
    small = b.function("log1p", b.add(magnitude, b.div(square, b.add(b.sqrt(b.add(square, 1.0)), 1.0))))
    large = b.add(b.function("log", magnitude), math.log(2.0))
    return b.copysign(b.select(b.compare("ogt", magnitude, 1e8), large, small), x)


def acosh(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("acosh", x)
    t = b.sub(x, 1.0)
    small = b.function("log1p", b.add(t, b.sqrt(b.mul(t, b.add(t, 2.0)))))
    large = b.add(b.function("log", x), math.log(2.0))
    return b.select(b.compare("olt", x, 1.0), math.nan, b.select(b.compare("ogt", x, 1e8), large, small))


def atanh(b: MathBuilder, x: str) -> str:
    if not b.is_double:
        return b.in_double("atanh", x)
    magnitude = b.abs(x)
    ratio = b.div(b.add(magnitude, magnitude), b.sub(1.0, magnitude))
    return b.copysign(b.mul(b.function("log1p", ratio), 0.5), x)


# ---- the error function ------------------------------------------------------------------------------------------------


ERF_SERIES = [2.0 / math.sqrt(math.pi) * (-1.0) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(24, -1, -1)]


def erf(b: MathBuilder, x: str) -> str:
    """float: x + x * p(x^2) near zero, 1 - exp(q(|x|)) beyond; both minimax. double: by the series or by erfc."""
    magnitude = b.abs(x)
    if b.is_double:
        square = b.mul(x, x)
        small = b.mul(b.polynomial(square, ERF_SERIES), x)
        large = b.copysign(b.sub(1.0, b.function("erfc", magnitude)), x)
        return b.select(b.compare("ogt", magnitude, 1.0), large, small)
    t = b.select(b.compare("ogt", magnitude, 4.0), 4.0, magnitude)
    square = b.mul(t, t)
    low = b.fma(t, -1.72853470e-5, 3.83197126e-4)
    high = b.fma(t, -3.88396438e-3, 2.42546219e-2)
    r = b.fma(low, square, high)
    for coefficient in (-1.06777877e-1, -6.34846687e-1, -1.28717512e-1):
        r = b.fma(r, t, coefficient)
    large = b.copysign(b.sub(1.0, b.function("exp", b.fma(r, t, b.neg(t)))), x)
    q = b.mul(x, x)
    coefficients = (-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
    return b.select(b.compare("ogt", magnitude, 0.927734375), large, b.fma(b.polynomial(q, coefficients), x, x))


ERFC_STEP = 0.5  # of the trapezoidal rule, whose error is exp(-(pi / step)^2)
ERFC_TERMS = 13


def erfc(b: MathBuilder, x: str) -> str:
    """1 - erf below a half; beyond, the integral of exp(-t^2) / (t^2 + x^2) by the trapezoidal rule, and the residue it leaves out."""
    if not b.is_double:
        return b.in_double("erfc", x)
    t = b.clamp(b.abs(x), 0.5, 28.0)
    square, lost = _two_product(b, t, t)
    total = b.div(1.0, square)
    for n in range(1, ERFC_TERMS + 1):
        node = (n * ERFC_STEP) ** 2
        total = b.add(total, b.div(2.0 * math.exp(-node), b.add(square, node)))
    power = b.function("exp", b.neg(square))
    power = b.sub(power, b.mul(power, lost))
    tail = b.mul(b.mul(power, b.mul(t, ERFC_STEP / math.pi)), total)
    residue = b.div(2.0, b.sub(1.0, b.function("exp", b.mul(t, 2.0 * math.pi / ERFC_STEP))))
    tail = b.select(b.compare("olt", t, math.pi / ERFC_STEP), b.add(tail, residue), tail)
    tail = b.select(b.compare("olt", x, 0.0), b.sub(2.0, tail), tail)
    near = b.sub(1.0, b.mul(b.polynomial(b.mul(x, x), ERF_SERIES), x))
    return b.select(b.compare("ult", b.abs(x), 0.5), near, tail)


FUNCTIONS = {
    "exp": Function(exp, ulp=1.5),
    "exp2": Function(exp2, ulp=2.0),
    "expm1": Function(expm1, ulp=3.0),
    "log": Function(log, ulp=1.5),
    "log2": Function(log2, ulp=3.0),
    "log10": Function(log10, ulp=3.0),
    "log1p": Function(log1p, ulp=3.0),
    "pow": Function(pow_, operands=2, ulp=2.0),
    "cbrt": Function(cbrt, ulp=2.0),
    "tanh": Function(tanh, ulp=3.0),
    "sinh": Function(sinh, ulp=4.0),
    "cosh": Function(cosh, ulp=3.0),
    "asinh": Function(asinh, ulp=4.0),
    "acosh": Function(acosh, ulp=4.0),
    "atanh": Function(atanh, ulp=4.0),
    "erf": Function(erf, ulp=2.0),
    "erfc": Function(erfc, ulp=4.0),
}
