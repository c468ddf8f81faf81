"""iree-vm-convert-to-yieldable-calls"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects import vm
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class ConvertToYieldableCalls(ModulePass):
    """Makes calls of functions that may be suspended the ends of their blocks, where the caller can be suspended too.

    before:  %0 = vm.call @f(%a) : (i32) -> i32; ...
    after:   vm.call.yieldable @f(%a) : (i32) -> ^bb1 (i32);  ^bb1(%0: i32): ...

    Legal because the rest of the block runs after the call either way, with the results as arguments.
    """

    name = "iree-vm-convert-to-yieldable-calls"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for target in [op for op in module.ops if isinstance(op, vm.ModuleOp)]:
            functions = [op for op in target.body.block.ops if isinstance(op, vm.FuncOp)]
            yielding = {op.sym_name.data for op in functions if "vm.yield" in op.attributes}
            for function in functions:
                for op in list(function.walk()):
                    if isinstance(op, vm.CallOp) and op.callee.string_value() in yielding:
                        _end_block(op)


def _end_block(call: vm.CallOp) -> None:
    block = call.parent
    assert block is not None
    types = [result.type for result in call.results]
    after = block.split_before(call, arg_types=types)
    for result, argument in zip(call.results, after.args, strict=True):
        result.replace_all_uses_with(argument)
    new = vm.CallYieldableOp(call.callee.string_value(), list(call.arguments), types, after)
    new.location = call.location
    call.detach()
    block.add_op(new)
    call.erase()
