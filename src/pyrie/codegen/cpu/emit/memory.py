"""Loads and stores: memrefs as a pointer and strides, transfers chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr, IntegerAttr, MemRefType
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr

from pyrie.codegen.cpu.emit.function import Emit, FunctionEmitter
from pyrie.codegen.cpu.emit.values import BOOL, Element, Value, element_of, integer, llvm_type, shape_of
from pyrie.dialects import vector
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

LOCAL_MEMORY_SPACE = 3


@dataclass(frozen=True)
class Memory:
    """A memref: `pointer` to its first element, strides in elements (names or literals)."""

    pointer: str
    element: Element
    strides: tuple[str, ...]


def array(f: FunctionEmitter, pointer: str, type: MemRefType, dynamic: Sequence[str]) -> Memory:
    """A dense row-major array."""
    sizes = iter(dynamic)
    shape = [next(sizes) if n == DYNAMIC_INDEX else str(n) for n in type.get_shape()]
    strides, stride = [], "1"
    for size in reversed(shape):
        strides.insert(0, stride)
        stride = f.text.mul(stride, size)
    return Memory(pointer, element_of(type), tuple(strides))


def memory_of(f: FunctionEmitter, value: SSAValue) -> Memory:
    result = f.memory(value)
    assert isinstance(result, Memory)
    return result


def _address(f: FunctionEmitter, memory: Memory, indices: Sequence[str]) -> str:
    """The linear number of an element."""
    total = "0"
    for index, stride in zip(indices, memory.strides, strict=True):
        total = f.text.add(total, f.text.mul(index, stride))
    return total


# ---- single accesses ---------------------------------------------------------------------------------------------------


def load(f: FunctionEmitter, pointer: str, element: Element, width: int) -> str:
    loaded = f.text.fresh(f"load {llvm_type(element.memory, width)}, ptr {pointer}, align {element.bytes}")
    if element == BOOL:
        zero = "zeroinitializer" if width else "0"
        return f.text.value(f"icmp ne {llvm_type('i8', width)} {loaded}, {zero}")
    return loaded


def store(f: FunctionEmitter, value: str, pointer: str, element: Element, width: int) -> None:
    if element == BOOL:
        value = f.text.value(f"zext {llvm_type('i1', width)} {value} to {llvm_type('i8', width)}")
    f.text.line(f"store {llvm_type(element.memory, width)} {value}, ptr {pointer}, align {element.bytes}")


def memref_load(f: FunctionEmitter, op: Operation) -> None:
    memory = memory_of(f, op.operands[0])
    pointer = f.text.pointer(memory.pointer, _address(f, memory, [f.scalar(i) for i in op.operands[1:]]), memory.element.memory)
    f.bind(op.results[0], load(f, pointer, memory.element, 0))


def memref_store(f: FunctionEmitter, op: Operation) -> None:
    memory = memory_of(f, op.operands[1])
    pointer = f.text.pointer(memory.pointer, _address(f, memory, [f.scalar(i) for i in op.operands[2:]]), memory.element.memory)
    store(f, f.scalar(op.operands[0]), pointer, memory.element, 0)


# ---- transfers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """Where a transfer's elements are: a base address and a stride for each vector dimension."""

    memory: Memory
    base: str
    shape: tuple[int, ...]
    strides: tuple[str, ...]

    def row_offsets(self, f: FunctionEmitter) -> list[str]:
        """The offset of the first element of each row of the vector."""
        offsets = ["0"]
        for size, stride in zip(self.shape[:-1], self.strides[:-1], strict=True):
            offsets = [f.text.add(o, f.text.mul(str(i), stride)) for o in offsets for i in range(size)]
        return offsets

    def pointer(self, f: FunctionEmitter, offset: str) -> str:
        """Offsets known now are added to a common base, so that they become displacements."""
        type = self.memory.element.memory
        if integer(offset) is not None:
            return f.text.pointer(f.text.pointer(self.memory.pointer, self.base, type), offset, type)
        return f.text.pointer(self.memory.pointer, f.text.add(self.base, offset), type)


def _window(f: FunctionEmitter, op: Operation, source: SSAValue, indices: Sequence[SSAValue], shape: tuple[int, ...]) -> Window:
    memory = memory_of(f, source)
    map_ = op.properties["permutation_map"]
    assert isinstance(map_, AffineMapAttr)
    strides = []
    for expr in map_.data.results:
        strides.append(memory.strides[expr.position] if isinstance(expr, AffineDimExpr) else "0")
    return Window(memory, _address(f, memory, [f.scalar(i) for i in indices]), shape, tuple(strides))


def transfer_read(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, vector.TransferReadOp)
    result = op.results[0]
    window = _window(f, op, op.source, op.indices, shape_of(result.type))
    if _wants_scalars(result) or window.strides[-1] != "1":
        transposed = _transposed_read(f, window)
        f[result] = transposed or _read_lanes(f, window)
        return
    widths = f.widths(window.shape)
    chunks = []
    for offset in window.row_offsets(f):
        position = 0
        for width in widths:
            pointer = window.pointer(f, f.text.add(offset, str(position)))
            chunks.append(load(f, pointer, window.memory.element, width))
            position += width
    f[result] = f.value(window.memory.element, window.shape, chunks)


def _wants_scalars(result: SSAValue) -> bool:
    """Whether every use spreads the elements over lanes, so that loading them one by one is best."""
    return (
        all(isinstance(use.operation, vector.ShapeCastOp) and shape_of(use.operation.results[0].type)[-1:] == (1,) for use in result.uses)
        and len(shape_of(result.type)) == 1
    )


def _read_lanes(f: FunctionEmitter, window: Window) -> Value:
    element = window.memory.element
    scalars = []
    for offset in window.row_offsets(f):
        for lane in range(window.shape[-1]):
            here = f.text.add(offset, f.text.mul(str(lane), window.strides[-1]))
            scalars.append(load(f, window.pointer(f, here), element, 0))
    return f.from_scalars(element, window.shape, scalars)


def _is_square(window: Window) -> bool:
    """A transfer of a square power of two whose rows are columns in memory."""
    n = window.shape[-1]
    return window.shape == (n, n) and n in (4, 8, 16) and window.strides[0] == "1" and window.memory.element != BOOL


def _transposed_read(f: FunctionEmitter, window: Window) -> Value | None:
    """Columns loaded as vectors and transposed in registers."""
    n = window.shape[-1]
    if not _is_square(window) or n > f.machine.lanes:
        return None
    offsets = [f.text.mul(str(i), window.strides[-1]) for i in range(n)]
    rows = [load(f, window.pointer(f, offset), window.memory.element, n) for offset in offsets]
    return f.value(window.memory.element, window.shape, transpose(f, rows, window.memory.element))


def transpose(f: FunctionEmitter, rows: Sequence[str], element: Element) -> list[str]:
    """An n by n matrix transposed in log2(n) rounds of shuffles."""
    n = len(rows)
    rows = list(rows)
    distance = 1
    while distance < n:
        merged = list(rows)
        for i in range(n):
            if i & distance:
                continue
            a, b = rows[i], rows[i + distance]
            low = [c if not c & distance else n + (c & ~distance) for c in range(n)]
            high = [c | distance if not c & distance else n + c for c in range(n)]
            merged[i] = f.text.shuffle(a, b, element.register, n, low)
            merged[i + distance] = f.text.shuffle(a, b, element.register, n, high)
        rows = merged
        distance *= 2
    return rows


def transfer_write(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, vector.TransferWriteOp)
    value = f[op.vector]
    window = _window(f, op, op.source, op.indices, value.shape)
    element = window.memory.element
    if window.strides[-1] == "1":
        _write_rows(f, window, f.packed(value))
        return
    if _is_square(window) and window.shape[-1] <= f.machine.lanes:
        columns = transpose(f, f.packed(value).chunks, element)
        flipped = replace(window, strides=(window.strides[1], window.strides[0]))
        _write_rows(f, flipped, f.value(element, window.shape, columns))
        return
    scalars = iter(f.scalars(value))
    for offset in window.row_offsets(f):
        for lane in range(window.shape[-1]):
            here = f.text.add(offset, f.text.mul(str(lane), window.strides[-1]))
            store(f, next(scalars), window.pointer(f, here), element, 0)


def _write_rows(f: FunctionEmitter, window: Window, value: Value) -> None:
    chunks = iter(value.chunks)
    for offset in window.row_offsets(f):
        position = 0
        for width in value.widths:
            pointer = window.pointer(f, f.text.add(offset, str(position)))
            store(f, next(chunks), pointer, window.memory.element, width)
            position += width


def gather(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, vector.GatherOp)
    memory = memory_of(f, op.base_)
    base = _address(f, memory, [f.scalar(i) for i in op.offsets])
    scalars = []
    for index in f.scalars(f[op.indices]):
        pointer = f.text.pointer(memory.pointer, f.text.add(base, index), memory.element.memory)
        scalars.append(load(f, pointer, memory.element, 0))
    f[op.results[0]] = f.from_scalars(memory.element, shape_of(op.results[0].type), scalars)


# ---- views and scratch -------------------------------------------------------------------------------------------------


def subview(f: FunctionEmitter, op: Operation) -> None:
    """A part of a memref with all its dimensions."""
    memory = memory_of(f, op.operands[0])
    offsets, steps = _mixed(f, op, "offsets"), _mixed(f, op, "strides")
    pointer = f.text.pointer(memory.pointer, _address(f, memory, offsets), memory.element.memory)
    strides = tuple(f.text.mul(s, step) for s, step in zip(memory.strides, steps, strict=True))
    f[op.results[0]] = Memory(pointer, memory.element, strides)


def _mixed(f: FunctionEmitter, op: Operation, name: str) -> list[str]:
    dynamic = iter(getattr(op, name))
    static = op.properties[f"static_{name}"].get_values()  # pyright: ignore[reportAttributeAccessIssue]
    return [f.scalar(next(dynamic)) if n == DYNAMIC_INDEX else str(n) for n in static]


def alloca(f: FunctionEmitter, op: Operation) -> None:
    type = op.results[0].type
    assert isinstance(type, MemRefType)
    name = f.text.name()
    count = 1
    for size in type.get_shape():
        count *= size
    f.text.allocas.append(f"  {name} = alloca [{count} x {element_of(type).memory}], align 64")
    f[op.results[0]] = array(f, name, type, [])


def alloc(f: FunctionEmitter, op: Operation) -> None:
    """The workgroup's local memory."""
    type = op.results[0].type
    assert isinstance(type, MemRefType)
    if not isinstance(type.memory_space, IntegerAttr) or type.memory_space.value.data != LOCAL_MEMORY_SPACE:
        hint = f"supported: memory space {LOCAL_MEMORY_SPACE}, the workgroup's local memory"
        raise UnsupportedError("memref.alloc of heap memory in a kernel", location=location_of(op), hint=hint)
    count = 1
    for size in type.get_shape():
        count *= size
    pointer = f.text.pointer("%local", str(f.local_bytes), "i8")
    f.local_bytes += -(-count * element_of(type).bytes // 64) * 64
    f[op.results[0]] = array(f, pointer, type, [])


def get_global(f: FunctionEmitter, op: Operation) -> None:
    type = op.results[0].type
    assert isinstance(type, MemRefType)
    name = op.properties["name"].string_value()  # pyright: ignore[reportAttributeAccessIssue]
    if name not in f.constants:
        f.constants.append(name)
    f[op.results[0]] = array(f, f"@constant.{f.constants.index(name)}", type, [])


EMITTERS: dict[str, Emit] = {
    "memref.load": memref_load,
    "memref.store": memref_store,
    "memref.subview": subview,
    "memref.alloca": alloca,
    "memref.alloc": alloc,
    "memref.get_global": get_global,
    "vector.transfer_read": transfer_read,
    "vector.transfer_write": transfer_write,
    "vector.gather": gather,
}
