"""Constant elements and numpy arrays: the same values either way, without copies where the bytes allow it.

Small constants are xDSL's `DenseIntOrFPElementsAttr`, large ones `resources.ResourceAttr`. A dense splat of more than `SPLAT_LIMIT`
elements holds one element, so a gigabyte of zeros costs four bytes; go through `to_numpy`, which broadcasts it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import ml_dtypes
import numpy as np
from xdsl.dialects.builtin import (
    BytesAttr,
    ComplexType,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    ShapedType,
    Signedness,
    TensorType,
    bf16,
    f16,
    f32,
    f64,
)
from xdsl.ir import Attribute

from pyrie.ir.resources import ALIGNMENT, Blob, ResourceAttr
from pyrie.support import dtypes, limits
from pyrie.support.errors import LimitError, UnsupportedError

RESOURCE_BYTES = 4096  # `from_numpy` keeps anything larger outside of the IR
SPLAT_LIMIT = 64

ElementsAttr = DenseIntOrFPElementsAttr | ResourceAttr


@lru_cache(maxsize=256)
def numpy_dtype(element: Attribute) -> np.dtype:
    """How one element of this MLIR type is stored: i1 as a byte of 0 or 1, index as int64, i4 as a byte each."""
    if isinstance(element, IndexType):
        return np.dtype(np.int64)
    if (row := dtypes.BY_MLIR.get(str(element))) is not None:
        return row.numpy
    if isinstance(element, IntegerType) and element.width.data <= 64:
        size = 1 << max(0, (element.width.data + 7) // 8 - 1).bit_length()
        return np.dtype(f"{'u' if element.signedness.data == Signedness.UNSIGNED else 'i'}{size}")
    raise UnsupportedError(f"element type '{element}' is not supported", hint="supported: " + ", ".join(dtypes.BY_MLIR))


@lru_cache(maxsize=256)
def element_type(dtype: np.dtype) -> Attribute:
    """The MLIR element type of a numpy dtype (signless integers)."""
    name = dtypes.from_numpy(dtype).mlir
    simple: dict[str, Attribute] = {"f16": f16, "bf16": bf16, "f32": f32, "f64": f64}
    simple |= {"complex<f32>": ComplexType(f32), "complex<f64>": ComplexType(f64)}
    if name in simple:
        return simple[name]
    if name.startswith("f8"):
        from pyrie.ir.parser import SCALARS

        return SCALARS[name]
    return IntegerType(int(name.lstrip("usi")), Signedness.UNSIGNED if name.startswith("u") else Signedness.SIGNLESS)


def shape_of(attribute: Attribute) -> tuple[int, ...]:
    """The static shape of a constant."""
    shape = attribute.get_shape() if isinstance(attribute, ElementsAttr) else ()
    return tuple(shape)


def to_numpy(attribute: Attribute) -> np.ndarray:
    """The elements as a read-only array of the constant's shape: a view where possible, a broadcast for splats.

    Scalars (IntegerAttr, FloatAttr) give 0-d arrays, dense arrays 1-d ones. Raises UnsupportedError for what is not a constant.
    """
    match attribute:
        case DenseIntOrFPElementsAttr():
            dtype = numpy_dtype(attribute.get_element_type())
            return _shaped(_from_bytes(attribute.data.data, dtype), attribute.get_shape())
        case ResourceAttr():
            dtype = numpy_dtype(attribute.get_element_type())
            return _shaped(_from_bytes(attribute.bytes, dtype), attribute.get_shape())
        case IntegerAttr():
            dtype = numpy_dtype(attribute.type)
            return _frozen(np.array(_wrapped(attribute.value.data, dtype, attribute.type)).astype(dtype))
        case FloatAttr():
            return _frozen(np.array(attribute.value.data).astype(numpy_dtype(attribute.type)))
        case DenseArrayBase():
            return _frozen(np.array(cast(Any, attribute).get_values(), numpy_dtype(attribute.elt_type)))
    raise UnsupportedError(f"'{attribute}' holds no constant elements")


def from_numpy(array: np.ndarray, type: Attribute | None = None, *, key: str | None = None, elide: bool = True) -> ElementsAttr:
    """The constant with these elements; `type` (default: a tensor of the array's own shape and dtype) must have the array's shape.

    Up to RESOURCE_BYTES, or a splat, it is a dense attribute; anything larger refers to the array itself, which must not change
    afterwards. `elide=False` always gives dense; `key` names the resource (default: from its digest).
    """
    if type is None:
        type = TensorType(element_type(array.dtype), array.shape)
    assert isinstance(type, ShapedType)
    dtype = numpy_dtype(type.get_element_type())  # pyright: ignore[reportAttributeAccessIssue]
    array = np.asarray(array).astype(dtype, copy=False)
    if not (array.flags.c_contiguous and array.dtype.isnative):
        array = np.ascontiguousarray(array.astype(dtype.newbyteorder("=")))
    if array.size > SPLAT_LIMIT and _is_uniform(array):
        return dense(type, array.reshape(-1)[:1].tobytes())
    if array.nbytes <= RESOURCE_BYTES or not elide:
        return dense(type, array.tobytes())
    blob = Blob(array, ALIGNMENT)
    return ResourceAttr.get(key or f"constant_{blob.digest[:16]}", type, blob)


def splat(value: float | complex | bool, type: Attribute) -> DenseIntOrFPElementsAttr:
    """The constant of `type` with every element `value`."""
    assert isinstance(type, ShapedType)
    one = np.array(value).astype(numpy_dtype(type.get_element_type()))  # pyright: ignore[reportAttributeAccessIssue]
    count = math.prod(type.get_shape())
    return dense(type, one.tobytes() * (count if count <= SPLAT_LIMIT else 1))


def dense(type: Attribute, data: bytes) -> DenseIntOrFPElementsAttr:
    """A dense attribute from raw elements; `data` holds every element, or one for a splat above SPLAT_LIMIT."""
    return DenseIntOrFPElementsAttr(type, BytesAttr(data))  # pyright: ignore[reportArgumentType]


def is_splat(attribute: Attribute) -> bool:
    """Whether all elements (at least one) are bitwise equal."""
    if isinstance(attribute, IntegerAttr | FloatAttr):
        return True
    if not isinstance(attribute, DenseIntOrFPElementsAttr):
        return False  # a resource is never taken apart to find out
    data = attribute.data.data
    size = numpy_dtype(attribute.get_element_type()).itemsize
    return len(data) == size or (len(data) > size and math.prod(attribute.get_shape()) > 0 and data == data[:size] * (len(data) // size))


def splat_value(attribute: Attribute) -> np.generic | None:
    """The one value of a splat (or scalar attribute) as a numpy scalar; None if it is not a splat."""
    if not is_splat(attribute):
        return None
    return to_numpy(attribute).reshape(-1)[0] if math.prod(shape_of(attribute)) else None


def _from_bytes(data: bytes | memoryview, dtype: np.dtype) -> np.ndarray:
    if dtype == np.bool_:
        raw = np.frombuffer(data, np.uint8)
        return raw.view(np.bool_) if not (raw > 1).any() else raw != 0
    return np.frombuffer(data, dtype)


def _shaped(flat: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    count = math.prod(shape)
    if flat.size == count:
        return _frozen(flat.reshape(shape))
    if flat.size == 1:
        return np.broadcast_to(flat[0], shape)
    raise LimitError(f"a constant of shape {tuple(shape)} holds {flat.size} elements instead of {count}")


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _is_uniform(array: np.ndarray) -> bool:
    raw = array.reshape(-1).view(np.uint8).reshape(array.size, -1)
    return bool((raw[:64] == raw[0]).all() and (raw == raw[0]).all())


def _wrapped(value: int, dtype: np.dtype, type: Attribute) -> int:
    """An integer attribute may hold 255 or -1 for the same i8; numpy wants it in range."""
    if dtype == np.bool_:
        return bool(value)  # pyright: ignore[reportReturnType]
    width = 64 if isinstance(type, IndexType) else type.width.data  # pyright: ignore[reportAttributeAccessIssue]
    value &= (1 << width) - 1
    signed = not str(dtype).startswith("uint")
    return value - (1 << width) if signed and value >> (width - 1) else value


assert limits.MAX_TENSOR_RANK <= 64 and ml_dtypes.int4  # numpy's own limit of rank
