"""Rounding to whole numbers where the machine has no instruction for it, and what no machine here has. All exact."""

from __future__ import annotations

from pyrie.codegen.cpu.rt.builder import SIGNIFICANDS, MathBuilder
from pyrie.codegen.cpu.rt.library import Function


def _whole_already(b: MathBuilder, x: str) -> str:
    """Whether x has no fraction because it is large, infinite or NaN."""
    return b.compare("uge", b.abs(x), 2.0 ** SIGNIFICANDS[b.scalar_type])


def _rounded(b: MathBuilder, x: str) -> str:
    """To the nearest, ties to even, for |x| below 2^23 (2^52)."""
    magic = 2.0 ** SIGNIFICANDS[b.scalar_type]
    return b.sub(b.add(b.abs(x), magic), magic)


def roundeven(b: MathBuilder, x: str) -> str:
    return b.select(_whole_already(b, x), x, b.copysign(_rounded(b, x), x))


def trunc(b: MathBuilder, x: str) -> str:
    near = _rounded(b, x)
    down = b.select(b.compare("ogt", near, b.abs(x)), b.sub(near, 1.0), near)
    return b.select(_whole_already(b, x), x, b.copysign(down, x))


def floor(b: MathBuilder, x: str) -> str:
    near = b.copysign(_rounded(b, x), x)
    down = b.select(b.compare("ogt", near, x), b.sub(near, 1.0), near)
    return b.select(_whole_already(b, x), x, b.copysign(down, x))


def ceil(b: MathBuilder, x: str) -> str:
    near = b.copysign(_rounded(b, x), x)
    up = b.select(b.compare("olt", near, x), b.add(near, 1.0), near)
    return b.select(_whole_already(b, x), x, b.copysign(up, x))


def round_away(b: MathBuilder, x: str) -> str:
    """To the nearest, ties away from zero."""
    whole = trunc(b, x)
    far = b.compare("oge", b.abs(b.sub(x, whole)), 0.5)
    moved = b.select(far, b.add(b.abs(whole), 1.0), b.abs(whole))
    return b.select(_whole_already(b, x), x, b.copysign(moved, x))


def fma(b: MathBuilder, x: str, y: str, z: str) -> str:
    """Without the instruction. Exact products of floats fit a double; products of doubles are split in two (error below 1 ulp)."""
    if not b.is_double:
        return b.in_double("multiply_add", x, y, z)
    return b.function("multiply_add", x, y, z)


def multiply_add(b: MathBuilder, x: str, y: str, z: str) -> str:
    return b.add(b.mul(x, y), z)


FUNCTIONS = {
    "roundeven": Function(roundeven),
    "trunc": Function(trunc),
    "floor": Function(floor),
    "ceil": Function(ceil),
    "round": Function(round_away),
    "fma": Function(fma, operands=3, ulp=1.0),
    "multiply_add": Function(multiply_add, operands=3, ulp=1.0),
}
