"""Arithmetic that Python's operators do not give: C's division, f32 rounding, and mathematics that never raises.

Where the machine would trap or the language leaves it open, the value is: x / 0 = -1, x % 0 = x, INT_MIN / -1 = INT_MIN;
a float that does not fit an integer type saturates, and NaN becomes 0.
"""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable

INFINITY, NAN = math.inf, math.nan


def div_signed(lhs: int, rhs: int) -> int:
    """Division rounding toward zero."""
    if rhs == 0:
        return -1
    quotient = abs(lhs) // abs(rhs)
    return quotient if (lhs < 0) == (rhs < 0) else -quotient


def rem_signed(lhs: int, rhs: int) -> int:
    """The remainder of that division; it has the sign of `lhs`."""
    return lhs if rhs == 0 else lhs - rhs * div_signed(lhs, rhs)


def round_f32(value: float) -> float:
    """The nearest value that f32 can hold."""
    return ctypes.c_float(value).value


def _guarded(function: Callable[..., float], pole: float = NAN) -> Callable[..., float]:
    """`function` with infinity for an overflow, `pole` at zero and NaN outside of its domain."""

    def guarded(*values: float) -> float:
        try:
            return function(*values)
        except OverflowError:
            return INFINITY
        except ValueError:
            return pole if values[0] == 0 else NAN

    return guarded


def _log1p(value: float) -> float:
    return -INFINITY if value == -1 else _guarded(math.log1p)(value)


class Math:
    """Namespace of the functions that templates call as `math_.name`."""

    abs = staticmethod(math.fabs)
    from_integer = staticmethod(float)
    atan = staticmethod(_guarded(math.atan))
    atan2 = staticmethod(_guarded(math.atan2))
    cos = staticmethod(_guarded(math.cos))
    sin = staticmethod(_guarded(math.sin))
    exp = staticmethod(_guarded(math.exp))
    expm1 = staticmethod(_guarded(math.expm1))
    sqrt = staticmethod(_guarded(math.sqrt))
    tanh = staticmethod(_guarded(math.tanh))
    erf = staticmethod(_guarded(math.erf))
    log = staticmethod(_guarded(math.log, -INFINITY))
    log10 = staticmethod(_guarded(math.log10, -INFINITY))
    log2 = staticmethod(_guarded(math.log2, -INFINITY))
    log1p = staticmethod(_log1p)
    rem = staticmethod(_guarded(math.remainder))

    @staticmethod
    def f32_from_integer(value: int) -> float:
        """Rounded once: a 64-bit integer may not survive the way through f64."""
        high = abs(value)
        shift = max(high.bit_length() - 26, 0)  # 24 bits of f32, one to round by, one sticky
        sticky = 1 if high & ((1 << shift) - 1) else 0
        return round_f32(math.copysign(float(((high >> shift) | sticky) << shift), value))

    @staticmethod
    def to_integer(value: float, low: int, high: int) -> int:
        """Rounded to nearest, halves away from zero, then clamped."""
        if math.isnan(value):
            return 0
        if math.isinf(value):
            return high if value > 0 else low
        return min(max(int(Math.round(value)), low), high)

    @staticmethod
    def bitcast(source: str, target: str, value: float) -> float:
        return struct.unpack(target, struct.pack(source, value))[0]

    @staticmethod
    def round(value: float) -> float:
        """Halves away from zero."""
        if not math.isfinite(value) or abs(value) >= 2.0**52:
            return value
        whole = math.floor(abs(value))
        return math.copysign(whole + 1.0 if abs(value) - whole >= 0.5 else float(whole), value)

    @staticmethod
    def round_even(value: float) -> float:
        return math.copysign(float(round(value)), value) if math.isfinite(value) else value

    @staticmethod
    def ceil(value: float) -> float:
        return math.copysign(float(math.ceil(value)), value) if math.isfinite(value) else value

    @staticmethod
    def floor(value: float) -> float:
        return math.copysign(float(math.floor(value)), value) if math.isfinite(value) else value

    @staticmethod
    def div(lhs: float, rhs: float) -> float:
        if rhs:
            return lhs / rhs
        if lhs == 0 or math.isnan(lhs) or math.isnan(rhs):
            return NAN
        return math.copysign(INFINITY, lhs) * math.copysign(1.0, rhs)

    @staticmethod
    def rsqrt(value: float) -> float:
        return Math.div(1.0, Math.sqrt(value))

    @staticmethod
    def pow(base: float, exponent: float) -> float:
        try:
            return math.pow(base, exponent)
        except OverflowError:
            odd = exponent % 2 == 1
            return -INFINITY if base < 0 and odd else INFINITY
        except ValueError:  # 0 to a negative power, or a root of a negative number
            if base == 0:
                return math.copysign(INFINITY, base) if exponent % 2 == 1 else INFINITY
            return NAN

    @staticmethod
    def exp2(value: float) -> float:
        return Math.pow(2.0, value)
