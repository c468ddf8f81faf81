"""Transfers, collectives and calls, recorded one by one. A buffer operand is a slot of the binding table where it is an index."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, IndexType, NoneAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import hal, stream, util
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.passes.hal.conversion.dispatches import record_dispatch
from pyrie.passes.hal.conversion.emitter import index
from pyrie.passes.hal.conversion.recorder import Record, Recorder
from pyrie.passes.hal.conversion.types import converted

RESOURCE_ARGUMENT = (index, hal.BufferType())  # a slot of the binding table, and the buffer if it is recorded directly
SENDS_ONLY, RECEIVES_ONLY = "send", "recv"


def record_nothing(r: Recorder, op: stream.CmdFlushOp | stream.CmdInvalidateOp | stream.CmdDiscardOp) -> list[SSAValue]:
    """Barriers and submissions make memory visible already."""
    return []


def record_fill(r: Recorder, op: stream.CmdFillOp) -> list[SSAValue]:
    r.emit.emit(hal.CommandBufferFillBufferOp(r.command_buffer, op.target, op.target_offset, op.target_length, op.value))
    return []


def record_copy(r: Recorder, op: stream.CmdCopyOp) -> list[SSAValue]:
    copy = hal.CommandBufferCopyBufferOp(r.command_buffer, op.source, op.source_offset, op.target, op.target_offset, op.length)
    r.emit.emit(copy)
    return []


def record_collective(r: Recorder, op: stream.CmdCollectiveOp) -> list[SSAValue]:
    kind, element_type = op.op.kind.data, op.op.element_type.data
    reduction = None if isinstance(op.op.reduction, NoneAttr) else op.op.reduction.data
    words = ((hal.CollectiveKindAttr, kind), (hal.CollectiveReductionAttr, reduction), (hal.CollectiveElementTypeAttr, element_type))
    for enumeration, word in words:
        if word is not None and word not in enumeration.VALUES:
            raise error_at(op, f"is a collective of '{word}'", hint="there are: " + ", ".join(enumeration.VALUES))
    ranges = list(zip(op.resources, op.resource_offsets, op.resource_lengths, strict=True))
    one_sided = kind in (SENDS_ONLY, RECEIVES_ONLY)
    if len(ranges) != (1 if one_sided else 2):
        raise error_at(op, f"has {len(ranges)} resources, which is not what {kind} takes")
    send = ranges[0] if kind != RECEIVES_ONLY else ()
    receive = ranges[-1] if kind != SENDS_ONLY else ()
    what = hal.CollectiveAttr(
        hal.CollectiveKindAttr(kind),
        NoneAttr() if reduction is None else hal.CollectiveReductionAttr(reduction),
        hal.CollectiveElementTypeAttr(element_type),
    )
    optional = [[value] for value in send] or [[], [], []]
    optional += [[value] for value in receive] or [[], [], []]
    param = [op.param] if op.param is not None else []
    operands = [r.command_buffer, op.channel, op.element_count, param, *optional]
    r.emit.emit(hal.CommandBufferCollectiveOp.build(operands=operands, properties={"op": what}))
    return []


# ---- calls -------------------------------------------------------------------------------------------------------------


def record_call(r: Recorder, op: stream.CmdCallOp) -> list[SSAValue]:
    """Hands the command buffer on. A resource is a slot and a buffer, of which one counts, an offset and a length."""
    emit = r.emit
    arguments = [r.command_buffer]
    ranges = iter(zip(op.resource_operand_offsets, op.resource_operand_lengths, strict=True))
    for position, operand in enumerate(op.resource_operands):
        if position not in r.c.call_resources[op]:
            arguments.append(operand)
        elif isinstance(operand.type, IndexType):
            arguments += [operand, emit.emit(util.NullOp(hal.BufferType())).result, *next(ranges)]
        else:
            arguments += [emit.constant(0), operand, *next(ranges)]
    call = util.CallOp(op.callee.string_value(), arguments, [result.type for result in op.results])
    for name in ("arg_attrs", "res_attrs"):
        if (attributes := op.properties.get(name)) is not None:
            call.properties[name] = attributes
    return list(emit.emit(call).results)


def convert_function(op: stream.CmdFuncOp) -> None:
    """The declaration of what `record_call` calls."""
    if op.body.blocks:
        raise unsupported_at(op, "has a body", hint="supported: declarations of functions outside of the program")
    old = op.arg_attrs.data if op.arg_attrs is not None else (DictionaryAttr({}),) * len(op.function_type.inputs)
    inputs: list[Attribute] = [hal.CommandBufferType()]
    attributes = [DictionaryAttr({})]
    for type, attrs in zip(op.function_type.inputs, old, strict=True):
        if isinstance(type, stream.ResourceType):
            inputs += RESOURCE_ARGUMENT
            attributes += [DictionaryAttr({}), attrs]
        else:
            inputs.append(converted(type))
            attributes.append(attrs)
    outputs = [converted(type) for type in op.function_type.outputs]
    visibility = op.sym_visibility.data if op.sym_visibility is not None else None
    function = util.FuncOp(op.sym_name.data, FunctionType.from_lists(inputs, outputs), visibility=visibility, attributes=op.attributes)
    if any(each.data for each in attributes):
        function.properties["arg_attrs"] = ArrayAttr(attributes)
    if op.res_attrs is not None:
        function.properties["res_attrs"] = op.res_attrs
    function.location = op.location
    Rewriter.replace_op(op, function)


COMMANDS: dict[type[Operation], Record] = {
    stream.CmdFlushOp: record_nothing,
    stream.CmdInvalidateOp: record_nothing,
    stream.CmdDiscardOp: record_nothing,
    stream.CmdFillOp: record_fill,
    stream.CmdCopyOp: record_copy,
    stream.CmdCollectiveOp: record_collective,
    stream.CmdDispatchOp: record_dispatch,
    stream.CmdCallOp: record_call,
}
