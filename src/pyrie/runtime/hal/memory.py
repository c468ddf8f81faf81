"""Host memory: aligned storage from a caching pool, and storage that belongs to somebody else."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from pyrie.runtime import status
from pyrie.support import limits

ALIGNMENT = 64  # bytes: one cache line, one AVX-512 vector; kernels assume it of every binding
SMALLEST_BLOCK = 256
LARGE_BLOCK = 1 << 20
SMALL_BYTES_CACHED = 4 << 20  # of each size class below LARGE_BLOCK

Block = tuple[int, int, np.ndarray]  # aligned address, usable bytes, the memory


class Storage:
    """A range of host memory, alive as long as anything refers to it; pooled memory then goes back to its pool.

    Command buffers in flight, sub-spans and numpy results hold the storage itself, so freeing early is impossible by construction.
    """

    __slots__ = ("__weakref__", "_block", "_pool", "address", "is_external", "is_writable", "owner", "size")

    def __init__(self, address: int, size: int, owner: Any, *, is_writable: bool = True, is_external: bool = True):
        self.address, self.size, self.owner = address, size, owner
        self.is_writable, self.is_external = is_writable, is_external
        self._pool: CachingPool | None = None
        self._block: Block | None = None

    def __del__(self) -> None:
        if self._pool is not None and self._block is not None:
            self._pool.reclaim(self._block)


class _Exporter:
    """Carries the array interface of one typed view and keeps its storage alive as the array's base."""

    __slots__ = ("__array_interface__", "storage")

    def __init__(self, storage: Storage, interface: dict[str, Any]):
        self.storage, self.__array_interface__ = storage, interface


def array_over(storage: Storage, address: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A numpy array over part of a storage, without a copy; the array keeps the storage alive."""
    interface = {"data": (address, not storage.is_writable), "shape": shape, "typestr": f"|V{dtype.itemsize}", "version": 3}
    if is_numpys_own(dtype):
        interface["typestr"] = dtype.str
        return np.asarray(_Exporter(storage, interface))
    return np.asarray(_Exporter(storage, interface)).view(dtype)


def is_numpys_own(dtype: np.dtype) -> bool:
    """Whether the buffer protocol can name this type; those of ml_dtypes (bf16, int4) it cannot."""
    return dtype.isbuiltin == 1


def address_of(array: np.ndarray) -> int:
    """Where an array's data begins."""
    if array.flags.writeable and array.flags.c_contiguous and array.nbytes and is_numpys_own(array.dtype):
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))  # three times as fast as the general way
    return array.__array_interface__["data"][0]


class CachingPool:
    """Keeps freed blocks by size class for the next allocation. Size classes are an eighth to a quarter apart.

    Needs no lock: each step on a free list is one atomic list operation, and `reclaim` may run inside any garbage collection.
    """

    def __init__(self, capacity: int = limits.MAX_POOLED_BYTES):
        self.capacity = capacity
        self._free: dict[int, list[Block]] = {}

    def allocate(self, size: int) -> Storage:
        """Storage of at least `size` bytes with unspecified contents. Raises DeviceError RESOURCE_EXHAUSTED."""
        rounded = size_class(size)
        free = self._free.get(rounded)
        try:
            block = free.pop() if free else new_block(rounded)
        except IndexError:  # another thread was first
            block = new_block(rounded)
        storage = Storage(block[0], size, None, is_external=False)
        storage._block, storage._pool = block, self
        return storage

    def reclaim(self, block: Block) -> None:
        size = block[1]
        free = self._free.setdefault(size, [])
        if size < LARGE_BLOCK:
            if (len(free) + 1) * size <= SMALL_BYTES_CACHED:
                free.append(block)
        elif size + sum(c * len(f) for c, f in list(self._free.items()) if c >= LARGE_BLOCK) <= self.capacity:
            free.append(block)

    def cached_bytes(self) -> int:
        return sum(size * len(free) for size, free in list(self._free.items()))

    def trim(self) -> None:
        """Gives every cached block back to the system."""
        self._free.clear()


def size_class(size: int) -> int:
    """`size` rounded up to the next of four steps a power of two, at least SMALLEST_BLOCK."""
    if size <= SMALLEST_BLOCK:
        return SMALLEST_BLOCK
    step = 1 << max((size - 1).bit_length() - 3, 0)
    return -(-size // step) * step


def new_block(size: int) -> Block:
    if size > limits.MAX_TENSOR_BYTES:
        raise status.error(status.RESOURCE_EXHAUSTED, f"a buffer of {size} bytes is above the limit of {limits.MAX_TENSOR_BYTES}")
    try:
        memory = np.empty(size + ALIGNMENT, np.uint8)
    except (MemoryError, ValueError):
        raise status.error(status.RESOURCE_EXHAUSTED, f"no memory for a buffer of {size} bytes") from None
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory.data))
    return start + -start % ALIGNMENT, size, memory


def aligned_copy(data: bytes | bytearray | memoryview) -> memoryview:
    """A private copy of some bytes that begins at a multiple of ALIGNMENT, so that spans of it can be used in place."""
    size = len(data)
    address, _, memory = new_block(max(size, 1))
    offset = address - ctypes.addressof(ctypes.c_char.from_buffer(memory.data))
    memory[offset : offset + size] = np.frombuffer(data, np.uint8)
    return memory.data[offset : offset + size].toreadonly()
