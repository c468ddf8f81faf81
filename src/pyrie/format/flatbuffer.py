"""A bounds-checked reader of FlatBuffers, for files that nobody vouches for. No schema, no code generation, no copies.

Every access checks that it stays inside the buffer and raises InputError if not. Tables may alias one another, so a small file can describe
an enormous tree; `Buffer` therefore counts the elements and characters it hands out and stops at a few for each byte of the file.
"""

from __future__ import annotations

import struct

from pyrie.support.errors import InputError

_SHARING = 4
_U16, _I32, _U32, _U64 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<Q")


class Buffer:
    """The bytes of one FlatBuffer and how much more may be read from it."""

    __slots__ = ("_budget", "_strings", "data")

    def __init__(self, data: memoryview):
        self.data = data
        self._budget = _SHARING * len(data)
        self._strings: dict[int, str] = {}

    def root(self, identifier: bytes) -> Table:
        """The root table, after checking the 4-byte file identifier."""
        if len(self.data) < 8 or bytes(self.data[4:8]) != identifier:
            raise InputError(f"not a FlatBuffer with the file identifier {identifier.decode()}")
        return Table(self, self.indirect(0))

    def unpack(self, layout: struct.Struct, position: int) -> int:
        if position < 0 or position + layout.size > len(self.data):
            raise InputError(f"FlatBuffer: {layout.size} bytes at offset {position} are outside of its {len(self.data)} bytes")
        return layout.unpack_from(self.data, position)[0]

    def indirect(self, position: int) -> int:
        """Follows the 32-bit forward offset stored at `position`."""
        return position + self.unpack(_U32, position)

    def vector(self, position: int, element_size: int) -> tuple[int, int]:
        """(first element, count) of the vector at `position`."""
        count = self.unpack(_U32, position)
        first = position + 4
        if count * element_size > len(self.data) - first:
            raise InputError(f"FlatBuffer: {count} elements of {element_size} bytes at offset {first} are outside of its bytes")
        if element_size > 1:
            self._spend(count)
        return first, count

    def _spend(self, count: int) -> None:
        self._budget -= count
        if self._budget < 0:
            raise InputError("FlatBuffer: its parts overlap one another beyond any use")

    def string(self, position: int) -> str:
        text = self._strings.get(position)
        if text is None:
            first, count = self.vector(position, 1)
            try:
                text = str(self.data[first : first + count], "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"FlatBuffer: the string at offset {first} is not UTF-8") from error
            self._strings[position] = text
        self._spend(len(text))
        return text


class Table:
    """A table; each method reads the field with the given id, or gives the default when the file leaves it out."""

    __slots__ = ("_buffer", "_position", "_slots", "_vtable")

    def __init__(self, buffer: Buffer, position: int):
        self._buffer, self._position = buffer, position
        self._vtable = position - buffer.unpack(_I32, position)
        self._slots = (buffer.unpack(_U16, self._vtable) - 4) // 2

    def field(self, number: int) -> int | None:
        """Position of a field's value, None if the file leaves it out."""
        if number >= self._slots:
            return None
        offset = self._buffer.unpack(_U16, self._vtable + 4 + 2 * number)
        return self._position + offset if offset else None

    def _scalar(self, layout: struct.Struct, number: int, default: int) -> int:
        position = self.field(number)
        return default if position is None else self._buffer.unpack(layout, position)

    def i32(self, number: int, default: int = 0) -> int:
        return self._scalar(_I32, number, default)

    def u32(self, number: int, default: int = 0) -> int:
        return self._scalar(_U32, number, default)

    def u64(self, number: int, default: int = 0) -> int:
        return self._scalar(_U64, number, default)

    def _target(self, number: int) -> int | None:
        position = self.field(number)
        return None if position is None else self._buffer.indirect(position)

    def string(self, number: int, default: str = "") -> str:
        position = self._target(number)
        return default if position is None else self._buffer.string(position)

    def table(self, number: int) -> Table | None:
        position = self._target(number)
        return None if position is None else Table(self._buffer, position)

    def tables(self, number: int) -> list[Table]:
        position = self._target(number)
        if position is None:
            return []
        first, count = self._buffer.vector(position, 4)
        return [Table(self._buffer, self._buffer.indirect(first + 4 * i)) for i in range(count)]

    def structs(self, number: int, layout: struct.Struct) -> list[tuple[int, ...]]:
        position = self._target(number)
        if position is None:
            return []
        first, count = self._buffer.vector(position, layout.size)
        return list(layout.iter_unpack(self._buffer.data[first : first + count * layout.size]))

    def span(self, number: int) -> tuple[int, int]:
        """(start, end) in the buffer of a vector of bytes or a string; (0, 0) if left out."""
        position = self._target(number)
        if position is None:
            return 0, 0
        first, count = self._buffer.vector(position, 1)
        return first, first + count

    def bytes(self, number: int) -> memoryview:
        start, end = self.span(number)
        return self._buffer.data[start:end]
