"""What references point to besides HAL objects: byte buffers, lists, and the globals of one module instance."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal.memory import ALIGNMENT, new_block
from pyrie.support import limits

_LAYOUTS = {
    name: struct.Struct(f"<{code}")
    for name, code in {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "i32": "i", "i64": "q", "f32": "f", "f64": "d"}.items()
}


class VMBuffer:
    """Bytes of the host: constant data of a module, or scratch memory of a program. Raises DeviceError when used out of range."""

    __slots__ = ("data", "is_mutable")

    def __init__(self, data: memoryview, *, is_mutable: bool):
        self.data, self.is_mutable = data, is_mutable

    @staticmethod
    def allocate(length: int, alignment: int = 0) -> VMBuffer:
        """Zero-filled."""
        if length < 0:
            raise status.error(status.INVALID_ARGUMENT, f"a buffer cannot have {length} bytes")
        _, _, memory = new_block(length)
        memory[:] = 0
        start = -memory.__array_interface__["data"][0] % ALIGNMENT
        return VMBuffer(memory.data[start : start + length], is_mutable=True)

    def length(self) -> int:
        return len(self.data)

    def span(self, offset: int, length: int) -> memoryview:
        """A checked range of the bytes."""
        if offset < 0 or length < 0 or offset + length > len(self.data):
            raise status.error(status.OUT_OF_RANGE, f"bytes {offset}..{offset + length} lie outside a buffer of {len(self.data)} bytes")
        return self.data[offset : offset + length]

    def writable_span(self, offset: int, length: int) -> memoryview:
        if not self.is_mutable:
            raise status.error(status.PERMISSION_DENIED, "the buffer is constant data of the module and cannot be written")
        return self.span(offset, length)

    def text(self) -> str:
        return str(self.data, "utf-8", "replace")

    def clone(self, offset: int, length: int, alignment: int) -> VMBuffer:
        copy = VMBuffer.allocate(length, alignment) if length >= 0 else self
        copy.data[:] = self.span(offset, length)
        return copy

    def copy(self, offset: int, target: VMBuffer, target_offset: int, length: int) -> None:
        source = self.span(offset, length)
        target.writable_span(target_offset, length)[:] = source

    def compare(self, offset: int, other: VMBuffer, other_offset: int, length: int) -> int:
        return 1 if self.span(offset, length) == other.span(other_offset, length) else 0

    def hash(self, offset: int, length: int) -> int:
        return siphash(bytes(self.span(offset, length)))


def _add_accessors(name: str, layout: struct.Struct) -> None:
    """load_/store_/fill_<type>: offsets and lengths count elements. Stores take any integer and keep its low bits."""
    size, mask = layout.size, (1 << 8 * layout.size) - 1
    is_float = name[0] == "f"
    stored = struct.Struct(layout.format if is_float else layout.format.upper())

    def load(self: VMBuffer, offset: int) -> Any:
        return layout.unpack(self.span(offset * size, size))[0]

    def store(self: VMBuffer, offset: int, value: Any) -> None:
        stored.pack_into(self.writable_span(offset * size, size), 0, value if is_float else value & mask)

    def fill(self: VMBuffer, offset: int, length: int, value: Any) -> None:
        target = self.writable_span(offset * size, length * size)
        np.frombuffer(target, np.uint8).reshape(-1, size)[:] = np.frombuffer(stored.pack(value if is_float else value & mask), np.uint8)

    for kind, method in (("load", load), ("store", store), ("fill", fill)):
        setattr(VMBuffer, f"{kind}_{name}", method)


for _name, _layout in _LAYOUTS.items():
    _add_accessors(_name, _layout)


class VMList:
    """A growable list of scalars and references. A missing element reads as zero or null. Raises DeviceError OUT_OF_RANGE."""

    __slots__ = ("values",)

    def __init__(self, capacity: int = 0):
        self.reserve(capacity)
        self.values: list[Any] = []

    def size(self) -> int:
        return len(self.values)

    def reserve(self, capacity: int) -> None:
        if not 0 <= capacity <= limits.MAX_LIST_LENGTH:
            raise status.error(status.RESOURCE_EXHAUSTED, f"a list of {capacity} elements is above the limit of {limits.MAX_LIST_LENGTH}")

    def resize(self, size: int) -> None:
        self.reserve(size)
        del self.values[size:]
        self.values += [None] * (size - len(self.values))

    def get(self, index: int) -> Any:
        if not 0 <= index < len(self.values):
            raise status.error(status.OUT_OF_RANGE, f"index {index} lies outside a list of {len(self.values)} elements")
        return self.values[index]

    def set(self, index: int, value: Any) -> None:
        self.get(index)
        self.values[index] = value

    def get_i32(self, index: int) -> int:
        return (self.get_i64(index) + (1 << 31) & 0xFFFFFFFF) - (1 << 31)

    def get_i64(self, index: int) -> int:
        value = self.get(index)
        return value if isinstance(value, int) else 0

    def get_f32(self, index: int) -> float:
        value = self.get(index)
        return value if isinstance(value, float) else 0.0

    get_f64 = get_f32

    def get_ref(self, index: int, type_: type) -> Any:
        """The reference, or null if it is of another type."""
        value = self.get(index)
        return value if isinstance(value, type_) and not isinstance(value, int | float) else None


class Globals:
    """The scalar bytes and references of one module instance, for access at offsets known only when running."""

    __slots__ = ("refs", "scalars")

    def __init__(self, scalar_bytes: int, refs: int):
        self.scalars = VMBuffer(memoryview(bytearray(-(-scalar_bytes // 8) * 8)), is_mutable=True)
        self.refs: list[Any] = [None] * refs

    def load_ref(self, index: int) -> Any:
        self._check(index)
        return self.refs[index]

    def store_ref(self, index: int, value: Any) -> None:
        self._check(index)
        self.refs[index] = value

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self.refs):
            raise status.error(status.OUT_OF_RANGE, f"global reference {index} of {len(self.refs)}")


def _add_global_accessors(name: str, layout: struct.Struct) -> None:
    """load_/store_<type> at a byte offset."""

    def load(self: Globals, offset: int) -> Any:
        return layout.unpack(self.scalars.span(offset, layout.size))[0]

    def store(self: Globals, offset: int, value: Any) -> None:
        layout.pack_into(self.scalars.span(offset, layout.size), 0, value)

    setattr(Globals, f"load_{name}", load)
    setattr(Globals, f"store_{name}", store)


for _name in ("i32", "i64", "f32", "f64"):
    _add_global_accessors(_name, _LAYOUTS[_name])


def cast_ref(value: Any, type_: type) -> Any:
    """`value` if it is null or of the type. Raises DeviceError INVALID_ARGUMENT."""
    if value is not None and not isinstance(value, type_):
        raise status.error(status.INVALID_ARGUMENT, f"a reference to {type(value).__name__} was cast to {type_.__name__}")
    return value


def rodata_buffer(data: bytes | memoryview) -> VMBuffer:
    """Constant data of a module as a buffer, not copied."""
    return VMBuffer(memoryview(data).cast("B").toreadonly(), is_mutable=False)


_MASK = (1 << 64) - 1


def siphash(data: bytes) -> int:
    """SipHash-2-4 under the key 00 01 .. 0F, as a signed integer: the VM's buffer hash."""
    k0, k1 = 0x0706050403020100, 0x0F0E0D0C0B0A0908
    v = [0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1, 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1]

    def rotate(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & _MASK

    def rounds(count: int) -> None:
        a, b, c, d = v
        for _ in range(count):
            a = (a + b) & _MASK
            b = rotate(b, 13) ^ a
            a = rotate(a, 32)
            c = (c + d) & _MASK
            d = rotate(d, 16) ^ c
            a = (a + d) & _MASK
            d = rotate(d, 21) ^ a
            c = (c + b) & _MASK
            b = rotate(b, 17) ^ c
            c = rotate(c, 32)
        v[:] = a, b, c, d

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    value = v[0] ^ v[1] ^ v[2] ^ v[3]
    return value - (1 << 64) if value >> 63 else value
