"""The meaning of func: calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.ir import Operation

from pyrie.ir.interpreter.registry import Value, implements

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


@implements("func.call", "util.call")
def call(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    callee = cast(SymbolRefAttr, op.properties["callee"])
    return machine.call(machine.lookup(callee.root_reference.data, op), operands)
