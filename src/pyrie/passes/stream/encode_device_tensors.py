"""iree-stream-encode-device-tensors: dispatch tensors in executables get the element type they have in memory."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType, i8
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, iree_tensor_ext, stream
from pyrie.dialects.iree_tensor_ext import DispatchTensorType
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass


@dataclass(frozen=True)
class EncodeDeviceTensors(ModulePass):
    """Makes i1 tensors i8 in memory.

    before:  %1 = iree_tensor_ext.dispatch.tensor.load %0, ... -> tensor<4xi1>
    after:   %1 = iree_tensor_ext.dispatch.tensor.load %0, ... -> tensor<4xi8>;  %2 = arith.trunci %1 : tensor<4xi8> to tensor<4xi1>

    Legal because the host keeps such tensors with one element in each byte, 0 or 1.
    """

    name = "iree-stream-encode-device-tensors"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for executable in module.body.block.ops:
            if not isinstance(executable, stream.ExecutableOp):
                continue
            for op in list(executable.walk()):
                if isinstance(op, stream.BindingSubspanOp):
                    _retype(op.result, op)
                elif isinstance(op, iree_tensor_ext.DispatchTensorLoadOp):
                    _widen_load(op)
                elif isinstance(op, iree_tensor_ext.DispatchTensorStoreOp):
                    _widen_store(op)


def _stored(type: Attribute, op: Operation) -> TensorType | None:
    """The type in memory when it is another than `type`."""
    if not isinstance(type, TensorType) or not isinstance(element := type.element_type, IntegerType):
        return None
    bits = element.width.data
    if bits == 1:
        return TensorType(i8, type.get_shape(), type.encoding)
    if bits in (2, 4) or (bits >= 8 and bits & (bits - 1) == 0):
        return None
    raise unsupported_at(op, f"handles {type}", hint="supported: i1 and integers whose width is a power of two")


def _retype(value: SSAValue, op: Operation) -> None:
    if isinstance(value.type, DispatchTensorType) and (stored := _stored(value.type.bound_type, op)) is not None:
        value._type = DispatchTensorType(value.type.access, stored)  # pyright: ignore[reportAttributeAccessIssue]


def _widen_load(op: iree_tensor_ext.DispatchTensorLoadOp) -> None:
    logical = op.result.type
    if (stored := _stored(logical, op)) is None:
        return
    op.result._type = stored  # pyright: ignore[reportAttributeAccessIssue]
    narrow = arith.TruncIOp(op.result, logical)
    narrow.location = op.location
    block = op.parent
    assert block is not None
    block.insert_op_after(narrow, op)
    op.result.replace_uses_with_if(narrow.results[0], lambda use: use.operation is not narrow)


def _widen_store(op: iree_tensor_ext.DispatchTensorStoreOp) -> None:
    if (stored := _stored(op.value.type, op)) is None:
        return
    wide = arith.ExtUIOp(op.value, stored)
    wide.location = op.location
    block = op.parent
    assert block is not None
    block.insert_op_before(wide, op)
    op.operands[0 if op.operands[0] is op.value else list(op.operands).index(op.value)] = wide.results[0]
