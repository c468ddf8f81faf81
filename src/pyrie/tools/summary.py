"""What a person wants to know after a model ran: the likeliest classes, the machine it was compiled for, and where time went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from pyrie.tools.streams import Streams

CLASSES = 5  # lines of the ranking
BAR = 30  # characters of the longest bar
FROM_SHARE = 0.05  # phases that took less of the compile are not named


class Summary:
    """Collects times while a model is compiled, loaded and called; `write` prints them below the results."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.details: dict[str, str] = {}
        self.target = ""

    @contextmanager
    def measure(self, what: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - begin

    def add_phases(self, what: str, phases: dict[str, float]) -> None:
        """Names the phases in which most of the time of `what` went."""
        whole = sum(phases.values()) or 1.0
        large = [(seconds, name) for name, seconds in phases.items() if seconds / whole >= FROM_SHARE]
        self.details[what] = ", ".join(f"{name} {format_seconds(seconds)}" for seconds, name in sorted(large, reverse=True))

    def write(self, streams: Streams, results: Sequence[Any], device: str) -> None:
        lines = ["", *ranked_classes(results)]
        lines.append(f"target  {self.target + ', ' if self.target else ''}{device}")
        for what, seconds in self.spent.items():
            detail = f"  ({self.details[what]})" if self.details.get(what) else ""
            lines.append(f"{what:<8}{format_seconds(seconds)}{detail}")
        streams.stdout.write("\n".join(lines) + "\n")


def ranked_classes(results: Sequence[Any]) -> list[str]:
    """The likeliest classes, if the first result is one row of probabilities."""
    if not results or not isinstance(results[0], np.ndarray):
        return []
    row = results[0].reshape(-1).astype(np.float64)
    is_distribution = results[0].ndim == 2 and results[0].shape[0] == 1 and row.size > 1
    if not is_distribution or np.any(row < 0) or abs(row.sum() - 1) > 1e-3:
        return []
    best = np.argsort(-row, kind="stable")[:CLASSES]
    return [f"class {index:<5}{100 * float(row[index]):6.2f} %  {'█' * round(BAR * float(row[index]))}".rstrip() for index in best] + [""]


def format_seconds(seconds: float) -> str:
    """`1.42 s`, `12 ms`, `45 us`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
