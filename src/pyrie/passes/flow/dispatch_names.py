"""Names of dispatches after what they do: `matmul_4x64x64_f32`, `elementwise_transpose_32x4x16_f32`, `slow_memcpy`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Operation, Region, SSAValue

from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp, DispatchTensorStoreOp
from pyrie.dialects.linalg import FillOp, GenericOp, SoftmaxOp, StructuredOp
from pyrie.dialects.linalg.interface import (
    copies_input,
    is_all_parallel,
    is_contraction,
    is_convolution,
    is_projected_permutation,
    permuted_dims,
    static_loop_ranges,
)
from pyrie.support.shape import element_count


def dispatch_name(body: Region) -> str:
    """The name of a dispatch by the most expensive op of its body; empty if it says nothing."""
    ops = [op for op in body.walk() if isinstance(op, StructuredOp) and not isinstance(op, FillOp)]
    special = [op for op in body.walk() if isinstance(op, SoftmaxOp) or (op.name.startswith("iree_linalg_ext.") and op.results)]
    if special:
        return f"{special[0].name.partition('.')[2]}_{_shape_and_type(special[0].results[0].type)}_dispatch_tensor_store"
    if not ops:
        kinds = (DispatchTensorLoadOp, DispatchTensorStoreOp)
        return "slow_memcpy" if any(isinstance(op, kinds) for op in body.walk()) else ""
    best = max(ops, key=cost)
    types = "x".join(dict.fromkeys(_element_types(best)))
    return "_".join(filter(None, [_kind(best), "x".join(_size(size) for size in static_loop_ranges(best)), types]))


def cost(op: StructuredOp) -> int:
    """How much an op has to do: its iterations, unknown sizes counting much, and named ops before generic ones."""
    iterations = element_count([1024 if size == DYNAMIC_INDEX else size for size in static_loop_ranges(op)])
    return iterations * (1 if isinstance(op, GenericOp) and is_all_parallel(op) else 3)


def _size(size: int) -> str:
    return "D" if size == DYNAMIC_INDEX else str(size)


def _kind(op: StructuredOp) -> str:
    if not isinstance(op, GenericOp):
        return op.name.partition(".")[2]
    if not is_all_parallel(op):
        if is_contraction(op):
            return "matmul_like"
        return "conv" if is_convolution(op) else "reduction"
    maps = [map_ for map_ in op.maps() if map_.results]
    if not all(is_projected_permutation(map_) for map_ in maps):
        return "elementwise"
    transposes = any((dims := permuted_dims(map_)) is not None and dims != sorted(dims) for map_ in maps)
    broadcasts = any(len(map_.results) < map_.num_dims for map_ in maps)
    if copies_input(op):
        return "transpose" if transposes else "broadcast" if broadcasts else "copy"
    return "elementwise_transpose" if transposes else "elementwise_broadcast" if broadcasts else "elementwise"


def _element_types(op: Operation) -> list[str]:
    values: Sequence[SSAValue] = [*op.operands, *op.results]
    return [_type_name(value.type.element_type) for value in values if isinstance(value.type, TensorType)]


def _type_name(element: object) -> str:
    return re.sub(r"\W+", "", str(element))


def _shape_and_type(type_: object) -> str:
    assert isinstance(type_, TensorType)
    return "x".join([*(_size(size) for size in type_.get_shape()), _type_name(type_.element_type)])
