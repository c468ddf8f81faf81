"""Semaphores and fences: the timeline that queue operations wait on and advance."""

from __future__ import annotations

import time
from _thread import LockType, allocate_lock
from collections.abc import Callable, Iterable

from pyrie.runtime import status
from pyrie.support.errors import PyrieError

Callback = Callable[[PyrieError | None], None]


class Semaphore:
    """A value that only grows, or a failure that stays. Callbacks run in the thread that signals or fails it."""

    __slots__ = ("_lock", "_waiters", "failure", "value")

    def __init__(self, value: int = 0):
        self.value = value
        self.failure: PyrieError | None = None
        self._lock: LockType = allocate_lock()
        self._waiters: list[tuple[int, Callback]] = []

    def signal(self, value: int) -> None:
        """Advances to `value` and runs what waited for it. Raises FAILED_PRECONDITION if that is no advance."""
        with self._lock:
            if self.failure is not None:
                return  # a failed timeline stays failed; whoever waits learns why
            if value <= self.value:
                raise status.error(status.FAILED_PRECONDITION, f"semaphore is at {self.value} already; it cannot be signaled to {value}")
            self.value = value
            if not self._waiters:
                return
            ready = [w for w in self._waiters if w[0] <= value]
            self._waiters = [w for w in self._waiters if w[0] > value]
        for _, callback in ready:
            callback(None)

    def fail(self, error: PyrieError) -> None:
        """Fails every present and future wait with `error`; the first failure wins."""
        with self._lock:
            if self.failure is not None:
                return
            self.failure = error
            ready, self._waiters = self._waiters, []
        for _, callback in ready:
            callback(error)

    def on_reached(self, value: int, callback: Callback) -> None:
        """Calls `callback` with None once the value is reached, or with the failure; at once if that is so already."""
        with self._lock:
            if self.failure is None and self.value < value:
                self._waiters.append((value, callback))
                return
            failure = self.failure
        callback(failure)

    def abandon_after_fork(self, error: PyrieError) -> None:
        """In a forked child: the thread that would have signaled does not exist here, and the lock's state is unknown."""
        self._lock = allocate_lock()
        self.fail(error)


class Fence:
    """A point in time: reached when every (semaphore, value) of it is."""

    __slots__ = ("timepoints",)

    def __init__(self, timepoints: Iterable[tuple[Semaphore, int]] | None = None):
        self.timepoints: list[tuple[Semaphore, int]] = [(Semaphore(), 1)] if timepoints is None else list(timepoints)

    @staticmethod
    def join(fences: Iterable[Fence | None]) -> Fence | None:
        """The fence that is reached when all are; None, which counts as reached, if there is nothing to wait for."""
        latest: dict[Semaphore, int] = {}
        for fence in fences:
            for semaphore, value in fence.timepoints if fence is not None else ():
                latest[semaphore] = max(value, latest.get(semaphore, 0))
        return Fence(latest.items()) if latest else None

    def query(self) -> int:
        """OK if reached, DEFERRED if not yet, else the code of the failure."""
        code = status.OK
        for semaphore, value in self.timepoints:
            if semaphore.failure is not None:
                return status.code_of(semaphore.failure)
            if semaphore.value < value:
                code = status.DEFERRED
        return code

    def is_reached(self) -> bool:
        """Whether it is reached. Raises the failure of a failed fence."""
        for semaphore, value in self.timepoints:
            if semaphore.failure is not None:
                raise renewed(semaphore.failure)
            if semaphore.value < value:
                return False
        return True

    def failure(self) -> PyrieError | None:
        return next((s.failure for s, _ in self.timepoints if s.failure is not None), None)

    def signal(self) -> None:
        for semaphore, value in self.timepoints:
            semaphore.signal(value)

    def fail(self, error: PyrieError) -> None:
        for semaphore, _ in self.timepoints:
            semaphore.fail(error)

    def on_reached(self, callback: Callback) -> None:
        """Calls `callback` exactly once: with None when all is reached, or with the first failure."""
        _Countdown(callback, len(self.timepoints)).watch(self.timepoints)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until reached; false if `timeout` seconds pass first. Raises the failure of a failed fence."""
        if self.is_reached():
            return True
        if timeout is not None and timeout <= 0:
            return False
        done = allocate_lock()
        done.acquire()
        self.on_reached(lambda _: done.release())
        if not done.acquire(timeout=-1 if timeout is None else min(timeout, LONGEST_WAIT)):
            return False
        return self.is_reached()


LONGEST_WAIT = 4_000_000.0  # seconds; what a lock can count


def wait_all(fences: Iterable[Fence | None], timeout: float | None = None) -> bool:
    """Blocks until all fences are reached; false if `timeout` seconds pass first. Raises the first failure."""
    deadline = None if timeout is None else time.monotonic() + timeout
    return all(fence is None or fence.wait(None if deadline is None else deadline - time.monotonic()) for fence in fences)


def renewed(error: PyrieError) -> PyrieError:
    """The error without the traceback of an earlier raise, as several waiters raise the same one."""
    return error.with_traceback(None)


class _Countdown:
    """Turns several semaphore callbacks into one fence callback."""

    __slots__ = ("callback", "lock", "remaining")

    def __init__(self, callback: Callback, count: int):
        self.callback, self.remaining, self.lock = callback, count, allocate_lock()

    def watch(self, timepoints: list[tuple[Semaphore, int]]) -> None:
        if not timepoints:
            self.callback(None)
        for semaphore, value in timepoints:
            semaphore.on_reached(value, self.arrive)

    def arrive(self, error: PyrieError | None) -> None:
        with self.lock:
            if self.remaining <= 0:
                return
            self.remaining = 0 if error else self.remaining - 1
            last = self.remaining == 0
        if last:
            self.callback(error)
