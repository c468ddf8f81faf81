"""Recording, checking and replaying command buffers, with kernels in Python and in machine code."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from pyrie.runtime import Executable, Fence, Kernel, create_device
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Binding, Buffer, BufferRef
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import Device, TaskDevice
from pyrie.support.errors import DeviceError

WHOLE = flags.WHOLE_BUFFER


@pytest.fixture(params=["local-sync", "local-task with 1", "local-task with 3"])
def device(request: pytest.FixtureRequest) -> Device:
    return create_device("local-sync") if request.param == "local-sync" else TaskDevice(int(request.param[-1]))


def slot(number: int, offset: int = 0, length: int = WHOLE) -> BufferRef:
    return BufferRef(None, number, offset, length)


def whole(buffer: Buffer) -> Binding:
    return buffer, 0, WHOLE


def filled(device: Device, values: np.ndarray) -> Buffer:
    buffer = device.allocator.allocate(values.nbytes)
    buffer.bytes()[:] = values.view(np.uint8).ravel()
    return buffer


def run(device: Device, commands: CommandBuffer, *table: Binding) -> None:
    done = Fence()
    device.execute(None, done, commands, table)
    done.wait()


def adder(constants: int = 1, bindings: int = 2) -> Executable:
    """A kernel that adds its first constant to each i32 of the first binding and stores it in the last; counts its grids."""

    def kernel(workgroups, values, memory):
        source, target = memory[0].view(np.int32), memory[-1].view(np.int32)
        target[:] = source + (values[0] if values else 0) * workgroups[0]

    return Executable("test", [Kernel("add", constants, bindings, hosted=kernel)])


def test_transfers(device: Device):
    commands = CommandBuffer(binding_capacity=2)
    commands.fill(slot(0), b"\x01\x02")
    commands.barrier()
    commands.update(b"abcd", slot(0, 4, 4))
    commands.barrier()
    commands.copy(slot(0, 2, 8), slot(1, 1, 8))
    commands.finalize()
    for _ in range(3):
        a, b = filled(device, np.zeros(12, np.uint8)), filled(device, np.zeros(12, np.uint8))
        run(device, commands, whole(a), whole(b))
        assert a.read(0, 12) == b"\1\2\1\2abcd\1\2\1\2"
        assert b.read(0, 12) == b"\0\1\2abcd\1\2\0\0\0"


@pytest.mark.parametrize("pattern", [b"\7", b"\1\2", b"\1\2\3\4", bytes(range(8))])
def test_fill_patterns(device: Device, pattern: bytes):
    buffer = filled(device, np.zeros(40, np.uint8))
    commands = CommandBuffer()
    commands.fill(BufferRef(buffer, 0, 8, 16), pattern)
    commands.finalize()
    run(device, commands)
    assert buffer.read(0, 40) == bytes(8) + pattern * (16 // len(pattern)) + bytes(16)


def test_dispatches_bind_slots_anew_each_time(device: Device):
    commands, executable = CommandBuffer(binding_capacity=2), adder()
    commands.dispatch(executable, 0, (3, 1, 1), (5,), (slot(0, 4, 8), slot(1, 0, 8)))
    commands.finalize()
    for start in (0, 100):
        source, target = filled(device, np.arange(start, start + 3, dtype=np.int32)), filled(device, np.zeros(2, np.int32))
        run(device, commands, whole(source), whole(target))
        np.testing.assert_array_equal(target.bytes().view(np.int32), [start + 16, start + 17])


def test_direct_buffers_are_kept_alive_and_may_mix_with_slots(device: Device):
    commands = CommandBuffer(binding_capacity=1)
    commands.dispatch(adder(), 0, (1, 1, 1), (1,), (BufferRef(filled(device, np.arange(4, dtype=np.int32)), 9, 4, 8), slot(0)))
    commands.finalize()
    for _ in range(50):  # would reuse the memory of the source, had it been freed
        target = filled(device, np.full(2, 7, np.int32))
        run(device, commands, whole(target))
        np.testing.assert_array_equal(target.bytes().view(np.int32), [2, 3])


def test_indirect_workgroup_counts_are_read_late(device: Device):
    counts = filled(device, np.array([9, 1, 1], np.uint32))
    commands = CommandBuffer(binding_capacity=1)
    commands.update(np.array([4, 1, 1], np.uint32).tobytes(), BufferRef(counts, 0, 0, 12))
    commands.barrier()
    commands.dispatch_indirect(adder(), 0, BufferRef(counts, 0, 0, 12), (10,), (slot(0), slot(0)))
    commands.finalize()
    values = filled(device, np.zeros(2, np.int32))
    run(device, commands, whole(values))
    np.testing.assert_array_equal(values.bytes().view(np.int32), [40, 40])


def test_a_binding_table_row_is_a_window(device: Device):
    commands = CommandBuffer(binding_capacity=1)
    commands.fill(slot(0), b"\xff")
    commands.finalize()
    buffer = filled(device, np.zeros(10, np.uint8))
    run(device, commands, (buffer, 2, 5))
    assert buffer.read(0, 10) == bytes(2) + b"\xff" * 5 + bytes(3)


def refused(code: str, action, *arguments, **named) -> None:
    with pytest.raises(DeviceError) as caught:
        action(*arguments, **named)
    assert caught.value.code == code, str(caught.value)


def test_what_recording_refuses():
    device = create_device("local-sync")
    buffer = filled(device, np.zeros(16, np.uint8))
    commands = CommandBuffer(binding_capacity=2)
    refused("OUT_OF_RANGE", commands.fill, BufferRef(buffer, 0, 8, 16), b"\0")
    refused("OUT_OF_RANGE", commands.fill, slot(2), b"\0")
    refused("OUT_OF_RANGE", commands.fill, slot(-1), b"\0")
    refused("OUT_OF_RANGE", commands.fill, slot(0, -4, 4), b"\0")
    refused("INVALID_ARGUMENT", commands.fill, slot(0), b"\0\0\0")
    refused("INVALID_ARGUMENT", commands.fill, slot(0, 2, 8), b"\0\0\0\0")
    refused("INVALID_ARGUMENT", commands.dispatch, adder(), 1, (1, 1, 1), (1,), (slot(0), slot(1)))
    refused("INVALID_ARGUMENT", commands.dispatch, adder(), 0, (1, 1, 1), (), (slot(0), slot(1)))
    refused("INVALID_ARGUMENT", commands.dispatch, adder(), 0, (1, 1, 1), (1,), (slot(0),))
    refused("OUT_OF_RANGE", commands.dispatch, adder(), 0, (1, 1, 1 << 16), (1,), (slot(0), slot(1)))
    refused("FAILED_PRECONDITION", CommandBuffer(categories=flags.CATEGORY_DISPATCH).fill, BufferRef(buffer, 0, 0, 4), b"\0")
    refused("FAILED_PRECONDITION", commands.bind, ())
    commands.begin_debug_group("open")
    refused("FAILED_PRECONDITION", commands.finalize)
    commands.end_debug_group()
    commands.finalize()
    refused("FAILED_PRECONDITION", commands.fill, BufferRef(buffer, 0, 0, 4), b"\0")
    refused("FAILED_PRECONDITION", commands.finalize)


def test_what_submission_refuses():
    device = create_device("local-sync")
    commands = CommandBuffer(binding_capacity=3)
    commands.fill(slot(1, 4, 8), b"\1")
    commands.finalize()
    small, large = filled(device, np.zeros(11, np.uint8)), filled(device, np.zeros(12, np.uint8))
    nothing = (None, 0, 0)
    refused("INVALID_ARGUMENT", commands.bind, ())
    refused("INVALID_ARGUMENT", commands.bind, (whole(large), nothing))
    refused("OUT_OF_RANGE", commands.bind, (nothing, whole(small)))
    refused("OUT_OF_RANGE", commands.bind, (nothing, (large, 1, 12)))
    refused("OUT_OF_RANGE", commands.bind, (nothing, (large, 0, 11)))
    refused("OUT_OF_RANGE", commands.bind, (nothing, (large, -1, 12)))
    read_only = Buffer(large.live_storage(), large.address, 12, flags.USAGE_ALL, flags.ACCESS_READ)
    refused("PERMISSION_DENIED", commands.bind, (nothing, whole(read_only)))
    large.deallocate()
    refused("FAILED_PRECONDITION", commands.bind, (nothing, whole(large)))
    run(device, commands, nothing, whole(filled(device, np.zeros(12, np.uint8))))


def test_one_shot_means_once():
    device = create_device("local-sync")
    commands = CommandBuffer(flags.MODE_ONE_SHOT)
    commands.finalize()
    run(device, commands)
    refused("FAILED_PRECONDITION", device.execute, None, None, commands)


def test_replays_may_be_in_flight_together():
    device, gate = TaskDevice(2), Fence()
    commands = CommandBuffer(binding_capacity=2)
    commands.dispatch(adder(), 0, (1, 1, 1), (1,), (slot(0), slot(1)))
    commands.finalize()
    pairs, fences = [], []
    for i in range(20):
        source, target, done = filled(device, np.full(4, i, np.int32)), filled(device, np.zeros(4, np.int32)), Fence()
        device.execute(gate, done, commands, (whole(source), whole(target)))
        pairs.append(target)
        fences.append(done)
        del source  # the submission keeps it
    assert not any(f.is_reached() for f in fences)
    gate.signal()
    for i, (target, done) in enumerate(zip(pairs, fences, strict=True)):
        done.wait()
        np.testing.assert_array_equal(target.bytes().view(np.int32), i + 1)


def test_memoization_off_packs_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYRIE_MEMOIZE", "0")
    device = create_device("local-sync")
    commands = CommandBuffer(binding_capacity=1)
    commands.fill(slot(0), b"\5")
    commands.finalize()
    for _ in range(2):
        buffer = filled(device, np.zeros(3, np.uint8))
        run(device, commands, whole(buffer))
        assert buffer.read(0, 3) == b"\5\5\5"
    assert not commands._recording._free


def test_patterns_must_fit_the_length_of_a_slot():
    device = create_device("local-sync")
    commands = CommandBuffer(binding_capacity=1)
    commands.fill(slot(0), b"\1\2\3\4")
    commands.finalize()
    buffer = filled(device, np.zeros(6, np.uint8))
    with pytest.raises(DeviceError):
        run(device, commands, whole(buffer))
    assert ctypes.string_at(buffer.address, 6) == bytes(6)
