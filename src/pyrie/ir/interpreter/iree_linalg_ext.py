"""The meaning of iree_linalg_ext: scatter, gather, sort, top-k, scan, arg-compare, attention."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr
from xdsl.ir.affine import AffineDimExpr

from pyrie.ir.interpreter.registry import Value, implements

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine


def _body(machine: Machine, op: Any, *arguments: Value) -> list[Value]:
    return machine.run_region(op.region, [np.asarray(argument) for argument in arguments])


def _region_outputs(op: Any, outputs: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    return outputs if op.results else ()


@implements("iree_linalg_ext.scatter")
def scatter(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    updates, indices, result = machine.get(op.updates), machine.get(op.indices), np.array(machine.get(op.original))
    mask = machine.get(op.mask) if op.mask is not None else None
    dims: Sequence[int] = op.dimension_map.get_values()
    coordinates = indices if indices.ndim and indices.shape[-1] == len(dims) and indices.ndim > 0 else indices[..., None]
    batch = coordinates.shape[:-1]
    for position in np.ndindex(batch):
        if mask is not None and not mask[position]:
            continue
        start = [0] * result.ndim
        for dim, number in zip(dims, coordinates[position], strict=True):
            start[dim] = int(number)
        update = updates[position]
        offset = result.ndim - update.ndim
        for inner in np.ndindex(update.shape):
            at = tuple(s + (inner[axis - offset] if axis >= offset else 0) for axis, s in enumerate(start))
            if all(0 <= number < size for number, size in zip(at, result.shape, strict=True)):
                result[at] = _body(machine, op, update[inner], result[at])[0]
    return _region_outputs(op, [result])


@implements("iree_linalg_ext.gather")
def gather(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    source, indices, result = machine.get(op.source), machine.get(op.indices), np.array(machine.get(op.output))
    dims: Sequence[int] = op.dimension_map.get_values()
    batch_rank = result.ndim - (source.ndim - len(dims))
    coordinates = indices.reshape((*result.shape[:batch_rank], len(dims)))
    for position in np.ndindex(result.shape[:batch_rank]):
        at: list[Any] = [slice(None)] * source.ndim
        for dim, number in zip(dims, coordinates[position], strict=True):
            at[dim] = min(max(int(number), 0), source.shape[dim] - 1)
        result[position] = source[tuple(at)]
    return _region_outputs(op, [result])


@implements("iree_linalg_ext.sort")
def sort(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    axis = op.dimension.value.data
    tensors = [np.array(machine.get(value)) for value in (*op.inputs, *op.outputs)][-len(op.outputs) :]
    if op.inputs:
        tensors = [np.array(machine.get(value)) for value in op.inputs]
    for position in np.ndindex(*(1 if a == axis else size for a, size in enumerate(tensors[0].shape))):
        line = tuple(slice(None) if a == axis else index for a, index in enumerate(position))
        rows = list(zip(*(tensor[line] for tensor in tensors), strict=True))

        def before(a: tuple[Value, ...], b: tuple[Value, ...]) -> int:
            pairs = [value for pair in zip(a, b, strict=True) for value in pair]
            if _body(machine, op, *pairs)[0]:
                return -1
            return int(bool(_body(machine, op, *[value for pair in zip(b, a, strict=True) for value in pair])[0]))

        rows.sort(key=functools.cmp_to_key(before))
        for tensor, column in zip(tensors, zip(*rows, strict=True), strict=True):
            tensor[line] = column
    return _region_outputs(op, tensors)


@implements("iree_linalg_ext.topk", "iree_linalg_ext.topk_v2")
def topk(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    axis = op.dimension.value.data
    values = machine.get(op.values)
    given = op.indices if op.name.endswith("topk") else op.input_indices
    places = np.broadcast_to(np.arange(values.shape[axis]).reshape([-1 if a == axis else 1 for a in range(values.ndim)]), values.shape)
    indices = machine.get(given) if given is not None else places
    outputs = [np.array(machine.get(op.output_values))]
    if op.output_indices is not None:
        outputs.append(np.array(machine.get(op.output_indices)))
    for position in np.ndindex(*(1 if a == axis else size for a, size in enumerate(values.shape))):
        line = tuple(slice(None) if a == axis else index for a, index in enumerate(position))
        rows = list(zip(values[line], indices[line], strict=True))

        def before(a: tuple[Value, Value], b: tuple[Value, Value]) -> int:
            if _body(machine, op, a[0], b[0])[0]:
                return -1
            return int(bool(_body(machine, op, b[0], a[0])[0]))

        rows.sort(key=functools.cmp_to_key(before))
        for output, column in zip(outputs, zip(*rows[: outputs[0].shape[axis]], strict=True), strict=False):
            output[line] = column
    return _region_outputs(op, outputs)


@implements("iree_linalg_ext.arg_compare")
def arg_compare(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    axis = op.dimension.value.data
    values = machine.get(op.input_value)
    best, where = np.array(machine.get(op.output_value)), np.array(machine.get(op.output_index))
    base = int(machine.get(op.index_base)) if op.index_base is not None else 0
    given = machine.get(op.input_index) if op.input_index is not None else None
    for position in np.ndindex(best.shape):
        for step in range(values.shape[axis]):
            at = (*position[:axis], step, *position[axis:])
            if _body(machine, op, values[at], best[position])[0]:
                best[position] = values[at]
                where[position] = given[at] if given is not None else base + step
    return _region_outputs(op, [best, where])


@implements("iree_linalg_ext.scan")
def scan(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    axis = op.dimension.value.data
    source, result = machine.get(op.input), np.array(machine.get(op.output))
    total = np.array(machine.get(op.accumulator))
    inclusive = bool(op.inclusive.value.data)
    for position in np.ndindex(total.shape):
        running = total[position]
        for step in range(source.shape[axis]):
            at = (*position[:axis], step, *position[axis:])
            following = _body(machine, op, running, source[at])[0]
            if inclusive and step == 0:
                following = source[at]
            result[at] = total[position] = following if inclusive else running  # the accumulator ends as what was stored last
            running = following
    return _region_outputs(op, [result, total])


def _einsum(*arguments: Any) -> np.ndarray:
    """numpy's einsum in its form with lists of dimensions."""
    return np.einsum(*arguments)


@implements("iree_linalg_ext.attention")
def attention(machine: Machine, op: Any, operands: Sequence[Value]) -> Sequence[Value]:
    """softmax(scale * Q K^T + mask) V, in float64; the region changes the scores."""
    maps = [attribute.data for attribute in cast(ArrayAttr[AffineMapAttr], op.indexing_maps)]
    names = [[cast(AffineDimExpr, result).position for result in map_.results] for map_ in maps]
    query, key, value = (np.asarray(machine.get(v)).astype(np.float64) for v in (op.query, op.key, op.value))
    query_dims, key_dims, value_dims = names[:3]
    output_dims = names[-1]
    shared = [dim for dim in query_dims if dim in key_dims and dim not in output_dims]
    score_dims = [dim for dim in (*query_dims, *key_dims) if dim not in shared]
    score_dims = list(dict.fromkeys(score_dims))
    scores = _einsum(query, query_dims, key, key_dims, score_dims) * float(machine.get(op.scale))
    if op.mask is not None:
        mask, mask_dims = np.asarray(machine.get(op.mask)), names[4]
        order = sorted(range(len(mask_dims)), key=lambda axis: score_dims.index(mask_dims[axis]))
        aligned = mask.transpose(order).reshape([scores.shape[i] if d in mask_dims else 1 for i, d in enumerate(score_dims)])
        scores = np.where(aligned, scores, -np.inf) if mask.dtype == np.bool_ else scores + aligned.astype(np.float64)
    reduced = tuple(axis for axis, dim in enumerate(score_dims) if dim not in output_dims)
    powers = np.exp(scores - np.max(scores, reduced, keepdims=True))
    weights = powers / np.sum(powers, reduced, keepdims=True)
    result = _einsum(weights, score_dims, value, value_dims, output_dims)
    return _region_outputs(op, [result.astype(np.asarray(machine.get(op.output)).dtype)])
