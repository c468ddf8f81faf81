"""Putting ops into flow.dispatch.region, and asking what may go there."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType, TensorType
from xdsl.ir import Block, Operation, Region, SSAValue

from pyrie.dialects import affine, arith, math
from pyrie.dialects.flow import DispatchRegionOp, DispatchWorkgroupsOp, ReturnOp
from pyrie.dialects.folding import constant_attribute
from pyrie.dialects.linalg import FillOp
from pyrie.dialects.tensor import CastOp, EmptyOp
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir import elements
from pyrie.ir.elements import numpy_dtype
from pyrie.support.shape import element_count

INLINED_CONSTANT_BYTES = 256  # IREE's limit: smaller constants live in the kernel, larger ones are bindings

SCALAR_TYPES = (IndexType, IntegerType, AnyFloat)
SCALAR_OPS = tuple(
    op for dialect in (arith.DIALECT, math.DIALECT, affine.DIALECT) for op in dialect.operations if op is not arith.ConstantOp
)


def is_in_dispatch(op: Operation) -> bool:
    """Whether the op is in the body of a dispatch already."""
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, DispatchRegionOp | DispatchWorkgroupsOp) or parent.name == "flow.executable":
            return True
        parent = parent.parent_op()
    return False


def wrap(ops: Sequence[Operation]) -> DispatchRegionOp:
    """Moves `ops` (in program order, of one block) into a new region before the last of them.

    Results used outside become results of the region, in order.
    """
    last = ops[-1]
    block = last.parent
    assert block is not None
    inside = set(ops)
    results = [result for op in ops for result in op.results if any(not _within(use.operation, inside) for use in result.uses)]
    made: list[Operation] = []
    sizes = SizeBuilder(made.append)
    dims = [size for result in results for size in sizes.dynamic_sizes(result)]
    body = Block()
    region = DispatchRegionOp.build(
        operands=[dims, []], result_types=[[result.type for result in results]], regions=[Region(body), Region()]
    )
    region.location = last.location
    for op in (*made, region):
        block.insert_op_before(op, last)
    for op in ops:
        op.detach()
        body.add_op(op)
    for result, outer in zip(results, region.results, strict=True):
        result.replace_uses_with_if(outer, lambda use: not _within(use.operation, inside))
    body.add_op(ReturnOp.build(operands=[results]))
    return region


def _within(op: Operation, group: set[Operation]) -> bool:
    current: Operation | None = op
    while current is not None:
        if current in group:
            return True
        current = current.parent_op()
    return False


def captures(region: DispatchRegionOp) -> list[SSAValue]:
    """The values from outside that the body uses, in the order of first use."""
    found: dict[SSAValue, None] = {}
    for op in region.body.walk():
        for operand in op.operands:
            if not _is_defined_in(operand, region):
                found.setdefault(operand)
    return list(found)


def _is_defined_in(value: SSAValue, region: Operation) -> bool:
    owner = value.owner
    current = owner if isinstance(owner, Operation) else owner.parent_op()
    if isinstance(owner, Block) and current is region:
        return True
    while current is not None:
        if current is region:
            return owner is not region
        current = current.parent_op()
    return False


def is_clonable(op: Operation) -> bool:
    """Whether a dispatch rather makes the value itself than take it as an argument."""
    if isinstance(op, arith.ConstantOp):
        return is_small_constant(op)
    if isinstance(op, EmptyOp | FillOp):
        return True
    if isinstance(op, CastOp):
        return isinstance(op.source.owner, EmptyOp | FillOp)
    if isinstance(op, SCALAR_OPS) and all(isinstance(result.type, SCALAR_TYPES) for result in op.results):
        return all(constant_attribute(operand) is not None for operand in op.operands)
    return False


def is_small_constant(op: arith.ConstantOp) -> bool:
    """A scalar, a splat, or a tensor of at most INLINED_CONSTANT_BYTES."""
    type_ = op.result.type
    if not isinstance(type_, TensorType):
        return True
    if elements.is_splat(op.value):
        return True
    return element_count(type_.get_shape()) * numpy_dtype(type_.element_type).itemsize <= INLINED_CONSTANT_BYTES
