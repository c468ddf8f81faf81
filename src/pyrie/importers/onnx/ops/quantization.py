"""Quantization: numbers as small integers with a scale and a zero point."""

from __future__ import annotations

import numpy as np
import onnx
from xdsl.dialects.builtin import IntegerType, f32, i32

from pyrie.dialects import stablehlo as hlo
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import Value, constant
from pyrie.ir.elements import element_type, numpy_dtype
from pyrie.support.errors import UnsupportedError


def spread(b: Builder, parameter: Value, x: Value, axis: int) -> Value:
    """A scale or zero point for the whole tensor, or one for each index along `axis`."""
    if parameter.rank == 0 or parameter.sizes == (1,):
        return b.reshape(parameter, [])
    if parameter.rank != 1:
        raise UnsupportedError(
            "quantization by blocks is not supported", hint="supported: one scale a tensor, or one for each index of an axis"
        )
    return b.broadcast(parameter, x.sizes, [b.axis(axis, x.rank)])


@onnx_op("DequantizeLinear", since=10)
def dequantize(
    b: Builder, x: Value, scale: Value, zero: Value | None = None, *, axis: int = 1, block_size: int = 0, output_dtype: int = 0
) -> Value:
    """(x - zero) * scale."""
    number = b.convert(x, i32) if isinstance(x.element, IntegerType) else b.convert(x, f32)
    if zero is not None:
        number = b.binary(hlo.SubtractOp, number, spread(b, b.convert(zero, number.element), x, axis))
    return b.binary(hlo.MultiplyOp, b.convert(number, scale.element), spread(b, scale, x, axis))


@onnx_op("QuantizeLinear", since=10)
def quantize(
    b: Builder, x: Value, scale: Value, zero: Value | None = None, *, axis: int = 1, block_size: int = 0, output_dtype: int = 0,
    precision: int = 0, saturate: int = 1,
) -> Value:  # fmt: skip
    """x / scale rounded to even, plus the zero point, brought into the range of the integers."""
    kind = onnx.helper.tensor_dtype_to_np_dtype(output_dtype) if output_dtype else np.dtype(np.uint8)
    element = zero.element if zero is not None else element_type(kind)
    if not isinstance(element, IntegerType):
        raise UnsupportedError(f"quantization to {element} is not supported", hint="supported: integers")
    scaled = b.unary(hlo.RoundNearestEvenOp, b.binary(hlo.DivideOp, x, spread(b, b.convert(scale, x.element), x, axis)))
    if zero is not None:
        scaled = b.binary(hlo.AddOp, scaled, spread(b, b.convert(zero, x.element), x, axis))
    dtype = numpy_dtype(element)
    limits = np.iinfo(dtype) if dtype.kind in "iu" else None
    if limits is None:
        import ml_dtypes

        limits = ml_dtypes.iinfo(dtype)
    low, high = constant(np.array(limits.min)), constant(np.array(limits.max))
    bounded = b.binary(hlo.MinimumOp, b.binary(hlo.MaximumOp, scaled, b.convert(low, x.element)), b.convert(high, x.element))
    return b.convert(bounded, element)
