"""The allocator of a device: pooled buffers, and buffers over memory that exists already."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Buffer
from pyrie.runtime.hal.memory import ALIGNMENT, CachingPool, Storage, address_of


class Allocator:
    """Makes buffers. One a device; safe to use from several threads."""

    __slots__ = ("pool",)

    def __init__(self) -> None:
        self.pool = CachingPool()

    def allocate(self, size: int, usage: int = flags.USAGE_ALL) -> Buffer:
        """A buffer with unspecified contents. Raises DeviceError INVALID_ARGUMENT, RESOURCE_EXHAUSTED."""
        if size < 0:
            raise status.error(status.INVALID_ARGUMENT, f"a buffer cannot have {size} bytes")
        storage = self.pool.allocate(size)
        return Buffer(storage, storage.address, size, usage | flags.USAGE_MAPPING)

    def wrap(self, memory: np.ndarray | memoryview, *, is_writable: bool, owner: Any = None) -> Buffer | None:
        """A buffer over contiguous memory without a copy; None if its alignment does not allow that."""
        array = memory if isinstance(memory, np.ndarray) else np.frombuffer(memory, np.uint8)
        address = address_of(array)
        if address % ALIGNMENT:
            return None
        return wrap_address(address, array.nbytes, owner if owner is not None else memory, is_writable=is_writable)


def wrap_address(address: int, length: int, owner: Any, *, is_writable: bool) -> Buffer:
    """A buffer over memory at a suitable address, which `owner` keeps alive."""
    access = flags.ACCESS_ALL if is_writable else flags.ACCESS_READ
    return Buffer(Storage(address, length, owner, is_writable=is_writable), address, length, flags.USAGE_ALL, access)
