"""The one place where sizes are multiplied, checked against `limits`."""

from __future__ import annotations

from collections.abc import Sequence

from pyrie.support import limits
from pyrie.support.errors import LimitError


def element_count(shape: Sequence[int]) -> int:
    """Number of elements of a static shape; 1 for rank 0, 0 if any dimension is 0. Raises LimitError."""
    if len(shape) > limits.MAX_TENSOR_RANK:
        raise LimitError(f"rank {len(shape)} is above the limit of {limits.MAX_TENSOR_RANK}")
    count = 1
    for size in shape:
        if size < 0:
            raise LimitError(f"dimension {size} of shape {tuple(shape)} is negative")
        count *= size
    if count > limits.MAX_TENSOR_BYTES:
        raise LimitError(f"shape {tuple(shape)} has {count} elements, above the limit of {limits.MAX_TENSOR_BYTES}")
    return count


def byte_count(shape: Sequence[int], element_bits: int) -> int:
    """Bytes of a dense row-major array; sub-byte elements are packed and the last byte is padded. Raises LimitError."""
    size = (element_count(shape) * element_bits + 7) // 8
    if size > limits.MAX_TENSOR_BYTES:
        raise LimitError(f"shape {tuple(shape)} needs {size} bytes, above the limit of {limits.MAX_TENSOR_BYTES}")
    return size


def row_major_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of a dense row-major array of `shape`."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return tuple(strides)


def align(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment
