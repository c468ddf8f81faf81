"""Drops ops nobody needs."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, OpResult, Region

from pyrie.ir.context import Context
from pyrie.ir.effects import is_trivially_dead
from pyrie.ir.passes import ModulePass


def erase_dead_ops(root: Operation | Region) -> bool:
    """Erases every unused op below `root` that has no effect, and then what only those used. Returns whether there were any."""
    worklist = list(root.walk())
    if isinstance(root, Operation):
        worklist.remove(root)
    erased: set[Operation] = set()
    while worklist:
        op = worklist.pop()  # users before definitions
        if op in erased or not is_trivially_dead(op):
            continue
        producers = [operand.op for operand in op.operands if isinstance(operand, OpResult)]
        erased.update(op.walk() if op.regions else (op,))
        op.detach()
        op.erase()
        worklist += producers
    return bool(erased)


@dataclass(frozen=True)
class DCE(ModulePass):
    """Drops unused ops that have no effect.

    before:  %0 = arith.addi %a, %b : i32   (unused)
    after:   -

    Legal because nothing can observe that a pure op ran.
    """

    name = "dce"

    def apply(self, context: Context, module: ModuleOp) -> None:
        erase_dead_ops(module)
