"""iree-stream-fold-uniform-operands: what every dispatch of a kernel passes alike is not passed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import IndexType, IntegerType, ModuleOp
from xdsl.ir import BlockArgument, SSAValue

from pyrie.dialects.folding import constant_int
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.dispatch_sites import DispatchSites, dispatch_sites, set_uniform_operands
from pyrie.passes.stream.emitter import Emitter


@dataclass(frozen=True)
class FoldUniformOperands(ModulePass):
    """Puts constants that all dispatches agree on into the kernel, and passes only one of operands that are always equal.

    before:  stream.cmd.dispatch @e::@f(%c7, %n, %n : i32, i32, i32)         func.func @f(..., %0: i32, %1: i32, %2: i32)
    after:   stream.cmd.dispatch @e::@f(%n : i32)                            func.func @f(..., %1: i32) { %0 = arith.constant 7 ... }

    Legal because every dispatch of the function is in sight. Run it after CSE, so that equal operands are one value.
    """

    name = "iree-stream-fold-uniform-operands"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for sites in dispatch_sites(module):
            if sites.dispatches:
                _fold(sites)


def _fold(sites: DispatchSites) -> None:
    columns = list(zip(*(dispatch.uniform_operands for dispatch in sites.dispatches), strict=True))
    first = sites.function.body.blocks[0].first_op
    assert first is not None
    emitter = Emitter(first)
    kept: dict[tuple[SSAValue, ...], BlockArgument] = {}
    dropped: list[BlockArgument] = []
    positions: list[int] = []
    for position, (argument, column) in enumerate(zip(list(sites.operands), columns, strict=True)):
        constants = {constant_int(value) for value in column}
        number = constants.pop() if len(constants) == 1 else None
        if number is not None and isinstance(argument.type, IntegerType | IndexType):
            argument.replace_all_uses_with(emitter.constant(number, argument.type))
        elif column in kept:
            argument.replace_all_uses_with(kept[column])
        elif argument.first_use is not None:
            kept[column] = argument
            positions.append(position)
            continue
        dropped.append(argument)
    for argument in reversed(dropped):
        sites.erase_operand(argument)
    if dropped:
        for dispatch in sites.dispatches:
            set_uniform_operands(dispatch, [dispatch.uniform_operands[position] for position in positions])
