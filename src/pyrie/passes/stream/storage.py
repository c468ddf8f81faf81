"""How tensors lie in memory: bytes of elements and tensors, and the offset of an element."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AnyFloat, ComplexType, IntegerType, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.stream.emitter import Emitter
from pyrie.support.shape import element_count


def element_bits(type: Attribute, op: Operation) -> int:
    """Bits an element takes in memory: i1 takes 8, other widths up to 8 that are powers of two stay packed, the rest round up."""
    match type:
        case IntegerType():
            bits = type.width.data
            if bits in (2, 4):
                return bits
            return max(8, 1 << (bits - 1).bit_length())
        case ComplexType():
            return 2 * element_bits(type.element_type, op)
        case _ if isinstance(type, AnyFloat):
            return type.bitwidth
    raise unsupported_at(op, f"stores elements of {type}", hint="supported: integers, floats and complex numbers")


def tensor_size(emitter: Emitter, op: Operation, type: TensorType, dims: Sequence[SSAValue]) -> SSAValue:
    """Bytes of a tensor whose dynamic dimensions are `dims`."""
    if type.encoding.name != "none":
        raise unsupported_at(op, f"stores {type}, whose layout is not decided")
    bits, shape = element_bits(type.element_type, op), type.get_shape()
    static = element_count([dim for dim in shape if dim >= 0])
    if bits < 8:
        if dims:
            raise unsupported_at(op, f"stores {type}: elements of {bits} bits with dynamic dimensions")
        return emitter.constant(-(-static * bits // 8))
    size = emitter.constant(static * bits // 8)
    for dim in dims:
        size = emitter.multiply(dim, size)
    return size


def element_offset(emitter: Emitter, op: Operation, type: TensorType, dims: Sequence[SSAValue], indices: Sequence[SSAValue]) -> SSAValue:
    """Offset in bytes of the element at `indices` (row-major)."""
    bits = element_bits(type.element_type, op)
    if bits < 8:
        raise unsupported_at(op, f"addresses elements of {bits} bits")
    remaining = iter(dims)
    extents = [next(remaining) if dim < 0 else emitter.constant(dim) for dim in type.get_shape()]
    offset = emitter.constant(0)
    for extent, position in zip(extents, indices, strict=True):
        offset = emitter.add(emitter.multiply(offset, extent), position)
    return emitter.multiply(offset, emitter.constant(bits // 8))
