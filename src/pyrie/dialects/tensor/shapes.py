"""Mixed lists of static and dynamic indices, and the sizes of tensors as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, TensorType, i64
from xdsl.ir import Operation, OpResult, SSAValue

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
    """The shape of a ranked tensor value; DYNAMIC_INDEX where unknown."""
    return cast(TensorType, value.type).get_shape()


def dynamic_axes(value: SSAValue) -> list[int]:
    """The axes of a tensor whose size is not in its type."""
    return [axis for axis, size in enumerate(shape_of(value)) if size == DYNAMIC_INDEX]


# op class -> (result, axis) -> the size as an operand of the op, a static number, or None when it must be computed
SIZE_OF_RESULT: dict[type[Operation], Callable[[OpResult, int], MixedIndex | None]] = {}


def known_size(value: SSAValue, axis: int) -> MixedIndex | None:
    """The size of `value` along `axis` where the IR has it at hand: in the type, or as an operand of the op that made it.

    Looks through destination-passing ops, casts, slices and shape-aware ops. None when it is only known at run time.
    """
    while True:
        size = shape_of(value)[axis]
        if size != DYNAMIC_INDEX:
            return size
        if not isinstance(value, OpResult):
            return None
        op = value.op
        rule = SIZE_OF_RESULT.get(type(op))
        if rule is not None:
            found = rule(value, axis)
            if not isinstance(found, OpResult) or not isinstance(found.type, TensorType):
                return found
        dims = _shape_aware_dims(op, value)
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


def _shape_aware_dims(op: Operation, value: OpResult) -> Sequence[SSAValue] | None:
    """Dynamic sizes that a shape-aware op (util, hal, flow) carries for its result, in axis order."""
    method = getattr(op, "result_dynamic_dims", None)
    return method(value) if method else None
