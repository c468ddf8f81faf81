"""The meaning of iree_tensor_ext: tensors at the boundary of a dispatch.

A `dispatch.tensor` is a numpy array that the dispatch may write to; loads copy out of it, stores copy into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.ir import Operation

from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.scf import mixed
from pyrie.ir.interpreter.tensor import sized
from pyrie.ir.interpreter.values import dtype_of

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def _window(machine: Machine, op: Any) -> tuple[slice, ...]:
    parts = []
    for kind in ("offsets", "sizes", "strides"):
        parts.append(mixed(op.properties[f"static_{kind}"], [machine.get(value) for value in getattr(op, kind)]))
    return tuple(
        slice(offset, offset + (size - 1) * stride + 1 if size else offset, stride) for offset, size, stride in zip(*parts, strict=True)
    )


@implements("iree_tensor_ext.dispatch.tensor.load")
def load(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    part = np.array(operands[0][_window(machine, op)])
    sizes = op.results[0].type.get_shape()
    return (part.reshape([size for size in part.shape if size != 1]) if len(sizes) != part.ndim and -1 in sizes else _fit(part, sizes),)


def _fit(part: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    return part if part.ndim == len(sizes) else part.reshape(sizes)


@implements("iree_tensor_ext.dispatch.tensor.store")
def store(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    target, window = operands[1], _window(machine, op)
    target[window] = np.asarray(operands[0]).reshape(target[window].shape)
    return ()


@implements("iree_tensor_ext.dispatch.workload.ordinal", "iree_tensor_ext.compute_barrier.start", "iree_tensor_ext.compute_barrier.end")
def identity(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0],)


@implements("iree_tensor_ext.bitcast")
def bitcast(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    dims = [machine.get(value) for value in op.result_dims]
    return (np.ascontiguousarray(operands[0]).reshape(-1).view(dtype_of(type_)).reshape(sized(type_, dims)),)
