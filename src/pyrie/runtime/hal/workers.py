"""Worker threads of local-task: queue submissions become tiles that all workers share.

Any idle worker takes a submission and drives it stage by stage; while it does so it invites the others to help with the tiles of the
stage. A worker that runs tiles never blocks, and the driver waits only for tiles somebody is running, so nothing can deadlock.
Workers know only their queue, never the device: a dropped device just sends them home.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import sys
import threading
import weakref
from _thread import allocate_lock
from collections.abc import Callable
from queue import SimpleQueue

from pyrie.runtime import status
from pyrie.runtime.hal.packing import Job as PackedJob
from pyrie.runtime.hal.recording import Replay
from pyrie.runtime.hal.replay import Command
from pyrie.runtime.hal.semaphore import Fence
from pyrie.support.errors import DeviceError, PyrieError

TILES_A_CLAIM_DIVISOR = 4  # claims a worker makes of a dispatch: few enough to be cheap, many enough to balance
JOIN_SECONDS = 10.0  # at exit; a kernel that runs longer is left behind
Job = Callable[[], None]


class WorkerPool:
    """Threads that run jobs; started on first use, again after a fork, and joined at exit."""

    def __init__(self, threads: int):
        self.size = max(threads, 1)
        self._start_lock = threading.Lock()
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._pending: set[Fence] = set()
        self._closer = weakref.finalize(self, _send_home, self._jobs, self.size)
        self._closer.atexit = False

    def submit(self, job: Job, signal: Fence | None) -> None:
        """Runs `job` in a worker. `signal` is what the job will signal; it fails should the process fork meanwhile."""
        if not self._threads:
            self._start()
        if signal is not None:
            self._pending.add(signal)
        self._jobs.put(functools.partial(_run_job, job, signal, self._pending))

    def run(self, replay: Replay) -> None:
        """Runs a replay from a worker, with the help of the others. Raises what the first failing tile raised."""
        replay.job.bind()
        for stage in replay.recording.stages:
            self._run_stage(replay.job, stage)

    def _run_stage(self, job: PackedJob, stage: list[Command]) -> None:
        work = Stage(job, stage, self.size)
        helpers = min(self.size, work.claims) - 1
        for _ in range(helpers):
            self._jobs.put(work.help)
        work.help()
        work.wait()

    def _start(self) -> None:
        with self._start_lock:
            if self._threads:
                return
            threads = [
                threading.Thread(target=_worker, args=(self._jobs,), name=f"pyrie-worker-{i}", daemon=True) for i in range(self.size)
            ]
            for thread in threads:
                thread.start()
            self._threads = threads

    def close(self) -> None:
        """Lets the workers finish what is queued, then ends them."""
        threads = self._threads
        self._threads = []
        if threads:
            _send_home(self._jobs, len(threads))
            for thread in threads:
                thread.join(JOIN_SECONDS)

    def forget_threads(self) -> None:
        """In a forked child: there are no workers here; what they were doing has failed."""
        lost = list(self._pending)
        self._closer.detach()
        self._start_lock = threading.Lock()
        self._reset()
        error = DeviceError("the process forked while this work was running; the child has lost it", code="ABORTED")
        for fence in lost:
            for semaphore, _ in fence.timepoints:
                semaphore.abandon_after_fork(error)


class Stage:
    """Commands with no barrier between them, cut into claims that threads take one at a time."""

    __slots__ = ("_claims", "_done", "_job", "_lock", "_next", "_running", "claims", "failure")

    def __init__(self, job: PackedJob, commands: list[Command], threads: int):
        self._job = job
        self._claims: list[tuple[Command, int, int]] = []
        for command in commands:
            tiles = command.tile_count(job)
            step = max(1, -(-tiles // (threads * TILES_A_CLAIM_DIVISOR)))
            self._claims += [(command, begin, min(begin + step, tiles)) for begin in range(0, tiles, step)]
        self.claims = len(self._claims)
        self.failure: BaseException | None = None
        self._next = itertools.count()
        self._running = self.claims
        self._lock = allocate_lock()
        self._done = allocate_lock()
        self._done.acquire()
        if not self.claims:
            self._done.release()

    def help(self) -> None:
        """Takes claims until none is left."""
        while True:
            index = next(self._next)  # atomic
            if index >= self.claims:
                return
            command, begin, end = self._claims[index]
            try:
                if self.failure is None:
                    command.run(self._job, begin, end)
            except BaseException as error:  # whatever it is, it belongs to the waiter
                self.failure = self.failure or error
            with self._lock:
                self._running -= 1
                last = self._running == 0
            if last:
                self._done.release()

    def wait(self) -> None:
        self._done.acquire()
        if self.failure is not None:
            raise self.failure


def as_pyrie_error(error: BaseException) -> PyrieError:
    """An error fit for a semaphore: anything unforeseen becomes INTERNAL with its cause."""
    if isinstance(error, PyrieError):
        return error
    wrapped = status.error(status.INTERNAL, f"device work failed: {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped


def _worker(jobs: SimpleQueue[Job | None]) -> None:
    while (job := jobs.get()) is not None:
        try:
            job()
        except Exception:  # of work that nobody waits for: said aloud, and the worker goes on
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        del job  # or an idle worker would keep buffers alive


def _run_job(job: Job, signal: Fence | None, pending: set[Fence]) -> None:
    try:
        job()
    finally:
        if signal is not None:
            pending.discard(signal)


def _send_home(jobs: SimpleQueue[Job | None], count: int) -> None:
    for _ in range(count):
        jobs.put(None)


_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()


def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()


def _forget_all() -> None:
    for pool in list(_POOLS):
        pool.forget_threads()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
