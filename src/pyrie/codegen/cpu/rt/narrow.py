"""f16 and bf16 by integer arithmetic, for machines without the conversions. All round to nearest even, NaNs stay NaNs."""

from __future__ import annotations

from pyrie.codegen.cpu.emit.values import llvm_type
from pyrie.codegen.cpu.rt.builder import MathBuilder
from pyrie.codegen.cpu.rt.library import Function

F16_NAN, BF16_NAN = 0x7E00, 0x7FC0


def f32_to_bf16(b: MathBuilder, x: str) -> str:
    """Adds just under half of what will be cut off, and the last bit that stays."""
    bits = b.bits(x)
    odd = b.integer_op("and", b.integer_op("lshr", bits, 16), 1)
    rounded = b.integer_op("lshr", b.integer_op("add", b.integer_op("add", bits, 0x7FFF), odd), 16)
    sign = b.integer_op("and", b.integer_op("lshr", bits, 16), 0x8000)
    nan = b.integer_op("or", sign, BF16_NAN)
    chosen = _integer_select(b, b.compare("uno", x, x), nan, rounded)
    return b.text.value(f"trunc {b.integer_type} {chosen} to {llvm_type('i16', b.width)}")


def f32_to_f16(b: MathBuilder, x: str) -> str:
    """Normal numbers by adding in the integer domain; small ones by adding a float whose last bit is the last bit of f16."""
    bits = b.bits(x)
    magnitude = b.integer_op("and", bits, 0x7FFFFFFF)
    sign = b.integer_op("and", b.integer_op("lshr", bits, 16), 0x8000)
    odd = b.integer_op("and", b.integer_op("lshr", magnitude, 13), 1)
    rebased = b.integer_op("add", b.integer_op("add", magnitude, (15 - 127 << 23) + 0xFFF), odd)
    normal = b.integer_op("lshr", rebased, 13)
    small = b.bits(b.add(b.from_bits(magnitude), 0.5))
    subnormal = b.integer_op("sub", small, 0x3F000000)
    result = _integer_select(b, b.integer_compare("ult", magnitude, 0x38800000), subnormal, normal)
    result = _integer_select(b, b.integer_compare("uge", magnitude, 0x477FF000), b.integer(0x7C00), result)
    result = _integer_select(b, b.integer_compare("ugt", magnitude, 0x7F800000), b.integer(F16_NAN), result)
    return b.text.value(f"trunc {b.integer_type} {b.integer_op('or', result, sign)} to {llvm_type('i16', b.width)}")


def f16_to_f32(b: MathBuilder, x: str) -> str:
    """Shifts the bits into place and scales the exponent by a multiplication, which takes care of subnormals."""
    f = MathBuilder("float", b.width, b.machine)
    f.text = b.text
    narrow = llvm_type("i16", b.width)
    wide = f.text.value(f"zext {narrow} {x} to {f.integer_type}")
    magnitude = f.integer_op("shl", f.integer_op("and", wide, 0x7FFF), 13)
    sign = f.integer_op("shl", f.integer_op("and", wide, 0x8000), 16)
    scaled = f.bits(f.mul(f.from_bits(magnitude), 2.0**112))
    special = f.integer_op("or", magnitude, 0x7F800000)
    result = _integer_select(f, f.integer_compare("uge", magnitude, 0x7C00 << 13), special, scaled)
    return f.from_bits(f.integer_op("or", result, sign))


def f64_to_f32_odd(b: MathBuilder, x: str) -> str:
    """To the next float towards zero, with the last bit set if that is not exact: rounding the result again rounds x once."""
    f = MathBuilder("float", b.width, b.machine)
    f.text = b.text
    near = f.text.value(f"fptrunc {b.type} {x} to {f.type}")
    back = f.text.value(f"fpext {f.type} {near} to {b.type}")
    bits = f.bits(near)
    above = b.compare("ogt", b.abs(back), b.abs(x))
    step = f.text.value(f"zext {f.mask_type} {above} to {f.integer_type}")
    inexact = f.text.value(f"zext {f.mask_type} {b.compare('one', back, x)} to {f.integer_type}")
    return f.from_bits(f.integer_op("or", f.integer_op("sub", bits, step), inexact))


def _integer_select(b: MathBuilder, condition: str, x: str, y: str) -> str:
    return b.text.value(f"select {b.mask_type} {condition}, {b.integer_type} {x}, {b.integer_type} {y}")


FUNCTIONS = {
    "f32_to_bf16": Function(f32_to_bf16, result="i16"),
    "f32_to_f16": Function(f32_to_f16, result="i16"),
    "f16_to_f32": Function(f16_to_f32, result="float"),
    "f64_to_f32_odd": Function(f64_to_f32_odd, result="float"),
}
