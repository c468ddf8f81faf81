"""Executables of flow become executables of stream: dispatch tensors are views of bindings."""

from __future__ import annotations

from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation

from pyrie.dialects import flow, func, stream
from pyrie.dialects.directives import dynamic_dimension_count
from pyrie.dialects.iree_tensor_ext import DispatchTensorType
from pyrie.dialects.stream.types import BindingType
from pyrie.ir.diagnostics import error_at
from pyrie.passes.stream.emitter import Emitter

_INFO = {
    flow.DispatchWorkgroupIDOp: stream.DispatchWorkgroupIDOp,
    flow.DispatchWorkgroupCountOp: stream.DispatchWorkgroupCountOp,
    flow.DispatchWorkgroupSizeOp: stream.DispatchWorkgroupSizeOp,
}


def convert_executable(op: flow.ExecutableOp) -> None:
    """Replaces `op`, its exports and the tensors of its functions, in place."""
    if isinstance(end := op.body.block.last_op, flow.ExecutableEndOp):
        _replace(end, stream.ExecutableEndOp.build())
    made = stream.ExecutableOp.build(properties=dict(op.properties), attributes=dict(op.attributes), regions=[op.detach_region(op.body)])
    _replace(op, made)
    for inner in list(made.body.block.ops):
        if isinstance(inner, flow.ExecutableExportOp):
            _convert_export(inner)
        elif isinstance(inner, ModuleOp):
            for function in inner.body.block.ops:
                if isinstance(function, func.FuncOp) and function.body.blocks:
                    _convert_function(function)


def _replace(old: Operation, new: Operation) -> None:
    new.location = old.location
    block = old.parent
    assert block is not None
    block.insert_op_before(new, old)
    for before, after in zip(old.results, new.results, strict=True):
        before.replace_all_uses_with(after)
    old.detach()
    old.erase()


def _convert_export(op: flow.ExecutableExportOp) -> None:
    region = op.detach_region(op.workgroup_count)
    for block in region.blocks:
        for inner in list(block.ops):
            if isinstance(inner, flow.ReturnOp):
                _replace(inner, stream.ReturnOp.build(operands=[inner.arguments]))
    _replace(op, stream.ExecutableExportOp.build(properties=dict(op.properties), attributes=dict(op.attributes), regions=[region]))


def _convert_function(function: func.FuncOp) -> None:
    entry = function.body.blocks[0]
    first = entry.first_op
    assert first is not None
    emitter = Emitter(first)
    for argument in list(entry.args):
        if isinstance(argument.type, DispatchTensorType):
            _convert_argument(argument, emitter.before(first))
    function.function_type = FunctionType.from_lists([argument.type for argument in entry.args], list(function.function_type.outputs))
    for op in list(function.walk()):
        if (kind := _INFO.get(type(op))) is not None:
            _replace(op, kind.build(properties=dict(op.properties), result_types=[op.results[0].type]))


def _convert_argument(argument: BlockArgument, emitter: Emitter) -> None:
    """Makes the argument a binding, viewed where its dynamic dimensions are known."""
    type: Attribute = argument.type
    assert isinstance(type, DispatchTensorType)
    binding = argument.block.insert_arg(BindingType(), argument.index)
    zero = emitter.constant(0)

    def view(dims: list) -> Operation:
        return stream.BindingSubspanOp.build(operands=[binding, zero, dims], result_types=[type])

    ties = [use.operation for use in argument.uses if isinstance(use.operation, flow.DispatchTieShapeOp)]
    for tie in ties:
        _replace(tie, view(list(tie.dynamic_dims)))
    if argument.first_use is not None:
        if dynamic_dimension_count(type.bound_type):
            use = argument.first_use.operation
            raise error_at(
                use, "uses a tensor of dynamic shape that is not tied to its dimensions", hint="tie it with flow.dispatch.tie_shape"
            )
        argument.replace_all_uses_with(emitter.emit(view([])).results[0])
    argument.block.erase_arg(argument)
