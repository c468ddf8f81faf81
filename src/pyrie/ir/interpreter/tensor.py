"""The meaning of tensor. Tensors are values: nothing is changed in place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerAttr, TensorType
from xdsl.ir import Operation, SSAValue

from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.registry import Value, elementwise, implements
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support import shape
from pyrie.support.errors import DeviceError

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def numbers(machine: Machine, values: Sequence[SSAValue | int]) -> list[int]:
    """A mixed list with its dynamic entries looked up."""
    return [value if isinstance(value, int) else int(machine.get(value)) for value in values]


def sized(type_: Any, dynamic: Sequence[Value]) -> tuple[int, ...]:
    """The shape of a tensor type whose dynamic sizes are given; checked against the limits."""
    sizes = iter(dynamic)
    result = tuple(int(next(sizes)) if size == DYNAMIC_INDEX else size for size in cast(TensorType, type_).get_shape())
    shape.byte_count(result, dtype_of(type_).itemsize * 8)
    return result


def clamped(indices: Sequence[np.ndarray], sizes: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Indices moved to the nearest element."""
    return tuple(np.clip(index, 0, max(size - 1, 0)) for index, size in zip(indices, sizes, strict=True))


@implements("tensor.cast")
def cast_(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    target = op.results[0].type
    if isinstance(target, TensorType):
        wanted = target.get_shape()
        if len(wanted) != operands[0].ndim or any(a != b for a, b in zip(operands[0].shape, wanted, strict=True) if b != DYNAMIC_INDEX):
            message = f"a tensor of shape {operands[0].shape} is cast to {target}"
            raise DeviceError(message, code="INVALID_ARGUMENT", location=location_of(op))
    return (operands[0],)


@implements("tensor.bitcast")
def bitcast(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.ascontiguousarray(operands[0]).view(dtype_of(op.results[0].type)).reshape(operands[0].shape),)


@implements("tensor.dim", "memref.dim")
def dim(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.array(np.shape(operands[0])[int(operands[1])], np.int64),)


@implements("tensor.rank")
def rank(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.array(operands[0].ndim, np.int64),)


@implements("tensor.empty", "bufferization.alloc_tensor")
def empty(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.zeros(sized(op.results[0].type, operands), dtype_of(op.results[0].type)),)


@implements("tensor.splat")
def splat(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    return (np.full(sized(type_, operands[1:]), operands[0], dtype_of(type_)),)


@implements("tensor.from_elements")
def from_elements(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    flat = np.array([np.asarray(value).item() for value in operands], dtype=object)
    return (flat.astype(dtype_of(type_)).reshape(cast(TensorType, type_).get_shape()),)


@implements("tensor.generate")
def generate(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    return (compute_elements(machine, op, sized(type_, operands), dtype_of(type_)),)


def compute_elements(machine: Machine, op: Operation, sizes: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """The tensor whose elements the region of `op` computes from their indices."""
    from pyrie.ir.interpreter.linalg import evaluate_body, grid

    block = op.regions[0].block
    values = evaluate_body(machine, block, grid(sizes))
    return np.array(np.broadcast_to(values[0], tuple(sizes)), dtype)


@elementwise("tensor.extract")
def extract(op: Operation, tensor: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    if tensor.size == 0:
        return np.zeros(np.broadcast_shapes(*(np.shape(index) for index in indices)), tensor.dtype)
    return np.asarray(tensor[clamped(indices, tensor.shape)])


@implements("tensor.insert")
def insert(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    scalar, tensor, *indices = operands
    result = np.array(tensor)
    result[tuple(int(index) for index in indices)] = scalar
    return (result,)


# ---- shapes -------------------------------------------------------------------------------------------------------------


@implements("tensor.collapse_shape")
def collapse_shape(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    sizes = [shape.element_count([operands[0].shape[axis] for axis in group]) for group in op.groups()]
    return (operands[0].reshape(sizes),)


@implements("tensor.expand_shape")
def expand_shape(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0].reshape(numbers(machine, op.mixed_output_shape())),)


@implements("tensor.reshape")
def reshape(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0].reshape([int(size) for size in operands[1]]),)


# ---- slices -------------------------------------------------------------------------------------------------------------


def window(machine: Machine, op: Any, whole: tuple[int, ...]) -> tuple[slice, ...]:
    """The slice that offsets, sizes and strides mean. Raises DeviceError when it leaves the tensor."""
    parts = (numbers(machine, values()) for values in (op.mixed_offsets, op.mixed_sizes, op.mixed_strides))
    slices = []
    for offset, size, stride, extent in zip(*parts, whole, strict=True):
        last = offset + (size - 1) * stride
        if size < 0 or (size > 0 and not (0 <= offset < extent and 0 <= last < extent)):
            message = f"a slice [{offset}, size {size}, stride {stride}] leaves a tensor of shape {whole}"
            raise DeviceError(message, code="OUT_OF_RANGE", location=location_of(op))
        slices.append(slice(offset, last + 1 if size else offset, stride))
    return tuple(slices)


@implements("tensor.extract_slice")
def extract_slice(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source = operands[0]
    return (np.squeeze(source[window(machine, op, source.shape)], tuple(op.dropped_axes())),)


@implements("tensor.insert_slice")
def insert_slice(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    result = np.array(operands[1])
    result[window(machine, op, result.shape)] = np.expand_dims(operands[0], tuple(op.dropped_axes()))
    return (result,)


@implements("tensor.parallel_insert_slice")
def parallel_insert_slice(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    """Writes into the shared tensor that scf.forall made for this purpose."""
    shared = operands[1]
    shared[window(machine, op, shared.shape)] = np.expand_dims(operands[0], tuple(op.dropped_axes()))
    return ()


@implements("tensor.concat")
def concat(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.concatenate(operands, axis=cast(IntegerAttr, op.properties["dim"]).value.data),)


@implements("tensor.pad")
def pad(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source, low, high = operands[0], numbers(machine, op.mixed_low()), numbers(machine, op.mixed_high())
    sizes = [before + size + after for before, size, after in zip(low, source.shape, high, strict=True)]
    result = compute_elements(machine, op, sizes, source.dtype)
    # a negative pad crops
    taken = tuple(slice(max(0, -before), size - max(0, -after)) for before, size, after in zip(low, source.shape, high, strict=True))
    kept = source[taken]
    result[tuple(slice(max(0, before), max(0, before) + size) for before, size in zip(low, kept.shape, strict=True))] = kept
    return (result,)


# ---- gather and scatter -------------------------------------------------------------------------------------------------


@implements("tensor.gather")
def gather(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    source, coordinates = operands
    dims: Sequence[int] = op.properties["gather_dims"].get_values()  # pyright: ignore[reportAttributeAccessIssue]
    result = np.empty(coordinates.shape[:-1] + tuple(1 if a in dims else s for a, s in enumerate(source.shape)), source.dtype)
    for position in itertools.product(*(range(size) for size in coordinates.shape[:-1])):
        result[position] = source[_at(coordinates[position], dims, source.ndim)]
    return (result.reshape(tuple(s if s != DYNAMIC_INDEX else -1 for s in cast(TensorType, op.results[0].type).get_shape())),)


@implements("tensor.scatter")
def scatter(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    source, destination, coordinates = operands
    dims: Sequence[int] = op.properties["scatter_dims"].get_values()  # pyright: ignore[reportAttributeAccessIssue]
    result = np.array(destination)
    part = tuple(1 if axis in dims else size for axis, size in enumerate(destination.shape))
    for position in itertools.product(*(range(size) for size in coordinates.shape[:-1])):
        result[_at(coordinates[position], dims, destination.ndim)] = source[position].reshape(part)
    return (result,)


def _at(coordinate: np.ndarray, dims: Sequence[int], axes: int) -> tuple[slice, ...]:
    at = {dim: int(number) for dim, number in zip(dims, coordinate, strict=True)}
    return tuple(slice(at[axis], at[axis] + 1) if axis in at else slice(None) for axis in range(axes))
