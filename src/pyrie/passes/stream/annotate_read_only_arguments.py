"""Says which functions leave their arguments alone, so that the runtime need not copy them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue

from pyrie.dialects import hal, stream, util
from pyrie.format.reflection import ARGUMENTS, READ_ONLY, REFLECTION
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

VIEW_READERS = (  # what may be done with an argument as such: one that is returned or passed on would be seen by others
    *(stream.TensorImportOp, hal.BufferViewAssertOp, hal.BufferViewDimOp, hal.BufferViewRankOp),
    *(hal.BufferViewElementTypeOp, hal.BufferViewEncodingTypeOp),
)


@dataclass(frozen=True)
class AnnotateReadOnlyArguments(ModulePass):
    """Adds `pyrie.arguments = "read-only"` to the reflection of public functions that neither write nor keep what they are given.

    before:  util.func public @f(%v: !hal.buffer_view) { %r = stream.tensor.import %v; stream.cmd.execute with(%r as %a) { ... ro %a ... } }
    after:   the same, with iree.reflection = {..., pyrie.arguments = "read-only"}

    Legal because every use of every imported resource is looked at: it is read by a command, or its arrival is awaited. One that is
    written, exported, stored in a global, or used in any other way is no promise, nor is an argument that is handed back.
    """

    name: ClassVar[str] = "pyrie-stream-annotate-read-only-arguments"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in module.body.block.ops:
            if not isinstance(function, util.FuncOp) or not function.is_public or not function.body.blocks:
                continue
            reflection = function.attributes.get(REFLECTION)
            if isinstance(reflection, DictionaryAttr) and _reads_only(function):
                function.attributes[REFLECTION] = DictionaryAttr({**reflection.data, ARGUMENTS: StringAttr(READ_ONLY)})


def _reads_only(function: util.FuncOp) -> bool:
    arguments = function.body.blocks[0].args
    imports = [op for op in function.walk() if isinstance(op, stream.TensorImportOp)]
    views_stay = all(isinstance(use.operation, VIEW_READERS) for argument in arguments for use in argument.uses)
    return bool(imports) and views_stay and all(_is_only_read(op.result) for op in imports)


def _is_only_read(value: SSAValue) -> bool:
    return all(_use_reads(use.operation, use.index, value) for use in value.uses)


def _use_reads(op: Operation, index: int, value: SSAValue) -> bool:
    match op:
        case stream.CmdExecuteOp():
            positions = [i for i, operand in enumerate(op.resource_operands) if operand is value]
            return all(_is_only_read(op.body.block.args[i]) for i in positions)
        case stream.CmdDispatchOp():
            accesses = [a for r, a in zip(op.resources, op.resource_accesses.data, strict=True) if r is value]
            return not any(access.writes for access in accesses)
        case stream.CmdCopyOp():
            return op.target is not value
        case stream.TimepointAwaitOp():
            results = [r for o, r in zip(op.resource_operands, op.results_, strict=True) if o is value]
            return all(_is_only_read(result) for result in results)
        case stream.ResourceSizeOp() | stream.ResourceLoadOp():
            return True
        case _:
            return False
