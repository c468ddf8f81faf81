"""Pooled storage, buffers and views."""

from __future__ import annotations

import gc

import ml_dtypes
import numpy as np
import pytest

from pyrie.runtime import BufferView, create_device
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import pack, unpack
from pyrie.runtime.hal.memory import ALIGNMENT, CachingPool, aligned_copy, array_over, size_class
from pyrie.support import dtypes
from pyrie.support.errors import DeviceError


def test_size_classes_waste_little():
    for size in [1, 255, 256, 257, 1000, 1 << 20, (1 << 20) + 1, 3 * (1 << 28) + 5]:
        assert size <= size_class(size) <= max(256, size * 1.25)
    assert len({size_class(s) for s in range(1 << 20, 1 << 21, 999)}) <= 6


def test_storage_is_aligned_and_comes_back():
    pool = CachingPool()
    storage = pool.allocate(1000)
    address = storage.address
    assert address % ALIGNMENT == 0
    del storage
    assert pool.cached_bytes() >= 1000
    again = pool.allocate(900)
    assert again.address == address
    other = pool.allocate(900)
    assert other.address != address
    pool.trim()
    assert pool.cached_bytes() == 0


def test_an_array_keeps_its_storage():
    pool = CachingPool()
    storage = pool.allocate(4000)
    array = array_over(storage, storage.address, (10, 100), np.dtype(np.float32))
    address = storage.address
    array[:] = 5
    part = array[3:, 4]
    del storage, array
    gc.collect()
    assert pool.allocate(4000).address != address
    assert (part == 5).all()
    del part
    assert pool.allocate(4000).address == address


def test_large_blocks_are_cached_up_to_the_capacity():
    pool = CachingPool(capacity=5 << 20)
    blocks = [pool.allocate(2 << 20) for _ in range(4)]
    del blocks
    assert pool.cached_bytes() == 4 << 20


def test_too_much_is_refused():
    device = create_device("local-sync")
    for size, code in ((-1, "INVALID_ARGUMENT"), (1 << 41, "RESOURCE_EXHAUSTED"), (1 << 62, "RESOURCE_EXHAUSTED")):
        with pytest.raises(DeviceError) as caught:
            device.allocator.allocate(size)
        assert caught.value.code == code


def test_ranges_are_checked():
    buffer = create_device("local-sync").allocator.allocate(10)
    buffer.write(0, bytes(range(10)))
    part = buffer.subspan(2, 6)
    assert part.read(1, 2) == b"\3\4"
    assert part.subspan(0, flags.WHOLE_BUFFER) is part
    for offset, length in ((0, 7), (-1, 2), (5, -2), (7, 0)):
        with pytest.raises(DeviceError) as caught:
            part.subspan(offset, length)
        assert caught.value.code == "OUT_OF_RANGE"
    with pytest.raises(DeviceError):
        part.write(4, b"abc")


def test_owners_of_an_allocation_count_across_subspans():
    buffer = create_device("local-sync").allocator.allocate(10)
    part = buffer.subspan(2, 6)
    assert buffer.is_terminal()
    part.preserve()
    assert not buffer.is_terminal()
    assert not buffer.discard()
    assert part.discard()


def test_views():
    device = create_device("local-sync")
    buffer = device.allocator.allocate(24)
    view = BufferView(buffer, (2, 3), dtypes.BY_MLIR["f32"].hal)
    view.numpy()[:] = np.arange(6).reshape(2, 3)
    assert buffer.read(4, 4) == np.float32(1).tobytes()
    with pytest.raises(DeviceError, match="does not fit"):
        BufferView(buffer, (7,), dtypes.BY_MLIR["f32"].hal)
    with pytest.raises(DeviceError, match="negative"):
        BufferView(buffer, (-1, 2), dtypes.BY_MLIR["f32"].hal)
    assert BufferView(device.allocator.allocate(0), (0, 5), dtypes.BY_MLIR["bf16"].hal).numpy().shape == (0, 5)


@pytest.mark.parametrize("name, dtype", [("i4", ml_dtypes.int4), ("ui4", ml_dtypes.uint4)])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_half_bytes_pack_low_first(name: str, dtype: type, count: int):
    values = np.arange(9, 9 + count).astype(np.int8) % 16 - (8 if name == "i4" else 0)
    packed = pack(values.astype(dtype), dtypes.BY_MLIR[name])
    assert packed.size == (count + 1) // 2
    if count > 1:
        assert packed[0] == (int(values[0]) & 15) | (int(values[1]) & 15) << 4
    np.testing.assert_array_equal(unpack(packed, dtypes.BY_MLIR[name], count).astype(np.int8), values)


def test_aligned_copies():
    for size in (0, 1, 1000):
        data = bytes(range(256)) * 4
        copy = aligned_copy(data[:size])
        assert bytes(copy) == data[:size]
        assert copy.readonly
        assert size == 0 or np.frombuffer(copy, np.uint8).__array_interface__["data"][0] % ALIGNMENT == 0
