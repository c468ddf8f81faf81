"""The meaning of the part of util that host programs of tensors use: globals, casts, assumptions, small index functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.ir import Operation

from pyrie.ir import elements
from pyrie.ir.interpreter.func import call
from pyrie.ir.interpreter.machine import name_of
from pyrie.ir.interpreter.registry import Value, elementwise, implements
from pyrie.ir.interpreter.values import dtype_of

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine

__all__ = ["call"]


def _global_name(op: Operation) -> str:
    return cast(SymbolRefAttr, op.properties["global"]).root_reference.data


@implements("util.global", "ml_program.global")
def global_(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    initial = op.properties.get("initial_value") or op.properties.get("value") or op.attributes.get("initial_value")
    try:
        machine.globals[name_of(op)] = elements.to_numpy(initial) if initial is not None else None
    except Exception:  # devices and other initial values that are no numbers
        machine.globals[name_of(op)] = initial
    return ()


@implements("util.initializer")
def initializer(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    machine.call(op, ())
    return ()


@implements("util.global.load", "ml_program.global_load_const", "ml_program.global_load")
def global_load(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    name = _global_name(op)
    value = machine.globals.get(name)
    if value is None:
        type_ = op.results[0].type
        value = np.zeros(getattr(type_, "get_shape", tuple)(), dtype_of(type_))
    return (value,)


@implements("util.global.store", "ml_program.global_store")
def global_store(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    machine.globals[_global_name(op)] = operands[0]
    return ()


@implements("util.optimization_barrier", "util.cast", "util.assume.int", "util.hoistable_conversion", "util.numeric.optional_narrow")
def identity(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return operands[: len(op.results)]


@implements("util.unfoldable_constant")
def unfoldable_constant(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return (elements.to_numpy(op.properties["value"]),)


@elementwise("util.align")
def align(op: Operation, value: np.ndarray, alignment: np.ndarray) -> np.ndarray:
    return -np.floor_divide(-value, alignment) * alignment


@elementwise("util.range.min")
def range_min(op: Operation, *values: np.ndarray) -> np.ndarray:
    return np.minimum.reduce(np.broadcast_arrays(*values))


@elementwise("util.range.max")
def range_max(op: Operation, *values: np.ndarray) -> np.ndarray:
    return np.maximum.reduce(np.broadcast_arrays(*values))
