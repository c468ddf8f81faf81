"""The one table of every `PYRIE_*` environment variable. Read through `get`, never through `os.environ`."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    name: str
    default: str
    meaning: str


VARIABLES: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("PYRIE_CACHE_DIR", "~/.cache/pyrie", "where compiled modules and kernels are kept; empty disables the cache"),
        Variable("PYRIE_EXECUTOR", "native", "python replays command buffers without the native executor, much slower"),
        Variable("PYRIE_MEMOIZE", "1", "0 records command buffers anew on every call"),
        Variable("PYRIE_CALL_PLANS", "1", "0 runs every call step by step, also where its work is known"),
        Variable("PYRIE_PIN", "0", "1 also pins a thread that calls long programs on local-task to a CPU"),
        Variable("PYRIE_THREADS", "", "worker threads of local-task; empty is one a CPU of the inherited mask"),
        Variable("PYRIE_VERIFY", "0", "1 verifies the IR after every pass, not only at phase boundaries"),
        Variable("PYRIE_DEBUG", "0", "1 prints each phase with its time, 2 each pass"),
    )
}


def get(name: str) -> str:
    """The value of a variable of the table above, or its default. Raises KeyError for a name that is not in the table."""
    return os.environ.get(name, VARIABLES[name].default)


def flag(name: str) -> bool:
    """Whether the variable is set to anything but the empty string or 0."""
    return get(name) not in ("", "0")
