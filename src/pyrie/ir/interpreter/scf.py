"""The meaning of scf."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase
from xdsl.ir import Operation

from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.values import dtype_of

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


@implements("scf.if")
def if_(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    region = op.regions[0 if operands[0] else 1]
    return machine.run_region(region) if region.blocks else ()


@implements("scf.for")
def for_(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    low, high, step = (int(bound) for bound in operands[:3])
    carried, dtype = list(operands[3:]), dtype_of(op.operands[0].type)
    for index in range(low, high, step):
        carried = machine.run_region(op.regions[0], [np.array(index, dtype), *carried])
    return carried


@implements("scf.while")
def while_(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    carried = list(operands)
    while True:
        condition, *passed = machine.run_region(op.regions[0], carried)
        if not condition:
            return passed
        carried = machine.run_region(op.regions[1], passed)


@implements("scf.execute_region")
def execute_region(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    return machine.run_region(op.regions[0])


@implements("scf.index_switch")
def index_switch(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    cases = [int(case) for case in cast(DenseArrayBase, op.properties["cases"]).get_values()]  # pyright: ignore[reportAttributeAccessIssue]
    number = int(operands[0])
    return machine.run_region(op.regions[1 + cases.index(number) if number in cases else 0])


def mixed(static: DenseArrayBase, dynamic: Sequence[Value]) -> list[int]:
    """The numbers of a list whose dynamic entries are operands."""
    values = iter(dynamic)
    numbers: Sequence[int] = static.get_values()  # pyright: ignore[reportAttributeAccessIssue]
    return [int(next(values)) if number == DYNAMIC_INDEX else number for number in numbers]


@implements("scf.forall")
def forall(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    sizes: Sequence[int] = op.properties["operandSegmentSizes"].get_values()  # pyright: ignore[reportAttributeAccessIssue]
    ends = list(itertools.accumulate(sizes))
    groups = [operands[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    names = ("staticLowerBound", "staticUpperBound", "staticStep")
    lows, highs, steps = (mixed(cast(DenseArrayBase, op.properties[name]), group) for name, group in zip(names, groups, strict=False))
    shared = [np.array(value) for value in groups[3]]
    block = op.regions[0].block
    for point in itertools.product(*(range(*bounds) for bounds in zip(lows, highs, steps, strict=True))):
        machine.set(block.args, [*(np.array(index) for index in point), *shared])
        for inner in block.ops:
            if inner is not block.last_op:
                machine.run_op(inner)
        terminator = block.last_op
        if terminator is None or not shared:
            continue
        machine_shared = dict(zip(block.args[len(point) :], shared, strict=True))
        for insert in terminator.regions[0].block.ops:
            destination = insert.operands[1]
            machine.values[destination] = machine_shared[destination]  # pyright: ignore[reportArgumentType]
            machine.run_op(insert)
    return shared
