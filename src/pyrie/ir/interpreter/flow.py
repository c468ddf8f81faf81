"""The meaning of flow: dispatches, run as one workgroup, and tensor ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, SymbolRefAttr, TensorType
from xdsl.ir import Operation

from pyrie.ir import elements
from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.tensor import clamped, sized
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support.errors import InputError

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def _in_and_out(machine: Machine, op: Any) -> tuple[list[Value], list[np.ndarray]]:
    """The arguments of a dispatch body and the arrays that become its results. Tied results are copies of their operands."""
    arguments = [machine.get(value) for value in op.arguments]
    ties = op.properties.get("tied_operands")
    tied = [-1] * len(op.results) if ties is None else [tie.value.data for tie in cast(ArrayAttr[IntegerAttr], ties)]
    dims, results, passed = [machine.get(value) for value in op.result_dims], [], list(arguments)
    for result, tie in zip(op.results, tied, strict=True):
        count = sum(size < 0 for size in cast(TensorType, result.type).get_shape())
        mine, dims = dims[:count], dims[count:]
        if tie >= 0:
            array = np.array(arguments[tie])
            passed[tie] = array
        else:
            array = np.zeros(sized(result.type, mine), dtype_of(result.type))
            passed.append(array)
        results.append(array)
    return passed, results


@implements("flow.dispatch.workgroups")
def dispatch_workgroups(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    arguments, results = _in_and_out(machine, op)
    machine.run_region(op.workgroup_body, arguments)
    return results


@implements("flow.dispatch.region")
def dispatch_region(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    return machine.run_region(op.body)


@implements("flow.dispatch")
def dispatch(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    entries = op.properties["entry_points"]
    entry = cast(SymbolRefAttr, entries.data[0] if isinstance(entries, ArrayAttr) else entries)
    executable = machine.lookup(entry.root_reference.data, op)
    name = entry.nested_references.data[-1].data
    for inner in executable.walk():
        if inner.name in ("func.func", "util.func") and getattr(inner.properties.get("sym_name"), "data", "") == name:
            arguments, results = _in_and_out(machine, op)
            machine.call(inner, arguments)
            return results
    raise InputError(f"executable @{entry.root_reference.data} has no function @{name}", location=location_of(op))


# ---- tensors ------------------------------------------------------------------------------------------------------------


@implements("flow.tensor.constant", "flow.tensor.dynamic_constant")
def constant(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (elements.to_numpy(op.properties["value"]),)


@implements("flow.tensor.tie_shape", "flow.tensor.clone", "flow.tensor.barrier", "flow.tensor.transfer", "flow.dispatch.tie_shape")
def identity(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (operands[0],)


@implements("flow.tensor.reshape", "flow.tensor.bitcast")
def reshape(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    type_ = op.results[0].type
    dims = [machine.get(value) for value in op.result_dims]
    return (np.ascontiguousarray(operands[0]).reshape(-1).view(dtype_of(type_)).reshape(sized(type_, dims)),)


@implements("flow.tensor.empty", "flow.tensor.alloca")
def empty(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.zeros(sized(op.results[0].type, operands), dtype_of(op.results[0].type)),)


@implements("flow.tensor.splat")
def splat(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (np.full(sized(op.results[0].type, operands[1:]), operands[0], dtype_of(op.results[0].type)),)


def _all(machine: Machine, values: Sequence[Any]) -> list[int]:
    return [int(machine.get(value)) for value in values]


@implements("flow.tensor.load")
def load(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source = operands[0]
    indices = clamped([np.array(index) for index in _all(machine, op.indices)], source.shape)
    return (np.asarray(source[indices]),)


@implements("flow.tensor.store")
def store(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    result = np.array(machine.get(op.target))
    result[tuple(_all(machine, op.indices))] = machine.get(op.value)
    return (result,)


@implements("flow.tensor.slice")
def slice_(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    starts, lengths = _all(machine, op.start_indices), _all(machine, op.lengths)
    part = operands[0][tuple(slice(start, start + length) for start, length in zip(starts, lengths, strict=True))]
    return (part.reshape(sized(op.results[0].type, [machine.get(value) for value in op.result_dims])),)


@implements("flow.tensor.update")
def update(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    result, new = np.array(machine.get(op.target)), machine.get(op.update)
    starts = _all(machine, op.start_indices)
    result[tuple(slice(start, start + size) for start, size in zip(starts, new.shape, strict=True))] = new
    return (result,)


@implements("flow.tensor.trace")
def trace(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return ()
