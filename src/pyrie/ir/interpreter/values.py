"""Values of the interpreter: numpy arrays whose dtype follows from the MLIR element type.

Scalars are arrays of rank 0, `index` is int64, i1 is bool. Integers of widths numpy lacks are kept sign-extended in the next wider dtype.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, IntegerType, ShapedType
from xdsl.ir import Attribute
from xdsl.utils.type import get_element_type_or_self

from pyrie.ir import elements

array_of_attribute = elements.to_numpy
is_splat = elements.is_splat


def dtype_of(type_: Attribute) -> np.dtype:
    """The numpy dtype in which the interpreter holds elements of `type_` (a scalar, tensor, vector or memref type)."""
    return elements.numpy_dtype(get_element_type_or_self(type_))


def width_of(type_: Attribute) -> int:
    """Bits of an integer or index element type."""
    element = get_element_type_or_self(type_)
    return element.width.data if isinstance(element, IntegerType) else 64


def attribute_of_array(array: np.ndarray, type_: Attribute) -> Attribute:
    """The attribute of type `type_` that holds `array`; an array of rank 0 splats over a shaped type."""
    if isinstance(type_, ShapedType):
        shaped = np.broadcast_to(array.astype(dtype_of(type_), copy=False), type_.get_shape())
        return elements.from_numpy(shaped, type_)
    number = array.reshape(()).item()
    if isinstance(type_, IntegerType) and type_.width.data == 1:
        return IntegerAttr.from_bool(bool(number))
    if isinstance(type_, IntegerType | IndexType):
        return IntegerAttr(int(number), type_)
    return FloatAttr(float(number), type_)  # pyright: ignore[reportArgumentType, reportCallIssue]
