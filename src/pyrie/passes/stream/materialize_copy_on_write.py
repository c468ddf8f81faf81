"""iree-stream-materialize-copy-on-write: every write in place gets a copy of its own to write into."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import stream
from pyrie.dialects.directives import tied_indices
from pyrie.dialects.stream.types import ResourceType
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.aliasing import MUTATING, is_resource, operand_size
from pyrie.passes.stream.emitter import Emitter, host_functions


@dataclass(frozen=True)
class MaterializeCopyOnWrite(ModulePass):
    """Makes value semantics explicit.

    before:  %1 = stream.async.update %u, %0[...] : ... -> %0 as !stream.resource<*>{%s}
    after:   %c = stream.async.clone %0 : ...;  %1 = stream.async.update %u, %c[...] : ... -> %c as !stream.resource<*>{%s}

    Needed for correctness: after this, no op changes bytes that anyone else can see. `iree-stream-elide-async-copies` drops the copies
    of storage that nobody else sees anyway.
    """

    name = "iree-stream-materialize-copy-on-write"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            for op in list(function.walk()):
                if isinstance(op, MUTATING):
                    _copy_tied_operands(op)


def _copy_tied_operands(op: stream.StreamOp) -> None:
    for position in _written_positions(op):
        value = op.operands[position]
        if is_resource(value):
            op.operands[position] = _clone(op, value, position)


def _written_positions(op: stream.StreamOp) -> list[int]:
    """Positions of the operands that the op writes; the same value elsewhere among the operands is only read."""
    names = [name for name, _ in op.get_irdl_definition().operands]
    home = op.TIED_LIST or "target"
    start = sum(_length(getattr(op, name)) for name in names[: names.index(home)])
    if op.TIED_LIST is None:
        return [start]
    ties = tied_indices(op.properties.get("tied_operands"), len(op.results))
    return sorted({start + tie for tie in ties if tie >= 0})


def _length(value: SSAValue | tuple[SSAValue, ...] | None) -> int:
    return 1 if isinstance(value, SSAValue) else len(value or ())


def _clone(op: Operation, value: SSAValue, position: int) -> SSAValue:
    size = operand_size(op, position)
    assert size is not None
    affinity = op.properties.get("affinity")
    properties: dict[str, Attribute] = {} if affinity is None else {"affinity": affinity}
    type = value.type
    assert isinstance(type, ResourceType)
    made = stream.AsyncCloneOp.build(operands=[value, size, size], properties=properties, result_types=[type])
    return Emitter(op).emit(made).result
