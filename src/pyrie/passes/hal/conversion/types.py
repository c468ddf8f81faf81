"""Values and symbols before any op is converted: resources become buffers, timepoints fences, tensors buffer views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import (
    AnyFloat,
    ComplexType,
    FunctionType,
    IndexType,
    IntegerType,
    ModuleOp,
    TensorType,
    UnregisteredOp,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import func, hal, stream, tensor, util
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.passes.hal.conversion.state import Conversion

TYPES: dict[type[Attribute], Attribute] = {
    stream.ResourceType: hal.BufferType(),
    stream.TimepointType: hal.FenceType(),
    stream.FileType: hal.FileType(),
    stream.ChannelType: hal.ChannelType(),
}
NUMBERS = (IntegerType, IndexType, AnyFloat, ComplexType)
CONTAINERS = (util.ListType, util.PtrType)

# Dialects whose ops pass values of any type on. Ops of others are not known to work on what these types become.
STRUCTURAL = frozenset({"stream", "util", "scf", "cf", "func", "hal", "check"})


def converted(type: Attribute) -> Attribute:
    """What `type` becomes."""
    if (new := TYPES.get(type.__class__)) is not None:
        return new
    if isinstance(type, TensorType) and isinstance(type.element_type, NUMBERS):
        return hal.BufferViewType()
    if isinstance(type, CONTAINERS):
        return type.__class__(converted(type.parameters[0]))
    return type


def host_functions(module: ModuleOp) -> list[Operation]:
    """What runs on the host: functions with bodies and initializers."""
    return [op for op in module.body.block.ops if isinstance(op, util.FuncOp | func.FuncOp | util.InitializerOp) and op.body.blocks]


def convert_types(c: Conversion, module: ModuleOp) -> None:
    """Retypes globals, functions and every value in them; notes in `c` what the old types said."""
    for op in module.body.block.ops:
        if isinstance(op, util.GlobalOp):
            op.properties["type"] = converted(op.type)
            if isinstance(op.initial_value, stream.TimepointAttr):
                del op.properties["initial_value"]  # a null fence, which is reached
        elif isinstance(op, util.FuncOp | func.FuncOp):
            inputs, outputs = op.function_type.inputs.data, op.function_type.outputs.data
            op.properties["function_type"] = FunctionType.from_lists([*map(converted, inputs)], [*map(converted, outputs)])
    for function in host_functions(module):
        ops = list(function.walk())
        structural = [op for op in ops if op.name.partition(".")[0] in STRUCTURAL]
        if len(structural) < len(ops):
            _require_legal(ops)
        for op in ops:  # before any type changes
            if (note := NOTES.get(type(op))) is not None:
                note(c, op)
        for op in ops:
            for region in op.regions:
                for block in region.blocks:
                    for argument in block.args:
                        _retype(argument)
        for op in structural:
            for result in op.results:
                _retype(result)


def _require_legal(ops: Sequence[Operation]) -> None:
    """Refuses ops that take or give what will have another type without being known to work on that."""
    for op in ops:
        if op.name.partition(".")[0] in STRUCTURAL:
            continue
        for value in (*op.operands, *op.results):
            if type(value.type) in TYPES:
                name = op.op_name.data if isinstance(op, UnregisteredOp) else op.name
                hint = f"ops of these dialects may have values of type {value.type}: {', '.join(sorted(STRUCTURAL))}"
                raise error_at(op, f"failed to legalize operation '{name}' that was explicitly marked illegal", hint=hint)


def _retype(value: SSAValue) -> None:
    if (new := converted(value.type)) is not value.type:
        Rewriter.replace_value_with_new_type(value, new)


# ---- what types say that is lost with them ------------------------------------------------------------------------------


def _note_lifetime(c: Conversion, op: Operation) -> None:
    value = op.operand if isinstance(op, stream.ResourceDeallocaOp) else op.results[-1 if isinstance(op, stream.ResourceTryMapOp) else 0]
    assert isinstance(value.type, stream.ResourceType)
    c.lifetimes[op] = value.type.lifetime.data


def _note_rank(c: Conversion, op: Operation) -> None:
    assert isinstance(op, tensor.RankOp)
    if not isinstance(op.tensor.type, TensorType):
        raise unsupported_at(op, f"asks for the rank of a {op.tensor.type}", hint="supported: ranked tensors")
    c.ranks[op] = op.tensor.type.get_num_dims()


def _note_resources(c: Conversion, op: Operation) -> None:
    assert isinstance(op, stream.CmdCallOp)
    resources = (i for i, value in enumerate(op.resource_operands) if isinstance(value.type, stream.ResourceType))
    c.call_resources[op] = frozenset(resources)


NOTES: dict[type[Operation], Callable[[Conversion, Operation], None]] = {
    stream.ResourceAllocOp: _note_lifetime,
    stream.ResourceAllocaOp: _note_lifetime,
    stream.ResourceDeallocaOp: _note_lifetime,
    stream.ResourceTryMapOp: _note_lifetime,
    stream.TensorImportOp: _note_lifetime,
    stream.CmdCallOp: _note_resources,
    tensor.RankOp: _note_rank,
}
