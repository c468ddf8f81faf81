"""Devices: when queue operations run, where errors go, and what happens to workers."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from pyrie.runtime import Fence, create_device, drivers, get_device, register_driver, status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import BufferRef
from pyrie.runtime.hal.device import Device, TaskDevice, worker_count
from pyrie.support.errors import DeviceError, InputError

PATIENCE = 30.0  # seconds; far above what anything here takes


@pytest.fixture(params=["local-sync", "local-task"])
def device(request: pytest.FixtureRequest) -> Device:
    return create_device("local-sync") if request.param == "local-sync" else TaskDevice(3)


def test_registry():
    assert {"local-sync", "local-task"} <= set(drivers())
    assert get_device("local-task") is get_device("local-task")
    assert create_device("local-sync") is not create_device("local-sync")
    with pytest.raises(InputError, match="available: local-sync"):
        get_device("vulkan")
    mine = create_device("local-sync")
    assert get_device(mine) is mine
    register_driver("test-driver", lambda: mine)
    assert get_device("test-driver") is mine


def test_work_waits_for_its_fence_and_then_signals(device: Device):
    gate, done, ran = Fence(), Fence(), threading.Event()
    device.submit(gate, done, ran.set)
    assert not ran.is_set()
    assert done.query() == status.DEFERRED
    gate.signal()
    assert done.wait(PATIENCE)
    assert ran.is_set()


def test_chains_run_in_order(device: Device):
    order, fences = [], [Fence() for _ in range(30)]
    for i in reversed(range(1, 30)):
        device.submit(fences[i - 1], fences[i], lambda i=i: order.append(i))
    fences[0].signal()
    assert fences[-1].wait(PATIENCE)
    assert order == list(range(1, 30))


def test_task_calls_return_before_the_work_is_done():
    device, hold, done = TaskDevice(2), threading.Event(), Fence()
    device.submit(None, done, hold.wait)
    assert done.query() == status.DEFERRED
    hold.set()
    assert done.wait(PATIENCE)


def test_sync_work_runs_in_the_caller():
    threads = []
    create_device("local-sync").submit(None, None, lambda: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("error", [DeviceError("kernel panic", code="DATA_LOSS"), ValueError("a bug")])
def test_errors_reach_the_waiter_and_whoever_waits_for_it(device: Device, error: Exception):
    def fail():
        raise error

    broken, after, reached = Fence(), Fence(), threading.Event()
    device.submit(None, broken, fail)
    device.submit(broken, after, reached.set)
    for fence in (broken, after):
        with pytest.raises(DeviceError, match=str(error)):
            fence.wait(PATIENCE)
    assert not reached.is_set()
    done = Fence()
    device.submit(None, done, lambda: None)
    assert done.wait(PATIENCE), "the device goes on"


def test_signaling_a_fence_twice_is_an_error_of_whoever_listens():
    device, fence = create_device("local-sync"), Fence()
    device.submit(None, fence, lambda: None)
    with pytest.raises(DeviceError, match="cannot be signaled"):
        device.submit(None, fence, lambda: None)
    device, fence = TaskDevice(1), Fence()
    for _ in range(2):
        device.submit(None, fence, lambda: None)
    device.pool.close()
    with pytest.raises(DeviceError, match="cannot be signaled"):
        fence.wait(PATIENCE)


def test_allocation_and_deallocation_follow_the_queue(device: Device):
    gate, ready, freed = Fence(), Fence(), Fence()
    buffer = device.alloca(gate, ready, 64, flags.USAGE_ALL)
    assert ready.query() == status.DEFERRED
    gate.signal()
    assert ready.wait(PATIENCE)
    part = buffer.subspan(8, 8)
    device.dealloca(ready, freed, buffer)
    assert freed.wait(PATIENCE)
    with pytest.raises(DeviceError, match="deallocated"):
        buffer.bytes()
    assert part.bytes().size == 8, "a sub-span keeps the memory"


def test_queue_transfers(device: Device):
    a, b = device.allocator.allocate(16), device.allocator.allocate(16)
    fences = [Fence() for _ in range(3)]
    device.fill(None, fences[0], BufferRef(a, 0, 0, 16), b"\1\2")
    device.update(fences[0], fences[1], b"xyz", BufferRef(a, 0, 5, 3))
    device.copy(fences[1], fences[2], BufferRef(a, 0, 4, 8), BufferRef(b, 0, 0, 8))
    assert fences[2].wait(PATIENCE)
    assert b.read(0, 8) == b"\1xyz\1\2\1\2"


def test_queries():
    sync, task = create_device("local-sync"), TaskDevice(7)
    assert sync.query("hal.device.id", "local*") == task.query("hal.device.id", "local-task") == 1
    assert sync.query("hal.device.id", "vulkan") == 0
    assert (sync.query("hal.dispatch", "concurrency"), task.query("hal.dispatch", "concurrency")) == (1, 7)
    assert sync.query("hal.executable.format", "no-such-format") == 0
    assert sync.query("hal.executable.format", "embedded-elf-x86_64", allow_native=False) == 0
    assert sync.query("hal.nothing", "key") is None


def test_worker_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_THREADS", "3")
    assert worker_count() == 3
    for wrong in ("0", "-1", "many", "99999"):
        monkeypatch.setenv("PYRIE_THREADS", wrong)
        with pytest.raises(InputError, match="PYRIE_THREADS"):
            worker_count()
    monkeypatch.setenv("PYRIE_THREADS", "")
    assert worker_count() == len(os.sched_getaffinity(0))


def test_a_dropped_device_finishes_its_work_and_lets_its_threads_go():
    device, hold, done = TaskDevice(2), threading.Event(), Fence()
    device.submit(None, done, hold.wait)
    workers = list(device.pool._threads)
    gone = weakref.ref(device)
    del device
    gc.collect()
    assert gone() is None
    hold.set()
    assert done.wait(PATIENCE)
    for worker in workers:
        worker.join(PATIENCE)
        assert not worker.is_alive()


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)


def test_workers_are_rebuilt_after_a_fork_and_lost_work_fails():
    result = run_python("""
import os, threading, sys
from pyrie.runtime import Fence
from pyrie.runtime.hal.device import TaskDevice
from pyrie.support.errors import DeviceError
device, hold, lost, first = TaskDevice(2), threading.Event(), Fence(), Fence()
device.submit(None, first, lambda: None)
assert first.wait(30)
device.submit(None, lost, hold.wait)
child = os.fork()
if child == 0:
    try:
        lost.wait(30)
        code = 1
    except DeviceError as error:
        code = 0 if error.code == "ABORTED" else 2
    done = Fence()
    device.submit(None, done, lambda: None)
    os._exit(code if done.wait(30) else 3)
hold.set()
assert lost.wait(30)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")
    assert result.returncode == 0, result


def test_workers_are_joined_at_exit_after_what_is_queued():
    result = run_python("""
from pyrie.runtime import Fence
from pyrie.runtime.hal.device import TaskDevice
device = TaskDevice(2)
for i in range(20):
    device.submit(None, Fence(), lambda i=i: print(f"{i}\\n", end="", flush=True))
""")
    assert sorted(map(int, result.stdout.split())) == list(range(20)), result
    assert result.returncode == 0


def test_an_error_that_nobody_waits_for_is_reported_and_the_worker_goes_on(monkeypatch: pytest.MonkeyPatch):
    reported, said = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: (reported.append(args.exc_value), said.set()))
    device, done = TaskDevice(1), Fence()
    device.submit(None, None, lambda: np.zeros(3)[5])
    device.submit(None, done, lambda: None)
    assert done.wait(PATIENCE)
    assert said.wait(PATIENCE)
    assert isinstance(reported[0], IndexError)
