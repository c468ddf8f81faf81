"""The meaning of linalg: whole iteration spaces as numpy arrays.

An operand is seen through its indexing map as an array with one axis a loop (of size 1 where the map does not use the loop), without
copying where the map is linear. The body then runs once, on arrays. Reductions go through einsum, through a ufunc's reduce, or, exactly
as written, one step of the reduction loops after the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.stride_tricks import as_strided
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from pyrie.ir.diagnostics import location_of
from pyrie.ir.interpreter.affine import evaluate
from pyrie.ir.interpreter.arith import maximum, minimum
from pyrie.ir.interpreter.machine import evaluate_elementwise
from pyrie.ir.interpreter.registry import Value, implements
from pyrie.ir.interpreter.values import dtype_of
from pyrie.support.errors import DeviceError, UnsupportedError

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine

STRUCTURED = (
    "generic", "fill", "copy", "map", "reduce", "broadcast", "transpose", "contract", "elementwise",
    "matmul", "batch_matmul", "batch_reduce_matmul", "quantized_matmul", "quantized_batch_matmul", "mmt4d", "batch_mmt4d",
    "matvec", "vecmat", "batch_matvec", "batch_vecmat", "dot",
)  # fmt: skip


# ---- iteration spaces ---------------------------------------------------------------------------------------------------


def grid(sizes: Sequence[int]) -> list[np.ndarray]:
    """The index in each loop, as arrays that broadcast over the iteration space."""
    rank = len(sizes)
    return [np.arange(size).reshape([-1 if loop == axis else 1 for loop in range(rank)]) for axis, size in enumerate(sizes)]


def linear(expression: AffineExpr, loops: int) -> tuple[list[int], int] | None:
    """Coefficients and constant of a linear expression; None for mod and division."""
    match expression:
        case AffineConstantExpr(value):
            return [0] * loops, value
        case AffineDimExpr(position):
            return [int(loop == position) for loop in range(loops)], 0
        case AffineBinaryOpExpr(kind, lhs, rhs):
            a, b = linear(lhs, loops), linear(rhs, loops)
            if a is None or b is None:
                return None
            if kind == AffineBinaryOpKind.Add:
                return [x + y for x, y in zip(a[0], b[0], strict=True)], a[1] + b[1]
            if kind == AffineBinaryOpKind.Mul and (not any(a[0]) or not any(b[0])):
                (factor, scaled) = (a[1], b) if not any(a[0]) else (b[1], a)
                return [x * factor for x in scaled[0]], scaled[1] * factor
    return None


def loop_ranges(op: Any, operands: Sequence[Value]) -> list[int]:
    """The extent of each loop, from the operands whose maps name it. Raises DeviceError where operands disagree."""
    maps: tuple[AffineMap, ...] = op.maps()
    ranges: list[int | None] = [None] * len(op.iterators())
    for operand, map_ in zip(operands, maps, strict=True):
        for axis, result in enumerate(map_.results):
            if isinstance(result, AffineDimExpr):
                size = np.shape(operand)[axis]
                if ranges[result.position] not in (None, size):
                    message = f"loop {result.position} of {op.name} runs over {ranges[result.position]} and {size} elements"
                    raise DeviceError(message, code="INVALID_ARGUMENT", location=location_of(op))
                ranges[result.position] = size
    if None in ranges:
        raise UnsupportedError(f"the extent of loop {ranges.index(None)} of {op.name} is in no operand's map", location=location_of(op))
    return [size for size in ranges if size is not None]


def view(array: np.ndarray, map_: AffineMap, ranges: Sequence[int], *, writeable: bool = False) -> np.ndarray:
    """`array` seen through `map_`: one axis a loop, of size 1 where the loop is not used."""
    loops = len(ranges)
    parts = [linear(result, loops) for result in map_.results]
    if any(part is None for part in parts):
        indices = grid(ranges)
        return array[tuple(np.broadcast_arrays(*(evaluate(result, indices) for result in map_.results)))]
    strides, used, offset = [0] * loops, [False] * loops, []
    for axis, (coefficients, constant) in enumerate(cast(list[tuple[list[int], int]], parts)):
        low = constant + sum(min(0, c * (ranges[loop] - 1)) for loop, c in enumerate(coefficients))
        high = constant + sum(max(0, c * (ranges[loop] - 1)) for loop, c in enumerate(coefficients))
        if low < 0 or high >= array.shape[axis]:
            raise DeviceError(f"indexing map {map_} leaves a tensor of shape {array.shape} at {low}..{high}", code="OUT_OF_RANGE")
        offset.append(constant)
        for loop, coefficient in enumerate(coefficients):
            strides[loop] += coefficient * array.strides[axis]
            used[loop] |= coefficient != 0
    start = array[tuple(slice(constant, None) for constant in offset)] if offset else array
    sizes = [size if use else 1 for size, use in zip(ranges, used, strict=True)]
    return as_strided(start, sizes, strides, writeable=writeable)


def evaluate_body(machine: Machine, block: Block, arguments: Sequence[np.ndarray], indices: Sequence[np.ndarray] = ()) -> list[np.ndarray]:
    """What the terminator of `block` yields, for arrays of arguments at once."""
    machine.set(block.args, arguments)
    values = machine.values
    last = block.last_op
    for op in block.ops:
        operands = [values[operand] for operand in op.operands]
        if op is last:
            return operands
        if op.name in ("linalg.index", "iree_linalg_ext.index"):
            values[op.results[0]] = indices[cast(IntegerAttr, op.properties["dim"]).value.data]
        elif op.name == "arith.constant":
            machine.run_op(op)
        elif op.name == "scf.if":
            machine.set(op.results, _both_branches(machine, op, operands[0], indices))
        elif op.regions:
            raise UnsupportedError(f"'{op.name}' in the body of a structured op", location=location_of(op), hint="supported: scf.if")
        else:
            machine.set(op.results, evaluate_elementwise(op, operands))
    return []


def _both_branches(machine: Machine, op: Operation, condition: np.ndarray, indices: Sequence[np.ndarray]) -> list[np.ndarray]:
    """scf.if on arrays: both regions are pure, so both are computed."""
    if not op.results:
        return []
    then, otherwise = (evaluate_body(machine, region.block, (), indices) for region in op.regions)
    return [np.where(condition, a, b) for a, b in zip(then, otherwise, strict=True)]


# ---- structured ops -----------------------------------------------------------------------------------------------------


def structured(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    """Any op with maps, iterators and a body."""
    operands = [np.asarray(operand) for operand in operands]
    ranges, count = loop_ranges(op, operands), len(op.inputs)
    outputs = [np.array(output) for output in operands[count:]]
    reductions = [loop for loop, kind in enumerate(op.iterators()) if kind != "parallel"]
    if 0 not in ranges:
        inputs = [view(operand, map_, ranges) for operand, map_ in zip(operands[:count], op.maps()[:count], strict=True)]
        places = [view(output, map_, ranges, writeable=True) for output, map_ in zip(outputs, op.maps()[count:], strict=True)]
        block = op.body.block
        if not reductions:
            results = evaluate_body(machine, block, [*inputs, *places], grid(ranges))
            for place, result in zip(places, [np.array(result) for result in results], strict=True):
                place[...] = result
        elif not _accumulate(machine, op, inputs, places, ranges, reductions):
            _step_by_step(machine, block, inputs, places, ranges, reductions)
    return outputs if op.results else ()


def _step_by_step(
    machine: Machine, block: Block, inputs: list[np.ndarray], places: list[np.ndarray], ranges: list[int], reductions: list[int]
) -> None:
    """The reduction loops in order, the parallel ones all at once."""
    everywhere = grid(ranges)
    for position in itertools.product(*(range(ranges[loop]) for loop in reductions)):
        at = dict(zip(reductions, position, strict=True))

        def here(array: np.ndarray, at: dict[int, int] = at) -> np.ndarray:
            selected = tuple(slice(at[i], at[i] + 1) if i in at and size > 1 else slice(None) for i, size in enumerate(array.shape))
            return array[selected]

        results = evaluate_body(machine, block, [*map(here, inputs), *places], [here(index) for index in everywhere])
        for place, result in zip(places, [np.array(result) for result in results], strict=True):
            place[...] = result


# combiner -> its reduction over the axes of an array
Reducer = Callable[[np.ndarray, tuple[int, ...]], np.ndarray]
REDUCERS: dict[str, Reducer] = {
    "arith.addf": lambda a, axes: np.add.reduce(a, axes, keepdims=True),
    "arith.mulf": lambda a, axes: np.multiply.reduce(a, axes, keepdims=True),
    "arith.addi": lambda a, axes: np.add.reduce(a, axes, keepdims=True, dtype=a.dtype),
    "arith.muli": lambda a, axes: np.multiply.reduce(a, axes, keepdims=True, dtype=a.dtype),
    "arith.andi": lambda a, axes: np.bitwise_and.reduce(a, axes, keepdims=True),
    "arith.ori": lambda a, axes: np.bitwise_or.reduce(a, axes, keepdims=True),
    "arith.xori": lambda a, axes: np.bitwise_xor.reduce(a, axes, keepdims=True),
    "arith.maxsi": lambda a, axes: np.maximum.reduce(a, axes, keepdims=True),
    "arith.minsi": lambda a, axes: np.minimum.reduce(a, axes, keepdims=True),
    "arith.maximumf": lambda a, axes: _extreme(maximum, a, axes),
    "arith.minimumf": lambda a, axes: _extreme(minimum, a, axes),
    "arith.maxnumf": lambda a, axes: np.fmax.reduce(a, axes, keepdims=True),
    "arith.minnumf": lambda a, axes: np.fmin.reduce(a, axes, keepdims=True),
}
NATIVE_KINDS = "iuf"


def _extreme(choose: Callable[[np.ndarray, np.ndarray], np.ndarray], array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """numpy's maximum does not order zeros: reduce, then look which zeros there were."""
    if choose is maximum:
        best = np.maximum.reduce(array, axes, keepdims=True)
        positive = np.logical_and.reduce((array != 0) | np.signbit(array), axes, keepdims=True)
        return np.where(best == 0, np.where(positive, -np.zeros_like(best), np.zeros_like(best)), best)
    best = np.minimum.reduce(array, axes, keepdims=True)
    negative = np.logical_or.reduce((array == 0) & np.signbit(array), axes, keepdims=True)
    return np.where(best == 0, np.where(negative, -np.zeros_like(best), np.zeros_like(best)), best)


def _accumulate(
    machine: Machine, op: Any, inputs: list[np.ndarray], places: list[np.ndarray], ranges: list[int], reductions: list[int]
) -> bool:
    """`out = combine(out, f(in))` with an associative combiner; False when the body is anything else."""
    block: Block = op.body.block
    found = _combiner(block)
    if found is None or found[0].name not in REDUCERS:
        return False
    combiner, contribution = found
    dtype = dtype_of(combiner.results[0].type)
    if dtype.kind not in NATIVE_KINDS and dtype.kind != "V":
        return False
    if dtype.kind == "V" and combiner.name not in ("arith.addf", "arith.mulf"):
        return False
    is_float = combiner.name.endswith("f")
    wide = _accumulator(dtype, machine.precise) if is_float else dtype
    total = _contract(block, contribution, inputs, wide, ranges, reductions) if combiner.name in ("arith.addf", "arith.addi") else None
    if total is None:
        with np.errstate(all="ignore"):
            terms = _contributions(machine, block, contribution, [*inputs, *places], grid(ranges))
            full = tuple(ranges[loop] if loop in reductions else size for loop, size in enumerate(_with_rank(terms, len(ranges)).shape))
            terms = np.broadcast_to(_with_rank(terms, len(ranges)), full).astype(wide, copy=False)
            total = REDUCERS[combiner.name](terms, tuple(reductions))
    with np.errstate(all="ignore"):
        operands = [np.asarray(places[0]).astype(wide), total]
        result = evaluate_elementwise(combiner, operands)[0] if not is_float else _combine(combiner.name, *operands)
    places[0][...] = np.asarray(result).astype(dtype)
    return True


def _combine(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    functions = {
        "arith.addf": np.add, "arith.mulf": np.multiply, "arith.maximumf": maximum, "arith.minimumf": minimum,
        "arith.maxnumf": np.fmax, "arith.minnumf": np.fmin,
    }  # fmt: skip
    return functions[name](a, b)


def _accumulator(dtype: np.dtype, precise: bool) -> np.dtype:
    """The type in which floats are summed: float64 when precise, else the type itself, float32 at least."""
    if precise or dtype == np.float64:
        return np.dtype(np.float64)
    return np.dtype(np.float32)


def _with_rank(array: np.ndarray, rank: int) -> np.ndarray:
    return np.asarray(array).reshape((1,) * (rank - np.ndim(array)) + np.shape(array))


def _combiner(block: Block) -> tuple[Operation, SSAValue] | None:
    """The op that combines the one output with a contribution that does not depend on it."""
    last = block.last_op
    if last is None or len(last.operands) != 1:
        return None
    yielded, out = last.operands[0], block.args[-1]
    if not isinstance(yielded, OpResult) or yielded.op.parent is not block or len(yielded.op.operands) != 2:
        return None
    combiner = yielded.op
    if not out.has_one_use() or next(iter(out.uses)).operation is not combiner:
        return None
    contribution = combiner.operands[1] if combiner.operands[0] is out else combiner.operands[0]
    return None if contribution is out else (combiner, contribution)


def _contributions(
    machine: Machine, block: Block, contribution: SSAValue, arguments: Sequence[np.ndarray], indices: Sequence[np.ndarray]
) -> np.ndarray:
    evaluate_body(machine, block, arguments, indices)
    return np.asarray(machine.get(contribution))


_WIDENING = ("arith.extf", "arith.extsi", "arith.sitofp")


def _factor(value: SSAValue, block: Block) -> int | None:
    """The block argument behind exact conversions."""
    while isinstance(value, OpResult) and value.op.name in _WIDENING:
        value = value.op.operands[0]
    return value.index if isinstance(value, BlockArgument) and value.block is block else None


def _contract(
    block: Block, contribution: SSAValue, inputs: list[np.ndarray], dtype: np.dtype, ranges: list[int], reductions: list[int]
) -> np.ndarray | None:
    """A sum of products of two inputs, by einsum; None if it is not one."""
    if not isinstance(contribution, OpResult) or contribution.op.name not in ("arith.mulf", "arith.muli") or len(inputs) < 2:
        return None
    a, b = (_factor(factor, block) for factor in contribution.op.operands)
    if a is None or b is None or max(a, b) >= len(inputs):
        return None
    if dtype.kind not in NATIVE_KINDS or inputs[a].dtype.kind == "b" or inputs[b].dtype.kind == "b":
        return None
    labels, arrays = [], []
    for position in (a, b):
        used = [loop for loop, size in enumerate(inputs[position].shape) if size > 1]
        labels.append(used)
        arrays.append(inputs[position].reshape([ranges[loop] for loop in used]).astype(dtype))
    kept = [loop for loop in range(len(ranges)) if loop not in reductions and any(loop in used for used in labels)]
    missing = [ranges[loop] for loop in reductions if not any(loop in used for used in labels)]
    total = np.einsum(arrays[0], labels[0], arrays[1], labels[1], kept, optimize=dtype.kind == "f")
    for size in missing:
        total = total * dtype.type(size)
    return np.asarray(total).reshape([ranges[loop] if loop in kept else 1 for loop in range(len(ranges))])


for _name in STRUCTURED:
    implements(f"linalg.{_name}")(structured)


@implements("linalg.softmax")
def softmax(machine: Machine, op: Operation, operands: Sequence[Value]) -> Sequence[Value]:
    axis = cast(IntegerAttr, op.properties["dimension"]).value.data
    source = np.asarray(operands[0])
    wide = source.astype(np.float64)
    with np.errstate(all="ignore"):
        powers = np.exp(wide - np.max(wide, axis, keepdims=True, initial=-np.inf))
        result = powers / np.sum(powers, axis, keepdims=True)
    return (result.astype(source.dtype),) if op.results else ()


@implements("linalg.pack")
def pack(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source, destination = np.asarray(machine.get(op.source)), np.asarray(machine.get(op.dest))
    rank, axes = source.ndim, op.tiled_axes()
    tiles = destination.shape[rank:]
    order = op.outer_order(rank)
    outer = [destination.shape[order.index(axis)] for axis in range(rank)]
    tile_of = dict(zip(axes, tiles, strict=True))
    padded = [outer[axis] * tile_of.get(axis, 1) for axis in range(rank)]
    fill = machine.get(op.padding_value) if op.padding_value is not None else np.zeros((), source.dtype)
    whole = np.full(padded, fill, source.dtype)
    whole[tuple(slice(0, size) for size in source.shape)] = source
    split, outer_axis, inner_axis = [], {}, {}
    for axis in range(rank):
        outer_axis[axis] = len(split)
        split.append(outer[axis])
        if axis in tile_of:
            inner_axis[axis] = len(split)
            split.append(tile_of[axis])
    permutation = [outer_axis[axis] for axis in order] + [inner_axis[axis] for axis in axes]
    return (np.ascontiguousarray(whole.reshape(split).transpose(permutation)),)


@implements("linalg.unpack")
def unpack(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source, destination = np.asarray(machine.get(op.source)), np.asarray(machine.get(op.dest))
    rank, axes = destination.ndim, op.tiled_axes()
    order = op.outer_order(rank)
    permutation, sizes = [], []
    for axis in range(rank):
        permutation.append(order.index(axis))
        size = source.shape[order.index(axis)]
        if axis in axes:
            permutation.append(rank + axes.index(axis))
            size *= source.shape[rank + axes.index(axis)]
        sizes.append(size)
    whole = source.transpose(permutation).reshape(sizes)
    return (np.ascontiguousarray(whole[tuple(slice(0, size) for size in destination.shape)]),)
