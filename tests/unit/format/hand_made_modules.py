"""Small modules made by hand, for the tests of the format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyrie.format.encoder import FunctionEncoder
from pyrie.format.module import Export, Function, Import, Module, Segment, Signature
from pyrie.format.opcodes import NO_FEATURE, OPCODES, REF_BIT, Bank, Feature, Field, Kind, Opcode

R0 = REF_BIT
Line = tuple[Any, ...]  # ("add.i32", 0, 1, 2), or ("^label",)


def encode(lines: Sequence[Line]) -> FunctionEncoder:
    encoder = FunctionEncoder()
    for mnemonic, *values in lines:
        if mnemonic.startswith("^"):
            encoder.block(mnemonic)
        else:
            encoder.append(mnemonic, *values)
    return encoder


def function(convention: str, *lines: Line, scalars: int = 8, refs: int = 4, requirements: Feature = NO_FEATURE) -> Function:
    encoder = encode(lines)
    return Function(Signature(convention), encoder.finish(), encoder.block_count, scalars, refs, requirements)


def module(*functions: Function, **fields: Any) -> Module:
    exports = tuple(Export(f"f{i}", i) for i in range(len(functions)))
    return Module(**{"name": "hand", "functions": functions, "exports": exports, "types": ("i32", "!vm.buffer"), **fields})


def adder() -> Module:
    """`f0(i32, i32) -> i32`, some rodata of both kinds, a dependency and attributes."""
    f0 = function("0ii_i", ("^entry",), ("add.i32", 0, 1, 2), ("return", [2]))
    return module(
        f0,
        attributes=(("made.by", "hand"),),
        rodata=(Segment(b"hello"), Segment(b"\x01" * 100, is_external=True), Segment(b"", is_external=True), Segment(b"\x02" * 7, True)),
        global_bytes=16,
        global_refs=2,
    )


def every_opcode() -> Module:
    """A function in which each opcode of the table appears, on registers that hold what it reads. Called, it returns 0 at once."""
    encoder = FunctionEncoder()
    encoder.block("entry")
    for bank, register in _REGISTERS.items():
        encoder.append(f"const.{bank.value}.zero", register)
    encoder.append("cond_br", 0, "all", (), "done", ())
    encoder.block("all")
    for opcode in OPCODES:
        if not opcode.is_terminator and not opcode.is_pseudo:
            encoder.append(opcode, *(_operand(opcode, f) for f in opcode.fields))
    for opcode in OPCODES:
        if opcode.is_terminator and opcode.mnemonic not in ("return", "fail"):
            encoder.append(opcode, *(_operand(opcode, f, opcode.mnemonic) for f in opcode.fields))
            encoder.block(opcode.mnemonic)
    encoder.append("fail", 0, "as told")
    encoder.block("done")
    encoder.append("return", [0])
    f0 = Function(Signature("0v_i"), encoder.finish(), encoder.block_count, 8, 4, Feature.F32 | Feature.F64)
    return module(
        f0,
        requirements=Feature.F32 | Feature.F64,
        imports=(Import("other.fixed", Signature("0i_i"), True), Import("other.spans", Signature("0iCiID_i"), True)),
        rodata=(Segment(b"data"),),
        global_bytes=16,
        global_refs=1,
    )


_REGISTERS = {Bank.I32: 0, Bank.F32: 1, Bank.I64: 2, Bank.F64: 4, Bank.REF: R0}
_IMPORT = 0x8000_0000


def _operand(opcode: Opcode, field: Field, label: str = "") -> Any:
    """A legal value for a field of `opcode`; the i32 register is 0 and is never taken by anything else."""
    is_call = opcode.mnemonic.startswith("call")
    is_variadic = opcode.mnemonic.startswith("call.variadic")
    match field.kind:
        case Kind.REGISTER if field.bank:
            return _REGISTERS[field.bank]
        case Kind.CONSTANT:
            return 1
        case Kind.FUNCTION:
            return _IMPORT | is_variadic
        case Kind.SEGMENTS:
            return [0xFFFF, 2]
        case Kind.REGISTERS if is_call and not field.result:
            return [0, 0, 2, 0, 2] if is_variadic else [0]
        case Kind.REGISTERS if is_call:
            return [0]
        case Kind.REGISTERS:
            return [_REGISTERS[field.bank or Bank.REF]] * 2
        case Kind.REMAP:
            return [(0, 0)]
        case Kind.STRING:
            return "note"
        case Kind.BLOCK:
            return label
        case Kind.CASES:
            return [(label, []), (label, [(0, 0), (R0, R0)])]
        case _:
            return 0
