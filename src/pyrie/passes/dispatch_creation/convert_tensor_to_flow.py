"""What is left of tensor between the dispatches becomes flow.tensor, or a dispatch of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects import flow, tensor
from pyrie.dialects.arith import IndexCastOp, MuliOp
from pyrie.dialects.linalg import FillOp
from pyrie.dialects.tensor.shapes import MixedIndex, dynamic_axes, shape_of
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.dispatch_creation.clone_producers_into_dispatch_regions import clone_producers
from pyrie.passes.dispatch_creation.dispatch_regions import is_in_dispatch, wrap

Rewrite = Callable[[Any, "_Sizes"], list[Operation] | None]


class _Sizes(SizeBuilder):
    """A size builder that keeps what it makes."""

    def __init__(self) -> None:
        self.ops: list[Operation] = []
        super().__init__(self.ops.append)


@dataclass(frozen=True)
class ConvertTensorToFlow(ModulePass):
    """Turns tensor ops outside of dispatches into flow.tensor ops where bytes stay together, else into dispatches.

    before:  %r = tensor.collapse_shape %x [[0, 1]] : tensor<4x8xf32> into tensor<32xf32>
    after:   %r = flow.tensor.reshape %x : tensor<4x8xf32> -> tensor<32xf32>

    Legal because dense tensors are row-major: reshapes move nothing, and a slice that is whole in all but its outermost varying
    dimension is one range of bytes.
    """

    name = "iree-dispatch-creation-convert-tensor-to-flow"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in list(module.walk()):
            rewrite = REWRITES.get(type(op))
            if rewrite is None or is_in_dispatch(op):
                continue
            if not any(result.uses for result in op.results):
                Rewriter.erase_op(op)
                continue
            sizes = _Sizes()
            made = rewrite(op, sizes)
            if made is None:
                clone_producers(wrap([op]))
            else:
                Rewriter.replace_op(op, [*sizes.ops, *made], list(made[-1].results))


def contiguous(offsets: list[MixedIndex], sizes: list[MixedIndex], strides: list[MixedIndex], whole: SSAValue) -> bool:
    """Whether a slice is one range of a row-major tensor: behind its first size that is not 1, it takes everything."""
    extents = shape_of(whole)
    if any(stride != 1 for stride in strides):
        return False
    varying = next((axis for axis, size in enumerate(sizes) if size != 1), len(sizes))
    behind = list(zip(offsets, sizes, extents, strict=True))[varying + 1 :]
    return all(offset == 0 and isinstance(size, int) and size == extent for offset, size, extent in behind)


def _reshape(source: SSAValue, op: Operation, sizes: _Sizes) -> list[Operation]:
    result = op.results[0]
    operands = [source, sizes.dynamic_sizes(source), sizes.dynamic_sizes(result)]
    return [flow.TensorReshapeOp.build(operands=operands, result_types=[result.type])]


def _collapse(op: tensor.CollapseShapeOp, sizes: _Sizes) -> list[Operation]:
    dims = []
    for axis in dynamic_axes(op.result):
        total: SSAValue | None = None
        for source_axis in op.groups()[axis]:
            size = sizes.size(op.src, source_axis)
            if size == 1:
                continue
            value = sizes.value(size)
            if total is None:
                total = value
            else:
                sizes.ops.append(MuliOp(total, value))
                total = sizes.ops[-1].results[0]
        dims.append(total if total is not None else sizes.value(1))
    operands = [op.src, sizes.dynamic_sizes(op.src), dims]
    return [flow.TensorReshapeOp.build(operands=operands, result_types=[op.result.type])]


def _shape_operand(op: tensor.ReshapeOp, sizes: _Sizes) -> list[Operation]:
    dims = []
    for axis in dynamic_axes(op.result):
        sizes.ops.append(tensor.ExtractOp(op.shape, [sizes.value(axis)]))
        if not isinstance(sizes.ops[-1].results[0].type, IndexType):
            sizes.ops.append(IndexCastOp(sizes.ops[-1].results[0], IndexType()))
        dims.append(sizes.ops[-1].results[0])
    return [flow.TensorReshapeOp.build(operands=[op.source, sizes.dynamic_sizes(op.source), dims], result_types=[op.result.type])]


def _cast(op: tensor.CastOp, sizes: _Sizes) -> list[Operation]:
    return _reshape(op.source, op, sizes)


def _expand(op: tensor.ExpandShapeOp, sizes: _Sizes) -> list[Operation]:
    return _reshape(op.src, op, sizes)


def _bitcast(op: tensor.BitcastOp, sizes: _Sizes) -> list[Operation]:
    operands = [op.source, sizes.dynamic_sizes(op.source), sizes.dynamic_sizes(op.dest)]
    return [flow.TensorBitCastOp.build(operands=operands, result_types=[op.dest.type])]


def _empty(op: tensor.EmptyOp, sizes: _Sizes) -> list[Operation]:
    return [flow.TensorEmptyOp.build(operands=[list(op.dynamic_sizes)], result_types=[op.tensor.type])]


def _fill(op: FillOp, sizes: _Sizes) -> list[Operation]:
    return [flow.TensorSplatOp.build(operands=[op.inputs[0], sizes.dynamic_sizes(op.res[0])], result_types=[op.res[0].type])]


def _splat(op: tensor.SplatOp, sizes: _Sizes) -> list[Operation]:
    return [flow.TensorSplatOp.build(operands=[op.input, list(op.dynamicSizes)], result_types=[op.result.type])]


def _extract(op: tensor.ExtractOp, sizes: _Sizes) -> list[Operation]:
    operands = [op.tensor, sizes.dynamic_sizes(op.tensor), list(op.indices)]
    return [flow.TensorLoadOp.build(operands=operands, result_types=[op.result.type])]


def _insert(op: tensor.InsertOp, sizes: _Sizes) -> list[Operation]:
    operands = [op.scalar, op.dest, sizes.dynamic_sizes(op.dest), list(op.indices)]
    return [flow.TensorStoreOp.build(operands=operands, result_types=[op.result.type])]


def _from_elements(op: tensor.FromElementsOp, sizes: _Sizes) -> list[Operation]:
    """A splat of the first element, and stores of the others."""
    shape = shape_of(op.result)
    made: list[Operation] = [flow.TensorSplatOp.build(operands=[op.elements[0], []], result_types=[op.result.type])]
    for flat, element in enumerate(op.elements):
        if flat == 0 or element == op.elements[0]:
            continue
        indices, rest = [], flat
        for size in reversed(shape):
            rest, index = divmod(rest, size)
            indices.append(sizes.value(index))
        operands = [element, made[-1].results[0], [], list(reversed(indices))]
        made.append(flow.TensorStoreOp.build(operands=operands, result_types=[op.result.type]))
    return made


def _extract_slice(op: tensor.ExtractSliceOp, sizes: _Sizes) -> list[Operation] | None:
    offsets, lengths = op.mixed_offsets(), op.mixed_sizes()
    if not contiguous(offsets, lengths, op.mixed_strides(), op.source):
        return None
    dims = sizes.dynamic_sizes(op.source)
    starts, extents = [sizes.value(offset) for offset in offsets], [sizes.value(length) for length in lengths]
    kept = [sizes.value(size) for axis, size in enumerate(lengths) if not isinstance(size, int) and axis not in op.dropped_axes()]
    operands = [op.source, dims, starts, extents, kept]
    return [flow.TensorSliceOp.build(operands=operands, result_types=[op.result.type])]


def _insert_slice(op: tensor.InsertSliceOp, sizes: _Sizes) -> list[Operation] | None:
    offsets, lengths = op.mixed_offsets(), op.mixed_sizes()
    if not contiguous(offsets, lengths, op.mixed_strides(), op.dest):
        return None
    made: list[Operation] = []
    source = op.source
    if len(shape_of(source)) != len(offsets):
        type_ = TensorType(
            op.source.type.element_type,  # pyright: ignore[reportAttributeAccessIssue]
            [length if isinstance(length, int) else DYNAMIC_INDEX for length in lengths],
        )
        dims = [length for length in lengths if not isinstance(length, int)]
        made.append(flow.TensorReshapeOp.build(operands=[source, sizes.dynamic_sizes(source), dims], result_types=[type_]))
        source = made[0].results[0]
    starts = [sizes.value(offset) for offset in offsets]
    update_dims = [length for length in lengths if not isinstance(length, int)]
    operands = [op.dest, sizes.dynamic_sizes(op.dest), starts, source, update_dims]
    return [*made, flow.TensorUpdateOp.build(operands=operands, result_types=[op.result.type])]


REWRITES: dict[type[Operation], Rewrite] = {
    FillOp: _fill,
    tensor.BitcastOp: _bitcast,
    tensor.CastOp: _cast,
    tensor.CollapseShapeOp: _collapse,
    tensor.EmptyOp: _empty,
    tensor.ExpandShapeOp: _expand,
    tensor.ExtractOp: _extract,
    tensor.ExtractSliceOp: _extract_slice,
    tensor.FromElementsOp: _from_elements,
    tensor.InsertOp: _insert,
    tensor.InsertSliceOp: _insert_slice,
    tensor.ReshapeOp: _shape_operand,
    tensor.SplatOp: _splat,
}
