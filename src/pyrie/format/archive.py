"""The container of a `.vmfb`: an optional ZIP local header in front, a u32 size prefix, the FlatBuffer, external data from the next
multiple of 64. The file is mapped, not read: slices of it stay views, so weights are never copied."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from pyrie.format.module import EXTERNAL_ALIGNMENT
from pyrie.support.errors import InputError, LimitError
from pyrie.support.limits import MAX_MODULE_BYTES
from pyrie.support.shape import align

_ZIP_LOCAL_FILE = b"PK\x03\x04"
_ZIP_HEADER_BYTES = 30


@dataclass(frozen=True, slots=True)
class Archive:
    """`flatbuffer` without its size prefix; `external` is everything from the first place where external data may lie."""

    flatbuffer: memoryview
    external: memoryview


def map_file(path: Path) -> memoryview:
    """The bytes of a file as a read-only view that keeps its map alive. Raises InputError.

    The map is private and copied on write, because some compiled programs sort or scatter into their own constants: that must neither
    fault nor reach the file.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)).toreadonly() if size else memoryview(b"")
    except OSError as error:
        raise InputError(f"cannot read the module: {error.strerror}", location=str(path)) from error


def open_archive(data: memoryview) -> Archive:
    """Takes the container apart. Raises InputError if what it says does not fit the bytes."""
    if len(data) > MAX_MODULE_BYTES:
        raise LimitError(f"the module has {len(data)} bytes, above the limit of {MAX_MODULE_BYTES}")
    start = 0
    if bytes(data[:4]) == _ZIP_LOCAL_FILE:
        if len(data) < _ZIP_HEADER_BYTES:
            raise InputError("the module ends inside its ZIP header")
        name, extra = data[26:28], data[28:30]
        start = _ZIP_HEADER_BYTES + int.from_bytes(name, "little") + int.from_bytes(extra, "little")
    if len(data) < start + 16:
        raise InputError(f"the module has {len(data)} bytes: too short for any .vmfb")
    size = int.from_bytes(data[start : start + 4], "little")
    end = start + 4 + size
    if end > len(data):
        raise InputError(f"the module ends after {len(data)} bytes; its tables alone need {end}", hint="the file is truncated")
    return Archive(data[start + 4 : end], data[align(end, EXTERNAL_ALIGNMENT) :])
