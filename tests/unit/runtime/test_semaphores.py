"""Semaphores and fences: values, failures, callbacks, timeouts, threads."""

from __future__ import annotations

import threading

import pytest

from pyrie.runtime import Fence, Semaphore, status
from pyrie.runtime.hal.semaphore import wait_all
from pyrie.support.errors import DeviceError

FAILURE = DeviceError("it broke", code="DATA_LOSS")


def test_a_semaphore_only_grows():
    semaphore = Semaphore(3)
    semaphore.signal(5)
    assert semaphore.value == 5
    for value in (5, 4):
        with pytest.raises(DeviceError, match="cannot be signaled"):
            semaphore.signal(value)


def test_callbacks_run_once_when_their_value_is_reached():
    semaphore, seen = Semaphore(), []
    for value in (2, 1, 3):
        semaphore.on_reached(value, lambda error, v=value: seen.append((v, error)))
    semaphore.signal(2)
    assert seen == [(2, None), (1, None)]
    semaphore.signal(3)
    assert seen[2:] == [(3, None)]
    semaphore.on_reached(1, lambda error: seen.append((0, error)))
    assert seen[3:] == [(0, None)], "a value that is reached already calls back at once"


def test_a_failure_reaches_present_and_future_waiters_and_stays():
    semaphore, seen = Semaphore(), []
    semaphore.on_reached(1, seen.append)
    semaphore.fail(FAILURE)
    semaphore.fail(DeviceError("too late"))
    semaphore.signal(9)
    semaphore.on_reached(1, seen.append)
    assert seen == [FAILURE, FAILURE]
    assert semaphore.value == 0


def test_fence_states():
    fence = Fence()
    assert fence.query() == status.DEFERRED
    assert not fence.is_reached()
    fence.signal()
    assert fence.query() == status.OK
    assert fence.wait(0)
    failed = Fence()
    failed.fail(FAILURE)
    assert failed.query() == status.DATA_LOSS
    with pytest.raises(DeviceError, match="it broke"):
        failed.wait()


def test_join_waits_for_all_and_keeps_the_latest_timepoint():
    semaphore = Semaphore()
    joined = Fence.join([Fence([(semaphore, 1)]), None, Fence([(semaphore, 3)]), Fence([(semaphore, 2)])])
    assert joined is not None
    assert joined.timepoints == [(semaphore, 3)]
    semaphore.signal(2)
    assert joined.query() == status.DEFERRED
    semaphore.signal(3)
    assert joined.query() == status.OK
    assert Fence.join([]) is None
    assert Fence.join([None, Fence([])]) is None


def test_a_fence_calls_back_once_with_the_first_failure():
    semaphores, seen = [Semaphore() for _ in range(3)], []
    fence = Fence([(s, 1) for s in semaphores])
    fence.on_reached(seen.append)
    semaphores[0].signal(1)
    semaphores[1].fail(FAILURE)
    semaphores[2].fail(DeviceError("another"))
    assert seen == [FAILURE]
    Fence([]).on_reached(seen.append)
    assert seen == [FAILURE, None]


def test_waiting_times_out():
    fence = Fence()
    assert not fence.wait(0)
    assert not fence.wait(0.01)
    assert not wait_all([None, Fence([]), fence], 0.01)
    fence.signal()
    assert wait_all([fence, None], 0.01)


def test_a_waiter_wakes_when_another_thread_signals_or_fails():
    for act, raises in ((Fence.signal, False), (lambda f: f.fail(FAILURE), True)):
        fence, outcome, waiting = Fence(), [], threading.Event()

        def wait(fence=fence, outcome=outcome, waiting=waiting):
            waiting.set()
            try:
                outcome.append(fence.wait(30))
            except DeviceError as error:
                outcome.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        act(fence)
        thread.join(30)
        assert outcome == ([FAILURE] if raises else [True])


def test_many_threads_signal_one_timeline():
    semaphore, lock, reached = Semaphore(), threading.Lock(), []
    for value in range(1, 201):
        semaphore.on_reached(value, lambda _, v=value: reached.append(v))

    def advance():
        for _ in range(50):
            with lock:
                semaphore.signal(semaphore.value + 1)

    threads = [threading.Thread(target=advance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reached) == list(range(1, 201))
