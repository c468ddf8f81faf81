"""Mixed lists of static and dynamic indices, and the sizes of tensors as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, TensorType, i64
from xdsl.ir import BlockArgument, Operation, OpResult, SSAValue

MixedIndex = SSAValue | int


def static_list(values: Sequence[int]) -> DenseArrayBase:
    """`array<i64: ...>`."""
    return DenseArrayBase.from_list(i64, list(values))


def numbers(array: DenseArrayBase) -> tuple[int, ...]:
    """The integers of `array<i64: ...>`."""
    return tuple(array.get_values())  # pyright: ignore[reportAttributeAccessIssue]


def split(values: Sequence[MixedIndex]) -> tuple[list[SSAValue], DenseArrayBase]:
    """The dynamic operands and the static attribute of a mixed list."""
    dynamic = [value for value in values if not isinstance(value, int)]
    return dynamic, static_list([value if isinstance(value, int) else DYNAMIC_INDEX for value in values])


def join(dynamic: Sequence[SSAValue], static: DenseArrayBase) -> list[MixedIndex]:
    """The mixed list of dynamic operands and a static attribute."""
    values = iter(dynamic)
    return [next(values) if size == DYNAMIC_INDEX else size for size in numbers(static)]


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a ranked tensor or buffer; DYNAMIC_INDEX where unknown."""
    return cast(TensorType, value.type).get_shape()


def dynamic_axes(value: SSAValue) -> list[int]:
    """The axes of a tensor whose size is not in its type."""
    return [axis for axis, size in enumerate(shape_of(value)) if size == DYNAMIC_INDEX]


# op class -> (result, axis) -> the size as an operand of the op, a static number, or None when it must be computed
SIZE_OF_RESULT: dict[type[Operation], Callable[[OpResult, int], MixedIndex | None]] = {}


def known_size(value: SSAValue, axis: int) -> MixedIndex | None:
    """The size of `value` along `axis` where the IR has it at hand: in the type, or as an operand of the op that made it.

    Looks through destination-passing ops, loops that keep shapes, casts, slices and shape-aware ops. None when it is not at hand.
    """
    while True:
        size = shape_of(value)[axis]
        if size != DYNAMIC_INDEX:
            return size
        if not isinstance(value, OpResult):
            source = _carried_from(value)
            if source is None:
                return None
            value = source
            continue
        rule = SIZE_OF_RESULT.get(type(value.op))
        if rule is not None:
            return rule(value, axis)
        dims = shape_aware_dims(value)
        if dims is not None:
            return dims[dynamic_axes(value).index(axis)]
        destination = tied_destination(value)
        if destination is None:
            return None
        value = destination


def tied_destination(value: OpResult) -> SSAValue | None:
    """The operand whose shape the result has: the output of a destination-passing op, the source of an op that keeps shapes."""
    method = getattr(value.op, "tied_destination", None)
    return method(value) if method else None


def _carried_from(argument: SSAValue) -> SSAValue | None:
    """The initial value of an argument of a loop body whose shape no iteration changes."""
    method = getattr(argument.owner.parent_op(), "carried_from", None) if isinstance(argument, BlockArgument) else None
    return method(argument) if method else None


# where shape-aware ops (IREE's ShapeAwareOpInterface) keep the dynamic sizes of their results
DIMS_FIELDS: dict[str, str] = {
    "hal.interface.binding.subspan": "dynamic_dims",
    "hal.tensor.import": "target_dims",
    "hal.tensor.alias": "source_dims",
    "hal.tensor.transients": "source_dims",
    "flow.tensor.tie_shape": "dynamic_dims",
    "flow.tensor.clone": "operand_dims",
    "flow.tensor.barrier": "operand_dims",
    "flow.tensor.transfer": "operand_dims",
    "flow.tensor.store": "target_dims",
    "flow.tensor.update": "target_dims",
    "iree_tensor_ext.compute_barrier.start": "value_dims",
    "iree_tensor_ext.compute_barrier.end": "value_dims",
}


def shape_aware_dims(value: OpResult) -> Sequence[SSAValue] | None:
    """The dynamic sizes that a shape-aware op carries for its result, in axis order; None if it does not."""
    op = value.op
    field = DIMS_FIELDS.get(op.name, "result_dims")
    dims: Sequence[SSAValue] | None = getattr(op, field, None)
    if dims is None:
        return list(op.operands) if op.name in ("flow.tensor.empty", "flow.tensor.alloca") else None
    before = sum(len(dynamic_axes(result)) for result in op.results[: value.index] if isinstance(result.type, TensorType))
    return dims[before : before + len(dynamic_axes(value))]
