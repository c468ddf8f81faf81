"""Executable memory: filled while writable, then sealed, never writable and executable at once."""

from __future__ import annotations

import ctypes
import mmap

from pyrie.runtime import status
from pyrie.support.shape import align

PAGE = mmap.PAGESIZE
PROT_READ, PROT_WRITE, PROT_EXECUTE = 1, 2, 4


class NativeMemory:
    """Anonymous memory at a page boundary. Unmapped when the object goes, so whoever calls into it must keep it."""

    __slots__ = ("_anchor", "_mapping", "address", "size")

    def __init__(self, size: int):
        self.size = align(max(size, 1), PAGE)
        try:
            self._mapping = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, ValueError, OverflowError) as error:
            raise status.error(status.RESOURCE_EXHAUSTED, f"cannot map {self.size} bytes for native code: {error}") from None
        self._anchor = (ctypes.c_char * self.size).from_buffer(self._mapping)  # also forbids closing the mapping early
        self.address = ctypes.addressof(self._anchor)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        self._mapping[offset : offset + len(data)] = data

    def write_pointer(self, offset: int, value: int) -> None:
        self._mapping[offset : offset + 8] = value.to_bytes(8, "little")

    def protect(self, offset: int, size: int, protection: int) -> None:
        """Sets the protection of whole pages. Raises DeviceError if the system refuses executable memory."""
        if protection & PROT_WRITE and protection & PROT_EXECUTE:
            raise status.error(status.PERMISSION_DENIED, "memory that is writable and executable at once is refused")
        begin, end = offset - offset % PAGE, align(offset + size, PAGE)
        if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(self.address + begin), ctypes.c_size_t(end - begin), protection):
            number = ctypes.get_errno()
            raise status.error(
                status.PERMISSION_DENIED,
                f"the system refuses executable memory (errno {number})",
                hint="a sandbox or security policy forbids native code here; a module with `reference` executables runs without",
            )
