"""iree-stream-encode-host-tensors: tensor ops of the host become ops on bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, IntegerType, ModuleOp, TensorType, i8
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, stream
from pyrie.dialects.folding import constant_attribute
from pyrie.ir import elements
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.stream.emitter import Emitter, host_functions, replace
from pyrie.passes.stream.storage import element_bits, element_offset, tensor_size


@dataclass(frozen=True)
class EncodeHostTensors(ModulePass):
    """Decides sizes, offsets and bit patterns of the tensors the host handles.

    before:  %s = stream.tensor.sizeof tensor<?x4xf32>{%d} : index
             %0 = stream.tensor.splat %cst : f32 -> tensor<?x4xf32>{%d} in !stream.resource<*>{%s}
    after:   %s = arith.muli %d, %c16 : index
             %0 = stream.async.splat %bits : i32 -> !stream.resource<*>{%s}

    Legal because tensors are dense and row-major here; slices and updates are of contiguous ranges (others are dispatches).
    """

    name = "iree-stream-encode-host-tensors"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for function in host_functions(module):
            ops = [op for op in function.walk() if type(op) in _ENCODERS]
            if ops:
                emitter = Emitter(ops[0])
                for op in ops:
                    _ENCODERS[type(op)](op, emitter.before(op))


def _affinity(op: Operation) -> dict[str, Attribute]:
    affinity = op.properties.get("affinity")
    return {} if affinity is None else {"affinity": affinity}


def _tensor(op: Operation, type: Attribute) -> TensorType:
    if not isinstance(type, TensorType):
        raise unsupported_at(op, f"has an encoding that is no tensor: {type}")
    return type


def _sizeof(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorSizeOfOp)
    replace(op, [tensor_size(emitter, op, _tensor(op, op.encoding), op.encoding_dims)])


def _empty(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorEmptyOp)
    made = stream.AsyncAllocaOp.build(operands=[op.result_size], properties=_affinity(op), result_types=[op.result.type])
    replace(op, emitter.emit(made).results)


def _constant(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorConstantOp)
    type = _tensor(op, op.result_encoding)
    size = tensor_size(emitter, op, type, op.result_encoding_dims)
    made = stream.AsyncConstantOp.build(
        operands=[[], size], properties={"value": stored_value(op, op.value, type), **_affinity(op)}, result_types=[op.result.type]
    )
    replace(op, emitter.emit(made).results)


def stored_value(op: Operation, value: Attribute, type: TensorType) -> Attribute:
    """The constant with its elements as wide as they are in memory: i1 becomes i8."""
    element = type.element_type
    if not isinstance(element, IntegerType) or element.width.data in (8, 16, 32, 64):
        return value
    if element.width.data == 1:
        return elements.from_numpy(elements.to_numpy(value).astype(np.int8), TensorType(i8, type.get_shape()))
    raise unsupported_at(op, f"is a constant of {element} elements", hint="supported: i1, i8, i16, i32, i64")


# ---- patterns ----------------------------------------------------------------------------------------------------------


def fill_pattern(op: Operation, value: SSAValue, emitter: Emitter) -> SSAValue:
    """`value` as the integer whose bytes, repeated, fill memory; a constant one as short as it can be."""
    bits = element_bits(value.type, op)
    constant = constant_attribute(value)
    if isinstance(constant, IntegerAttr | FloatAttr):
        data = _bytes_of(constant, bits)
        while len(data) > 1 and data[: len(data) // 2] == data[len(data) // 2 :]:
            data = data[: len(data) // 2]
        return emitter.constant(int.from_bytes(data, "little", signed=True), IntegerType(8 * len(data)))
    if isinstance(value.type, AnyFloat):
        return emitter.emit(arith.BitcastOp(value, IntegerType(bits))).results[0]
    if isinstance(value.type, IntegerType) and value.type.width.data != bits:
        return emitter.emit(arith.ExtUIOp(value, IntegerType(bits))).results[0]
    if not isinstance(value.type, IntegerType):
        raise unsupported_at(op, f"fills memory with {value.type}", hint="supported: integers and floats")
    return value


def _bytes_of(constant: IntegerAttr | FloatAttr, bits: int) -> bytes:
    if isinstance(constant, IntegerAttr):
        width = constant.type.width.data if isinstance(constant.type, IntegerType) else 64
        return (constant.value.data % (1 << width)).to_bytes(bits // 8, "little")
    return np.asarray(constant.value.data, elements.numpy_dtype(constant.type)).tobytes()


def _splat(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorSplatOp)
    made = stream.AsyncSplatOp.build(
        operands=[[], fill_pattern(op, op.value, emitter), op.result_size],
        properties=_affinity(op),
        result_types=[op.result.type],
    )
    replace(op, emitter.emit(made).results)


def _fill(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorFillOp)
    type = _tensor(op, op.target_encoding)
    offset = element_offset(emitter, op, type, op.target_encoding_dims, op.start_indices)
    length = emitter.constant(element_bits(type.element_type, op) // 8)
    for extent in op.lengths:
        length = emitter.multiply(length, extent)
    made = stream.AsyncFillOp.build(
        operands=[op.target, op.target_size, offset, emitter.add(offset, length), length, fill_pattern(op, op.value, emitter)],
        properties=_affinity(op),
        result_types=[op.result.type],
    )
    replace(op, emitter.emit(made).results)


# ---- copies ------------------------------------------------------------------------------------------------------------


def _clone(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorCloneOp)
    made = stream.AsyncCloneOp.build(
        operands=[op.source, op.source_size, op.result_size], properties=_affinity(op), result_types=[op.result.type]
    )
    replace(op, emitter.emit(made).results)


def _slice(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorSliceOp)
    source, result = _tensor(op, op.source_encoding), _tensor(op, op.result_encoding)
    _check_contiguous(op, source, result)
    offset = element_offset(emitter, op, source, op.source_encoding_dims, op.start_indices)
    made = stream.AsyncSliceOp.build(
        operands=[op.source, op.source_size, offset, emitter.add(offset, op.result_size), op.result_size],
        properties=_affinity(op),
        result_types=[op.result.type],
    )
    replace(op, emitter.emit(made).results)


def _update(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorUpdateOp)
    target, update = _tensor(op, op.target_encoding), _tensor(op, op.update_encoding)
    _check_contiguous(op, target, update)
    offset = element_offset(emitter, op, target, op.target_encoding_dims, op.start_indices)
    made = stream.AsyncUpdateOp.build(
        operands=[op.target, op.target_size, offset, emitter.add(offset, op.update_size), op.update, op.update_size],
        properties=_affinity(op),
        result_types=[op.result.type],
    )
    replace(op, emitter.emit(made).results)


def _check_contiguous(op: Operation, whole: TensorType, part: TensorType) -> None:
    """Only leading dimensions may be cut: once one is longer than 1, the rest must be whole. Dynamic dimensions are taken at their word."""
    cut = False
    for extent, length in reversed(list(zip(whole.get_shape(), part.get_shape(), strict=True))):
        if cut and length != 1 and min(length, extent) >= 0:
            raise unsupported_at(op, f"takes {part} out of {whole}, which is not contiguous", hint="such slices belong into a dispatch")
        cut |= length != extent and min(length, extent) >= 0


# ---- elements and dispatches -------------------------------------------------------------------------------------------


def _load(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorLoadOp)
    offset = element_offset(emitter, op, _tensor(op, op.source_encoding), op.source_encoding_dims, op.indices)
    made = stream.AsyncLoadOp.build(operands=[op.source, op.source_size, offset], result_types=[op.result.type])
    replace(op, emitter.emit(made).results)


def _store(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorStoreOp)
    offset = element_offset(emitter, op, _tensor(op, op.target_encoding), op.target_encoding_dims, op.indices)
    made = stream.AsyncStoreOp.build(operands=[op.target, op.target_size, offset, op.value], result_types=[op.result.type])
    replace(op, emitter.emit(made).results)


def _dispatch(op: Operation, emitter: Emitter) -> None:
    assert isinstance(op, stream.TensorDispatchOp)
    zero, count = emitter.constant(0), len(op.operand_sizes)
    sizes: Sequence[SSAValue] = op.operand_sizes
    properties = {key: value for key in ("entry_points", "tied_operands") if (value := op.properties.get(key)) is not None}
    made = stream.AsyncDispatchOp.build(
        operands=[op.workload, op.mixed_operands, sizes, [zero] * count, sizes, sizes, op.result_sizes],
        properties={**properties, **_affinity(op)},
        attributes=dict(op.attributes),
        result_types=[[result.type for result in op.results]],
    )
    replace(op, emitter.emit(made).results)


_ENCODERS: dict[type[Operation], Callable[[Operation, Emitter], None]] = {
    stream.TensorCloneOp: _clone,
    stream.TensorConstantOp: _constant,
    stream.TensorDispatchOp: _dispatch,
    stream.TensorEmptyOp: _empty,
    stream.TensorFillOp: _fill,
    stream.TensorLoadOp: _load,
    stream.TensorSizeOfOp: _sizeof,
    stream.TensorSliceOp: _slice,
    stream.TensorSplatOp: _splat,
    stream.TensorStoreOp: _store,
    stream.TensorUpdateOp: _update,
}
