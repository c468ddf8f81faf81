"""Tensors at the boundary, and where host code still sees one, are buffer views."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import check, hal, stream, tensor
from pyrie.dialects.directives import dynamic_dimension_count
from pyrie.dialects.folding import constant_int
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.hal.conversion.emitter import Emitter
from pyrie.passes.hal.conversion.resources import REQUIRED, memory_of
from pyrie.passes.hal.conversion.state import Conversion, Lowering


def lower_import(c: Conversion, emit: Emitter, op: stream.TensorImportOp) -> list[SSAValue]:
    buffer = op.source
    if isinstance(buffer.type, hal.BufferViewType):
        buffer = emit.emit(hal.BufferViewBufferOp(buffer)).result
    allocator = emit.emit(hal.DeviceAllocatorOp(c.device(emit, op, c.affinity_of(op)))).result
    types, usage = memory_of(c, op, REQUIRED)
    emit.emit(hal.BufferAssertOp(buffer, "tensor", allocator, op.result_size, types, usage))
    return [buffer]


def lower_export(c: Conversion, emit: Emitter, op: stream.TensorExportOp) -> list[SSAValue]:
    if isinstance(op.result.type, hal.BufferType):
        return [op.source]
    return [_view(emit, op, op.source, op.source_size, op.source_encoding, op.source_encoding_dims)]


def lower_trace(c: Conversion, emit: Emitter, op: stream.TensorTraceOp) -> list[SSAValue]:
    dims = list(op.resource_encoding_dims)
    views: list[SSAValue] = []
    for resource, size, encoding in zip(op.resources, op.resource_sizes, op.resource_encodings, strict=True):
        count = dynamic_dimension_count(encoding)
        views.append(_view(emit, op, resource, size, encoding, dims[:count]))
        dims = dims[count:]
    emit.emit(hal.BufferViewTraceOp.build(operands=[views], properties={"key": op.key}))
    return []


def _view(
    emit: Emitter, op: Operation, buffer: SSAValue, size: SSAValue, encoding: Attribute, dynamic_dims: Sequence[SSAValue]
) -> SSAValue:
    """A view of a whole buffer with the shape and element type of a tensor."""
    if not isinstance(encoding, TensorType):
        raise unsupported_at(op, f"views a buffer as {encoding}", hint="supported: ranked tensors")
    dense = emit.emit(hal.EncodingTypeOp(None)).result
    element = emit.emit(hal.ElementTypeOp(encoding.element_type)).result
    remaining = iter(dynamic_dims)
    shape = [next(remaining) if extent < 0 else emit.constant(extent) for extent in encoding.get_shape()]
    return emit.emit(hal.BufferViewCreateOp(buffer, emit.constant(0), size, element, dense, shape)).result


# ---- shapes ------------------------------------------------------------------------------------------------------------


def lower_dim(c: Conversion, emit: Emitter, op: tensor.DimOp) -> list[SSAValue]:
    dimension = constant_int(op.index)
    if not isinstance(op.source.type, hal.BufferViewType) or dimension is None:
        raise unsupported_at(
            op, "asks for a size that no buffer view knows", hint="supported: constant dimensions of arguments and results"
        )
    return [emit.emit(hal.BufferViewDimOp(op.source, dimension)).result]


def lower_rank(c: Conversion, emit: Emitter, op: tensor.RankOp) -> list[SSAValue]:
    return [emit.constant(c.ranks[op])]


# ---- expectations of tests ---------------------------------------------------------------------------------------------

Expectation = check.ExpectAllTrueOp | check.ExpectEqOp | check.ExpectAlmostEqOp


def lower_expectation(c: Conversion, emit: Emitter, op: Expectation) -> list[SSAValue]:
    """The same op on buffer views, with the device that they are read through."""
    device = op.device if op.device is not None else c.device(emit, op, c.affinity_of(op))
    values = [value for value in op.operands if value is not op.device]
    emit.emit(type(op).build(operands=[[device], *values], properties=op.properties))
    return []


LOWERINGS: dict[type[Operation], Lowering] = {
    stream.TensorImportOp: lower_import,
    stream.TensorExportOp: lower_export,
    stream.TensorTraceOp: lower_trace,
    tensor.DimOp: lower_dim,
    tensor.RankOp: lower_rank,
    check.ExpectAllTrueOp: lower_expectation,
    check.ExpectEqOp: lower_expectation,
    check.ExpectAlmostEqOp: lower_expectation,
}
