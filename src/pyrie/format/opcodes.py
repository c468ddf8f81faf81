"""The one table of VM bytecode: every opcode with its number, mnemonic and fields, as data.

The reader, verifier, disassembler, emitter, the runtime's translator and the `vm` dialect all work from `OPCODES`;
none of them knows an encoding by heart. An instruction is an opcode byte (two for the floating-point sets: prefix, then
opcode) followed by its fields, little-endian and unaligned, except that register lists and branch operands start on an
even offset within the function.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

BYTECODE_MAJOR, BYTECODE_MINOR = 17, 0

# A register is 16 bits: bit 15 selects the ref bank, bit 14 of a ref says that this use gives the reference away ("move").
REF_BIT, MOVE_BIT = 0x8000, 0x4000
SCALAR_MASK, REF_MASK = 0x7FFF, 0x3FFF
MAX_SCALAR_REGISTERS, MAX_REF_REGISTERS = 0x7FFF, 0x3FFF

IMPORT_BIT = 0x8000_0000  # top bit of a function ordinal
FIXED_SEGMENT = 0xFFFF  # in a list of segment sizes: an argument that is not a span


class Bank(enum.Enum):
    """What a register holds. i32, i64, f32 and f64 share the scalar registers; 64-bit values take an even-aligned pair."""

    I32 = "i32"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    REF = "ref"

    @property
    def is_wide(self) -> bool:
        return self in (Bank.I64, Bank.F64)


class Feature(enum.IntFlag):
    """Requirement bits of modules and functions."""

    F32 = 1
    F64 = 2
    YIELD = 4
    UNWIND = 8


NO_FEATURE = Feature(0)


class Kind(enum.Enum):
    """How a field is encoded, and what a decoded instruction holds for it."""

    REGISTER = enum.auto()  # u16                                              -> int, with its REF and MOVE bits
    CONSTANT = enum.auto()  # 4 or 8 bytes, by bank                            -> int (signed) or float
    GLOBAL = enum.auto()  # u32, byte offset into the globals; ordinal if ref  -> int
    TYPE = enum.auto()  # u32, ordinal in the type table                       -> int
    RODATA = enum.auto()  # u32, ordinal in the rodata table                   -> int
    FUNCTION = enum.auto()  # u32, function ordinal, or import with the top bit -> int
    BLOCK = enum.auto()  # u32, offset of a block marker within the function   -> int
    REMAP = enum.auto()  # list of u16 pairs: branch operands                  -> tuple of (source, target)
    REGISTERS = enum.auto()  # list of u16                                     -> tuple of int
    SEGMENTS = enum.auto()  # list of u16, sizes of variadic arguments         -> tuple of int
    STRING = enum.auto()  # u16 length + bytes                                 -> str
    CASES = enum.auto()  # u16 count, then BLOCK and REMAP each                -> tuple of (block, remap)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `bank` is what its registers hold (None: anything), `result` that it is written, `move` that MOVE is allowed."""

    name: str
    kind: Kind
    bank: Bank | None = None
    result: bool = False
    move: bool = False


@dataclass(frozen=True, slots=True)
class Opcode:
    """One instruction of the VM. `code` is its encoding up to the fields."""

    code: bytes
    mnemonic: str
    fields: tuple[Field, ...]
    feature: Feature = NO_FEATURE
    is_terminator: bool = False
    is_pseudo: bool = False  # the block marker: not an operation


# Field makers, named for what they encode.


def _read(name: str, bank: Bank, *, move: bool = False) -> Field:
    return Field(name, Kind.REGISTER, bank, move=move)


def _write(bank: Bank, name: str = "result") -> Field:
    return Field(name, Kind.REGISTER, bank, result=True, move=bank is Bank.REF)


def _list(name: str, bank: Bank | None = None, *, result: bool = False) -> Field:
    return Field(name, Kind.REGISTERS, bank, result=result, move=bank in (None, Bank.REF))


def _branch(prefix: str = "") -> tuple[Field, Field]:
    return Field(f"{prefix}dest", Kind.BLOCK), Field(f"{prefix}operands", Kind.REMAP, move=True)


I32, I64, F32, F64, REF = Bank.I32, Bank.I64, Bank.F32, Bank.F64, Bank.REF
_TYPE = Field("type", Kind.TYPE)
_CALLEE = Field("callee", Kind.FUNCTION)
_SEGMENTS = Field("segment_sizes", Kind.SEGMENTS)
_OPERANDS = _list("operands")
_RESULTS = _list("results", result=True)
_MESSAGE = Field("message", Kind.STRING)
_CONDITION = _read("condition", I32)

Fields = tuple[Field, ...]


# Shapes shared by several opcodes, parameterized by the bank they work on.


def _unary(b: Bank) -> Fields:
    return _read("operand", b), _write(b)


def _binary(b: Bank) -> Fields:
    return _read("lhs", b), _read("rhs", b), _write(b)


def _ternary(b: Bank) -> Fields:
    return _read("a", b), _read("b", b), _read("c", b), _write(b)


def _shift(b: Bank) -> Fields:
    return _read("operand", b), _read("amount", I32), _write(b)


def _test(b: Bank) -> Fields:
    return _read("operand", b), _write(I32)


def _compare(b: Bank) -> Fields:
    return _read("lhs", b), _read("rhs", b), _write(I32)


def _convert(source: Bank, target: Bank) -> Fields:
    return _read("operand", source), _write(target)


def _select(b: Bank) -> Fields:
    return _CONDITION, _read("true_value", b), _read("false_value", b), _write(b)


def _switch(b: Bank) -> Fields:
    return _read("index", I32), _read("default_value", b), _list("values", b), _write(b)


def _zero(b: Bank) -> Fields:
    return (_write(b),)


def _constant(b: Bank) -> Fields:
    return Field("value", Kind.CONSTANT, b), _write(b)


def _global_load(b: Bank) -> Fields:
    return Field("global", Kind.GLOBAL, b), _write(b)


def _global_store(b: Bank) -> Fields:
    return Field("global", Kind.GLOBAL, b), _read("value", b)


def _global_load_indirect(b: Bank) -> Fields:
    return _read("global", I32), _write(b)


def _global_store_indirect(b: Bank) -> Fields:
    return _read("global", I32), _read("value", b)


def _list_get(b: Bank) -> Fields:
    return _read("list", REF), _read("index", I32), _write(b)


def _list_set(b: Bank) -> Fields:
    return _read("list", REF), _read("index", I32), _read("value", b)


def _buffer_load(b: Bank) -> Fields:
    return _read("source_buffer", REF), _read("source_offset", I64), _write(b)


def _buffer_store(b: Bank) -> Fields:
    return _read("target_buffer", REF), _read("target_offset", I64), _read("value", b)


def _buffer_fill(b: Bank) -> Fields:
    return _read("target_buffer", REF), _read("target_offset", I64), _read("length", I64), _read("value", b)


# Runs of consecutive opcodes that share their fields: (first opcode, fields, mnemonics in order).
Run = tuple[int, Fields, str]

_CORE: tuple[Run, ...] = (
    (0x00, _global_load(I32), "global.load.i32"),
    (0x01, _global_store(I32), "global.store.i32"),
    (0x02, _global_load_indirect(I32), "global.load.indirect.i32"),
    (0x03, _global_store_indirect(I32), "global.store.indirect.i32"),
    (0x04, _global_load(I64), "global.load.i64"),
    (0x05, _global_store(I64), "global.store.i64"),
    (0x06, _global_load_indirect(I64), "global.load.indirect.i64"),
    (0x07, _global_store_indirect(I64), "global.store.indirect.i64"),
    (0x08, (Field("global", Kind.GLOBAL, REF), _TYPE, _write(REF)), "global.load.ref"),
    (0x09, (Field("global", Kind.GLOBAL, REF), _TYPE, _read("value", REF, move=True)), "global.store.ref"),
    (0x0A, (_read("global", I32), _TYPE, _write(REF)), "global.load.indirect.ref"),
    (0x0B, (_read("global", I32), _TYPE, _read("value", REF, move=True)), "global.store.indirect.ref"),
    (0x0C, _zero(I32), "const.i32.zero"),
    (0x0D, _constant(I32), "const.i32"),
    (0x0E, _zero(I64), "const.i64.zero"),
    (0x0F, _constant(I64), "const.i64"),
    (0x10, _zero(REF), "const.ref.zero"),
    (0x11, (Field("rodata", Kind.RODATA), _write(REF)), "const.ref.rodata"),
    (0x12, (_TYPE, _read("initial_capacity", I32), _write(REF)), "list.alloc"),
    (0x13, (_read("list", REF), _read("minimum_capacity", I32)), "list.reserve"),
    (0x14, (_read("list", REF), _write(I32)), "list.size"),
    (0x15, (_read("list", REF), _read("new_size", I32)), "list.resize"),
    (0x16, _list_get(I32), "list.get.i32"),
    (0x17, _list_set(I32), "list.set.i32"),
    (0x18, _list_get(I64), "list.get.i64"),
    (0x19, _list_set(I64), "list.set.i64"),
    (0x1A, (_read("list", REF), _read("index", I32), _TYPE, _write(REF)), "list.get.ref"),
    (0x1B, (_read("list", REF), _read("index", I32), _read("value", REF, move=True)), "list.set.ref"),
    (0x1C, _select(I32), "select.i32"),
    (0x1D, _select(I64), "select.i64"),
    (0x1E, (_CONDITION, _TYPE, _read("true_value", REF, move=True), _read("false_value", REF, move=True), _write(REF)), "select.ref"),
    (0x1F, _switch(I32), "switch.i32"),
    (0x20, _switch(I64), "switch.i64"),
    (0x21, (_read("index", I32), _TYPE, _read("default_value", REF, move=True), _list("values", REF), _write(REF)), "switch.ref"),
    (0x22, _binary(I32), "add.i32 sub.i32 mul.i32 div.i32.s div.i32.u rem.i32.s rem.i32.u"),
    (0x29, _ternary(I32), "fma.i32"),
    (0x2A, _binary(I64), "add.i64 sub.i64 mul.i64 div.i64.s div.i64.u rem.i64.s rem.i64.u"),
    (0x31, _ternary(I64), "fma.i64"),
    (0x32, _unary(I32), "not.i32"),
    (0x33, _binary(I32), "and.i32 or.i32 xor.i32"),
    (0x36, _unary(I64), "not.i64"),
    (0x37, _binary(I64), "and.i64 or.i64 xor.i64"),
    (0x3A, _shift(I32), "shl.i32 shr.i32.s shr.i32.u"),
    (0x3D, _shift(I64), "shl.i64 shr.i64.s shr.i64.u"),
    (0x40, _unary(I32), "trunc.i32.i8 trunc.i32.i16"),
    (0x42, _convert(I64, I32), "trunc.i64.i32"),
    (0x43, _unary(I32), "ext.i8.i32.s ext.i8.i32.u ext.i16.i32.s ext.i16.i32.u"),
    (0x47, _convert(I32, I64), "ext.i32.i64.s ext.i32.i64.u"),
    (0x49, _compare(I32), "cmp.eq.i32 cmp.ne.i32 cmp.lt.i32.s cmp.lt.i32.u"),
    (0x4D, _test(I32), "cmp.nz.i32"),
    (0x4E, _compare(I64), "cmp.eq.i64 cmp.ne.i64 cmp.lt.i64.s cmp.lt.i64.u"),
    (0x52, _test(I64), "cmp.nz.i64"),
    (0x53, _compare(REF), "cmp.eq.ref cmp.ne.ref"),
    (0x55, _test(REF), "cmp.nz.ref"),
    (0x56, _branch(), "br"),
    (0x57, (_CONDITION, *_branch("true_"), *_branch("false_")), "cond_br"),
    (0x58, (_CALLEE, _OPERANDS, _RESULTS), "call"),
    (0x59, (_CALLEE, _SEGMENTS, _OPERANDS, _RESULTS), "call.variadic"),
    (0x5A, (_OPERANDS,), "return"),
    (0x5B, (_read("status", I32), _MESSAGE), "fail"),
    (0x5C, (_CALLEE, _write(I32)), "import.resolved"),
    (0x5D, _branch(), "yield"),
    (0x5E, (_MESSAGE, _OPERANDS), "trace print"),
    (0x60, (_CONDITION, *_branch()), "cond_break"),
    (0x61, _branch(), "break"),
    (0x62, _buffer_load(I32), "buffer.load.i8.u buffer.load.i8.s buffer.load.i16.u buffer.load.i16.s buffer.load.i32"),
    (0x67, _buffer_load(I64), "buffer.load.i64"),
    (0x68, _buffer_store(I32), "buffer.store.i8 buffer.store.i16 buffer.store.i32"),
    (0x6B, _buffer_store(I64), "buffer.store.i64"),
    (0x6C, (_read("length", I64), _read("alignment", I32), _write(REF)), "buffer.alloc"),
    (
        0x6D,
        (_read("source_buffer", REF), _read("source_offset", I64), _read("length", I64), _read("alignment", I32), _write(REF)),
        "buffer.clone",
    ),
    (0x6E, (_read("buffer", REF), _write(I64)), "buffer.length"),
    (
        0x6F,
        (
            *(_read("source_buffer", REF), _read("source_offset", I64)),
            *(_read("target_buffer", REF), _read("target_offset", I64), _read("length", I64)),
        ),
        "buffer.copy",
    ),
    (
        0x70,
        (
            *(_read("lhs_buffer", REF), _read("lhs_offset", I64)),
            *(_read("rhs_buffer", REF), _read("rhs_offset", I64), _read("length", I64), _write(I32)),
        ),
        "buffer.compare",
    ),
    (0x71, _buffer_fill(I32), "buffer.fill.i8 buffer.fill.i16 buffer.fill.i32"),
    (0x74, _buffer_fill(I64), "buffer.fill.i64"),
    (0x75, _unary(I32), "ctlz.i32"),
    (0x76, _unary(I64), "ctlz.i64"),
    (0x77, _unary(I32), "abs.i32"),
    (0x78, _unary(I64), "abs.i64"),
    (0x79, (), "block"),
    (0x7A, _binary(I32), "min.i32.s min.i32.u max.i32.s max.i32.u"),
    (0x7E, _binary(I64), "min.i64.s min.i64.u max.i64.s max.i64.u"),
    (0x82, (_read("operand", REF, move=True), _TYPE, _write(REF)), "cast.any.ref"),
    (0x83, (_read("index", I32), *_branch("default_"), Field("cases", Kind.CASES, move=True)), "br_table"),
    (0x84, (_read("source_buffer", REF), _read("source_offset", I64), _read("length", I64), _write(I64)), "buffer.hash"),
    (0x85, (_OPERANDS,), "discard.refs"),
    (0x86, (_read("operand", REF, move=True), _write(REF)), "assign.ref"),
    (0x87, (_CALLEE, _OPERANDS, Field("dest", Kind.BLOCK), _RESULTS), "call.yieldable"),
    (0x88, (_CALLEE, _SEGMENTS, _OPERANDS, Field("dest", Kind.BLOCK), _RESULTS), "call.variadic.yieldable"),
)


def _float_start(b: Bank) -> tuple[Run, ...]:
    """Opcodes 0x00-0x13, which the two floating-point sets have in common."""
    s = b.value
    return (
        (0x00, _global_load(b), f"global.load.{s}"),
        (0x01, _global_store(b), f"global.store.{s}"),
        (0x02, _global_load_indirect(b), f"global.load.indirect.{s}"),
        (0x03, _global_store_indirect(b), f"global.store.indirect.{s}"),
        (0x04, _zero(b), f"const.{s}.zero"),
        (0x05, _constant(b), f"const.{s}"),
        (0x06, _list_get(b), f"list.get.{s}"),
        (0x07, _list_set(b), f"list.set.{s}"),
        (0x08, _select(b), f"select.{s}"),
        (0x09, _switch(b), f"switch.{s}"),
        (0x0A, _binary(b), f"add.{s} sub.{s} mul.{s} div.{s} rem.{s}"),
        (0x0F, _ternary(b), f"fma.{s}"),
        (0x10, _unary(b), f"abs.{s} neg.{s} ceil.{s} floor.{s}"),
    )


def _float_math(first: int, b: Bank) -> tuple[Run, ...]:
    """Transcendentals, comparisons and buffer access, in the same order in both sets."""
    s = b.value
    return (
        (first, _unary(b), f"atan.{s}"),
        (first + 1, _binary(b), f"atan2.{s}"),
        (first + 2, _unary(b), f"cos.{s} sin.{s} exp.{s} exp2.{s} expm1.{s} log.{s} log10.{s} log1p.{s} log2.{s}"),
        (first + 11, _binary(b), f"pow.{s}"),
        (first + 12, _unary(b), f"rsqrt.{s} sqrt.{s} tanh.{s} erf.{s}"),
        (first + 16, _compare(b), " ".join(f"cmp.{p}.{s}.{o}" for p in ("eq", "ne", "lt", "lte") for o in "ou")),
        (first + 24, _test(b), f"cmp.nan.{s}"),
        (first + 25, _buffer_load(b), f"buffer.load.{s}"),
        (first + 26, _buffer_store(b), f"buffer.store.{s}"),
        (first + 27, _buffer_fill(b), f"buffer.fill.{s}"),
        (first + 28, _unary(b), f"round.{s}"),
        (first + 29, _binary(b), f"min.{s} max.{s}"),
        (first + 31, _unary(b), f"round.{s}.even"),
    )


_EXT_F32: tuple[Run, ...] = (
    *_float_start(F32),
    (0x14, _convert(I32, F32), "cast.si32.f32 cast.ui32.f32"),
    (0x16, _convert(F32, I32), "cast.f32.si32 cast.f32.ui32"),
    (0x18, _convert(I32, F32), "bitcast.i32.f32"),
    (0x19, _convert(F32, I32), "bitcast.f32.i32"),
    *_float_math(0x1A, F32),
    (0x3A, _convert(F32, I64), "cast.f32.si64 cast.f32.ui64"),
    (0x3C, _convert(I64, F32), "cast.si64.f32 cast.ui64.f32"),
)

_EXT_F64: tuple[Run, ...] = (
    *_float_start(F64),
    (0x14, _convert(F64, F32), "trunc.f64.f32"),
    (0x15, _convert(F32, F64), "ext.f32.f64"),
    (0x16, _convert(I32, F64), "cast.si32.f64 cast.ui32.f64"),
    (0x18, _convert(F64, I32), "cast.f64.si32 cast.f64.ui32"),
    (0x1A, _convert(I64, F64), "cast.si64.f64 cast.ui64.f64"),
    (0x1C, _convert(F64, I64), "cast.f64.si64 cast.f64.ui64"),
    (0x1E, _convert(I64, F64), "bitcast.i64.f64"),
    (0x1F, _convert(F64, I64), "bitcast.f64.i64"),
    *_float_math(0x20, F64),
)

_TERMINATORS = {"br", "cond_br", "br_table", "return", "fail", "yield", "break", "cond_break", "call.yieldable", "call.variadic.yieldable"}


def _opcodes(prefix: bytes, feature: Feature, runs: tuple[Run, ...]) -> Iterator[Opcode]:
    for first, fields, mnemonics in runs:
        for number, mnemonic in enumerate(mnemonics.split(), first):
            code = prefix + bytes([number])
            yield Opcode(code, mnemonic, fields, feature, mnemonic in _TERMINATORS, is_pseudo=mnemonic == "block")


PREFIXES: dict[int, Feature] = {0xE0: Feature.F32, 0xE1: Feature.F64}

OPCODES: tuple[Opcode, ...] = (
    *_opcodes(b"", NO_FEATURE, _CORE),
    *_opcodes(b"\xe0", Feature.F32, _EXT_F32),
    *_opcodes(b"\xe1", Feature.F64, _EXT_F64),
)
BY_MNEMONIC: dict[str, Opcode] = {op.mnemonic: op for op in OPCODES}
BY_CODE: dict[bytes, Opcode] = {op.code: op for op in OPCODES}
BLOCK = BY_MNEMONIC["block"]
