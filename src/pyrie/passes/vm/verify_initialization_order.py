"""iree-util-verify-initialization-order"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from pyrie.dialects import util
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.support.errors import VerifyError


@dataclass(frozen=True)
class VerifyInitializationOrder(ModulePass):
    """Checks that initializers use only what is there when they run; changes nothing.

    Initializers run in the order of the module. One that reads an immutable global which is declared or stored later, itself or
    through the functions it calls, would see zero or null; that is refused here, where the culprit can still be named.
    """

    name = "iree-util-verify-initialization-order"

    def apply(self, context: Context, module: ModuleOp) -> None:
        functions = {op.sym_name.data: op for op in module.ops if isinstance(op, util.FuncOp)}
        declared: dict[str, int] = {}
        mutable: set[str] = set()
        stored: dict[str, int] = {}
        for position, op in enumerate(module.ops):
            if isinstance(op, util.GlobalOp):
                declared[op.sym_name.data] = position
                if op.is_mutable is not None:
                    mutable.add(op.sym_name.data)
            elif isinstance(op, util.InitializerOp):
                for store in op.walk():
                    if isinstance(store, util.GlobalStoreOp):
                        stored.setdefault(store.global_name, position)
        for position, op in enumerate(module.ops):
            if isinstance(op, util.InitializerOp):
                for load in _loads(op, functions, set()):
                    name = load.global_name
                    if declared.get(name, -1) > position or (name not in mutable and stored.get(name, -1) > position):
                        what = f"an initializer reads @{name}, which is initialized later"
                        raise error_at(load, what, hint=f"move the declaration and initializer of @{name} up", kind=VerifyError)


def _loads(op: Operation, functions: dict[str, util.FuncOp], seen: set[str]) -> list[util.GlobalLoadOp]:
    """The loads of `op` and of what it calls."""
    found: list[util.GlobalLoadOp] = []
    for inner in op.walk():
        if isinstance(inner, util.GlobalLoadOp):
            found.append(inner)
        elif isinstance(inner, util.CallOp) and (name := inner.callee.string_value()) not in seen:
            seen.add(name)
            if name in functions:
                found += _loads(functions[name], functions, seen)
    return found
