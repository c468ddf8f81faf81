"""How MLIR writes numbers and strings."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np
from xdsl.dialects.builtin import ComplexType, IndexType, IntegerType
from xdsl.ir import Attribute

from pyrie.ir.elements import numpy_dtype

_DECIMAL_DIGITS = {"float64": 17, "float32": 9, "float16": 5, "bfloat16": 4}  # 2 + precision * 59 / 196, as APFloat takes it
_PLAIN = re.compile(r"[ !#-\[\]-~]*\Z")
_BARE = re.compile(r"[A-Za-z_][\w$.]*\Z", re.ASCII)


def format_float(value: float, type: Attribute) -> str:
    """A float as MLIR prints it: `1.000000e+00` if that reads back exactly, else all digits, else the bits in hexadecimal."""
    dtype = numpy_dtype(type)
    return _format_float(np.array(value).astype(dtype).tobytes(), dtype)


@lru_cache(maxsize=65536)
def _format_float(raw: bytes, dtype: np.dtype) -> str:
    value = float(np.frombuffer(raw, dtype)[0])
    if math.isfinite(value):
        short = _scientific(value)
        with np.errstate(over="ignore"):
            reread = np.array(float(short)).astype(dtype).tobytes()
        if reread == raw:
            return short
        exact = _shortest_decimal(value, _DECIMAL_DIGITS.get(str(dtype), 3))
        if "." in exact:
            return exact
    bits = int.from_bytes(raw, "little")
    return f"0x{bits:X}"


def _decimal_digits(value: float, digits: int) -> tuple[str, int]:
    """At most `digits` significant digits and the power of ten of the last, cut and rounded in the two steps that APFloat takes.

    First it divides the exact value by a power of ten that leaves at least 3.3 bits a digit, and drops the remainder; then it rounds
    half up what is still too long. So 9.999999747e-06 is 9.99999974E-6 in nine digits.
    """
    figures, denominator = abs(value).as_integer_ratio()
    power = 1 - denominator.bit_length()  # value = figures * 2 ** power
    exponent = min(power, 0)
    figures *= 5**-exponent
    surplus = figures.bit_length() - (digits * 196 + 58) // 59
    if surplus > 0 and (removable := surplus * 59 // 196):
        exponent += removable
        figures //= 10**removable
    text = str(figures)
    if (extra := len(text) - digits) > 0:
        text = str(int(text[:digits]) + (text[digits] >= "5"))
        exponent += extra
    stripped = text.rstrip("0")
    return stripped, exponent + len(text) - len(stripped)


def _scientific(value: float) -> str:
    """`1.500000e+00`: six significant digits and a zero."""
    text, exponent = _decimal_digits(value, 6)
    most = exponent + len(text) - 1 if text else 0
    sign = "-" if math.copysign(1, value) < 0 else ""
    return f"{sign}{text[:1] or '0'}.{text[1:]:0<6}e{'-' if most < 0 else '+'}{abs(most):02}"


def _shortest_decimal(value: float, digits: int) -> str:
    """APFloat's default form: at most `digits` significant digits, plain for small exponents, `1.5E-7` beyond."""
    text, exponent = _decimal_digits(value, digits)
    sign = "-" if value < 0 else ""
    most = exponent + len(text) - 1
    if 0 <= exponent <= 3 and most < digits:
        return sign + text + "0" * exponent
    if exponent < 0 and most >= 0:
        return f"{sign}{text[: most + 1]}.{text[most + 1 :]}"
    if exponent < 0 and -most <= 3:
        return f"{sign}0.{'0' * (-most - 1)}{text}"
    return f"{sign}{text[0]}.{text[1:] or '0'}E{'+' if most >= 0 else '-'}{abs(most)}"


def format_integer(value: int, type: Attribute | None = None) -> str:
    """An integer; `true` and `false` for i1."""
    if isinstance(type, IntegerType) and type.width.data == 1:
        return "true" if value else "false"
    return str(value)


def format_string(text: str | bytes) -> str:
    """A quoted string with MLIR's escapes."""
    if isinstance(text, str):
        if _PLAIN.match(text):
            return f'"{text}"'
        text = text.encode()
    return (
        '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else "\\\\" if b == 0x5C else f"\\{b:02X}" for b in text) + '"'
    )


def format_key(name: str) -> str:
    """An attribute name, symbol or resource key: bare if it is an identifier, else quoted."""
    return name if _BARE.match(name) else format_string(name)


def format_elements(values: np.ndarray, type: Attribute) -> str:
    """The nested list inside of `dense<...>`, every element written out."""
    return _format_nested(values, _formatter(type))


def format_element(value: object, type: Attribute) -> str:
    """One element of `dense<...>`."""
    return _formatter(type)(value)


def _formatter(type: Attribute):
    match type:
        case IntegerType() | IndexType():
            return lambda value: format_integer(int(value), type)
        case ComplexType(element_type=inner):
            part = _formatter(inner)
            return lambda value: f"({part(value.real)},{part(value.imag)})"
        case _:
            dtype = numpy_dtype(type)
            return lambda value: _format_float(np.asarray(value, dtype).tobytes(), dtype)


def _format_nested(values: np.ndarray, formatter) -> str:
    if values.ndim == 0:
        return formatter(values[()])
    if values.ndim == 1:
        return "[" + ", ".join(map(formatter, values)) + "]"
    return "[" + ", ".join(_format_nested(row, formatter) for row in values) + "]"
