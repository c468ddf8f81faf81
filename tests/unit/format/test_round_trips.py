"""Whatever can be said in tables and instructions is written and read back the same."""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pyrie.format.decoder import decode
from pyrie.format.disassembler import disassemble
from pyrie.format.encoder import FunctionEncoder
from pyrie.format.module import CallingConvention, Dependency, Export, Function, Import, Module, Segment, Signature, Span
from pyrie.format.opcodes import OPCODES, Bank, Feature, Field, Kind
from pyrie.format.reader import read_module
from pyrie.format.writer import write_module

# Derandomized: the same examples every time, so that a failure is everyone's.
examples = settings(derandomize=True, deadline=None, max_examples=60)

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFF_FFFF)
REMAP = st.lists(st.tuples(U16, U16), max_size=4).map(tuple)
BLOCK = st.just("entry")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NAME = TEXT.filter(bool)
ATTRIBUTES = st.lists(st.tuples(NAME.filter(lambda n: not n.startswith("pyrie.")), TEXT), max_size=3).map(tuple)
CONSTANTS = {
    Bank.I32: st.integers(-(1 << 31), (1 << 31) - 1),
    Bank.I64: st.integers(-(1 << 63), (1 << 63) - 1),
    Bank.F32: st.floats(width=32, allow_nan=False),
    Bank.F64: st.floats(allow_nan=False),
}
VALUES: dict[Kind, st.SearchStrategy] = {
    Kind.REGISTER: U16,
    **dict.fromkeys((Kind.GLOBAL, Kind.TYPE, Kind.RODATA, Kind.FUNCTION), U32),
    **dict.fromkeys((Kind.REGISTERS, Kind.SEGMENTS), st.lists(U16, max_size=5).map(tuple)),
    Kind.REMAP: REMAP,
    Kind.BLOCK: BLOCK,
    Kind.STRING: TEXT,
    Kind.CASES: st.lists(st.tuples(BLOCK, REMAP), max_size=3).map(tuple),
}


@st.composite
def instructions(draw: st.DrawFn) -> tuple[Any, tuple[Any, ...]]:
    opcode = draw(st.sampled_from([op for op in OPCODES if not op.is_pseudo]))
    return opcode, tuple(draw(CONSTANTS[f.bank] if f.kind is Kind.CONSTANT and f.bank else VALUES[f.kind]) for f in opcode.fields)


def with_offsets(field: Field, value: Any) -> Any:
    """Labels as the decoder gives them: the only block starts at 0."""
    if field.kind is Kind.BLOCK:
        return 0
    return tuple((0, remap) for _, remap in value) if field.kind is Kind.CASES else value


@examples
@given(st.lists(instructions(), max_size=8))
def test_instructions(written: list):
    encoder = FunctionEncoder()
    encoder.block("entry")
    for opcode, values in written:
        encoder.append(opcode, *values)
    marker, *decoded = decode(encoder.finish())
    assert marker.offset == 0
    expected = [(op, tuple(with_offsets(f, v) for f, v in zip(op.fields, values, strict=True))) for op, values in written]
    assert [(i.opcode, i.values) for i in decoded] == expected
    module = Module("m", functions=(Function(Signature("0v_v"), encoder.finish(), 1, 0, 0),))
    assert disassemble(module)


def test_constants_that_are_not_numbers():
    for mnemonic, nan in (("const.f32", struct.unpack("<f", b"\x01\0\xc0\x7f")[0]), ("const.f64", math.nan)):
        encoder = FunctionEncoder()
        encoder.append(mnemonic, nan, 0)
        (instruction,) = decode(encoder.finish())
        assert math.isnan(instruction["value"])


BANKS = st.sampled_from(Bank)
CONVENTIONS = st.builds(
    CallingConvention,
    st.lists(st.one_of(BANKS, st.lists(BANKS, min_size=1, max_size=3).map(lambda b: Span(tuple(b)))), max_size=5).map(tuple),
    st.lists(BANKS, max_size=3).map(tuple),
)
SIGNATURES = st.builds(Signature, CONVENTIONS.map(str), ATTRIBUTES)
FEATURES = st.integers(0, 15).map(Feature)


@examples
@given(CONVENTIONS)
def test_calling_conventions(convention: CallingConvention):
    assert CallingConvention.parse(str(convention)) == convention


@st.composite
def modules(draw: st.DrawFn) -> Module:
    functions = draw(
        st.lists(
            st.builds(
                Function,
                SIGNATURES,
                st.binary(min_size=1, max_size=30),
                st.integers(1, 0x7FFF),
                st.integers(0, 0x7FFF),
                st.integers(0, 0x3FFF),
                FEATURES,
            ),
            max_size=3,
        )
    )
    exports = st.lists(st.builds(Export, NAME, st.integers(0, max(len(functions) - 1, 0))), max_size=3 if functions else 0)
    return Module(
        name=draw(NAME),
        version=draw(U32),
        requirements=draw(FEATURES),
        attributes=draw(ATTRIBUTES),
        types=draw(st.lists(NAME, max_size=3).map(tuple)),
        dependencies=draw(st.lists(st.builds(Dependency, NAME, U32, st.booleans()), max_size=2).map(tuple)),
        imports=draw(st.lists(st.builds(Import, NAME, SIGNATURES, st.booleans()), max_size=3).map(tuple)),
        exports=tuple(draw(exports)),
        functions=tuple(functions),
        rodata=draw(st.lists(st.builds(Segment, st.binary(max_size=200), st.booleans()), max_size=4).map(tuple)),
        global_bytes=draw(st.integers(0, 1 << 20)),
        global_refs=draw(st.integers(0, 1 << 16)),
    )


@examples
@given(modules(), st.booleans())
def test_modules(module: Module, digests: bool):
    data = write_module(module, digests=digests)
    assert len(data) > 16
    read = read_module(data, verify="full")
    assert write_module(read, digests=digests) == data
    plain = dataclasses.replace(
        read,
        attributes=tuple((k, v) for k, v in read.attributes if not k.startswith("pyrie.digest")),
        functions=tuple(dataclasses.replace(f, bytecode=bytes(f.bytecode), name="") for f in read.functions),
        rodata=tuple(Segment(bytes(s.data), s.is_external) for s in read.rodata),
    )
    assert plain == module
