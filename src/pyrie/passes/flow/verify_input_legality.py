"""What may not be there when executables are made."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects.flow import DispatchWorkgroupsOp
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import location_of
from pyrie.ir.passes import ModulePass
from pyrie.passes.dispatch_creation.dispatch_regions import is_in_dispatch
from pyrie.support.errors import UnsupportedError

ILLEGAL = ("chlo", "linalg", "stablehlo", "tensor", "tosa")


@dataclass(frozen=True)
class VerifyInputLegality(ModulePass):
    """Refuses ops on tensors that are in no dispatch: nothing behind this point can lower them.

    before and after: the same; raises UnsupportedError that names the op and where it came from.
    """

    name = "iree-flow-verify-input-legality"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in module.walk():
            if op.name.partition(".")[0] in ILLEGAL and not isinstance(op, DispatchWorkgroupsOp) and not is_in_dispatch(op):
                types = ", ".join(str(value.type) for value in op.operands)
                raise UnsupportedError(
                    f"'{op.name}' is left outside of every dispatch",
                    location=location_of(op),
                    details=(f"operands: {types}",) if types else (),
                    hint="supported between dispatches: flow.tensor ops, scalar arith and math, scf, cf, util",
                )
