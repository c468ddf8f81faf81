"""The native executor (executor.ll), as Python calls it. Absent where there is no machine code for this machine, or no futexes."""

from __future__ import annotations

import ctypes
import functools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyrie.runtime.native.kernels import own_code
from pyrie.support import env

SHORT_MICROSECONDS = 20  # a replay shorter than this keeps the interpreter lock
SMALL_MICROSECONDS = 12  # a replay shorter than this wakes nobody: a wake-up takes about as long
CALIBRATION_NANOSECONDS = 200_000

Address = int
_POINTER, _RESULT = ctypes.c_void_p, ctypes.c_int64


@dataclass(frozen=True, slots=True)
class Executor:
    """The native entry points. All but `replay_short` let the interpreter lock go."""

    replay_short: Callable[[Address, Address], int]  # (job, workgroup state)
    replay_serial: Callable[[Address, Address], int]
    short_ticks: int
    small_ticks: int


def executor() -> Executor | None:
    """The native executor; None if this machine or PYRIE_EXECUTOR=python asks for the one in Python."""
    return None if env.get("PYRIE_EXECUTOR") == "python" else _native()


@functools.cache
def _native() -> Executor | None:
    code = own_code() if sys.platform == "linux" else None
    if code is None:
        return None
    ticks = _ticks_a_microsecond(ctypes.PYFUNCTYPE(ctypes.c_uint64)(code["clock"]))
    return Executor(
        ctypes.PYFUNCTYPE(_RESULT, _POINTER, _POINTER)(code["replay_serial"]),
        ctypes.CFUNCTYPE(_RESULT, _POINTER, _POINTER)(code["replay_serial"]),
        int(SHORT_MICROSECONDS * ticks),
        int(SMALL_MICROSECONDS * ticks),
    )


def _ticks_a_microsecond(clock: Callable[[], int]) -> float:
    """The rate of the clock that estimates are in."""
    first, start = clock(), time.perf_counter_ns()
    while time.perf_counter_ns() - start < CALIBRATION_NANOSECONDS:
        pass
    return 1000 * (clock() - first) / (time.perf_counter_ns() - start)


def keep_while_watched(job: Address, memory: Any) -> None:
    """Called when a job goes."""
