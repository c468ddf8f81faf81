"""Conversions between element types. f16 and bf16 are carried as 16-bit integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyrie.codegen.cpu.emit.function import FunctionEmitter
from pyrie.codegen.cpu.emit.values import DOUBLE, FLOAT, Element, llvm_type
from pyrie.codegen.cpu.rt.library import function_name

if TYPE_CHECKING:
    from pyrie.codegen.cpu.emit.arithmetic import Chunk


def widen(f: FunctionEmitter, value: str, source: Element, width: int) -> str:
    """A narrow float as f32; exact."""
    bits, wide = llvm_type("i16", width), llvm_type("float", width)
    if source.kind == "bf16":
        integers = llvm_type("i32", width)
        extended = f.text.value(f"zext {bits} {value} to {integers}")
        shifted = f.text.value(f"shl {integers} {extended}, {f.text.splat('16', 'i32', width)}")
        return f.text.value(f"bitcast {integers} {shifted} to {wide}")
    if f.machine.has_half_conversion:
        half = llvm_type("half", width)
        return f.text.value(f"fpext {half} {f.text.value(f'bitcast {bits} {value} to {half}')} to {wide}")
    return f.text.call(wide, function_name("f16_to_f32", "i16", width), [(bits, value)])


def narrow(f: FunctionEmitter, value: str, target: Element, width: int) -> str:
    """An f32 rounded to a narrow float, to nearest even."""
    bits, wide = llvm_type("i16", width), llvm_type("float", width)
    if target.kind == "f16" and f.machine.has_half_conversion:
        half = llvm_type("half", width)
        return f.text.value(f"bitcast {half} {f.text.value(f'fptrunc {wide} {value} to {half}')} to {bits}")
    name = "f32_to_f16" if target.kind == "f16" else "f32_to_bf16"
    return f.text.call(bits, function_name(name, "float", width), [(wide, value)])


def _cast(c: Chunk, name: str, value: str, source: Element, target: Element) -> str:
    if source.register == target.register:
        return value
    return c.value(f"{name} {llvm_type(source.register, c.width)} {value} to {llvm_type(target.register, c.width)}")


def extend_float(c: Chunk) -> str:
    value = widen(c.f, c.operands[0], c.source, c.width) if c.source.is_narrow_float else c.operands[0]
    if c.result.is_narrow_float:
        return narrow(c.f, value, c.result, c.width)
    return _cast(c, "fpext", value, FLOAT if c.source.is_narrow_float else c.source, c.result)


def truncate_float(c: Chunk) -> str:
    """Rounds once: f64 reaches a narrow float through an f32 rounded to odd, which loses nothing that the second rounding needs."""
    value = c.operands[0]
    if c.source.is_narrow_float:
        value = widen(c.f, value, c.source, c.width)
    elif c.source == DOUBLE:
        if not c.result.is_narrow_float:
            return _cast(c, "fptrunc", value, DOUBLE, FLOAT)
        value = _round_to_odd(c, value)
    return narrow(c.f, value, c.result, c.width)


def _round_to_odd(c: Chunk, value: str) -> str:
    type = llvm_type("double", c.width)
    return c.f.text.call(llvm_type("float", c.width), function_name("f64_to_f32_odd", "double", c.width), [(type, value)])


def integer_to_float(name: str) -> Callable[[Chunk], str]:
    def compute(c: Chunk) -> str:
        if not c.result.is_narrow_float:
            return _cast(c, name, c.operands[0], c.source, c.result)
        exact = c.source.bits <= 16
        middle = FLOAT if exact else DOUBLE
        value = _cast(c, name, c.operands[0], c.source, middle)
        return narrow(c.f, value if exact else _round_to_odd(c, value), c.result, c.width)

    return compute


def float_to_integer(name: str) -> Callable[[Chunk], str]:
    """Saturates, and takes NaN to 0: what is beyond the integers has one value on every machine."""

    def compute(c: Chunk) -> str:
        narrow_source = c.source.is_narrow_float
        value = widen(c.f, c.operands[0], c.source, c.width) if narrow_source else c.operands[0]
        source = FLOAT if narrow_source else c.source
        lanes = f"v{c.width}" if c.width else ""
        function = f"llvm.{name}.sat.{lanes}{c.result.register}.{lanes}{'f64' if source == DOUBLE else 'f32'}"
        return c.f.text.call(c.result_type, function, [(llvm_type(source.register, c.width), value)])

    return compute


def integer_cast(widening: str) -> Callable[[Chunk], str]:
    def compute(c: Chunk) -> str:
        if c.source.bits == c.result.bits:
            return c.operands[0]
        return _cast(c, widening if c.source.bits < c.result.bits else "trunc", c.operands[0], c.source, c.result)

    return compute


def bitcast(c: Chunk) -> str:
    return _cast(c, "bitcast", c.operands[0], c.source, c.result)


CONVERSIONS: dict[str, Callable[[Chunk], str]] = {
    "arith.extf": extend_float,
    "arith.truncf": truncate_float,
    "arith.sitofp": integer_to_float("sitofp"),
    "arith.uitofp": integer_to_float("uitofp"),
    "arith.fptosi": float_to_integer("fptosi"),
    "arith.fptoui": float_to_integer("fptoui"),
    "arith.extsi": integer_cast("sext"),
    "arith.extui": integer_cast("zext"),
    "arith.trunci": integer_cast("zext"),
    "arith.index_cast": integer_cast("sext"),
    "arith.index_castui": integer_cast("zext"),
    "arith.bitcast": bitcast,
}
