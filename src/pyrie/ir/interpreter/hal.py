"""The meaning of hal at the boundary of a program: buffer views are the arrays they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Operation

from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.tensor import sized
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support.errors import DeviceError, InputError, UnsupportedError
from pyrie.support.shape import element_count

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


@dataclass(frozen=True)
class Interface:
    """What a kernel is called with: 32-bit constants, and bindings as writable bytes."""

    constants: tuple[int, ...]
    bindings: tuple[np.ndarray, ...]


@implements("hal.interface.constant.load")
def constant_load(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    word = np.array(_interface(machine, op).constants[op.ordinal.value.data], np.uint32)
    dtype = dtype_of(op.results[0].type)
    return (word.view(dtype) if dtype.itemsize == 4 else word.astype(dtype),)


@implements("hal.interface.binding.subspan")
def binding_subspan(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    """A view of the binding's bytes: loads read it, stores write through it."""
    type_ = op.results[0].type
    bound = getattr(type_, "bound_type", type_)
    offset = int(machine.get(op.byte_offset)) if op.byte_offset is not None else 0
    shape = sized(bound, [machine.get(dim) for dim in op.dynamic_dims])
    dtype = dtype_of(bound)
    data = _interface(machine, op).bindings[op.binding.value.data]
    end = offset + element_count(shape) * dtype.itemsize
    if end > data.nbytes:
        message = f"a binding of {data.nbytes} bytes does not hold {bound} of shape {shape} at byte {offset}"
        raise DeviceError(message, code="OUT_OF_RANGE", location=location_of(op))
    return (data.reshape(-1).view(np.uint8)[offset:end].view(dtype).reshape(shape),)


@implements("hal.interface.workgroup.id")
def workgroup_id(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.array(0, np.int64),)


@implements("hal.interface.workgroup.count")
def workgroup_count(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.array(1, np.int64),)


def _interface(machine: Machine, op: Operation) -> Interface:
    if machine.interface is None:
        raise UnsupportedError(f"'{op.name}' outside of an executable", location=location_of(op))
    return machine.interface


@implements("hal.tensor.import")
def tensor_import(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    array = np.asarray(operands[0])
    if isinstance(type_, TensorType):
        shape = type_.get_shape()
        if array.ndim != len(shape) or any(a != b for a, b in zip(array.shape, shape, strict=True) if b != DYNAMIC_INDEX):
            raise InputError(f"an argument has shape {array.shape}; {type_} is expected", location=location_of(op))
        dims = [size for size, known in zip(array.shape, shape, strict=True) if known == DYNAMIC_INDEX]
        for size, given in zip(dims, operands[1:], strict=False):
            if size != given:
                message = f"an argument has the size {size} where {given} is expected"
                raise DeviceError(message, code="INVALID_ARGUMENT", location=location_of(op))
        array = array.astype(dtype_of(type_), copy=False)
    return (array,)


@implements("hal.tensor.export")
def tensor_export(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0],)


@implements("hal.tensor.alias")
def tensor_alias(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0],)


@implements("hal.tensor.barrier")
def tensor_barrier(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return operands[: len(op.results)]


@implements("hal.buffer_view.dim")
def buffer_view_dim(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    axis: int = op.properties["index"].value.data  # pyright: ignore[reportAttributeAccessIssue]
    return (np.array(np.shape(operands[0])[axis], np.int64),)


@implements("hal.buffer_view.rank")
def buffer_view_rank(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.array(np.ndim(operands[0]), np.int64),)
