"""The native executor (parallel.ll and its neighbours) as Python calls it. There is none where machine code or futexes are missing."""

from __future__ import annotations

import ctypes
import functools
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyrie.runtime.native import layout
from pyrie.runtime.native.kernels import SCRATCH, own_code
from pyrie.support import env

SHORT_MICROSECONDS = 20  # a serial replay shorter than this keeps the interpreter lock
SMALL_MICROSECONDS = 12  # a replay shorter than this wakes nobody: a wake-up takes about as long
LONG_MICROSECONDS = 200  # from here on it is worth it to pin the caller
CALIBRATION_NANOSECONDS = 200_000

Address = int
_POINTER, _RESULT = ctypes.c_void_p, ctypes.c_int64


@dataclass(frozen=True, slots=True)
class Executor:
    """The native entry points. All but `replay_short` and `notify` let the interpreter lock go."""

    replay_short: Callable[[Address, Address], int]  # (job, workgroup state)
    replay_serial: Callable[[Address, Address], int]
    replay_parallel: Callable[[Address, Address, Address], int]  # (job, pool, workgroup state)
    park: Callable[[Address, Address], int]  # (worker, pool)
    notify: Callable[[Address], None]  # (pool)
    ticks_a_microsecond: float  # of the clock that estimates are in
    short_ticks: int
    long_ticks: int


def executor() -> Executor | None:
    """The native executor; None if this machine has none or PYRIE_EXECUTOR=python asks for the one in Python."""
    return None if env.get("PYRIE_EXECUTOR") == "python" else _native()


@functools.cache
def _native() -> Executor | None:
    code = own_code() if sys.platform == "linux" else None
    if code is None:
        return None
    rate = _measure_clock(ctypes.PYFUNCTYPE(ctypes.c_uint64)(code["clock"]))
    return Executor(
        replay_short=ctypes.PYFUNCTYPE(_RESULT, _POINTER, _POINTER)(code["replay_serial"]),
        replay_serial=ctypes.CFUNCTYPE(_RESULT, _POINTER, _POINTER)(code["replay_serial"]),
        replay_parallel=ctypes.CFUNCTYPE(_RESULT, _POINTER, _POINTER, _POINTER)(code["replay_parallel"]),
        park=ctypes.CFUNCTYPE(ctypes.c_int32, _POINTER, _POINTER)(code["park"]),
        notify=ctypes.PYFUNCTYPE(None, _POINTER)(code["notify"]),
        ticks_a_microsecond=rate,
        short_ticks=int(SHORT_MICROSECONDS * rate),
        long_ticks=int(LONG_MICROSECONDS * rate),
    )


def _measure_clock(clock: Callable[[], int]) -> float:
    """Ticks a microsecond."""
    first, start = clock(), time.perf_counter_ns()
    while time.perf_counter_ns() - start < CALIBRATION_NANOSECONDS:
        pass
    return 1000 * (clock() - first) / (time.perf_counter_ns() - start)


class Crew:
    """The workers of a pool as native code sees them: a mailbox each, in one block that outlives the last of their threads."""

    def __init__(self, native: Executor, size: int, small_ticks: int):
        self._native = native
        self._block = ctypes.create_string_buffer(layout.POOL_HEADER_SIZE + layout.WORKER_SIZE * size + layout.CACHE_LINE)
        start = ctypes.addressof(self._block)
        self.address: Address = start + -start % layout.CACHE_LINE
        self.size = size
        for offset in (layout.POOL_WORKERS, layout.POOL_SIZE):
            ctypes.c_uint32.from_address(self.address + offset).value = size
        ctypes.c_uint64.from_address(self.address + layout.POOL_SMALL).value = small_ticks
        self._mail = [ctypes.c_uint64.from_address(self._worker(i) + layout.WORKER_MAIL) for i in range(size)]
        self.forget()
        _crews.append(weakref.ref(self, _crews.remove))

    def forget(self) -> None:
        """There are no workers yet, or none any more after a fork. Programs that know the pool by its address may go on using it."""
        ctypes.c_uint32.from_address(self.address + layout.POOL_PENDING).value = 0
        for index, mail in enumerate(self._mail):
            mail.value = layout.NOT_THERE
            ctypes.c_uint32.from_address(self._worker(index) + layout.WORKER_ASLEEP).value = 0

    def _worker(self, index: int) -> Address:
        return self.address + layout.POOL_HEADER_SIZE + layout.WORKER_SIZE * index

    def arrive(self, index: int, cpu: int | None) -> None:
        """Called by each worker's thread before it parks for the first time, with the CPU it is pinned to."""
        worker = self._worker(index)
        ctypes.c_int32.from_address(worker + layout.WORKER_CPU).value = -1 if cpu is None else cpu
        ctypes.c_uint64.from_address(worker + layout.WORKER_WORKGROUP).value = SCRATCH.reserve(0)

    def park(self, index: int) -> None:
        """Helps with native jobs until a Python job is queued, of which the caller then takes exactly one."""
        worker = self._worker(index)
        while self._native.park(worker, self.address) == layout.STARVED:
            SCRATCH.reserve(ctypes.c_uint64.from_address(worker + layout.WORKER_NEEDS).value)

    def notify(self) -> None:
        """Says that one more Python job is queued."""
        self._native.notify(self.address)

    def watches(self, job: Address) -> bool:
        """Whether a worker may still look at a job that no driver runs."""
        return any(mail.value & ~layout.WORKER_TOOK == job for mail in self._mail)


_crews: list[weakref.ref[Crew]] = []
_graveyard: list[tuple[Address, Any]] = []


def keep_while_watched(job: Address, memory: Any) -> None:
    """Called when the last reference to a job goes: keeps its memory for as long as a late worker may look at it.

    No driver runs the job any more, and none will, so a mailbox without it will not get it again. May run in any garbage collection,
    so it takes no lock: the lists change by single atomic operations.
    """
    if _is_watched(job):
        _graveyard.append((job, memory))
    for _ in range(len(_graveyard)):
        try:
            grave = _graveyard.pop(0)
        except IndexError:  # another thread looks through them too
            return
        if _is_watched(grave[0]):
            _graveyard.append(grave)


def _is_watched(job: Address) -> bool:
    return any(crew.watches(job) for reference in tuple(_crews) if (crew := reference()) is not None)
