"""Devices: queues of asynchronous operations over host memory, and the registry of their drivers."""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Callable

from pyrie.runtime import status
from pyrie.runtime.hal import executable, flags
from pyrie.runtime.hal.allocator import Allocator
from pyrie.runtime.hal.buffer import Binding, Buffer, BufferRef
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.executable import Executable
from pyrie.runtime.hal.packing import Job
from pyrie.runtime.hal.recording import Replay, replay_here
from pyrie.runtime.hal.semaphore import Fence
from pyrie.runtime.hal.workers import WorkerPool, as_pyrie_error, available_cpus
from pyrie.runtime.native import cpu, embedded_elf
from pyrie.runtime.native.executor import SMALL_MICROSECONDS, executor
from pyrie.runtime.native.kernels import own_code
from pyrie.support import env
from pyrie.support.errors import InputError, PyrieError

Work = Callable[[], None]


class Device:
    """One device with one queue. Operations begin once their wait fence is reached and then signal or fail their signal fence.

    This class runs operations in the thread that makes them ready: the caller, or whoever signals the fence waited on (local-sync).
    """

    driver = "local-sync"
    concurrency = 1

    def __init__(self) -> None:
        self.allocator = Allocator()

    # How work runs; what the drivers differ in.

    def _start(self, work: Work, signal: Fence | None) -> None:
        """Begins work that is ready and completes `signal`."""
        _complete(work, signal)

    def _run(self, replay: Replay) -> None:
        if replay.recording.native is None:
            replay.recording.run_in_python(replay.job)
        elif code := self.run_now(replay.job):
            raise replay.recording.failure(code)

    def run_now(self, job: Job) -> int:
        """Runs a job of a native recording, its slots filled, in this thread; returns 0 or what `CommandBuffer.raise_for` explains."""
        return replay_here(job)

    def native_replay(self) -> tuple[int, int, int]:
        """For native code that replays jobs itself: `replay_serial` or `replay_parallel`, the pool of the latter or 0, and the ticks below
        which a replay stays in its thread and may keep the interpreter lock.
        """
        native, code = executor(), own_code()
        assert native is not None
        assert code is not None
        return code["replay_serial"], 0, native.short_ticks

    def caller_pinner(self) -> Callable[[int], None] | None:
        """What a thread calls before it replays work of so many ticks natively; None if there is nothing to do."""
        return None

    # Queue operations.

    def submit(self, wait: Fence | None, signal: Fence | None, work: Work) -> None:
        """Runs `work` (a host call, or any operation below) once `wait` is reached, then signals `signal` or fails it."""
        if wait is None or wait.query() == status.OK:
            self._start(work, signal)
        else:
            wait.on_reached(lambda error: self._start(work, signal) if error is None else _fail(signal, error))

    def barrier(self, wait: Fence | None, signal: Fence | None) -> None:
        """Signals one fence when the other is reached."""
        if wait is None or wait.query() == status.OK:
            _signal(signal)
        else:
            wait.on_reached(lambda error: _signal(signal) if error is None else _fail(signal, error))

    def alloca(self, wait: Fence | None, signal: Fence | None, size: int, usage: int) -> Buffer:
        """A transient buffer, usable by operations that wait for `signal`."""
        buffer = self.allocator.allocate(size, usage)
        self.barrier(wait, signal)
        return buffer

    def dealloca(self, wait: Fence | None, signal: Fence | None, buffer: Buffer) -> None:
        """Returns a transient buffer's memory once `wait` is reached."""
        self.submit(wait, signal, buffer.deallocate)

    def fill(self, wait: Fence | None, signal: Fence | None, target: BufferRef, pattern: bytes) -> None:
        commands = self._transfer()
        commands.fill(target, pattern)
        self._execute_transfer(wait, signal, commands)

    def update(self, wait: Fence | None, signal: Fence | None, data: bytes, target: BufferRef) -> None:
        commands = self._transfer()
        commands.update(data, target)
        self._execute_transfer(wait, signal, commands)

    def copy(self, wait: Fence | None, signal: Fence | None, source: BufferRef, target: BufferRef) -> None:
        commands = self._transfer()
        commands.copy(source, target)
        self._execute_transfer(wait, signal, commands)

    def execute(self, wait: Fence | None, signal: Fence | None, commands: CommandBuffer, table: tuple[Binding, ...] = ()) -> None:
        """Replays a command buffer with a binding table. Raises DeviceError if the table does not suit; nothing is submitted then."""
        replay = commands.bind(table)

        def work() -> None:
            try:
                self._run(replay)
            finally:
                replay.finish()

        self.submit(wait, signal, work)

    def _transfer(self) -> CommandBuffer:
        return CommandBuffer(flags.MODE_ONE_SHOT, flags.CATEGORY_TRANSFER)

    def _execute_transfer(self, wait: Fence | None, signal: Fence | None, commands: CommandBuffer) -> None:
        commands.finalize()
        self.execute(wait, signal, commands)

    # Everything else.

    def create_command_buffer(self, mode: int, categories: int, binding_capacity: int) -> CommandBuffer:
        return CommandBuffer(mode, categories, binding_capacity)

    def create_executable(self, format: str, data: memoryview, constants: tuple[int, ...], *, allow_native: bool) -> Executable:
        return executable.load_executable(format, data, constants, allow_native=allow_native)

    def query(self, category: str, key: str, *, allow_native: bool = True) -> int | None:
        """The value of a configuration key; None if this device does not know it."""
        if category == "hal.device.id":
            return int(fnmatch.fnmatchcase(self.driver, key))
        if category == "hal.executable.format":
            return int(executable.is_supported(key, allow_native=allow_native))
        if (category, key) == ("hal.device", "concurrency"):
            return 1  # queues
        if (category, key) == ("hal.dispatch", "concurrency"):
            return self.concurrency
        if category == "hal.cpu":
            value = cpu.features().get(key)
            return None if value is None else int(value)
        return None


class TaskDevice(Device):
    """Runs operations in worker threads: every call returns before the work is done, and tiles run in parallel (local-task)."""

    driver = "local-task"

    def __init__(self, threads: int, small_microseconds: float = SMALL_MICROSECONDS):
        super().__init__()
        self.pool = WorkerPool(threads, small_microseconds)
        self.concurrency = self.pool.size

    def _start(self, work: Work, signal: Fence | None) -> None:
        self.pool.submit(functools.partial(_complete_in_worker, work, signal), signal)

    def _run(self, replay: Replay) -> None:
        self.pool.run(replay)

    def run_now(self, job: Job) -> int:
        return self.pool.run_native(job)

    def native_replay(self) -> tuple[int, int, int]:
        return self.pool.native_replay() or super().native_replay()

    def caller_pinner(self) -> Callable[[int], None] | None:
        return self.pool.pin_caller if self.pool.pins_callers else None


def _complete(work: Work, signal: Fence | None) -> None:
    """Runs work and says so on its fence; without a fence an error goes to the caller."""
    try:
        work()
    except BaseException as error:
        if signal is None or not isinstance(error, Exception):
            raise
        _fail(signal, as_pyrie_error(error))
        return
    _signal(signal)


def _complete_in_worker(work: Work, signal: Fence | None) -> None:
    """The same where no caller listens: a fence that cannot be signaled, as it was already, fails."""
    try:
        _complete(work, signal)
    except PyrieError as error:
        if signal is None:
            raise
        signal.fail(error)


def _signal(signal: Fence | None) -> None:
    if signal is not None:
        signal.signal()


def _fail(signal: Fence | None, error: PyrieError) -> None:
    if signal is not None:
        signal.fail(error)


def worker_count() -> int:
    """Threads of local-task: PYRIE_THREADS, or one a CPU of the inherited mask. Raises InputError."""
    text = env.get("PYRIE_THREADS")
    if not text:
        return len(available_cpus()) or os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= MAX_THREADS:
        raise InputError(f"PYRIE_THREADS is '{text}'", hint=f"give a number from 1 to {MAX_THREADS}")
    return int(text)


MAX_THREADS = 1024

Driver = Callable[[], Device]
_DRIVERS: dict[str, Driver] = {"local-sync": Device, "local-task": lambda: TaskDevice(worker_count())}


def register_driver(name: str, create: Driver) -> None:
    """Makes `get_device(name)` work for another kind of device."""
    _DRIVERS[name] = create
    _default_device.cache_clear()


def drivers() -> list[str]:
    return sorted(_DRIVERS)


def create_device(name: str) -> Device:
    """A new device of a driver, sharing nothing with others. Raises InputError."""
    if name not in _DRIVERS:
        raise InputError(f"there is no device '{name}'", hint="available: " + ", ".join(drivers()))
    return _DRIVERS[name]()


def get_device(device: str | Device) -> Device:
    """The process's device of a driver, created on first use; a device is returned as it is. Raises InputError."""
    return device if isinstance(device, Device) else _default_device(device)


@functools.cache
def _default_device(name: str) -> Device:
    return create_device(name)


embedded_elf.register()
