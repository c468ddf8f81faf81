"""The meaning of hal at the boundary of a program: buffer views are the arrays they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Operation

from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support.errors import InputError

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


@implements("hal.tensor.import")
def tensor_import(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    array = np.asarray(operands[0])
    if isinstance(type_, TensorType):
        shape = type_.get_shape()
        if array.ndim != len(shape) or any(a != b for a, b in zip(array.shape, shape, strict=True) if b != DYNAMIC_INDEX):
            raise InputError(f"an argument has shape {array.shape}; {type_} is expected", location=location_of(op))
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
