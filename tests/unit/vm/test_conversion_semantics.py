"""Host code through the vm phase: each scalar op on each type means in the VM what it means in Python.

Operands come in as i64 and are cut to the type, so that the upper bits of their registers hold rubbish; results go out extended.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.pipeline import vm_phase
from pyrie.runtime.context import load

WIDTHS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64}
INTERESTING = (0, 1, 2, 3, 5, 7, -1, -2, -7, 127, 128, 255, -128, 32767, 32768, 65535, (1 << 31) - 1, 1 << 31, -(1 << 31), (1 << 62) + 9)


def signed(value: int, width: int) -> int:
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


def unsigned(value: int, width: int) -> int:
    return value & ((1 << width) - 1)


def truncated(a: int, b: int) -> int:
    """Division toward zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


S, U = signed, unsigned
# op -> (meaning over two numbers and a width, whether the second may be 0, greatest second operand)
BINARY: dict[str, Callable[[int, int, int], int]] = {
    "arith.addi": lambda a, b, w: a + b,
    "arith.subi": lambda a, b, w: a - b,
    "arith.muli": lambda a, b, w: a * b,
    "arith.andi": lambda a, b, w: a & b,
    "arith.ori": lambda a, b, w: a | b,
    "arith.xori": lambda a, b, w: a ^ b,
    "arith.minsi": lambda a, b, w: min(S(a, w), S(b, w)),
    "arith.maxsi": lambda a, b, w: max(S(a, w), S(b, w)),
    "arith.minui": lambda a, b, w: min(U(a, w), U(b, w)),
    "arith.maxui": lambda a, b, w: max(U(a, w), U(b, w)),
    "arith.divsi": lambda a, b, w: truncated(S(a, w), S(b, w)),
    "arith.divui": lambda a, b, w: U(a, w) // U(b, w),
    "arith.remsi": lambda a, b, w: S(a, w) - truncated(S(a, w), S(b, w)) * S(b, w),
    "arith.remui": lambda a, b, w: U(a, w) % U(b, w),
    "arith.ceildivsi": lambda a, b, w: -(-S(a, w) // S(b, w)),
    "arith.ceildivui": lambda a, b, w: -(-U(a, w) // U(b, w)),
    "arith.floordivsi": lambda a, b, w: S(a, w) // S(b, w),
    "arith.shli": lambda a, b, w: a << U(b, w),
    "arith.shrsi": lambda a, b, w: S(a, w) >> U(b, w),
    "arith.shrui": lambda a, b, w: U(a, w) >> U(b, w),
}
PREDICATES: dict[str, Callable[[int, int, int], bool]] = {
    "eq": lambda a, b, w: U(a, w) == U(b, w),
    "ne": lambda a, b, w: U(a, w) != U(b, w),
    "slt": lambda a, b, w: S(a, w) < S(b, w),
    "sle": lambda a, b, w: S(a, w) <= S(b, w),
    "sgt": lambda a, b, w: S(a, w) > S(b, w),
    "sge": lambda a, b, w: S(a, w) >= S(b, w),
    "ult": lambda a, b, w: U(a, w) < U(b, w),
    "ule": lambda a, b, w: U(a, w) <= U(b, w),
    "ugt": lambda a, b, w: U(a, w) > U(b, w),
    "uge": lambda a, b, w: U(a, w) >= U(b, w),
}


def cut(name: str, of: str, type: str) -> str:
    return f"{name} = util.optimization_barrier {of} : i64" if type == "i64" else f"{name} = arith.trunci {of} : i64 to {type}"


def out(name: str, of: str, type: str) -> str:
    return f"{name} = util.optimization_barrier {of} : i64" if type == "i64" else f"{name} = arith.extsi {of} : {type} to i64"


def function(name: str, type: str, body: str, result_type: str) -> str:
    lines = [cut("%a", "%x", type), cut("%b", "%y", type), body, out("%out", "%r", result_type), "util.return %out : i64"]
    return f"util.func public @{name}(%x: i64, %y: i64) -> i64 {{\n  " + "\n  ".join(lines) + "\n}\n"


def symbol(op: str, type: str) -> str:
    return f"{op.replace('.', '_')}_{type}"


def compiled(text: str) -> Any:
    context = make_context()
    module = parse_module(text, context)
    vm_phase(CompileOptions()).run(context, module)
    return load(emit_module(module))


@pytest.fixture(scope="module")
def program() -> Any:
    parts = []
    for type in WIDTHS:
        parts += [function(symbol(op, type), type, f"%r = {op} %a, %b : {type}", type) for op in BINARY]
        parts += [function(symbol(f"cmpi.{p}", type), type, f"%r = arith.cmpi {p}, %a, %b : {type}", "i1") for p in PREDICATES]
    return compiled("".join(parts))


def is_defined(op: str, a: int, b: int, width: int) -> bool:
    if "div" in op or "rem" in op:
        overflow = S(a, width) == -(1 << (width - 1)) and S(b, width) == -1
        return U(b, width) != 0 and not overflow
    return U(b, width) < width if ".sh" in op else True


@pytest.mark.parametrize("type", WIDTHS)
@pytest.mark.parametrize("op", BINARY)
def test_binary(program: Any, op: str, type: str):
    width = WIDTHS[type]
    for a in INTERESTING:
        for b in INTERESTING:
            if is_defined(op, a, b, width):
                got = program.call(symbol(op, type), a, b)
                assert S(got, width) == S(BINARY[op](a, b, width), width), (a, b)


@pytest.mark.parametrize("type", WIDTHS)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_compare(program: Any, predicate: str, type: str):
    for a in INTERESTING:
        for b in INTERESTING:
            got = program.call(symbol(f"cmpi.{predicate}", type), a, b)
            assert bool(got) == PREDICATES[predicate](a, b, WIDTHS[type]), (a, b)


CASTS = [(op, source, target) for op in ("extsi", "extui") for source in WIDTHS for target in WIDTHS if WIDTHS[source] < WIDTHS[target]]
CASTS += [("trunci", source, target) for source in WIDTHS for target in WIDTHS if WIDTHS[source] > WIDTHS[target]]


def test_casts():
    text = "".join(
        function(f"{op}_{source}_{target}", source, f"%r = arith.{op} %a : {source} to {target}", target) for op, source, target in CASTS
    )
    program = compiled(text)
    for op, source, target in CASTS:
        for a in INTERESTING:
            value = U(a, WIDTHS[source]) if op == "extui" else S(a, WIDTHS[source])
            got = program.call(f"{op}_{source}_{target}", a, 0)
            assert S(got, WIDTHS[target]) == S(value, WIDTHS[target]), (op, source, target, a)


# `one` and `une` differ only for NaN, where the real VM's ordered comparison answers as the unordered one does.
FLOAT_PREDICATES: dict[str, Callable[[float, float], bool]] = {
    "false": lambda a, b: False,
    "true": lambda a, b: True,
    "ord": lambda a, b: not (math.isnan(a) or math.isnan(b)),
    "uno": lambda a, b: math.isnan(a) or math.isnan(b),
    **{f"o{name}": compare for name, compare in (("eq", float.__eq__), ("gt", float.__gt__), ("ge", float.__ge__), ("lt", float.__lt__))},
    "ole": float.__le__,
    "one": lambda a, b: a < b or a > b,
    "ueq": lambda a, b: not (a < b or a > b),
    "ugt": lambda a, b: not a <= b,
    "uge": lambda a, b: not a < b,
    "ult": lambda a, b: not a >= b,
    "ule": lambda a, b: not a > b,
    "une": lambda a, b: a != b,
}


@pytest.mark.parametrize("type, bits", [("f32", "i32"), ("f64", "i64")])
def test_float_compare(type: str, bits: str):
    def body(predicate: str) -> str:
        casts = f"%f = arith.bitcast %a : {bits} to {type}\n  %g = arith.bitcast %b : {bits} to {type}"
        return f"{casts}\n  %r = arith.cmpf {predicate}, %f, %g : {type}"

    program = compiled("".join(function(predicate, bits, body(predicate), "i1") for predicate in FLOAT_PREDICATES))
    pack, unpack = ("<f", "<i") if type == "f32" else ("<d", "<q")
    values = (0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, math.nan)
    for predicate, meaning in FLOAT_PREDICATES.items():
        for a in values:
            for b in values:
                operands = [struct.unpack(unpack, struct.pack(pack, value))[0] for value in (a, b)]
                got = program.call(predicate, *operands)
                assert bool(got) == meaning(a, b), (predicate, a, b)


FLOAT_OPS: dict[str, Callable[[float, float], float]] = {
    "arith.addf": lambda a, b: a + b,
    "arith.subf": lambda a, b: a - b,
    "arith.mulf": lambda a, b: a * b,
    "arith.divf": lambda a, b: a / b,
    "arith.minimumf": lambda a, b: math.nan if math.isnan(a + b) else min(a, b),
    "arith.maximumf": lambda a, b: math.nan if math.isnan(a + b) else max(a, b),
}


def test_float_arithmetic():
    """In f64, whose arithmetic is Python's."""

    def body(op: str) -> str:
        casts = "%f = arith.bitcast %a : i64 to f64\n  %g = arith.bitcast %b : i64 to f64"
        return f"{casts}\n  %s = {op} %f, %g : f64\n  %r = arith.bitcast %s : f64 to i64"

    program = compiled("".join(function(symbol(op, "f64"), "i64", body(op), "i64") for op in FLOAT_OPS))
    values = (0.5, 1.5, -2.25, 1e300, math.nan)
    for op, meaning in FLOAT_OPS.items():
        for a in values:
            for b in values:
                x, y = (struct.unpack("<q", struct.pack("<d", value))[0] for value in (a, b))
                got = struct.unpack("<d", struct.pack("<q", program.call(symbol(op, "f64"), x, y)))[0]
                expected = meaning(a, b)
                assert got == expected or (math.isnan(got) and math.isnan(expected)), (op, a, b)


@pytest.mark.parametrize("type, bits", [("f32", "i32"), ("f64", "i64")])
def test_float_casts(type: str, bits: str):
    lines = f"%f = arith.sitofp %a : i32 to {type}\n  %g = arith.fptosi %f : {type} to i64\n  %r = util.optimization_barrier %g : i64"
    program = compiled(function("there_and_back", "i32", lines, "i64"))
    for a in (0, 1, -1, 77, -1000, 1 << 20):
        assert program.call("there_and_back", a, 0) == a


STRUCTURED = """
util.func public @structured(%a: i32, %n: i64) -> (i32, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %i = arith.index_cast %n : i64 to index
  %sum = scf.for %k = %c0 to %i step %c1 iter_args(%x = %a) -> (i32) {
    %t = arith.addi %x, %a : i32
    scf.yield %t : i32
  }
  %chosen = scf.index_switch %i -> i32
  case 2 {
    %c = arith.constant 22 : i32
    scf.yield %c : i32
  }
  case 5 {
    %c = arith.constant 55 : i32
    scf.yield %c : i32
  }
  default {
    scf.yield %sum : i32
  }
  %w:2 = scf.while (%p = %n, %q = %chosen) : (i64, i32) -> (i64, i32) {
    %zero = arith.constant 0 : i64
    %more = arith.cmpi sgt, %p, %zero : i64
    scf.condition(%more) %p, %q : i64, i32
  } do {
  ^bb0(%p: i64, %q: i32):
    %one = arith.constant 1 : i64
    %odd = arith.trunci %p : i64 to i1
    %next = scf.if %odd -> i32 {
      %d = arith.addi %q, %q : i32
      scf.yield %d : i32
    } else {
      %u = arith.addi %q, %a : i32
      scf.yield %u : i32
    }
    %less = arith.subi %p, %one : i64
    scf.yield %less, %next : i64, i32
  }
  util.return %w#1, %w#0 : i32, i64
}
"""


def test_structured_control_flow():
    program = compiled(STRUCTURED)
    for a in (0, 3, -4):
        for n in range(8):
            value = {2: 22, 5: 55}.get(n, a * (n + 1))
            for p in range(n, 0, -1):
                value = value * 2 if p % 2 else value + a
            got, left = program.call("structured", a, n)
            assert (S(got, 32), left) == (value, 0), (a, n)


GLOBALS_AND_LISTS = """
util.global private mutable @total = 5 : i64
util.global private @start : index
util.initializer {
  %c7 = arith.constant 7 : index
  util.global.store %c7, @start : index
  util.return
}
util.func public @count(%by: i64) -> (i64, i64) {
  %0 = util.global.load @total : i64
  %1 = arith.addi %0, %by : i64
  util.global.store %1, @total : i64
  %base = util.global.load immutable @start : index
  %2 = arith.index_cast %base : index to i64
  util.return %1, %2 : i64, i64
}
util.func public @lists(%a: i64) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %list = util.list.construct [%a : i64, %a : i64] : !util.list<i64>
  util.list.resize %list, %c3 : !util.list<i64>
  %b = arith.addi %a, %a : i64
  util.list.set %list[%c1], %b : !util.list<i64>
  %x = util.list.get %list[%c0] : !util.list<i64>
  %y = util.list.get %list[%c1] : !util.list<i64>
  %size = util.list.size %list : !util.list<i64>
  %s = arith.index_cast %size : index to i64
  %t = arith.addi %x, %y : i64
  util.return %t, %s : i64, i64
}
util.func public @bytes(%a: i64) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %buffer = util.buffer.alloc uninitialized : !util.buffer{%c16}
  %pattern = arith.trunci %a : i64 to i32
  util.buffer.fill %pattern, %buffer[%c0 for %c16] : i32 -> !util.buffer{%c16}
  util.buffer.store %a, %buffer[%c8 for %c8] : i64 -> !util.buffer{%c16}
  %x = util.buffer.load %buffer[%c4 for %c4] : !util.buffer{%c16} -> i32
  %y = util.buffer.load %buffer[%c8 for %c8] : !util.buffer{%c16} -> i64
  %x64 = arith.extsi %x : i32 to i64
  util.return %x64, %y : i64, i64
}
util.func public @aligned(%a: i64, %which: i64) -> (i64, i64) {
  %c64 = arith.constant 64 : index
  %i = arith.index_cast %a : i64 to index
  %w = arith.index_cast %which : i64 to index
  %0 = util.align %i, %c64 : index
  %1 = arith.index_cast %0 : index to i64
  %c10 = arith.constant 10 : i64
  %c20 = arith.constant 20 : i64
  %2 = util.switch i64 from [%c10, %c20] at %w else %a : i64
  util.return %1, %2 : i64, i64
}
"""


def test_globals_lists_buffers_and_switches():
    program = compiled(GLOBALS_AND_LISTS)
    assert tuple(program.call("count", 3)) == (8, 7)
    assert tuple(program.call("count", -1)) == (7, 7)
    assert tuple(program.call("lists", 11)) == (33, 3)
    assert tuple(program.call("bytes", -5)) == (-5, -5)
    assert tuple(program.call("aligned", 65, 1)) == (128, 20)
    assert tuple(program.call("aligned", 64, 9)) == (64, 64)
