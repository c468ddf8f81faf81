"""Emits one kernel function: walks its ops and looks each up in the tables of the other modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.codegen.cpu.emit.text import Text, float_literal
from pyrie.codegen.cpu.emit.values import Element, Value, element_of, lane_widths, llvm_type, shape_of
from pyrie.codegen.cpu.machine import Machine
from pyrie.ir import elements
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError

Emit = Callable[["FunctionEmitter", Operation], None]


@cache
def emitters() -> dict[str, Emit]:
    """Op name -> how it is emitted."""
    from pyrie.codegen.cpu.emit import abi, arithmetic, control, memory, vectors

    return {
        "arith.constant": constant,
        "scf.for": control.emit_for,
        "scf.if": control.emit_if,
        "scf.yield": nothing,
        "func.return": nothing,
        **arithmetic.EMITTERS,
        **memory.EMITTERS,
        **vectors.EMITTERS,
        **abi.EMITTERS,
    }


class FunctionEmitter:
    """The state of one function's emission. `f[value]` is what an SSA value has become."""

    def __init__(self, machine: Machine):
        self.machine, self.text = machine, Text()
        self._values: dict[SSAValue, object] = {}
        self._splats: dict[tuple[str, str, int], str] = {}
        self.local_bytes = 0  # of the workgroup's local memory
        self.constants: list[str] = []  # globals that the function reads, numbered in order

    def __getitem__(self, value: SSAValue) -> Value:
        result = self._values[value]
        assert isinstance(result, Value)
        return result

    def __setitem__(self, value: SSAValue, emitted: object) -> None:
        self._values[value] = emitted

    def memory(self, value: SSAValue):
        """What a memref has become (`memory.Memory`)."""
        return self._values[value]

    def scalar(self, value: SSAValue) -> str:
        return self[value].scalar

    def bind(self, value: SSAValue, name: str) -> None:
        """Makes a scalar value of any type be `name`."""
        self._values[value] = Value(element_of(value.type), (), (), (name,))

    def define(self, op: Operation, values: Sequence[Value]) -> None:
        self._values.update(zip(op.results, values, strict=True))

    def emit_block(self, block: Block) -> None:
        table = emitters()
        for op in block.ops:
            emit = table.get(op.name)
            if emit is None:
                raise UnsupportedError(
                    f"'{op.name}' is not an op of CPU kernels", location=location_of(op), hint="supported: " + ", ".join(table)
                )
            emit(self, op)

    # ---- vectors -------------------------------------------------------------------------------------------------------

    def value(self, element: Element, shape: tuple[int, ...], chunks: Sequence[str]) -> Value:
        """A value of the given shape, cut into this machine's chunks."""
        return Value(element, shape, self.widths(shape), tuple(chunks))

    def widths(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return lane_widths(shape[-1], self.machine.lanes) if shape else ()

    def packed(self, value: Value) -> Value:
        """`value` with its chunks, joined from scalars if need be."""
        if value.chunks or not value.shape:
            return value
        assert value.scalars is not None
        chunks, position = [], 0
        for width in value.chunk_widths:
            chunks.append(self.text.join(value.scalars[position : position + width], value.element.register))
            position += width
        return Value(value.element, value.shape, value.widths, tuple(chunks), value.scalars)

    def scalars(self, value: Value) -> tuple[str, ...]:
        """The elements of a value one by one."""
        if value.scalars is not None:
            return value.scalars
        if not value.shape:
            return value.chunks
        type = value.element.register
        lanes = zip(value.chunks, value.chunk_widths, strict=True)
        return tuple(self.text.lane(chunk, type, width, i) for chunk, width in lanes for i in range(width))

    def from_scalars(self, element: Element, shape: tuple[int, ...], scalars: Sequence[str]) -> Value:
        """A vector that is known lane by lane, and joined only if something needs it to be."""
        return Value(element, shape, self.widths(shape), (), tuple(scalars)) if shape else Value(element, (), (), tuple(scalars))

    def chunk_types(self, value: Value) -> list[str]:
        return [llvm_type(value.element.register, width) for width in value.chunk_widths]


def nothing(f: FunctionEmitter, op: Operation) -> None:
    """Terminators: the enclosing op reads their operands."""


def literal(number: float, element: Element) -> str:
    """A scalar constant as LLVM writes it."""
    if element.kind == "f16":
        import numpy as np

        return str(int(np.array(number, np.float16).view(np.int16)))
    if element.kind == "bf16":
        import ml_dtypes
        import numpy as np

        return str(int(np.array(number, ml_dtypes.bfloat16).view(np.int16)))
    if element.is_float:
        return float_literal(float(number), element.register)
    if element.bits == 1:
        return "true" if number else "false"
    return str(int(number))


def constant(f: FunctionEmitter, op: Operation) -> None:
    """arith.constant of a scalar or a vector."""
    attribute = op.properties["value"]
    type = op.results[0].type
    element, shape = element_of(type), shape_of(type)
    numbers = _numbers(attribute, op)
    texts = [literal(n, element) for n in numbers]
    if not shape:
        f[op.results[0]] = Value(element, (), (), (texts[0],))
    elif len(texts) == 1:
        widths = f.widths(shape)
        value = f.value(element, shape, ())
        f[op.results[0]] = f.value(element, shape, [f.text.splat(texts[0], element.register, w) for w in widths] * value.rows)
    else:
        f[op.results[0]] = f.from_scalars(element, shape, texts)


def _numbers(attribute: Attribute, op: Operation) -> list:
    match attribute:
        case FloatAttr() | IntegerAttr():
            return [attribute.value.data]
        case DenseIntOrFPElementsAttr():
            return list(attribute.get_values()) if not elements.is_splat(attribute) else [next(iter(attribute.get_values()))]
    raise UnsupportedError(f"a constant {type(attribute).__name__} in a kernel", location=location_of(op))
