"""Buffers: ranges of storage with their allowed uses, and the views that give them a shape."""

from __future__ import annotations

import ctypes
import math
from typing import NamedTuple

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.memory import Storage, array_over
from pyrie.support import dtypes

BYTES = np.dtype(np.uint8)


class Buffer:
    """A range of device memory. `address` is 0 once the buffer was deallocated on a queue; every use is then refused."""

    __slots__ = ("_allocation", "access", "address", "length", "storage", "usage")

    memory_type = flags.MEMORY_ALL

    def __init__(self, storage: Storage, address: int, length: int, usage: int, access: int = flags.ACCESS_ALL, root: Buffer | None = None):
        self.storage: Storage | None = storage
        self.address, self.length, self.usage, self.access = address, length, usage, access
        self._allocation: Allocation = root._allocation if root else Allocation()

    def subspan(self, offset: int, length: int) -> Buffer:
        """Part of this buffer, sharing its storage and its allocation's owners. Raises DeviceError OUT_OF_RANGE."""
        offset, length = self.range(offset, length)
        if offset == 0 and length == self.length:
            return self
        return Buffer(self.live_storage(), self.address + offset, length, self.usage, self.access, self)

    def range(self, offset: int, length: int) -> tuple[int, int]:
        """Resolves WHOLE_BUFFER and checks that the range lies inside. Raises DeviceError OUT_OF_RANGE."""
        if length == flags.WHOLE_BUFFER:
            length = self.length - offset
        if offset < 0 or length < 0 or offset + length > self.length:
            raise status.error(status.OUT_OF_RANGE, f"range {offset}..{offset + length} lies outside a buffer of {self.length} bytes")
        return offset, length

    def live_storage(self) -> Storage:
        if self.storage is None:
            raise status.error(status.FAILED_PRECONDITION, "the buffer was deallocated before this use")
        return self.storage

    def bytes(self, offset: int = 0, length: int = flags.WHOLE_BUFFER) -> np.ndarray:
        """The memory as an array of bytes, not copied."""
        offset, length = self.range(offset, length)
        return array_over(self.live_storage(), self.address + offset, (length,), BYTES)

    def read(self, offset: int, length: int) -> bytes:
        offset, length = self.range(offset, length)
        self.live_storage()
        return ctypes.string_at(self.address + offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Overwrites part of the buffer. Raises DeviceError OUT_OF_RANGE, PERMISSION_DENIED."""
        offset, length = self.range(offset, len(data))
        self.require_access(flags.ACCESS_WRITE)
        ctypes.memmove(self.address + offset, data, length)

    def require_access(self, access: int) -> None:
        self.live_storage()
        if access & ~self.access:
            raise status.error(status.PERMISSION_DENIED, "the buffer is read-only: it wraps constant data")

    def deallocate(self) -> None:
        """Gives this buffer's claim on the storage up. Work in flight and sub-spans keep theirs."""
        self.storage, self.address = None, 0

    # The program's own count of owners of the allocation (`hal.buffer.allocation.*`); Python's references are separate.

    def preserve(self) -> None:
        self._allocation.owners += 1

    def discard(self) -> bool:
        """Drops one owner; true if it was the last."""
        self._allocation.owners -= 1
        return self._allocation.owners == 0

    def is_terminal(self) -> bool:
        return self._allocation.owners == 1


class Allocation:
    """The owners, as the program counts them, of one allocation and all its sub-spans."""

    __slots__ = ("owners",)

    def __init__(self) -> None:
        self.owners = 1


class BufferRef(NamedTuple):
    """A range of a buffer given now, or of whatever the binding table of a submission holds at `slot`."""

    buffer: Buffer | None
    slot: int
    offset: int
    length: int  # may be flags.WHOLE_BUFFER


Binding = tuple[Buffer | None, int, int]  # one row of a binding table: buffer, offset, length


class BufferView:
    """A buffer seen as a tensor: shape, HAL element type, encoding. Raises OUT_OF_RANGE if the buffer is too small."""

    __slots__ = ("buffer", "byte_length", "element_type", "encoding", "shape")

    def __init__(self, buffer: Buffer, shape: tuple[int, ...], element_type: int, encoding: int = flags.ENCODING_DENSE_ROW_MAJOR):
        self.buffer, self.shape, self.element_type, self.encoding = buffer, shape, element_type, encoding
        count = 1
        for size in shape:
            if size < 0:
                raise status.error(status.INVALID_ARGUMENT, f"shape {shape} has a negative dimension")
            count *= size
        self.byte_length = (count * (element_type & 0xFF) + 7) // 8
        if self.byte_length > buffer.length and encoding == flags.ENCODING_DENSE_ROW_MAJOR:
            raise status.error(status.OUT_OF_RANGE, f"a view of {self.byte_length} bytes does not fit a buffer of {buffer.length} bytes")

    def numpy(self) -> np.ndarray:
        """The tensor as an array over the buffer's memory, not copied. Sub-byte elements are unpacked, one a byte."""
        element = dtypes.from_hal(self.element_type)
        storage = self.buffer.live_storage()
        if element.bits < 8:
            return unpack(self.buffer.bytes(0, self.byte_length), element, math.prod(self.shape)).reshape(self.shape)
        return array_over(storage, self.buffer.address, self.shape, element.numpy)


def pack(array: np.ndarray, element: dtypes.ElementType) -> np.ndarray:
    """Sub-byte elements, one a byte, into dense bytes; the first element takes the low bits."""
    per_byte = 8 // element.bits
    raw = np.ascontiguousarray(array).view(np.uint8).ravel() & ((1 << element.bits) - 1)
    raw = np.concatenate([raw, np.zeros(-raw.size % per_byte, np.uint8)]).reshape(-1, per_byte)
    return np.bitwise_or.reduce(raw << (np.arange(per_byte, dtype=np.uint8) * element.bits), axis=1, dtype=np.uint8)


def unpack(data: np.ndarray, element: dtypes.ElementType, count: int) -> np.ndarray:
    """Dense bytes into sub-byte elements, one a byte; the inverse of `pack`."""
    per_byte = 8 // element.bits
    raw = (data[:, None] >> (np.arange(per_byte, dtype=np.uint8) * element.bits)) & ((1 << element.bits) - 1)
    values = raw.ravel()[:count].astype(np.int8)
    if element.numerical_type != dtypes.UNSIGNED:
        sign = 1 << (element.bits - 1)
        values = (values ^ sign) - sign
    return values.astype(element.numpy)
