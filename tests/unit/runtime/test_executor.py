"""The native executor, alone and with workers, against the one in Python and against numpy."""

from __future__ import annotations

import ctypes
import gc
import threading
import time

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
