"""How native code reads numpy arrays and tuples: fields of their C structures, checked before they are relied on."""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

import numpy as np

# struct PyArrayObject_fields, stable since numpy 1.7, PyTupleObject and PyListObject of CPython; bytes from the object's address.
ARRAY_DATA, ARRAY_RANK, ARRAY_SHAPE, ARRAY_DESCRIPTOR, ARRAY_FLAGS = 16, 24, 32, 56, 64
OBJECT_TYPE, TUPLE_SIZE, TUPLE_ITEMS, LIST_ITEMS = 8, 16, 24, 24


@functools.cache
def are_known() -> bool:
    """Whether objects of this process look as native code expects: CPython with an interpreter lock, this numpy."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)() or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    return all(_looks_right(array) for array in (np.zeros((3, 5, 7), np.float32), np.zeros((4, 6), np.int64).T, np.zeros((), np.bool_)))


def list_items(items: list[Any]) -> int:
    """Where a list keeps its items, as long as its length does not change."""
    return _u64(id(items) + LIST_ITEMS)


def _looks_right(array: np.ndarray) -> bool:
    address, pair, both = id(array), (array, None), [array, None]
    shape = _u64(address + ARRAY_SHAPE)
    return (
        _u64(address + OBJECT_TYPE) == id(np.ndarray)
        and _u64(address + ARRAY_DATA) == array.__array_interface__["data"][0]
        and _u32(address + ARRAY_RANK) == array.ndim
        and tuple(_u64(shape + 8 * i) for i in range(array.ndim)) == array.shape
        and _u64(address + ARRAY_DESCRIPTOR) == id(array.dtype)
        and _u32(address + ARRAY_FLAGS) & 0xFFFF == array.flags.num & 0xFFFF
        and _u64(id(pair) + TUPLE_SIZE) == len(pair)
        and _u64(id(pair) + TUPLE_ITEMS) == address
        and [_u64(list_items(both)), _u64(list_items(both) + 8)] == [address, id(None)]
    )


def _u64(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _u32(address: int) -> int:
    return ctypes.c_uint32.from_address(address).value
