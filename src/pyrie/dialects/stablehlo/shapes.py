"""The shapes of StableHLO results as functions of operand shapes: used to verify ops and by importers to build them.

A shape is a sequence of sizes in which DYNAMIC_INDEX stands for a size that is not known. Functions raise VerifyException.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from pyrie.dialects.stablehlo.attributes import ConvDimensionNumbers, DotDimensionNumbers, GatherDimensionNumbers

Shape = Sequence[int]


def shape_of(type: Attribute) -> tuple[int, ...]:
    """The sizes of a ranked tensor type."""
    if not isinstance(type, TensorType):
        raise VerifyException(f"expected a ranked tensor, got {type}")
    return type.get_shape()


def shape_text(shape: Shape) -> str:
    return "[" + ", ".join("?" if n == DYNAMIC_INDEX else str(n) for n in shape) + "]"


def is_compatible(a: Shape, b: Shape) -> bool:
    """Whether some sizes of the dynamic dimensions make `a` and `b` equal."""
    return len(a) == len(b) and all(x == y or DYNAMIC_INDEX in (x, y) for x, y in zip(a, b, strict=True))


def require_shape(what: str, type: Attribute, expected: Shape) -> None:
    """Raises unless the tensor `type` can have the shape `expected`."""
    if not is_compatible(shape_of(type), expected):
        raise VerifyException(f"{what} has shape {shape_text(shape_of(type))}, expected {shape_text(expected)}")


def require_element_type(what: str, type: Attribute, like: Attribute) -> None:
    """Raises unless both tensor types have the same element type."""
    assert isinstance(type, TensorType) and isinstance(like, TensorType)
    if type.element_type != like.element_type:
        raise VerifyException(f"{what} has elements of type {type.element_type}, expected {like.element_type}")


def require_axes(what: str, axes: Iterable[int], rank: int) -> None:
    """Raises unless `axes` are distinct dimensions of a tensor of `rank`."""
    axes = list(axes)
    if len(set(axes)) != len(axes) or not all(0 <= axis < rank for axis in axes):
        raise VerifyException(f"{what} {axes} are not distinct dimensions of a tensor of rank {rank}")


def static(*sizes: int) -> bool:
    return DYNAMIC_INDEX not in sizes


def merge(a: int, b: int, what: str) -> int:
    """The more specific of two sizes that must agree."""
    if static(a, b) and a != b:
        raise VerifyException(f"{what}: sizes {a} and {b} differ")
    return b if a == DYNAMIC_INDEX else a


def without(shape: Shape, axes: Iterable[int]) -> tuple[int, ...]:
    dropped = set(axes)
    return tuple(n for i, n in enumerate(shape) if i not in dropped)


def transposed(shape: Shape, permutation: Sequence[int]) -> tuple[int, ...]:
    if sorted(permutation) != list(range(len(shape))):
        raise VerifyException(f"{list(permutation)} is not a permutation of {len(shape)} dimensions")
    return tuple(shape[axis] for axis in permutation)


def sliced(shape: Shape, start: Sequence[int], limit: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    if not len(shape) == len(start) == len(limit) == len(strides):
        raise VerifyException(f"a slice of a tensor of rank {len(shape)} needs as many starts, limits and strides")
    for size, a, b, s in zip(shape, start, limit, strides, strict=True):
        if a < 0 or b < a or s < 1 or (static(size) and b > size):
            raise VerifyException(f"slice {a}:{b}:{s} does not lie in a dimension of size {shape_text([size])[1:-1]}")
    return tuple(-(-(b - a) // s) for a, b, s in zip(start, limit, strides, strict=True))


def padded(shape: Shape, low: Sequence[int], high: Sequence[int], interior: Sequence[int]) -> tuple[int, ...]:
    if not len(shape) == len(low) == len(high) == len(interior):
        raise VerifyException(f"padding of a tensor of rank {len(shape)} needs as many low, high and interior counts")
    if min(interior, default=0) < 0:
        raise VerifyException(f"interior padding {list(interior)} is negative")
    sizes = [n + a + b + max(n - 1, 0) * i if static(n) else n for n, a, b, i in zip(shape, low, high, interior, strict=True)]
    if any(static(n) and n < 0 for n in sizes):
        raise VerifyException(f"padding gives the negative size {sizes}")
    return tuple(sizes)


def concatenated(shapes: Sequence[Shape], axis: int) -> tuple[int, ...]:
    if not shapes:
        raise VerifyException("concatenates nothing")
    require_axes("dimension", [axis], len(shapes[0]))
    result = list(shapes[0])
    for shape in shapes[1:]:
        if len(shape) != len(result):
            raise VerifyException(f"shapes {shape_text(result)} and {shape_text(shape)} have different ranks")
        for i, size in enumerate(shape):
            if i != axis:
                result[i] = merge(result[i], size, f"dimension {i}")
            else:
                result[i] = result[i] + size if static(result[i], size) else DYNAMIC_INDEX
    return tuple(result)


def dot_general(lhs: Shape, rhs: Shape, d: DotDimensionNumbers) -> tuple[int, ...]:
    """Batched sizes, then the free ones of the left, then of the right operand."""
    sides = (
        ("left", lhs, d.lhs_batching_dimensions, d.lhs_contracting_dimensions),
        ("right", rhs, d.rhs_batching_dimensions, d.rhs_contracting_dimensions),
    )
    for name, shape, batching, contracting in sides:
        require_axes(f"{name} dimensions", [*batching, *contracting], len(shape))
    pairs = [(d.lhs_batching_dimensions, d.rhs_batching_dimensions), (d.lhs_contracting_dimensions, d.rhs_contracting_dimensions)]
    if any(len(a) != len(b) for a, b in pairs):
        raise VerifyException("both operands need as many batching and as many contracting dimensions")
    batch = [merge(lhs[i], rhs[j], "batching dimension") for i, j in zip(*pairs[0], strict=True)]
    for i, j in zip(*pairs[1], strict=True):
        merge(lhs[i], rhs[j], "contracting dimension")
    return (*batch, *(n for _, shape, b, c in sides for n in without(shape, (*b, *c))))


def window_size(size: int, low: int, high: int, window: int, stride: int, base_dilation: int, window_dilation: int) -> int:
    """How many windows fit into a dimension of `size`."""
    if not static(size):
        return DYNAMIC_INDEX
    dilated = (size - 1) * base_dilation + 1 if size else 0
    reach = (window - 1) * window_dilation + 1 if window else 0
    total = low + dilated + high
    return 0 if total <= 0 or reach > total else (total - reach) // stride + 1


def windowed(
    shape: Shape,
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilations: Sequence[int],
    window_dilations: Sequence[int],
) -> tuple[int, ...]:
    """The shape of a reduce_window, and of the spatial part of a convolution."""
    if not len(shape) == len(window) == len(strides) == len(padding) == len(base_dilations) == len(window_dilations):
        raise VerifyException(f"a window over {len(shape)} dimensions needs as many sizes, strides, paddings and dilations")
    if min((*window, *strides, *base_dilations, *window_dilations), default=1) < 1 and DYNAMIC_INDEX not in window:
        raise VerifyException("window sizes, strides and dilations must be positive")
    return tuple(
        window_size(n, low, high, w, s, b, d) if static(w) else DYNAMIC_INDEX
        for n, w, s, (low, high), b, d in zip(shape, window, strides, padding, base_dilations, window_dilations, strict=True)
    )


def convolution(
    lhs: Shape,
    rhs: Shape,
    d: ConvDimensionNumbers,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    groups: int = 1,
    batch_groups: int = 1,
) -> tuple[int, ...]:
    rank = len(d.input_spatial_dimensions) + 2
    if not len(lhs) == len(rhs) == rank:
        raise VerifyException(f"dimension numbers are for rank {rank}, operands have ranks {len(lhs)} and {len(rhs)}")
    features, kernel_features = lhs[d.input_feature_dimension], rhs[d.kernel_input_feature_dimension]
    if static(features, kernel_features) and features != kernel_features * groups:
        raise VerifyException(f"the input has {features} features, the kernel wants {kernel_features} in each of {groups} group(s)")
    outputs, batch = rhs[d.kernel_output_feature_dimension], lhs[d.input_batch_dimension]
    if static(outputs) and outputs % (groups * batch_groups):
        raise VerifyException(f"{outputs} output features do not divide into {groups * batch_groups} groups")
    spatial = windowed(
        [lhs[i] for i in d.input_spatial_dimensions],
        [rhs[i] for i in d.kernel_spatial_dimensions],
        strides,
        padding,
        lhs_dilation,
        rhs_dilation,
    )
    result = [0] * rank
    result[d.output_batch_dimension] = batch // batch_groups if static(batch) else batch
    result[d.output_feature_dimension] = outputs
    for axis, size in zip(d.output_spatial_dimensions, spatial, strict=True):
        result[axis] = size
    return tuple(result)


def gathered(operand: Shape, indices: Shape, d: GatherDimensionNumbers, slice_sizes: Sequence[int]) -> tuple[int, ...]:
    """Batch sizes from the indices, window sizes from the slices, interleaved as `offset_dims` says."""
    if len(slice_sizes) != len(operand):
        raise VerifyException(f"{len(slice_sizes)} slice sizes for an operand of rank {len(operand)}")
    batch = list(indices[: d.index_vector_dim]) + list(indices[d.index_vector_dim + 1 :])
    window = list(without(slice_sizes, (*d.collapsed_slice_dims, *d.operand_batching_dims)))
    if len(window) != len(d.offset_dims):
        raise VerifyException(f"{len(d.offset_dims)} offset dimensions for {len(window)} window dimensions")
    rank = len(batch) + len(window)
    require_axes("offset_dims", d.offset_dims, rank)
    return tuple(window.pop(0) if i in d.offset_dims else batch.pop(0) for i in range(rank))
