"""What a loaded program holds of earlier calls: recordings made when it was loaded, and those its caches keep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyrie.format.reflection import MEMO, MEMO_LOOKUP, MEMO_REGION
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.support.errors import VerifyError

if TYPE_CHECKING:  # the file format is imported when the first module is read
    from pyrie.format.memo import CacheRecord
    from pyrie.format.verifier import VerifiedModule


@dataclass(frozen=True)
class MemoStats:
    """One memoize region on one device.

    What is recorded when the program is loaded counts as one miss; its uses are not counted, so that they cost nothing: `hits` is None.
    """

    hits: int | None
    misses: int
    evictions: int
    entries: int  # results held now
    bytes: int  # of recordings held now


def memo_stats(
    records: Sequence[CacheRecord], numbers: Sequence[int], recordings: Sequence[Any], more_hits: Mapping[str, int]
) -> dict[str, MemoStats]:
    """By region; the device follows in brackets where there is more than one. Raises VerifyError if the numbers do not fit the records.

    `more_hits`, by region, are on the first device.
    """
    if len(numbers) != 3 * len(records) or len(recordings) != sum(record.recordings for record in records):
        raise VerifyError("the module's list of caches does not fit its statistics")
    several = len({record.device for record in records}) > 1
    found: dict[str, MemoStats] = {}
    held, more_hits = list(recordings), dict(more_hits)
    for i, record in enumerate(records):
        lookups, misses, evictions = numbers[3 * i : 3 * i + 3]
        mine, held = held[: record.recordings], held[record.recordings :]
        name = f"{record.region} [{record.device}]" if several else record.region
        found[name] = MemoStats(
            hits=None if record.is_static else lookups - misses + more_hits.pop(record.region, 0),
            misses=misses,
            evictions=evictions,
            entries=min(misses - evictions, record.entries),
            bytes=sum(item.packed_bytes for item in mine if isinstance(item, CommandBuffer)),
        )
    return found


def lookup_functions(verified: VerifiedModule) -> dict[int, str]:
    """The functions that find results in caches: ordinal -> region. What they store is theirs alone: a lock round each is all it takes."""
    said = [dict(function.function.signature.attributes) for function in verified.functions]
    return {i: s.get(MEMO_REGION, "") for i, s in enumerate(said) if s.get(MEMO) == MEMO_LOOKUP}


def locked(function: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    """`function`, one call at a time. Regions nest, and so do their look-ups: hence a lock that its owner may take again."""

    def call(*arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    return call
