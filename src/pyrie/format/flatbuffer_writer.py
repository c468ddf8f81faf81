"""Writes FlatBuffers front to back: parents before children, tables before blobs, so that all metadata lies in the first pages.

A buffer is described by nested values: `Table`, `str`, `Scalar`, `Blob` and lists of tables. The same description always gives the same
bytes. Positions are aligned from the size prefix on, which the file puts at a multiple of 64.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrie.format.module import Data
from pyrie.support.errors import LimitError
from pyrie.support.shape import align

_MAX_BYTES = (1 << 31) - 1  # offsets are 32 bits, some of them signed


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number stored in its table; `layout` is a struct format without byte order."""

    layout: str
    value: int


@dataclass(frozen=True, slots=True)
class Blob:
    """A vector of `count` fixed-size elements, already encoded."""

    data: Data
    count: int
    alignment: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Fields by id; None leaves a field out."""

    fields: Mapping[int, Value]


Value = Table | str | Scalar | Blob | Sequence[Table] | None


def build(root: Table, identifier: bytes) -> bytearray:
    """The FlatBuffer of `root`, behind its size prefix."""
    return _Builder().run(root, identifier)


class _Builder:
    def __init__(self):
        self.out = bytearray()
        self.vtables: dict[bytes, int] = {}
        self.pending: deque[tuple[int, Value]] = deque()  # where the offset goes, what it refers to
        self.blobs: deque[tuple[int, Value]] = deque()

    def run(self, root: Table, identifier: bytes) -> bytearray:
        self.out += bytes(8) + identifier  # size, offset of the root, identifier
        self.pending.append((4, root))
        while self.pending or self.blobs:
            slot, value = (self.pending or self.blobs).popleft()
            position = self.place(value)
            struct.pack_into("<I", self.out, slot, position - slot)
            if len(self.out) > _MAX_BYTES:
                raise LimitError("the tables and embedded data of the module are larger than 2 GiB", hint="make large rodata external")
        self.pad(8)
        struct.pack_into("<I", self.out, 0, len(self.out) - 4)
        return self.out

    def pad(self, alignment: int, ahead: int = 0) -> int:
        """Pads so that the byte `ahead` of the end is aligned; returns the end."""
        self.out += bytes(align(len(self.out) + ahead, alignment) - ahead - len(self.out))
        return len(self.out)

    def refer(self, slot: int, value: Value) -> None:
        (self.blobs if isinstance(value, Blob) else self.pending).append((slot, value))

    def place(self, value: Value) -> int:
        """Appends `value` and returns where it starts."""
        match value:
            case Table():
                return self.place_table(value)
            case str():
                encoded = value.encode()
                position = self.pad(4)
                self.out += struct.pack("<I", len(encoded)) + encoded + b"\0"
                return position
            case Blob():
                position = self.pad(max(value.alignment, 4), ahead=4)
                self.out += struct.pack("<I", value.count)
                self.out += value.data
                return position
            case _:
                tables = value if isinstance(value, Sequence) else ()
                position = self.pad(4)
                self.out += struct.pack("<I", len(tables)) + bytes(4 * len(tables))
                for i, table in enumerate(tables):
                    self.refer(position + 4 + 4 * i, table)
                return position

    def place_table(self, table: Table) -> int:
        """A table is a signed offset to its vtable, then its fields, widest first; the vtable holds where each field is."""
        present = {i: v for i, v in table.fields.items() if v is not None}
        layouts = {i: v.layout if isinstance(v, Scalar) else "I" for i, v in present.items()}
        offset, offsets = 4, {}
        for i in sorted(present, key=lambda i: (-struct.calcsize(f"<{layouts[i]}"), i)):
            offsets[i] = offset
            offset += struct.calcsize(f"<{layouts[i]}")
        slots = max(present, default=-1) + 1
        vtable = struct.pack(f"<{slots + 2}H", 4 + 2 * slots, offset, *(offsets.get(i, 0) for i in range(slots)))
        if vtable not in self.vtables:
            self.vtables[vtable] = self.pad(2)
            self.out += vtable
        position = self.pad(8, ahead=4)
        self.out += struct.pack("<i", position - self.vtables[vtable]) + bytes(offset - 4)
        for i, value in present.items():
            if isinstance(value, Scalar):
                struct.pack_into(f"<{value.layout}", self.out, position + offsets[i], value.value)
            else:
                self.refer(position + offsets[i], value)
        return position
