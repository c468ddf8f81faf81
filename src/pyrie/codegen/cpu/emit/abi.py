"""What a kernel reads of its dispatch: bindings, constants, workgroup ids. Offsets are those of the CPU executable ABI, version 6."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, MemRefType
from xdsl.ir import Operation

from pyrie.codegen.cpu.emit.function import Emit, FunctionEmitter
from pyrie.codegen.cpu.emit.memory import array
from pyrie.codegen.cpu.emit.values import element_of
from pyrie.dialects import hal
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

SIGNATURE = "ptr noalias nonnull %environment, ptr noalias nonnull %dispatch, ptr noalias nonnull %workgroup"
CONSTANTS, BINDINGS = 24, 32  # in the dispatch state
WORKGROUP_SIZE = ((0, "i32"), (4, "i32"), (8, "i16"))  # in the dispatch state, by dimension
WORKGROUP_COUNT = ((12, "i32"), (16, "i32"), (20, "i16"))
WORKGROUP_ID = ((0, "i32"), (4, "i32"), (8, "i16"))  # in the workgroup state
LOCAL_MEMORY = 16
CONSTANT_BYTES = 4


def _field(f: FunctionEmitter, state: str, offset: int, type: str) -> str:
    """A field of a state; states do not change while a kernel runs."""
    pointer = f.text.pointer(state, str(offset), "i8")
    return f.text.value(f"load {type}, ptr {pointer}, align {8 if type == 'ptr' else int(type[1:]) // 8}")


def prologue(f: FunctionEmitter) -> None:
    """Loads at the entry that any block may use."""
    f.text.line(f"%local.address = getelementptr i8, ptr %workgroup, i64 {LOCAL_MEMORY}")
    f.text.line("%local = load ptr, ptr %local.address, align 8")


def binding_subspan(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, hal.InterfaceBindingSubspanOp)
    type = op.results[0].type
    assert isinstance(type, MemRefType)
    bindings = _field(f, "%dispatch", BINDINGS, "ptr")
    pointer = _field(f, bindings, 8 * op.binding.value.data, "ptr")
    if op.byte_offset is not None:
        pointer = f.text.pointer(pointer, f.scalar(op.byte_offset), "i8")
    f[op.results[0]] = array(f, pointer, type, [f.scalar(d) for d in op.dynamic_dims])


def constant_load(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, hal.InterfaceConstantLoadOp)
    constants = _field(f, "%dispatch", CONSTANTS, "ptr")
    element = element_of(op.results[0].type)
    loaded = _field(f, constants, CONSTANT_BYTES * op.ordinal.value.data, "i32")
    type = element.register
    if element.bits > 32:
        loaded = f.text.value(f"zext i32 {loaded} to {type}")
    elif type == "float":
        loaded = f.text.value(f"bitcast i32 {loaded} to float")
    elif element.bits < 32:
        loaded = f.text.value(f"trunc i32 {loaded} to {type}")
    if element.register == "double":
        raise UnsupportedError("a push constant of type f64", location=location_of(op), hint="constants are 32 bits each")
    f.bind(op.results[0], loaded)


def workgroup(state: str, fields: tuple[tuple[int, str], ...]) -> Emit:
    def emit(f: FunctionEmitter, op: Operation) -> None:
        dimension = op.properties["dimension"]
        assert isinstance(dimension, IntegerAttr)
        offset, type = fields[dimension.value.data]
        f.bind(op.results[0], f.text.value(f"zext {type} {_field(f, state, offset, type)} to i64"))

    return emit


EMITTERS: dict[str, Emit] = {
    "hal.interface.binding.subspan": binding_subspan,
    "hal.interface.constant.load": constant_load,
    "hal.interface.workgroup.id": workgroup("%workgroup", WORKGROUP_ID),
    "hal.interface.workgroup.count": workgroup("%dispatch", WORKGROUP_COUNT),
    "hal.interface.workgroup.size": workgroup("%dispatch", WORKGROUP_SIZE),
}
