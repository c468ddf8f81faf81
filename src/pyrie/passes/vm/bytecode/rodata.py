"""Constant attributes as the bytes that a module stores: little-endian, row-major, elements below a byte packed."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DenseIntOrFPElementsAttr, StringAttr
from xdsl.ir import Attribute

from pyrie.dialects.util import BytePatternAttr, CompositeAttr, UninitializedAttr
from pyrie.format.module import Data
from pyrie.ir.elements import to_numpy
from pyrie.ir.resources import ResourceAttr
from pyrie.support.dtypes import BY_MLIR
from pyrie.support.errors import CompileError
from pyrie.support.shape import byte_count


def serialize(value: Attribute) -> Data:
    """The bytes of a constant; a view, not a copy, of large resources. Raises CompileError for what has no bytes."""
    match value:
        case StringAttr():
            return value.data.encode()
        case ResourceAttr():
            return value.bytes
        case DenseIntOrFPElementsAttr():
            return _elements(value)
        case DenseArrayBase():
            return value.data.data
        case ArrayAttr():
            return b"".join(serialize(v) for v in value)
        case CompositeAttr():
            data = b"".join(serialize(v) for v in value.values)
            if len(data) != value.total_length.data:
                raise CompileError(f"#util.composite of {value.total_length.data} bytes holds values of {len(data)} bytes")
            return data
        case BytePatternAttr() | UninitializedAttr():
            pattern = value.pattern.data & 0xFF if isinstance(value, BytePatternAttr) else 0
            return bytes([pattern]) * _storage_bytes(value.type)
        case _:
            raise CompileError(f"{str(value)[:80]} cannot be stored in a module", hint="it holds strings, dense elements and composites")


def _elements(value: DenseIntOrFPElementsAttr) -> Data:
    array = to_numpy(value)
    row = BY_MLIR.get(str(value.get_element_type()))
    if row is not None and row.bits < 8:
        return _packed(array, row.bits)
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _packed(array: np.ndarray, bits: int) -> bytes:
    """Several elements a byte, the first in the lowest bits."""
    per_byte = 8 // bits
    flat = array.reshape(-1).astype(np.uint8) & (1 << bits) - 1
    flat = np.concatenate([flat, np.zeros(-len(flat) % per_byte, np.uint8)]).reshape(-1, per_byte)
    return np.bitwise_or.reduce(flat << (np.arange(per_byte, dtype=np.uint8) * bits), axis=1).astype(np.uint8).tobytes()


def _storage_bytes(type: Attribute) -> int:
    shape, element = getattr(type, "get_shape", None), getattr(type, "get_element_type", None)
    row = BY_MLIR.get(str(element() if element else type))
    if row is None:
        raise CompileError(f"storage of type {type} cannot be stored in a module")
    return byte_count(shape() if shape else (), row.bits)
