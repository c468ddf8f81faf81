"""Shapes of vectors: broadcasts that cost nothing, reductions across lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from xdsl.ir import Operation

from pyrie.codegen.cpu.emit.arithmetic import combine
from pyrie.codegen.cpu.emit.function import Emit, FunctionEmitter
from pyrie.codegen.cpu.emit.values import INDEX, Element, Value, element_of, shape_of
from pyrie.dialects import vector
from pyrie.ir.diagnostics import location_of
from pyrie.support.errors import UnsupportedError


def broadcast(f: FunctionEmitter, op: Operation) -> None:
    """Dimensions are added in front; dimensions of size 1 are stretched."""
    source, shape = f[op.operands[0]], shape_of(op.results[0].type)
    f[op.results[0]] = stretch(f, source, shape)


def stretch(f: FunctionEmitter, source: Value, shape: tuple[int, ...]) -> Value:
    element = source.element
    widths = f.widths(shape)
    if not source.shape or source.shape[-1] == 1 != shape[-1]:
        scalars = f.scalars(source)
        rows = [[f.text.splat(s, element.register, w) for w in widths] for s in scalars]
    else:
        packed = f.packed(source)
        count = len(widths)
        rows = [list(packed.chunks[i : i + count]) for i in range(0, len(packed.chunks), count)]
    leading = (1,) * (len(shape) - len(source.shape)) + source.shape
    chunks = [chunk for row in _source_rows(leading[:-1], shape[:-1]) for chunk in rows[row]]
    return f.value(element, shape, chunks)


def _source_rows(source: tuple[int, ...], target: tuple[int, ...]) -> list[int]:
    """The number of the source row for each row of the target."""
    rows = [0]
    for a, b in zip(source, target, strict=True):
        rows = [row * a + (i if a > 1 else 0) for row in rows for i in range(b)]
    return rows


def shape_cast(f: FunctionEmitter, op: Operation) -> None:
    source, shape = f[op.operands[0]], shape_of(op.results[0].type)
    if source.chunks and source.shape[-1] == shape[-1]:
        f[op.results[0]] = Value(source.element, shape, source.widths, source.chunks, source.scalars)
    else:
        f[op.results[0]] = f.from_scalars(source.element, shape, f.scalars(source))


def transpose(f: FunctionEmitter, op: Operation) -> None:
    assert isinstance(op, vector.TransposeOp)
    source, shape = f[op.vector], shape_of(op.results[0].type)
    permutation = [int(i) for i in op.permutation.get_values()]
    scalars = f.scalars(source)
    strides = [prod(source.shape[i + 1 :]) for i in range(len(source.shape))]
    order = [0]
    for size, axis in zip(shape, permutation, strict=True):
        order = [o + i * strides[axis] for o in order for i in range(size)]
    f[op.results[0]] = f.from_scalars(source.element, shape, [scalars[o] for o in order])


def step(f: FunctionEmitter, op: Operation) -> None:
    shape = shape_of(op.results[0].type)
    chunks, position = [], 0
    for width in f.widths(shape):
        chunks.append("<" + ", ".join(f"i64 {position + i}" for i in range(width)) + ">")
        position += width
    f[op.results[0]] = f.value(INDEX, shape, chunks)


def from_elements(f: FunctionEmitter, op: Operation) -> None:
    type = op.results[0].type
    f[op.results[0]] = f.from_scalars(element_of(type), shape_of(type), [f.scalar(o) for o in op.operands])


def extract(f: FunctionEmitter, op: Operation) -> None:
    """One element at a position known now."""
    assert isinstance(op, vector.ExtractOp)
    source = f[op.vector]
    position = [int(i) for i in op.static_position.get_values()]
    if len(position) != len(source.shape) or op.dynamic_position:
        hint = "supported: one element at a constant position"
        raise UnsupportedError("vector.extract of a part of a vector", location=location_of(op), hint=hint)
    number = 0
    for i, size in zip(position, source.shape, strict=True):
        number = number * size + i
    f.bind(op.results[0], f.scalars(source)[number])


def multi_reduction(f: FunctionEmitter, op: Operation) -> None:
    """Reduces the last dimension: chunks of a row are combined as vectors, then the lanes of what is left."""
    assert isinstance(op, vector.MultiReductionOp)
    source, start = f.packed(f[op.source]), f[op.acc]
    dims = [int(d) for d in op.reduction_dims.get_values()]
    if dims != [len(source.shape) - 1]:
        raise UnsupportedError("a reduction of other dimensions than the last", location=location_of(op))
    kind = op.kind.data.value
    count = len(source.widths)
    results = []
    for row, first in enumerate(f.scalars(start)):
        chunks = source.chunks[row * count : (row + 1) * count]
        results.append(combine(f, kind, source.element, 0, first, _reduce_row(f, kind, source.element, chunks, source.widths)))
    f[op.results[0]] = f.from_scalars(source.element, start.shape, results)


def _reduce_row(f: FunctionEmitter, kind: str, element: Element, chunks: Sequence[str], widths: Sequence[int]) -> str:
    def both(width: int) -> Callable[[str, str], str]:
        return lambda a, b: combine(f, kind, element, width, a, b)

    scalars = []
    for width in sorted(set(widths), reverse=True):
        alike = [c for c, w in zip(chunks, widths, strict=True) if w == width]
        scalars.append(_across(f, kind, element, _tree(alike, both(width)), width))
    return _tree(scalars, both(0))


def _tree(values: Sequence[str], both: Callable[[str, str], str]) -> str:
    values = list(values)
    while len(values) > 1:
        values = [both(*values[i : i + 2]) if i + 1 < len(values) else values[i] for i in range(0, len(values), 2)]
    return values[0]


def _across(f: FunctionEmitter, kind: str, element: Element, chunk: str, width: int) -> str:
    """Combines the lanes of a chunk: the upper half with the lower while it halves, then lane by lane."""
    while width > 1 and width % 2 == 0:
        half = width // 2
        low = f.text.shuffle(chunk, "poison", element.register, width, range(half))
        high = f.text.shuffle(chunk, "poison", element.register, width, range(half, width))
        chunk, width = combine(f, kind, element, half, low, high), half
    lanes = [f.text.lane(chunk, element.register, width, i) for i in range(width)]
    return _tree(lanes, lambda a, b: combine(f, kind, element, 0, a, b))


EMITTERS: dict[str, Emit] = {
    "vector.broadcast": broadcast,
    "vector.shape_cast": shape_cast,
    "vector.transpose": transpose,
    "vector.step": step,
    "vector.from_elements": from_elements,
    "vector.extract": extract,
    "vector.multi_reduction": multi_reduction,
}
