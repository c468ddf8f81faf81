"""What a module says of its memoize caches: one line each in the attribute `pyrie.memo.caches`, in the order of `__memo_stats`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pyrie.support.errors import VerifyError


@dataclass(frozen=True)
class CacheRecord:
    """A cache of a region's results for one device. A static one is filled when the module is loaded and holds one entry for good."""

    region: str  # the function it stands in, with a number from the second one on
    device: str  # name of the device global
    is_static: bool
    entries: int
    recordings: int  # how many values of `__memo_recordings` are this cache's


def write_records(records: Iterable[CacheRecord]) -> str:
    """The text of the attribute."""
    return "\n".join(json.dumps([r.region, r.device, r.is_static, r.entries, r.recordings]) for r in records)


def read_records(text: str) -> list[CacheRecord]:
    """The records in an attribute's text. Raises VerifyError."""
    records: list[CacheRecord] = []
    for line in text.splitlines():
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, list) or [type(field) for field in fields] != [str, str, bool, int, int]:
            raise VerifyError("the module's list of caches is damaged", details=(line[:200],))
        records.append(CacheRecord(*fields))
    return records
