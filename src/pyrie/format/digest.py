"""Digests inside a module, so that a damaged file is refused instead of computing something else.

Two module attributes: `pyrie.digest.segments` lists the digest of each external segment in order, and `pyrie.digest` covers the
whole FlatBuffer (bytecode, tables, embedded data and the list) with its own digits read as zeros. Modules without them load too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pyrie.format.flatbuffer import Table
from pyrie.format.module import Data, Segment
from pyrie.support.errors import VerifyError

TABLES, SEGMENTS = "pyrie.digest", "pyrie.digest.segments"
DIGITS = 32
PLACEHOLDER = "0" * DIGITS
LARGE_SEGMENT_BYTES = 16 << 20


def digest_of(*parts: Data) -> str:
    """The digest of the parts put together, in hexadecimal digits."""
    state = hashlib.blake2b(digest_size=DIGITS // 2)
    for part in parts:
        state.update(part)
    return state.hexdigest()


def check(flatbuffer: memoryview, attributes: Sequence[Table], rodata: Sequence[Segment], *, verify_all: bool) -> None:
    """Compares a module with the digests among its attributes, if any. Raises VerifyError."""
    for table in attributes:
        if table.string(0) == TABLES:
            start, end = table.span(1)
            if digest_of(flatbuffer[:start], b"0" * (end - start), flatbuffer[end:]) != table.string(1):
                raise VerifyError("the module's tables do not match their digest: the file is damaged")
        elif table.string(0) == SEGMENTS:
            external = [s for s in rodata if s.is_external]
            expected = table.string(1).split(",") if table.string(1) else []
            if len(expected) != len(external):
                raise VerifyError(f"the module lists {len(expected)} segment digests for {len(external)} external segments")
            for i, (segment, digits) in enumerate(zip(external, expected, strict=True)):
                if (verify_all or len(segment.data) <= LARGE_SEGMENT_BYTES) and digest_of(segment.data) != digits:
                    raise VerifyError(f"external segment {i} does not match its digest: the file is damaged")
