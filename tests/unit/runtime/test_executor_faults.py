"""What goes wrong around the native executor: threads refused, devices dropped, processes forked, late workers, leaks."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from machine_kernels import CHUNK, ORDINALS, kernels

from pyrie.runtime import Fence, create_device
from pyrie.runtime.hal import workers
from pyrie.runtime.hal.buffer import Buffer, BufferRef
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import Device, TaskDevice
from pyrie.runtime.native import executor as native_executor
from pyrie.runtime.native import layout
from pyrie.support.errors import DeviceError

PATIENCE = 30.0  # seconds; far above what anything here takes
GROUPS, STAGES = 24, 6
SIZE = 4 * CHUNK * GROUPS
needs_native = pytest.mark.skipif(native_executor.executor() is None, reason="this machine has no native executor")


def program(rounds: int = 0) -> CommandBuffer:
    """Adds the workgroup, back and forth between two slots; each workgroup takes `rounds` loop rounds."""
    commands = CommandBuffer(binding_capacity=2)
    for stage in range(STAGES):
        references = [BufferRef(None, s, 0, SIZE) for s in (stage % 2, 1 - stage % 2)]
        commands.dispatch(kernels(), ORDINALS["spin"], (GROUPS, 1, 1), (1, 0, rounds), tuple(references))
        commands.barrier()
    commands.finalize()
    return commands


WANTED = np.arange(GROUPS * CHUNK, dtype=np.int32) // CHUNK * STAGES


def buffers(device: Device) -> list[Buffer]:
    made = [device.allocator.allocate(SIZE) for _ in range(2)]
    made[0].bytes()[:] = 0
    return made


def check(device: Device, commands: CommandBuffer) -> None:
    memory, done = buffers(device), Fence()
    device.execute(None, done, commands, tuple((b, 0, SIZE) for b in memory))
    assert done.wait(PATIENCE)
    np.testing.assert_array_equal(memory[0].bytes().view(np.int32), WANTED)


def run_now(device: Device, commands: CommandBuffer) -> None:
    memory, job = buffers(device), commands.take_job()
    job.set_slots([word for b in memory for word in (b.address, SIZE)])
    commands.raise_for(device.run_now(job))
    commands.give_job_back(job)
    np.testing.assert_array_equal(memory[0].bytes().view(np.int32), WANTED)


@pytest.mark.parametrize("executor", ["native", "python"])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_threads_that_the_system_refuses_are_done_without(granted: int, executor: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_EXECUTOR", executor)
    start, started = threading.Thread.start, []

    def reluctant(thread: threading.Thread) -> None:
        if len(started) == granted:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", reluctant)
    device = TaskDevice(3, small_microseconds=0)
    for _ in range(10):
        check(device, program())
    assert len(device.pool._threads) == granted


def test_workers_that_may_not_be_pinned_work_unpinned(monkeypatch: pytest.MonkeyPatch):
    def refuse(_process, _cpus):
        raise PermissionError("not here")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    device = TaskDevice(3, small_microseconds=0)
    for _ in range(10):
        check(device, program())


@needs_native
@pytest.mark.parametrize("asked", [False, True])
def test_callers_are_pinned_only_if_asked_for(asked: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_PIN", "1" if asked else "0")
    device, commands, before, after = TaskDevice(2), program(20000), os.sched_getaffinity(0), []

    def call() -> None:
        for _ in range(3):  # of which the first is not known to be long
            run_now(device, commands)
        after.append(os.sched_getaffinity(0))

    caller = threading.Thread(target=call)
    caller.start()
    caller.join(PATIENCE)
    assert len(after[0]) == 1 if asked else after[0] == before, after
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("executor", ["native", "python"])
def test_a_device_dropped_in_flight_finishes_and_lets_its_threads_go(executor: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_EXECUTOR", executor)
    device = TaskDevice(3, small_microseconds=0)
    memory, done, gate, entered = buffers(device), Fence(), threading.Event(), threading.Event()
    device.submit(None, None, lambda: (entered.set(), gate.wait(PATIENCE)))
    assert entered.wait(PATIENCE)
    for fence in [Fence() for _ in range(5)] + [done]:
        device.execute(None, fence, program(2000), tuple((b, 0, SIZE) for b in buffers(device)))
    threads, gone = list(device.pool._threads), weakref.ref(device)
    del device, memory
    gate.set()
    assert done.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    gc.collect()
    assert gone() is None


def test_errors_reach_the_waiter_at_once():
    device, commands = TaskDevice(3, small_microseconds=0), CommandBuffer()
    commands.dispatch(kernels(), ORDINALS["fail"], (1000, 1, 1), (500, 3), ())
    commands.finalize()
    for _ in range(20):
        done, start = Fence(), time.monotonic()
        device.execute(None, done, commands)
        with pytest.raises(DeviceError, match="code 3"):
            done.wait(PATIENCE)
        assert time.monotonic() - start < 1.0


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | variables | {"PYTHONPATH": path}
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120, env=environment)


@pytest.mark.parametrize("executor", ["native", "python"])
def test_a_forked_child_replays_with_workers_of_its_own(executor: str):
    result = run_python(
        """
import os, sys
from test_executor_faults import TaskDevice, check, native_executor, program, run_now
device, commands = TaskDevice(3, small_microseconds=0), program(200)
for _ in range(5):
    check(device, commands)
before, crew = list(device.pool._threads), device.pool._crew
child = os.fork()
for _ in range(20):
    check(device, commands)
    if native_executor.executor():
        run_now(device, commands)
if not child:
    # Call plans know the crew by its address.
    os._exit(0 if len(device.pool._threads) == 3 and device.pool._threads != before and device.pool._crew is crew else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""",
        PYRIE_EXECUTOR=executor,
    )
    assert result.returncode == 0, result


ROUNDS = 1 << 31  # seconds of waiting; a meeting takes microseconds


def meeting(device: Device, threads: int, guests: int, *, alone_for: int = 0) -> tuple[CommandBuffer, Buffer]:
    """A program that ends well only if as many threads run its tiles at the same time, and as many guests count themselves.

    If asked to, one thread then works alone for some rounds, and all meet again.
    """
    counter, commands = device.allocator.allocate(128 + 64 * CHUNK), CommandBuffer()
    counter.bytes()[:] = 0
    commands.dispatch(kernels(), ORDINALS["nothing"], (1, 1, 1), (), ())  # the first command of a first replay always runs alone
    commands.barrier()
    commands.dispatch(kernels(), ORDINALS["meet"], (threads, 1, 1), (threads + guests, ROUNDS), (BufferRef(counter, 0, 0, 4),))
    if alone_for:
        commands.barrier()
        memory = BufferRef(counter, 0, 128, 64 * CHUNK)
        commands.dispatch(kernels(), ORDINALS["spin"], (1, 1, 1), (1, 0, alone_for), (memory, memory))
        commands.barrier()
        commands.dispatch(kernels(), ORDINALS["meet"], (threads, 1, 1), (threads, ROUNDS), (BufferRef(counter, 0, 64, 4),))
    commands.finalize()
    return commands, counter


@needs_native
def test_a_worker_that_lost_patience_is_invited_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    device = TaskDevice(2, small_microseconds=0)
    check(device, program())
    for _ in range(3):
        commands, _ = meeting(device, 2, 0, alone_for=1_000_000)
        commands.raise_for(device.run_now(commands.take_job()))


@needs_native
def test_workers_asleep_are_woken_to_help(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    device = TaskDevice(2, small_microseconds=0)
    check(device, program())
    for pause in (0, 0.05):  # awake still, and asleep
        for _ in range(5):
            commands, _ = meeting(device, 2, 0)
            time.sleep(pause)
            job = commands.take_job()
            commands.raise_for(device.run_now(job))


@needs_native
def test_a_worker_that_lacks_local_memory_gets_it_and_helps_the_next_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    device, commands = TaskDevice(2, small_microseconds=0), CommandBuffer(binding_capacity=2)
    for _ in range(2):
        references = tuple(BufferRef(None, s, 0, SIZE) for s in (0, 1))
        commands.dispatch(kernels(), ORDINALS["local"], (GROUPS, 1, 1), (1, 0), references)
        commands.barrier()
    commands.finalize()
    memory, job = buffers(device), commands.take_job()
    job.set_slots([word for b in memory for word in (b.address, SIZE)])
    for _ in range(500):
        commands.raise_for(device.run_now(job))
    np.testing.assert_array_equal(memory[1].bytes().view(np.int32), WANTED // STAGES)


@needs_native
def test_a_mailbox_holds_the_job_while_its_worker_looks_at_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    device = TaskDevice(2, small_microseconds=0)
    check(device, program())
    commands, counter = meeting(device, 2, 1)
    job, codes = commands.take_job(), []
    caller = threading.Thread(target=lambda: codes.append(device.run_now(job)))
    caller.start()
    view, crew, end = counter.bytes().view(np.int32), device.pool._crew, time.monotonic() + PATIENCE
    assert crew is not None
    while view[0] < 2 and time.monotonic() < end:
        time.sleep(0.001)
    held = [mail.value for mail in crew._mail]
    view[0] += 1  # the guest they wait for
    caller.join(PATIENCE)
    assert codes == [0]
    assert job.address | layout.WORKER_TOOK in held
    while crew.watches(job.address) and time.monotonic() < end:
        time.sleep(0.001)
    assert not crew.watches(job.address)


@needs_native
def test_invitations_that_nobody_took_are_taken_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    device, commands, gate, busy = TaskDevice(2, small_microseconds=0), program(), threading.Event(), threading.Semaphore(0)
    for _ in range(2):
        device.submit(None, None, lambda: (busy.release(), gate.wait(PATIENCE)))
    assert all(busy.acquire(timeout=PATIENCE) for _ in range(2))
    memory, job = buffers(device), commands.take_job()
    job.set_slots([word for b in memory for word in (b.address, SIZE)])
    assert device.run_now(job) == 0
    assert device.pool._crew is not None
    assert not device.pool._crew.watches(job.address)
    gate.set()


@needs_native
def test_idle_workers_use_no_time():
    device = TaskDevice(4, small_microseconds=0)
    for _ in range(20):
        check(device, program(100))
    time.sleep(0.05)  # longer than the spinning that follows work
    start, used = time.monotonic(), time.process_time()
    time.sleep(0.5)
    assert time.process_time() - used < 0.005 * (time.monotonic() - start)


@needs_native
def test_memory_of_a_job_outlives_a_late_worker():
    device, commands = TaskDevice(2, small_microseconds=0), program()
    check(device, commands)
    job = commands.take_job()
    address, crew = job.address, device.pool._crew
    assert crew is not None
    mail = native_executor.Crew(crew._native, 1, 0)  # nobody reads these letters
    mail._mail[0].value = address | layout.WORKER_TOOK
    del job, commands
    gc.collect()
    assert [a for a, _ in native_executor._graveyard] == [address]
    mail._mail[0].value = 0
    program().take_job()  # goes at once, and takes along what nobody watches any more
    assert not native_executor._graveyard


@needs_native
def test_threads_share_a_program_and_leak_nothing():
    threads, runs = 8, 200
    device, commands, errors = TaskDevice(2, small_microseconds=0), program(), []
    device.allocator.allocate(SIZE)
    resident: list[int] = []
    half = threading.Barrier(threads, action=lambda: resident.append(resident_bytes()))

    def call() -> None:
        try:
            for i in range(runs):
                if i == runs // 2:
                    half.wait(PATIENCE)
                run_now(device, commands) if i % 2 else check(device, commands)
        except BaseException as error:
            errors.append(error)
            half.abort()

    callers = [threading.Thread(target=call) for _ in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not errors
    assert len(commands._recording._free) <= 2 * threads
    assert resident_bytes() - resident[0] < 1 << 20


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_without_executable_memory_python_replays(monkeypatch: pytest.MonkeyPatch):
    from pyrie.runtime.native import kernels as native_kernels
    from pyrie.runtime.native import memory

    caches = (native_executor._native, native_kernels.own_code, native_kernels.run_workgroups)
    machine = kernels()  # made while it can be

    def refuse(self, offset: int, size: int, protection: int) -> None:
        raise DeviceError("the system refuses executable memory", code="PERMISSION_DENIED")

    monkeypatch.setattr(memory.NativeMemory, "protect", refuse)
    for cache in caches:
        cache.cache_clear()
    try:
        assert native_executor.executor() is None
        assert machine is kernels()
        check(create_device("local-sync"), program())
        check(TaskDevice(2), program())
    finally:
        for cache in caches:
            cache.cache_clear()
