"""A module as text for people: what it is called, needs, offers and holds, then each function instruction by instruction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyrie.format.decoder import Instruction, decode
from pyrie.format.module import Attributes, CallingConvention, Data, Function, Module
from pyrie.format.opcodes import BLOCK, IMPORT_BIT, MOVE_BIT, REF_BIT, REF_MASK, Bank, Feature, Field, Kind

_PREVIEW_BYTES = 48


def disassemble(module: Module) -> str:
    """The whole listing. Works on modules that were read but not verified; raises VerifyError where bytes make no instruction."""
    return "\n".join(_lines(module)) + "\n"


def disassemble_function(module: Module, ordinal: int) -> str:
    """One function of the listing."""
    return "\n".join(_function(module, ordinal)) + "\n"


def _lines(module: Module) -> Iterator[str]:
    major, minor = module.bytecode_version >> 16, module.bytecode_version & 0xFFFF
    yield f"module @{module.name} : version {module.version}, bytecode {major}.{minor}{_requirements(module.requirements)}"
    yield from _attributes(module.attributes, "  ")
    yield from _section("types", module.types)
    yield from _section(
        "dependencies", (f"{d.name} >= {d.minimum_version}{', optional' if d.is_optional else ''}" for d in module.dependencies)
    )
    yield from _section(
        "imports", (f"{i.name}{_signature(i.signature.calling_convention)}{', optional' if i.is_optional else ''}" for i in module.imports)
    )
    yield from _section("exports", (f"@{e.name} -> {_function_name(module, e.function)}" for e in module.exports))
    yield from _section("rodata", (f"{len(s.data)} bytes {'external' if s.is_external else _preview(s.data)}" for s in module.rodata))
    yield f"globals: {module.global_bytes} bytes, {module.global_refs} references"
    for ordinal in range(len(module.functions)):
        yield ""
        yield from _function(module, ordinal)


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    rows = [f"  [{i}] {item}" for i, item in enumerate(items)]
    yield f"{title}: {len(rows)}"
    yield from rows


def _attributes(attributes: Attributes, indent: str) -> Iterator[str]:
    for key, value in attributes:
        yield f"{indent}{key} = {value!r}"


def _requirements(features: Feature) -> str:
    return f", requires {'+'.join(f.name.lower() for f in Feature if f in features and f.name)}" if features else ""


def _signature(convention: str) -> str:
    parsed = CallingConvention.parse(convention)
    arguments = ", ".join(a.value if isinstance(a, Bank) else f"({', '.join(b.value for b in a.banks)}) ..." for a in parsed.arguments)
    return f"({arguments}) -> ({', '.join(r.value for r in parsed.results)})"


def _preview(data: Data) -> str:
    head = bytes(data[:_PREVIEW_BYTES])
    more = "..." if len(data) > _PREVIEW_BYTES else ""
    text = head.decode("ascii", "replace")
    return repr(text) + more if text.isprintable() and text.isascii() else f"0x{head.hex()}{more}"


def _function_name(module: Module, ordinal: int) -> str:
    name = module.functions[ordinal].name if ordinal < len(module.functions) else ""
    return f"@{name}" if name else f"@fn{ordinal}"


def _function(module: Module, ordinal: int) -> Iterator[str]:
    function = module.functions[ordinal]
    registers = f"{function.scalar_registers} scalar and {function.ref_registers} ref registers"
    yield (
        f"func {_function_name(module, ordinal)}{_signature(function.signature.calling_convention)}"
        f" : {registers}{_requirements(function.requirements)}"
    )
    yield from _attributes(function.signature.attributes, "  ; ")
    yield from _instructions(module, function)


def _instructions(module: Module, function: Function) -> Iterator[str]:
    instructions = list(decode(function.bytecode))
    markers = (i.offset for i in instructions if i.opcode is BLOCK)
    blocks = {offset: f"^bb{number}" for number, offset in enumerate(markers)}
    for instruction in instructions:
        if instruction.opcode is BLOCK:
            yield f"{blocks[instruction.offset]}:"
        else:
            yield f"  {instruction.offset:05x}  {_instruction(module, instruction, blocks)}"


def _instruction(module: Module, instruction: Instruction, blocks: dict[int, str]) -> str:
    """`%results = vm.mnemonic operands`."""
    fields = list(zip(instruction.opcode.fields, instruction.values, strict=True))
    results = ", ".join(_value(module, f, v, blocks) for f, v in fields if f.result)
    text = f"{results} = " if results else ""
    text += f"vm.{instruction.opcode.mnemonic}"
    separator = " "
    for spec, value in fields:
        shown = "" if spec.result else _value(module, spec, value, blocks)
        if shown:
            text += shown if spec.kind is Kind.REGISTERS else f"{' ' if spec.kind is Kind.REMAP else separator}{shown}"
            separator = ", "
    return text


def _value(module: Module, spec: Field, value: Any, blocks: dict[int, str]) -> str:
    match spec.kind:
        case Kind.REGISTER:
            return _register(value, spec.bank)
        case Kind.REGISTERS:
            registers = ", ".join(_register(v, spec.bank) for v in value)
            return registers if spec.result else f"({registers})"
        case Kind.SEGMENTS:
            return f"segments{[v - 0x10000 if v & 0x8000 else v for v in value]}"
        case Kind.REMAP:
            return _remap(value)
        case Kind.BLOCK:
            return blocks.get(value, f"^?{value:x}")
        case Kind.CASES:
            return "[" + "; ".join(f"{blocks.get(b, f'^?{b:x}')} {_remap(r)}".rstrip() for b, r in value) + "]"
        case Kind.FUNCTION:
            return _callee(module, value)
        case Kind.TYPE:
            return module.types[value] if value < len(module.types) else f"type {value}"
        case Kind.RODATA:
            return f"rodata[{value}]"
        case Kind.GLOBAL:
            return f"global{'_refs' if spec.bank is Bank.REF else '_bytes'}[{value}]"
        case _:
            return repr(value)


def _register(value: int, bank: Bank | None) -> str:
    """`%i4`, `%i4:5` for 64 bits, `%r2` for a reference, `%R2` when it is moved."""
    if value & REF_BIT:
        return f"%{'R' if value & MOVE_BIT else 'r'}{value & REF_MASK}"
    return f"%i{value}:{value + 1}" if bank and bank.is_wide else f"%i{value}"


def _remap(pairs: tuple[tuple[int, int], ...]) -> str:
    return "{" + ", ".join(f"{_register(s, None)} -> {_register(t, None)}" for s, t in pairs) + "}" if pairs else ""


def _callee(module: Module, value: int) -> str:
    ordinal = value & ~IMPORT_BIT
    if not value & IMPORT_BIT:
        return _function_name(module, ordinal)
    return f"@{module.imports[ordinal].name}" if ordinal < len(module.imports) else f"@import{ordinal}"
