"""Instructions to bytes of one function, by the opcode table: the inverse of `decoder`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from pyrie.format.opcodes import BLOCK, BY_MNEMONIC, Bank, Field, Kind, Opcode
from pyrie.support.errors import CompileError, LimitError

_CONSTANTS = {Bank.I32: ("I", 32), Bank.I64: ("Q", 64), Bank.F32: ("f", 0), Bank.F64: ("d", 0)}
_U16_MAX = 0xFFFF

Remap = Iterable[tuple[int, int]]


class FunctionEncoder:
    """Appends blocks and instructions; `finish` fills in branch targets.

    Values are those that `Kind` lists, in the order of the opcode's fields, except that blocks are named by labels of any hashable kind.
    """

    def __init__(self):
        self._code = bytearray()
        self._blocks: dict[Hashable, int] = {}
        self._branches: list[tuple[int, Hashable]] = []
        self._writers: dict[Kind, Callable[[Any], None]] = {
            Kind.REGISTER: self._u16,
            Kind.REMAP: self._remap,
            Kind.REGISTERS: self._list,
            Kind.SEGMENTS: self._list,
            Kind.STRING: self._string,
            Kind.BLOCK: self._branch,
            Kind.CASES: self._cases,
            **dict.fromkeys((Kind.GLOBAL, Kind.TYPE, Kind.RODATA, Kind.FUNCTION), self._u32),
        }

    @property
    def block_count(self) -> int:
        return len(self._blocks)

    def block(self, label: Hashable) -> None:
        """Starts the block `label`."""
        self._blocks[label] = len(self._code)
        self._code += BLOCK.code

    def append(self, opcode: Opcode | str, *values: Any) -> None:
        """Appends one instruction."""
        if isinstance(opcode, str):
            opcode = BY_MNEMONIC[opcode]
        self._code += opcode.code
        for field, value in zip(opcode.fields, values, strict=True):
            if field.kind is Kind.CONSTANT:
                self._constant(field, value)
            else:
                self._writers[field.kind](value)

    def finish(self) -> bytes:
        """The bytes of the function. Raises CompileError if a branch leads nowhere."""
        for position, label in self._branches:
            if label not in self._blocks:
                raise CompileError(f"a branch leads to {label}, which is no block of this function")
            struct.pack_into("<I", self._code, position, self._blocks[label])
        return bytes(self._code)

    def _constant(self, field: Field, value: int | float) -> None:
        if field.bank is None or field.bank is Bank.REF:
            raise CompileError("a constant needs a scalar type")
        layout, bits = _CONSTANTS[field.bank]
        self._code += struct.pack(f"<{layout}", int(value) & (1 << bits) - 1 if bits else value)

    def _u16(self, value: int) -> None:
        self._code += struct.pack("<H", value)

    def _u32(self, value: int) -> None:
        self._code += struct.pack("<I", value)

    def _count(self, count: int, what: str) -> None:
        if count > _U16_MAX:
            raise LimitError(f"{count} {what} in one VM instruction; the bytecode can hold {_U16_MAX}")
        self._u16(count)

    def _align(self) -> None:
        self._code += bytes(len(self._code) & 1)

    def _list(self, values: Sequence[int]) -> None:
        self._align()
        self._count(len(values), "values")
        self._code += struct.pack(f"<{len(values)}H", *values)

    def _remap(self, pairs: Remap) -> None:
        flat = [register for pair in pairs for register in pair]
        self._align()
        self._count(len(flat) // 2, "branch operands")
        self._code += struct.pack(f"<{len(flat)}H", *flat)

    def _string(self, text: str) -> None:
        encoded = text.encode()
        self._count(len(encoded), "bytes of text")
        self._code += encoded

    def _branch(self, label: Hashable) -> None:
        self._branches.append((len(self._code), label))
        self._u32(0)

    def _cases(self, cases: Sequence[tuple[Hashable, Remap]]) -> None:
        self._count(len(cases), "cases")
        for label, pairs in cases:
            self._branch(label)
            self._remap(pairs)
