"""Worker threads of local-task. They run queue submissions, and help whoever runs one with its tiles.

Workers wait in native code (`Crew.park`), where a replay reaches them through a mailbox without Python; submissions, host calls and
kernels in Python come through a queue. Where there is no native executor they wait at the queue, and a stage of a replay is cut into
Python jobs. A worker that runs tiles never blocks, and a driver waits only for tiles somebody is running, so nothing can deadlock.
Workers know only their queue and mailbox, never the device: a dropped device just sends them home.
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
from pyrie.runtime.hal import packing
from pyrie.runtime.hal.recording import Replay, replay_here
from pyrie.runtime.hal.replay import Command
from pyrie.runtime.hal.semaphore import Fence
from pyrie.runtime.native.executor import SMALL_MICROSECONDS, Crew, executor
from pyrie.runtime.native.kernels import SCRATCH, own_code
from pyrie.support import env
from pyrie.support.errors import DeviceError, PyrieError

CLAIMS_A_WORKER = 4  # of a dispatch: few enough to be cheap, many enough to balance
JOIN_SECONDS = 10.0  # at exit; a kernel that runs longer is left behind
Job = Callable[[], None]


class WorkerPool:
    """Threads that run jobs; started on first use, again after a fork, and joined at exit.

    A replay that takes less than `small_microseconds` wakes nobody. A thread that the system refuses is done without, and so is pinning.
    """

    def __init__(self, threads: int, small_microseconds: float = SMALL_MICROSECONDS):
        self.size = max(threads, 1)
        self.cpus = _places(self.size)
        self.pins_callers = env.flag("PYRIE_PIN")
        self._native = native = executor()
        self._small_ticks = int(small_microseconds * native.ticks_a_microsecond) if native else 0
        self._crew = Crew(native, self.size, self._small_ticks) if native else None
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._start_lock = threading.Lock()
        self._pending: set[Fence] = set()
        self._closer = weakref.finalize(self, _send_home, self._jobs, self._crew, self.size)
        self._closer.atexit = False

    def submit(self, job: Job, signal: Fence | None) -> None:
        """Runs `job` in a worker. `signal` is what the job will signal; it fails should the process fork meanwhile."""
        if signal is not None:
            self._pending.add(signal)
        job = functools.partial(_run_job, job, signal, self._pending)
        if self._threads or self._start():
            _enqueue(self._jobs, self._crew, job)
        else:
            job()

    def run(self, replay: Replay) -> None:
        """Runs a replay in this thread, with the help of the workers. Raises what the first failing tile raised."""
        if self._native is not None and replay.recording.native is not None:
            if code := self.run_native(replay.job):
                raise replay.recording.failure(code)
            return
        replay.job.bind()
        for stage in replay.recording.stages:
            self._run_stage(replay.job, stage)

    def run_native(self, job: packing.Job) -> int:
        """The same for a native job with its slots filled; returns its code. Short jobs wake nobody and keep the interpreter lock."""
        native, crew, program = self._native, self._crew, job.program
        if native is None or crew is None:  # the workers wait in Python
            return replay_here(job)
        workgroup = SCRATCH.reserve(program.local_memory)
        estimate = program.estimate.value
        if 0 < estimate < self._small_ticks:
            return native.replay_short(job.address, workgroup)
        if not self._threads and program.is_wide and self.size > 1:
            self._start()
        self.pin_caller(estimate)
        return native.replay_parallel(job.address, crew.address, workgroup)

    def pin_caller(self, estimate: int) -> None:
        """Pins this thread if that was asked for and a replay of `estimate` ticks is worth it."""
        if self.pins_callers and self._native is not None and estimate >= self._native.long_ticks:
            _pin(self.cpus, 0)

    def native_replay(self) -> tuple[int, int, int] | None:
        """The function `replay_parallel`, its pool, and the estimate below which it wakes nobody; None if the workers wait in Python."""
        code = own_code()
        if code is None or self._crew is None:
            return None
        if self.size > 1:
            self._start()
        return code["replay_parallel"], self._crew.address, self._small_ticks

    def _run_stage(self, job: packing.Job, stage: list[Command]) -> None:
        work = Stage(job, stage, self.size)
        helpers = min(self.size, work.claims) - 1
        for _ in range(helpers):
            _enqueue(self._jobs, self._crew, work.help)
        work.help()
        work.wait()

    def _start(self) -> bool:
        """Starts the workers that the system grants; false if it grants none."""
        with self._start_lock:
            if not self._threads:
                threads: list[threading.Thread] = []
                for i in range(self.size):
                    arguments = (self._jobs, self._crew, i, self.cpus)
                    thread = threading.Thread(target=_worker, args=arguments, name=f"pyrie-worker-{i}", daemon=True)
                    try:
                        thread.start()
                    except RuntimeError:
                        break
                    threads.append(thread)
                self._threads = threads
            return bool(self._threads)

    def close(self) -> None:
        """Lets the workers finish what is queued, then ends them."""
        threads = self._threads
        self._threads = []
        if threads:
            _send_home(self._jobs, self._crew, len(threads))
            for thread in threads:
                thread.join(JOIN_SECONDS)

    def forget_threads(self) -> None:
        """In a forked child: there are no workers here; what they were doing has failed."""
        lost = list(self._pending)
        self._closer.detach()
        if self._crew is not None:
            self._crew.forget()
        self._reset()
        error = DeviceError("the process forked while this work was running; the child has lost it", code="ABORTED")
        for fence in lost:
            for semaphore, _ in fence.timepoints:
                semaphore.abandon_after_fork(error)


class Stage:
    """Commands with no barrier between them, cut into claims that threads take one at a time: the Python executor's parallelism."""

    __slots__ = ("_claims", "_done", "_job", "_lock", "_next", "_running", "claims", "failure")

    def __init__(self, job: packing.Job, commands: list[Command], threads: int):
        self._job = job
        self._claims: list[tuple[Command, int, int]] = []
        for command in commands:
            tiles = command.tile_count(job)
            step = max(1, -(-tiles // (threads * CLAIMS_A_WORKER)))
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


def _worker(jobs: SimpleQueue[Job | None], crew: Crew | None, index: int, cpus: list[int]) -> None:
    cpu = _pin(cpus, index)
    if crew is not None:
        crew.arrive(index, cpu)
    while True:
        if crew is not None:
            crew.park(index)
        job = jobs.get()
        if job is None:
            return
        try:
            job()
        except Exception:  # of work that nobody waits for: said aloud, and the worker goes on
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        del job  # or an idle worker would keep buffers alive


def _enqueue(jobs: SimpleQueue[Job | None], crew: Crew | None, job: Job | None) -> None:
    jobs.put(job)
    if crew is not None:
        crew.notify()


def _run_job(job: Job, signal: Fence | None, pending: set[Fence]) -> None:
    try:
        job()
    finally:
        if signal is not None:
            pending.discard(signal)


def _send_home(jobs: SimpleQueue[Job | None], crew: Crew | None, count: int) -> None:
    for _ in range(count):
        _enqueue(jobs, crew, None)


# Where threads run. A worker is pinned once, to its own CPU; a caller only if asked for, since the user's thread is the user's.

_pinned = threading.local()  # .cpus: where this thread could run before it was pinned here
_places_given = itertools.count(os.getpid())


def available_cpus() -> list[int]:
    """The CPUs that this thread was given; empty if the system does not say."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(getattr(_pinned, "cpus", None) or os.sched_getaffinity(0))


def _places(size: int) -> list[int]:
    """A CPU for each of `size` workers. Pools smaller than the machine begin at different CPUs, or they would share the first ones."""
    cpus = available_cpus()
    if size < len(cpus):
        first = next(_places_given) * size % len(cpus)
        cpus = cpus[first:] + cpus[:first]
    return cpus


def _pin(cpus: list[int], index: int) -> int | None:
    """Pins this thread to one of some CPUs, unless it is pinned already; None if the system refuses."""
    if not cpus or hasattr(_pinned, "cpus"):
        return None
    cpu = cpus[index % len(cpus)]
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return None
    _pinned.cpus = cpus
    return cpu


_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()


def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()


def _forget_all() -> None:
    for pool in list(_POOLS):
        pool.forget_threads()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
