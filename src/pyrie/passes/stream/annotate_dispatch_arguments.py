"""iree-stream-annotate-dispatch-arguments: kernels learn how their bindings are aligned."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp
from xdsl.ir import SSAValue

from pyrie.dialects import arith, util
from pyrie.dialects.directives import index
from pyrie.dialects.folding import constant_int
from pyrie.dialects.stream.types import HOST_CONFIG, BindingType
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.dispatch_sites import DispatchSites, dispatch_sites


@dataclass(frozen=True)
class AnnotateDispatchArguments(ModulePass):
    """Puts on each binding the largest alignment that every dispatch's offset has, up to that of allocations.

    before:  func.func @f(%0: !stream.binding)
    after:   func.func @f(%0: !stream.binding {stream.alignment = 64 : index})

    Legal because all dispatches are in sight and allocations are aligned to `alignment`.
    """

    name = "iree-stream-annotate-dispatch-arguments"

    alignment: int = HOST_CONFIG.alignment

    def apply(self, context: Context, module: ModuleOp) -> None:
        for sites in dispatch_sites(module):
            self._annotate(sites)

    def _annotate(self, sites: DispatchSites) -> None:
        entry = sites.function.body.blocks[0]
        known = sites.function.arg_attrs
        attributes = [dict(a.data) for a in known] if known is not None else [{} for _ in entry.args]
        position = 0
        for argument, own in zip(entry.args, attributes, strict=True):
            if isinstance(argument.type, BindingType):
                alignment = self.alignment
                for dispatch in sites.dispatches:
                    alignment = gcd(alignment, multiple_of(dispatch.resource_offsets[position], self.alignment))
                own["stream.alignment"] = IntegerAttr(alignment, index)
                position += 1
        sites.function.properties["arg_attrs"] = ArrayAttr(DictionaryAttr(own) for own in attributes)


def multiple_of(value: SSAValue, limit: int) -> int:
    """A divisor of `limit` that is known to divide `value`."""
    number = constant_int(value)
    if number is not None:
        return gcd(number, limit) if number else limit
    match value.owner:
        case util.AlignOp() as op if (alignment := constant_int(op.alignment)) is not None:
            return gcd(alignment, limit)
        case arith.AddiOp() as op:
            return gcd(multiple_of(op.operands[0], limit), multiple_of(op.operands[1], limit))
        case arith.MuliOp() as op:
            return gcd(multiple_of(op.operands[0], limit) * multiple_of(op.operands[1], limit), limit)
    return 1
