"""The native executor, alone and with workers, against the one in Python and against numpy."""

from __future__ import annotations

import ctypes

import machine_kernels
import numpy as np
import pytest
from machine_kernels import CHUNK, ORDINALS

from pyrie.runtime import Fence, create_device
from pyrie.runtime.hal import flags, workers
from pyrie.runtime.hal.buffer import Binding, Buffer, BufferRef
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import Device, TaskDevice
from pyrie.runtime.native import executor as native_executor
from pyrie.runtime.native import layout
from pyrie.support.errors import DeviceError

WHOLE = flags.WHOLE_BUFFER
EXECUTORS = ["native", "native with 1", "native with 2", "native with 3 unpinned", "python", "python with 2"]
PATIENCE = 30.0  # seconds; far above what anything here takes


@pytest.fixture(params=EXECUTORS)
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Device:
    return make_device(request.param, monkeypatch)


def make_device(name: str, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device whose replays all go the way that the name says: those with workers wake them however short the work."""
    kind, _, rest = name.partition(" with ")
    monkeypatch.setenv("PYRIE_EXECUTOR", kind)
    if "unpinned" in rest:  # then all are invited, more threads than CPUs
        monkeypatch.setattr(workers, "_pin", lambda cpus, index: None)
    return TaskDevice(int(rest[0]), small_microseconds=0) if rest else create_device("local-sync")


def slot(number: int, offset: int = 0, length: int = WHOLE) -> BufferRef:
    return BufferRef(None, number, offset, length)


def filled(device: Device, values: np.ndarray) -> Buffer:
    buffer = device.allocator.allocate(values.nbytes)
    buffer.bytes()[:] = values.view(np.uint8).ravel()
    return buffer


def run(device: Device, commands: CommandBuffer, *table: Binding) -> None:
    done = Fence()
    device.execute(None, done, commands, table)
    assert done.wait(PATIENCE)


class Model:
    """A random recording over a few slots, and what it does to arrays."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.sizes = [CHUNK * int(n) for n in self.random.integers(1, 40, 4)]
        self.commands = CommandBuffer(binding_capacity=len(self.sizes))
        self.steps = []
        for _ in range(int(self.random.integers(1, 25))):
            self.random.choice([self.fill, self.update, self.copy, self.dispatch, self.indirect])()
            self.commands.barrier()
        self.commands.finalize()

    def pick(self) -> int:
        return int(self.random.integers(len(self.sizes)))

    def window(self, size: int, align: int = 1) -> tuple[int, int]:
        """A range of bytes in a slot of `size` elements: offset and length."""
        a, b = sorted(int(v) for v in self.random.integers(0, 4 * size // align + 1, 2))
        return a * align, (b - a) * align

    def fill(self) -> None:
        target, width = self.pick(), int(self.random.choice([1, 2, 4, 8]))
        offset, length = self.window(self.sizes[target], width)
        pattern = self.random.bytes(width)
        to_the_end = 4 * self.sizes[target] % width == 0 and self.random.random() < 0.3
        length = 4 * self.sizes[target] - offset if to_the_end else length
        self.commands.fill(slot(target, offset, WHOLE if to_the_end else length), pattern)

        def step(arrays: list[np.ndarray]) -> None:
            arrays[target].view(np.uint8)[offset : offset + length] = np.frombuffer(pattern * (length // width), np.uint8)

        self.steps.append(step)

    def update(self) -> None:
        target = self.pick()
        offset, length = self.window(self.sizes[target])
        data = self.random.bytes(length)
        self.commands.update(data, slot(target, offset, length))

        def step(arrays: list[np.ndarray]) -> None:
            arrays[target].view(np.uint8)[offset : offset + length] = np.frombuffer(data, np.uint8)

        self.steps.append(step)

    def copy(self) -> None:
        source, target = self.pick(), self.pick()  # may be one, and overlap
        shorter = min(self.sizes[source], self.sizes[target])
        _, length = self.window(shorter)
        from_ = int(self.random.integers(4 * self.sizes[source] - length + 1))
        to = int(self.random.integers(4 * self.sizes[target] - length + 1))
        self.commands.copy(slot(source, from_, length), slot(target, to, length))

        def step(arrays: list[np.ndarray]) -> None:
            moved = arrays[source].view(np.uint8)[from_ : from_ + length].copy()
            arrays[target].view(np.uint8)[to : to + length] = moved

        self.steps.append(step)

    def mixing(self) -> tuple[str, tuple[int, ...], int, int, int]:
        kernel = str(self.random.choice(["mix", "local"]))
        constants = tuple(int(c) for c in self.random.integers(0, 1000, 2))
        source, target = self.pick(), self.pick()
        groups = int(self.random.integers(0, min(self.sizes[source], self.sizes[target]) // CHUNK + 1))

        def step(arrays: list[np.ndarray]) -> None:
            count = groups * CHUNK
            added = np.arange(count, dtype=np.int32) // CHUNK + np.int32(constants[1])
            arrays[target][:count] = arrays[source][:count] * np.int32(constants[0]) + added

        self.steps.append(step)
        return kernel, constants, source, target, groups

    def dispatch(self) -> None:
        kernel, constants, source, target, groups = self.mixing()
        self.commands.dispatch(machine_kernels.kernels(), ORDINALS[kernel], (groups, 1, 1), constants, (slot(source), slot(target)))

    def indirect(self) -> None:
        counts = self.pick()
        kernel, constants, source, target, groups = self.mixing()
        written = np.array([groups, 1, 1], np.uint32)
        self.commands.update(written.tobytes(), slot(counts, 0, 12))
        self.commands.barrier()
        references = (slot(source), slot(target))
        self.commands.dispatch_indirect(machine_kernels.kernels(), ORDINALS[kernel], slot(counts, 0, 12), constants, references)
        mix = self.steps.pop()

        def step(arrays: list[np.ndarray]) -> None:
            arrays[counts].view(np.uint32)[:3] = written
            mix(arrays)

        self.steps.append(step)


@pytest.mark.parametrize("seed", range(40))
def test_random_recordings_do_what_numpy_does(device: Device, seed: int):
    model = Model(seed)
    assert model.commands.is_native == (native_executor.executor() is not None)
    for _ in range(4):
        before = [model.random.integers(0, 1 << 31, size, dtype=np.int32) for size in model.sizes]
        buffers = [filled(device, values) for values in before]
        run(device, model.commands, *((b, 0, WHOLE) for b in buffers))
        for step in model.steps:
            step(before)
        for values, buffer in zip(before, buffers, strict=True):
            np.testing.assert_array_equal(buffer.bytes().view(np.int32), values)


def recorded(
    kernel: str, groups: tuple[int, int, int], constants: tuple[int, ...], *references: BufferRef, stages: int = 1
) -> CommandBuffer:
    commands = CommandBuffer(binding_capacity=2)
    for _ in range(stages):
        commands.dispatch(machine_kernels.kernels(), ORDINALS[kernel], (groups[0], groups[1], groups[2]), constants, references)
        commands.barrier()
    commands.finalize()
    return commands


def test_the_first_failure_is_what_the_waiter_gets_and_the_next_replay_is_unharmed(device: Device):
    commands = CommandBuffer()
    for kernel, constants in (("nothing", ()), ("fail", (117, -5 & 0xFFFFFFFF)), ("fail", (0, 6))):
        commands.dispatch(machine_kernels.kernels(), ORDINALS[kernel], (200, 1, 1), constants, ())
        commands.barrier()
    commands.finalize()
    for _ in range(20):
        with pytest.raises(DeviceError, match="kernel 'fail' failed with code -5") as caught:
            run(device, commands)
        assert caught.value.code == "INTERNAL"
    values = np.arange(10 * CHUNK, dtype=np.int32)
    source, target = filled(device, values), filled(device, np.zeros_like(values))
    run(device, recorded("mix", (10, 1, 1), (1, 0), slot(0), slot(1)), (source, 0, WHOLE), (target, 0, WHOLE))
    np.testing.assert_array_equal(target.bytes().view(np.int32), values + values // CHUNK)


def test_nothing_runs_after_a_failure(device: Device):
    buffer = filled(device, np.zeros(8, np.uint8))
    commands = CommandBuffer(binding_capacity=1)
    commands.dispatch(machine_kernels.kernels(), ORDINALS["nothing"], (64, 1, 1), (), ())
    commands.dispatch(machine_kernels.kernels(), ORDINALS["fail"], (64, 1, 1), (3, 9), ())
    commands.barrier()
    commands.fill(slot(0), b"\1")
    commands.finalize()
    for _ in range(3):
        with pytest.raises(DeviceError, match="failed with code 9"):
            run(device, commands, (buffer, 0, WHOLE))
    assert buffer.read(0, 8) == bytes(8)


@pytest.mark.parametrize("counts", [(1 << 16, 1 << 16, 1), (1, 1, 1 << 16), (0xFFFFFFFF, 0xFFFFFFFF, 3), (0xFFFFFFFF, 2, 0)])
def test_too_many_workgroups(device: Device, counts: tuple[int, int, int]):
    with pytest.raises(DeviceError) as caught:
        recorded("nothing", counts, ())
    assert caught.value.code == "OUT_OF_RANGE"
    buffer = filled(device, np.array(counts, np.uint32))
    commands = CommandBuffer()
    commands.dispatch(machine_kernels.kernels(), ORDINALS["nothing"], (4, 1, 1), (), ())
    commands.dispatch_indirect(machine_kernels.kernels(), ORDINALS["nothing"], BufferRef(buffer, 0, 0, 12), (), ())
    commands.finalize()
    for _ in range(2):
        with pytest.raises(DeviceError, match="kernel 'nothing' asks for more than") as caught:
            run(device, commands)
        assert caught.value.code == "OUT_OF_RANGE"
    buffer.write(0, np.array([7, 3, 2], np.uint32).tobytes())
    run(device, commands)


@pytest.mark.parametrize("counts", [(0, 1, 1), (5, 0, 2), (0, 0, 0)])
def test_no_workgroups(device: Device, counts: tuple[int, int, int]):
    run(device, recorded("fail", counts, (0, 7), stages=3))


def test_fills_that_do_not_fit_what_a_slot_holds(device: Device):
    commands = CommandBuffer(binding_capacity=2)
    commands.fill(slot(0), b"\1\2\3\4")
    commands.dispatch(machine_kernels.kernels(), ORDINALS["nothing"], (4, 1, 1), (), ())
    commands.finalize()
    buffer = filled(device, np.zeros(6, np.uint8))
    with pytest.raises(DeviceError, match="no multiple of its 4-byte pattern") as caught:
        run(device, commands, (buffer, 0, WHOLE))
    assert caught.value.code == "INVALID_ARGUMENT"
    assert buffer.read(0, 6) == bytes(6)


@pytest.mark.parametrize("name", [n for n in EXECUTORS if n.startswith("native")])
def test_slots_of_a_job_are_checked_in_native_code(name: str, monkeypatch: pytest.MonkeyPatch):
    device = make_device(name, monkeypatch)
    commands = recorded("mix", (4, 1, 1), (1, 0), slot(0, 0, 256), slot(1, 64, 256), stages=2)
    source, target = filled(device, np.ones(64, np.int32)), filled(device, np.zeros(80, np.int32))
    good = [source.address, 256, target.address, 320]
    job = commands.take_job()
    for words, code, text in (
        ([0, 0, *good[2:]], "INVALID_ARGUMENT", "slot 0 is used but holds no buffer"),
        ([*good[:2], target.address, 319], "OUT_OF_RANGE", "slot 1 is too short; the commands need 320 bytes"),
    ):
        job.set_slots(good)
        commands.raise_for(device.run_now(job))
        job.set_slots(words)
        with pytest.raises(DeviceError, match=text) as caught:
            commands.raise_for(device.run_now(job))
        assert caught.value.code == code
    job.set_slots(good)
    commands.raise_for(device.run_now(job))
    commands.give_job_back(job)
    np.testing.assert_array_equal(target.bytes(64).view(np.int32), 1 + np.arange(64) // CHUNK)


def test_a_job_follows_its_slots(device: Device):
    commands = recorded("mix", (2, 1, 1), (1, 5), slot(0, 0, 128), slot(1))
    for i in range(6):
        source, target = filled(device, np.full(32, i, np.int32)), filled(device, np.zeros(32, np.int32))
        run(device, commands, (source, 0, WHOLE), (target, 0, WHOLE))
        np.testing.assert_array_equal(target.bytes().view(np.int32), i + 5 + np.arange(32) // CHUNK)


def test_packed_bytes_count_the_program_and_its_jobs():
    commands = recorded("mix", (2, 1, 1), (1, 5), slot(0, 0, 128), slot(1, 0, 128))
    assert commands.packed_bytes == 0
    first, second = commands.take_job(), commands.take_job()
    assert commands.packed_bytes == first.program.size + 2 * first.program.job_size
    commands.give_job_back(first)
    assert commands.take_job() is first
    commands.give_job_back(first)
    commands.give_job_back(second)
    assert commands.packed_bytes == first.program.size + 2 * first.program.job_size


@pytest.mark.skipif(native_executor.executor() is None, reason="this machine has no native executor")
def test_short_programs_wake_nobody_and_long_ones_do():
    device = TaskDevice(2, small_microseconds=1e6)  # so that no disturbance makes the short program long
    buffer = filled(device, np.zeros(64 * CHUNK, np.int32))
    table = [buffer.address, 64 * 64]
    short = recorded("mix", (8, 1, 1), (1, 0), slot(0, 0, 512), slot(0, 0, 512))
    job = short.take_job()
    job.set_slots(table)
    for _ in range(50):
        assert device.run_now(job) == 0
    assert job._block.unpack("I", layout.JOB_EPOCH)[0] == 0, "one command, so the first replay ran alone, and the others were known"
    device = TaskDevice(2)
    long = recorded("spin", (64, 1, 1), (1, 0, 20000), slot(0, 0, 64 * 64), slot(0, 0, 64 * 64), stages=2)
    job = long.take_job()
    job.set_slots(table)
    for _ in range(3):
        assert device.run_now(job) == 0
    assert len(device.pool._threads) == 2
    assert job._block.unpack("I", layout.JOB_EPOCH)[0] == 3, "each replay went parallel, the first after its first command"


def test_the_clock_of_estimates_runs():
    native = native_executor.executor()
    if native is not None:
        assert 1 < native.ticks_a_microsecond < 1e5


def test_layout_agrees_with_the_sizes_of_its_parts():
    for size, form in (
        (layout.PROGRAM_SIZE, layout.PROGRAM_HEADER),
        (layout.REFERENCE_SIZE, layout.REFERENCE),
        (layout.COMMAND_SIZE, layout.COMMAND),
        (layout.JOB_SIZE, layout.JOB_HEADER),
    ):
        assert form.size == size
    assert ctypes.sizeof(ctypes.c_void_p) == 8
