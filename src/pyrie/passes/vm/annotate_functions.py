"""iree-vm-annotate-functions"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation

from pyrie.dialects import vm
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

CALLS = (vm.CallOp, vm.CallVariadicOp, vm.CallYieldableOp, vm.CallVariadicYieldableOp)
SUSPENDS = (vm.YieldOp, vm.CallYieldableOp, vm.CallVariadicYieldableOp)


@dataclass(frozen=True)
class AnnotateFunctions(ModulePass):
    """Marks functions that may be suspended (`vm.yield`) or end early in a failure (`vm.unwind`).

    before:  vm.func private @f() { vm.call.variadic.yieldable @hal.fence.await(...) ... }
    after:   vm.func private @f() attributes {vm.unwind, vm.yield} { ... }

    A function has a property if an op of it has, or a function or import that it calls; calls of imports may always fail.
    """

    name = "iree-vm-annotate-functions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for target in [op for op in module.ops if isinstance(op, vm.ModuleOp)]:
            self._annotate(target)

    def _annotate(self, target: vm.ModuleOp) -> None:
        functions = {op.sym_name.data: op for op in target.body.block.ops if isinstance(op, vm.FuncOp)}
        imports = {op.sym_name.data: op for op in target.body.block.ops if isinstance(op, vm.ImportOp)}
        callees: dict[str, set[str]] = {name: set() for name in functions}
        found: dict[str, set[str]] = {"vm.yield": set(), "vm.unwind": set()}
        for name, function in functions.items():
            for op in function.walk():
                if isinstance(op, SUSPENDS):
                    found["vm.yield"].add(name)
                if isinstance(op, vm.FailOp | vm.CondFailOp) or _fails(op, imports):
                    found["vm.unwind"].add(name)
                if isinstance(op, CALLS):
                    callee = op.callee.string_value()
                    callees[name].add(callee)
                    if callee in imports and "vm.yield" in imports[callee].attributes:
                        found["vm.yield"].add(name)
        for attribute, names in found.items():
            changed = True
            while changed:
                changed = False
                for name, called in callees.items():
                    if name not in names and called & names:
                        names.add(name)
                        changed = True
            for name in names:
                functions[name].attributes[attribute] = UnitAttr()


def _fails(op: Operation, imports: dict[str, vm.ImportOp]) -> bool:
    return isinstance(op, CALLS) and op.callee.string_value() in imports
