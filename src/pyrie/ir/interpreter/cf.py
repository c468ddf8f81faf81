"""The meaning of cf. A branch gives the block it goes to and the block's arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects.builtin import DenseArrayBase, StringAttr
from xdsl.ir import Operation

from pyrie.ir.diagnostics import location_of
from pyrie.ir.elements import to_numpy
from pyrie.ir.interpreter.registry import Value, implements
from pyrie.support.errors import DeviceError

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def _segments(op: Operation, name: str = "operandSegmentSizes") -> list[int]:
    sizes = op.properties.get(name) or op.attributes.get(name)
    return [int(size) for size in cast(DenseArrayBase, sizes).get_values()]  # pyright: ignore[reportAttributeAccessIssue]


@implements("cf.br")
def branch(machine: Machine, op: Operation, operands: Sequence[Value]) -> Any:
    return op.successors[0], operands


@implements("cf.cond_br")
def conditional_branch(machine: Machine, op: Operation, operands: Sequence[Value]) -> Any:
    taken = _segments(op)[1]
    if operands[0]:
        return op.successors[0], operands[1 : 1 + taken]
    return op.successors[1], operands[1 + taken :]


@implements("cf.switch")
def switch(machine: Machine, op: Operation, operands: Sequence[Value]) -> Any:
    default_count = _segments(op)[1]
    values = op.properties.get("case_values")
    cases = [] if values is None else to_numpy(values).tolist()
    flag, start = int(operands[0]), 1 + default_count
    for successor, case, count in zip(op.successors[1:], cases, _segments(op, "case_operand_segments"), strict=True):
        if case == flag:
            return successor, operands[start : start + count]
        start += count
    return op.successors[0], operands[1 : 1 + default_count]


@implements("cf.assert")
def assertion(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    if not operands[0]:
        message = cast(StringAttr, op.properties["msg"]).data
        raise DeviceError(f"assertion failed: {message}", code="FAILED_PRECONDITION", location=location_of(op))
    return ()
