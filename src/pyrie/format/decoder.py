"""Bytes of one function to instructions, by the opcode table. Checks bounds only; what the fields mean is the verifier's business."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pyrie.format.module import Data
from pyrie.format.opcodes import BY_CODE, PREFIXES, Bank, Field, Kind, Opcode
from pyrie.support.errors import VerifyError


@dataclass(frozen=True, slots=True)
class Instruction:
    """One decoded instruction. `values` are those of `opcode.fields`, as `Kind` says; `offset` is within the function."""

    offset: int
    opcode: Opcode
    values: tuple[Any, ...]

    def __getitem__(self, name: str) -> Any:
        for field, value in zip(self.opcode.fields, self.values, strict=True):
            if field.name == name:
                return value
        raise KeyError(name)


def decode(code: Data) -> Iterator[Instruction]:
    """The instructions of one function in order. Raises VerifyError at an unknown opcode or past the end."""
    return _Decoder(code).run()


_CONSTANTS = {Bank.I32: struct.Struct("<i"), Bank.I64: struct.Struct("<q"), Bank.F32: struct.Struct("<f"), Bank.F64: struct.Struct("<d")}
_U16, _U32 = struct.Struct("<H"), struct.Struct("<I")


class _Decoder:
    def __init__(self, code: Data):
        self.code, self.position = code, 0

    def run(self) -> Iterator[Instruction]:
        readers = {
            Kind.REGISTER: self.u16,
            Kind.REMAP: self.remap,
            Kind.REGISTERS: self.registers,
            Kind.SEGMENTS: self.registers,
            Kind.STRING: self.string,
            Kind.CASES: self.cases,
            **dict.fromkeys((Kind.GLOBAL, Kind.TYPE, Kind.RODATA, Kind.FUNCTION, Kind.BLOCK), self.u32),
        }
        while self.position < len(self.code):
            offset = self.position
            opcode = self.opcode()
            yield Instruction(offset, opcode, tuple(self.value(readers, f) for f in opcode.fields))

    def opcode(self) -> Opcode:
        size = 2 if self.code[self.position] in PREFIXES else 1
        code = bytes(self.code[self.position : self.position + size])
        if code not in BY_CODE:
            raise VerifyError(f"unknown opcode 0x{code.hex().upper()} at offset {self.position}")
        self.position += size
        return BY_CODE[code]

    def value(self, readers: dict[Kind, Callable[[], Any]], field: Field) -> Any:
        if field.kind is Kind.CONSTANT and field.bank:
            return self.unpack(_CONSTANTS[field.bank])
        return readers[field.kind]()

    def take(self, size: int) -> int:
        """Steps over `size` bytes and returns where they start."""
        start = self.position
        if size > len(self.code) - start:
            raise VerifyError(f"an instruction runs past the end of its function at offset {start}")
        self.position += size
        return start

    def unpack(self, layout: struct.Struct) -> Any:
        return layout.unpack_from(self.code, self.take(layout.size))[0]

    def u16(self) -> int:
        return self.unpack(_U16)

    def u32(self) -> int:
        return self.unpack(_U32)

    def registers(self) -> tuple[int, ...]:
        self.position += self.position & 1
        count = self.u16()
        return struct.unpack_from(f"<{count}H", self.code, self.take(2 * count))

    def remap(self) -> tuple[tuple[int, int], ...]:
        self.position += self.position & 1
        count = self.u16()
        flat = struct.unpack_from(f"<{2 * count}H", self.code, self.take(4 * count))
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def string(self) -> str:
        size = self.u16()
        start = self.take(size)
        return str(self.code[start : start + size], "utf-8", "replace")

    def cases(self) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
        return tuple((self.u32(), self.remap()) for _ in range(self.u16()))
