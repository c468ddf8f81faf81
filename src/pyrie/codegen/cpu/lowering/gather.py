"""Elements at positions that differ from lane to lane by more than a step: indices that were themselves loaded or computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DYNAMIC_INDEX, i1
from xdsl.ir import SSAValue

from pyrie.codegen.cpu.lowering.dispatch import is_whole
from pyrie.codegen.cpu.lowering.indices import CannotVectorize, ordered
from pyrie.codegen.cpu.lowering.scopes import index_type
from pyrie.codegen.cpu.lowering.transfers import Tile, broadcast, splat, vector_type
from pyrie.dialects import arith, vector
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp
from pyrie.support.shape import row_major_strides

if TYPE_CHECKING:
    from pyrie.codegen.cpu.lowering.elements import Elements


def gather(e: Elements, value: SSAValue, indices: Sequence[Tile]) -> Tile:
    """`value[indices]` for each lane, from a buffer of static shape."""
    op = value.owner
    builder = e.builder
    if not isinstance(op, DispatchTensorLoadOp) or not is_whole(op, op.source):
        raise CannotVectorize
    buffer = e.dispatch.buffer(op.source)
    shape = buffer.type.get_shape()
    axes = ordered([axis for tile in indices for axis in tile.axes])
    if DYNAMIC_INDEX in shape or len(axes) != 1:
        raise CannotVectorize
    type = vector_type(index_type, axes)
    total: SSAValue | None = None
    for tile, stride in zip(indices, row_major_strides(shape), strict=True):
        index = broadcast(builder, tile, axes).value
        term = index if stride == 1 else builder.pure(arith.MuliOp, [index, splat(builder, stride, index_type, axes)], [type]).results[0]
        total = term if total is None else builder.pure(arith.AddiOp, [total, term], [type]).results[0]
    assert total is not None
    element = buffer.type.element_type
    zeros = [builder.index(0)] * len(shape)
    operands = [buffer.memref, *zeros, total, splat(builder, 1, i1, axes), splat(builder, 0, element, axes)]
    types = [vector_type(element, axes)]
    made = builder.pure(vector.GatherOp, operands, types, speculatable=False, movable=buffer.constant)
    return Tile(made.results[0], axes)
