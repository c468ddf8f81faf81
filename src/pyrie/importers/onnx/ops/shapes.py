"""Operators that make, move and reshape data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from xdsl.dialects.builtin import i64

from pyrie.dialects import stablehlo as hlo
from pyrie.dialects.stablehlo import ComparisonDirection as Direction
from pyrie.importers.onnx.builder import Builder
from pyrie.importers.onnx.folding import shape_value
from pyrie.importers.onnx.ops.indexing import take, wrapped
from pyrie.importers.onnx.registry import onnx_op
from pyrie.importers.onnx.values import LARGEST_FOLDED, Dim, Size, Value, constant, symbolic
from pyrie.ir.elements import element_type
from pyrie.support.errors import InputError, UnsupportedError

# ---- constants -----------------------------------------------------------------------------------------------------------


@onnx_op("Constant", since=1)
def constant_(
    b: Builder, *, value: np.ndarray | None = None, value_float: float | None = None, value_floats: list[float] | None = None,
    value_int: int | None = None, value_ints: list[int] | None = None,
) -> Value:  # fmt: skip
    if value is not None:
        return constant(value)
    if value_float is not None or value_floats is not None:
        return constant(np.array(value_floats if value_float is None else value_float, np.float32))
    if value_int is None and value_ints is None:
        raise UnsupportedError("a Constant without a number is not supported", hint="supported: numbers and tensors")
    return constant(np.array(value_ints if value_int is None else value_int, np.int64))


@onnx_op("ConstantOfShape", since=9)
def constant_of_shape(b: Builder, shape: Value, *, value: np.ndarray | None = None) -> Value:
    scalar = constant(np.zeros((), np.float32) if value is None else value.reshape(()))
    sizes = b.integers(shape, "shape")
    count = b.product(sizes)
    if isinstance(count, int) and count <= LARGEST_FOLDED:
        assert scalar.array is not None
        return constant(np.full(sizes, scalar.array))  # pyright: ignore[reportArgumentType, reportCallIssue]
    return b.broadcast(scalar, sizes)


@onnx_op("Shape", since=1)
def shape(b: Builder, x: Value, *, start: int = 0, end: int | None = None) -> Value:
    return shape_value(x, start, end)


@onnx_op("Size", since=1)
def size(b: Builder, x: Value) -> Value:
    return symbolic(np.array(b.product(x.sizes), dtype=object), i64)


@onnx_op("Range", since=11)
def range_(b: Builder, start: Value, limit: Value, delta: Value) -> Value:
    if any(v.known is None for v in (start, limit, delta)):
        raise UnsupportedError("a range known only at run time is not supported", hint="supported: constants and sizes of inputs")
    first, last, step = ((v.known.reshape(-1)[0]) for v in (start, limit, delta))  # pyright: ignore[reportOptionalMemberAccess]
    if not any(isinstance(n, Dim) for n in (first, last, step)):
        return constant(np.arange(first, last, step).astype(start.array.dtype))  # pyright: ignore[reportOptionalMemberAccess]
    if isinstance(step, Dim) or step <= 0:
        raise UnsupportedError("a range that counts down to a size known at run time is not supported")
    count = (last - first + (step - 1)) // step
    counter = b.iota([count], 0, start.element)
    scaled = counter if step == 1 else b.binary(hlo.MultiplyOp, counter, int(step))
    return scaled if first == 0 else b.binary(hlo.AddOp, scaled, symbolic(np.array(first, dtype=object), start.element))


# ---- reshapes ------------------------------------------------------------------------------------------------------------


@onnx_op("Reshape", since=5)
def reshape(b: Builder, x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    """0 keeps a size, one -1 takes what is left."""
    sizes = b.integers(shape, "shape")
    sizes = [x.sizes[i] if n == 0 and not allowzero and i < x.rank else n for i, n in enumerate(sizes)]
    if (unknown := [i for i, n in enumerate(sizes) if n == -1]) and len(unknown) == 1:
        sizes[unknown[0]] = left_over(b, x.sizes, [n for n in sizes if n != -1])
    if any(isinstance(n, int) and n < 0 for n in sizes):
        raise InputError(f"a shape of {sizes}")
    if x.is_static and all(isinstance(n, int) for n in sizes) and b.product(x.sizes) != b.product(sizes):
        raise InputError(f"{x.describe()} has another number of elements than the shape {sizes}")
    return b.reshape(x, sizes)


def left_over(b: Builder, whole: Sequence[Size], part: Sequence[Size]) -> Size:
    """The quotient of two products of sizes, with equal dynamic sizes cancelled."""
    above, below = [*whole], [*part]
    for size in part:
        if isinstance(size, Dim) and size in above:
            above.remove(size)
            below.remove(size)
    top, bottom = (int(np.prod([n for n in sizes if isinstance(n, int)], dtype=object)) for sizes in (above, below))
    dynamic = [n for n in above if isinstance(n, Dim)]
    if bottom and top % bottom == 0 and not any(isinstance(n, Dim) for n in below):
        return b.product([top // bottom, *dynamic])
    if b.product(below) == 0:
        raise InputError("-1 next to a size of zero has no meaning")
    return b.product(above) // b.product(below)


@onnx_op("Flatten", since=1)
def flatten(b: Builder, x: Value, *, axis: int = 1) -> Value:
    axis = axis + x.rank if axis < 0 else axis
    if not 0 <= axis <= x.rank:
        raise InputError(f"axis {axis} is not one of a tensor of rank {x.rank}")
    return b.reshape(x, [b.product(x.sizes[:axis]), b.product(x.sizes[axis:])])


@onnx_op("Squeeze", since=13)
def squeeze(b: Builder, x: Value, axes: Value | None = None) -> Value:
    return squeezed(b, x, None if axes is None else b.constants(axes, "axes"))


@onnx_op("Squeeze", since=1)
def squeeze_by_attribute(b: Builder, x: Value, *, axes: list[int] | None = None) -> Value:
    return squeezed(b, x, axes)


def squeezed(b: Builder, x: Value, axes: list[int] | None) -> Value:
    dropped = [i for i, n in enumerate(x.sizes) if n == 1] if axes is None else b.axes(axes, x.rank)
    if any(isinstance(x.sizes[i], int) and x.sizes[i] != 1 for i in dropped):
        raise InputError(f"squeezes dimensions {dropped} of {x.describe()}, which are not of size 1")
    return b.reshape(x, [n for i, n in enumerate(x.sizes) if i not in dropped])


@onnx_op("Unsqueeze", since=13)
def unsqueeze(b: Builder, x: Value, axes: Value) -> Value:
    return unsqueezed(b, x, b.constants(axes, "axes"))


@onnx_op("Unsqueeze", since=1)
def unsqueeze_by_attribute(b: Builder, x: Value, *, axes: list[int]) -> Value:
    return unsqueezed(b, x, axes)


def unsqueezed(b: Builder, x: Value, axes: list[int]) -> Value:
    rank = x.rank + len(axes)
    new, old = b.axes(axes, rank), iter(x.sizes)
    if len(set(new)) != len(new):
        raise InputError(f"axes {axes} are repeated")
    return b.reshape(x, [1 if i in new else next(old) for i in range(rank)])


@onnx_op("Expand", since=8)
def expand(b: Builder, x: Value, shape: Value) -> Value:
    return b.broadcast(x, b.broadcast_sizes(x.sizes, b.integers(shape, "shape")))


@onnx_op("Tile", since=6)
def tile(b: Builder, x: Value, repeats: Value) -> Value:
    """Each dimension becomes (repeat, size), broadcast and joined."""
    counts = b.integers(repeats, "repeats")
    if len(counts) != x.rank:
        raise InputError(f"{len(counts)} repeats for a tensor of rank {x.rank}")
    split = b.reshape(x, [n for size in x.sizes for n in (1, size)])
    spread = b.broadcast(split, [n for count, size in zip(counts, x.sizes, strict=True) for n in (count, size)])
    return b.reshape(spread, [count * size for count, size in zip(counts, x.sizes, strict=True)])


@onnx_op("Transpose", since=1)
def transpose(b: Builder, x: Value, *, perm: list[int] | None = None) -> Value:
    order = list(range(x.rank))[::-1] if perm is None else b.axes(perm, x.rank)
    if sorted(order) != list(range(x.rank)):
        raise InputError(f"perm {perm} is not a permutation of {x.rank} dimensions")
    return b.transpose(x, order)


# ---- parts and joins -----------------------------------------------------------------------------------------------------


@onnx_op("Concat", since=4)
def concat(b: Builder, *values: Value, axis: int) -> Value:
    return b.concatenate(values, b.axis(axis, values[0].rank))


@onnx_op("Split", since=13)
def split(b: Builder, x: Value, sizes: Value | None = None, *, axis: int = 0, num_outputs: int | None = None) -> list[Value]:
    return split_into(b, x, None if sizes is None else b.constants(sizes, "split"), axis, num_outputs)


@onnx_op("Split", since=2)
def split_by_attribute(b: Builder, x: Value, *, split: list[int] | None = None, axis: int = 0) -> list[Value]:
    return split_into(b, x, split, axis, None)


def split_into(b: Builder, x: Value, sizes: list[int] | None, axis: int, count: int | None) -> list[Value]:
    axis = b.axis(axis, x.rank)
    whole = x.sizes[axis]
    if sizes is None:
        if count is None or not isinstance(whole, int):
            raise UnsupportedError("a split whose sizes are not given is not supported", hint="give `split` or `num_outputs`")
        each = -(-whole // count)
        sizes = [each] * (count - 1) + [whole - each * (count - 1)]
    if isinstance(whole, int) and (sum(sizes) != whole or min(sizes, default=0) < 0):
        raise InputError(f"parts of {sizes} do not make up a size of {whole}")
    parts, start = [], 0
    for n in sizes:
        parts.append(sliced(b, x, {axis: (start, start + n, 1)}))
        start += n
    return parts


def sliced(b: Builder, x: Value, ranges: dict[int, tuple[Size, Size, int]]) -> Value:
    starts: list[Size] = [ranges[i][0] if i in ranges else 0 for i in range(x.rank)]
    limits: list[Size] = [ranges[i][1] if i in ranges else n for i, n in enumerate(x.sizes)]
    return b.slice(x, starts, limits, [ranges[i][2] if i in ranges else 1 for i in range(x.rank)])


@onnx_op("Slice", since=10)
def slice_(b: Builder, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    first, last = b.integers(starts, "starts"), b.integers(ends, "ends")
    along = b.constants(axes, "axes") if axes is not None else list(range(len(first)))
    by = b.constants(steps, "steps") if steps is not None else [1] * len(first)
    return slice_along(b, x, first, last, along, by)


@onnx_op("Slice", since=1)
def slice_by_attribute(b: Builder, x: Value, *, starts: list[int], ends: list[int], axes: list[int] | None = None) -> Value:
    return slice_along(b, x, starts, ends, list(range(len(starts))) if axes is None else axes, [1] * len(starts))


def slice_along(b: Builder, x: Value, starts: Sequence[Size], ends: Sequence[Size], axes: Sequence[int], steps: Sequence[int]) -> Value:
    """Python's slices; one with a negative step reverses first."""
    ranges: dict[int, tuple[Size, Size, int]] = {}
    reversed_axes = []
    for axis, start, end, step in zip(b.axes(axes, x.rank), starts, ends, steps, strict=True):
        size = x.sizes[axis]
        if isinstance(size, int) and isinstance(start, int) and isinstance(end, int):
            low, high, by = slice(start, None if step < 0 and end < -size else end, step).indices(size)
            if by < 0:
                count = len(range(low, high, by))
                reversed_axes.append(axis)
                low, high = size - 1 - low, size - 1 - low + max(count * -by - (-by - 1), 0)
            ranges[axis] = low, max(low, high), abs(by)
        else:
            ranges[axis] = dynamic_range(b, size, start, end, step)
    if reversed_axes:
        x = b.like(hlo.ReverseOp(b.ssa(x), reversed_axes), x)
    return sliced(b, x, ranges)


def dynamic_range(b: Builder, size: Size, start: Size, end: Size, step: int) -> tuple[Size, Size, int]:
    """A slice of a dimension known at run time, or with ends that are; each end is brought into the dimension."""
    if step < 0:
        raise UnsupportedError("a slice with a negative step of a size known only at run time is not supported")
    return clamped(b, start, size), clamped(b, end, size), step


def clamped(b: Builder, at: Size, size: Size) -> Size:
    from pyrie.dialects import arith

    if isinstance(at, int) and at >= (1 << 31) - 1:
        return size
    if at in (0, size):
        return at
    if isinstance(at, int) and at < 0:
        at = size + at
    low = Dim(b, b.insert(arith.MaxSIOp(b.index(at), b.index(0))))
    return Dim(b, b.insert(arith.MinSIOp(low.value, b.index(size))))


@onnx_op("Pad", since=11)
def pad(b: Builder, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None, *, mode: str = "constant") -> Value:
    counts = b.constants(pads, "pads")
    along = b.axes(b.constants(axes, "axes"), x.rank) if axes is not None else list(range(x.rank))
    return padded(b, x, counts, along, value if value is not None else b.scalar(0, x.element), mode)


@onnx_op("Pad", since=2)
def pad_by_attribute(b: Builder, x: Value, *, pads: list[int], mode: str = "constant", value: float = 0.0) -> Value:
    return padded(b, x, pads, list(range(x.rank)), b.scalar(value, x.element), mode)


def padded(b: Builder, x: Value, counts: Sequence[int], axes: Sequence[int], value: Value, mode: str) -> Value:
    if len(counts) != 2 * len(axes):
        raise InputError(f"{len(counts)} pads for {len(axes)} dimensions")
    low, high = [0] * x.rank, [0] * x.rank
    for i, axis in enumerate(axes):
        low[axis], high[axis] = counts[i], counts[i + len(axes)]
    if mode == "constant":
        return b.pad(x, b.reshape(value, []), low, high)
    if mode not in ("edge", "reflect", "wrap"):
        raise UnsupportedError(f"mode '{mode}' is not supported", hint="supported: constant, edge, reflect, wrap")
    for axis in range(x.rank):
        if low[axis] or high[axis]:
            x = padded_by_copies(b, x, axis, low[axis], high[axis], mode)
    return x


def padded_by_copies(b: Builder, x: Value, axis: int, low: int, high: int, mode: str) -> Value:
    """Pads with elements of the tensor itself: gathers the indices that numpy's padding would take."""
    size = x.sizes[axis]
    if not isinstance(size, int) or low < 0 or high < 0:
        raise UnsupportedError(f"mode '{mode}' with a negative count or a size known only at run time is not supported")
    indices = np.pad(np.arange(size, dtype=np.int64), (low, high), mode=mode)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return take(b, x, constant(indices), axis)


# ---- patterns -----------------------------------------------------------------------------------------------------------


@onnx_op("OneHot", since=9)
def one_hot(b: Builder, indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    (count,) = b.constants(depth, "depth")
    axis = b.axis(axis, indices.rank + 1)
    at = wrapped(b, b.convert(indices, i64), count)
    sizes = [*at.sizes[:axis], count, *at.sizes[axis:]]
    spread = b.reshape(at, [*at.sizes[:axis], 1, *at.sizes[axis:]])
    hit = b.compare(Direction.EQ, spread, b.iota(sizes, axis, i64))
    off, on = (b.reshape(sliced(b, values, {0: (i, i + 1, 1)}), []) for i in (0, 1))
    return b.select(hit, on, off)


@onnx_op("EyeLike", since=9)
def eye_like(b: Builder, x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    rows, columns = b.iota(x.sizes, 0, i64), b.iota(x.sizes, 1, i64)
    element = x.element if dtype is None else element_type(onnx.helper.tensor_dtype_to_np_dtype(dtype))
    return b.convert(b.compare(Direction.EQ, columns, b.binary(hlo.AddOp, rows, k)), element)


@onnx_op("Trilu", since=14)
def trilu(b: Builder, x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    """Keeps the triangle above, or below, a diagonal."""
    diagonal = int(b.constants(k, "k")[0]) if k is not None else 0
    rows, columns = b.iota(x.sizes, x.rank - 2, i64), b.iota(x.sizes, x.rank - 1, i64)
    shifted = b.binary(hlo.AddOp, rows, diagonal)
    kept = b.compare(Direction.GE if upper else Direction.LE, columns, shifted)
    return b.select(kept, x, 0)


@onnx_op("DepthToSpace", since=1)
def depth_to_space(b: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    n, c, h, w = x.sizes
    s, depth = blocksize, c // (blocksize * blocksize)
    if mode == "DCR":
        y = b.transpose(b.reshape(x, [n, s, s, depth, h, w]), [0, 3, 4, 1, 5, 2])
    else:
        y = b.transpose(b.reshape(x, [n, depth, s, s, h, w]), [0, 1, 4, 2, 5, 3])
    return b.reshape(y, [n, depth, h * s, w * s])


@onnx_op("SpaceToDepth", since=1)
def space_to_depth(b: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    n, c, h, w = x.sizes
    s = blocksize
    order = [0, 3, 5, 1, 2, 4] if mode == "DCR" else [0, 1, 3, 5, 2, 4]
    y = b.transpose(b.reshape(x, [n, c, h // s, s, w // s, s]), order)
    return b.reshape(y, [n, c * s * s, h // s, w // s])
