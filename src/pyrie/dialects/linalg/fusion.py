"""Fusing one structured op into another: its body goes in front of the consumer's, its maps are composed with the consumer's."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AffineMapAttr
from xdsl.ir import Block, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineExpr, AffineMap

from pyrie.dialects.affine import ApplyOp
from pyrie.dialects.linalg.interface import (
    copies_input,
    input_maps,
    inverse_permutation,
    is_all_parallel,
    is_permutation,
    output_maps,
    permuted_dims,
    reads_output,
)
from pyrie.dialects.linalg.structured import GenericOp, IndexOp, StructuredOp


def compose(outer: AffineMap, inner: AffineMap) -> AffineMap:
    """`outer` after `inner`."""
    return AffineMap(inner.num_dims, 0, tuple(result.replace_dims_and_symbols(inner.results, ()) for result in outer.results))


def can_fuse(producer: StructuredOp, consumer: StructuredOp, operand: int) -> bool:
    """Whether the elements of `producer` can be computed where input `operand` of `consumer` reads them.

    Never computes an element more often than once for each position of an elementwise consumer; a consumer that reduces must read
    each element once.
    """
    if len(producer.results) != 1 or not is_all_parallel(producer) or not is_permutation(output_maps(producer)[0]):
        return False
    if operand >= len(consumer.inputs) or reads_output(producer, 0):
        return False
    map_ = consumer.maps()[operand]
    if not _extents_stay_known(producer, consumer, operand):
        return False
    if permuted_dims(map_) is None:
        return copies_input(producer) and permuted_dims(input_maps(producer)[0]) is not None and bool(map_.results)
    if is_all_parallel(consumer):
        return True
    return len(map_.results) == map_.num_dims or copies_input(producer)


def _extents_stay_known(producer: StructuredOp, consumer: StructuredOp, operand: int) -> bool:
    """Whether some operand still has each loop's extent: a broadcast that is fused into a reduction may take it away."""
    loops = compose(inverse_permutation(output_maps(producer)[0]), consumer.maps()[operand])
    maps = [map_ for position, map_ in enumerate(consumer.maps()) if position != operand]
    maps += [compose(map_, loops) for map_ in input_maps(producer)]
    known = {result.position for map_ in maps for result in map_.results if isinstance(result, AffineDimExpr)}
    return len(known) == len(consumer.iterators())


def fuse(producer: StructuredOp, consumer: StructuredOp, operand: int) -> GenericOp:
    """The consumer computing the elements of its input `operand` itself. Nothing is inserted or erased."""
    read = consumer.maps()[operand]
    # consumer loops -> producer loops
    loops = compose(inverse_permutation(output_maps(producer)[0]), read)
    values = [*consumer.inputs[:operand], *producer.inputs, *consumer.inputs[operand + 1 :]]
    maps = [
        *consumer.maps()[:operand],
        *(compose(map_, loops) for map_ in input_maps(producer)),
        *consumer.maps()[operand + 1 :],
    ]
    inner, outer = producer.body.block, consumer.body.block
    inner_inputs = list(inner.args)[: len(producer.inputs)]
    types = [
        *(argument.type for argument in outer.args[:operand]),
        *(argument.type for argument in inner_inputs),
        *(argument.type for argument in outer.args[operand + 1 :]),
    ]
    block = Block(arg_types=types)
    arguments = list(block.args)
    mapping: dict[SSAValue, SSAValue] = {}
    mapping.update(zip(inner_inputs, arguments[operand : operand + len(inner_inputs)], strict=True))
    produced = _clone_body(inner, block, mapping, loops.results)
    rest = [*arguments[:operand], produced[0], *arguments[operand + len(inner_inputs) :]]
    mapping.update(zip(outer.args, rest, strict=True))
    for op in outer.ops:
        block.add_op(op.clone(mapping))
    fused = GenericOp(values, consumer.outputs, block, maps, consumer.iterators(), consumer.result_types)
    fused.attributes.update(consumer.attributes)
    return fused


def _clone_body(source: Block, target: Block, mapping: dict[SSAValue, SSAValue], loops: Sequence[AffineExpr]) -> list[SSAValue]:
    """Appends the ops of `source` to `target` and returns what they yield; `linalg.index` becomes the index `loops` says."""
    indices: dict[int, SSAValue] = {}

    def index(loop: int) -> SSAValue:
        if loop not in indices:
            op = IndexOp(loop)
            target.add_op(op)
            indices[loop] = op.result
        return indices[loop]

    last = source.last_op
    for op in source.ops:
        if op is last:
            break
        if isinstance(op, IndexOp):
            mapping[op.result] = _index_value(loops[op.dim.value.data], index, target)
        else:
            target.add_op(op.clone(mapping))
    return [mapping.get(value, value) for value in (last.operands if last is not None else ())]


def _index_value(expression: AffineExpr, index, target: Block) -> SSAValue:
    if isinstance(expression, AffineDimExpr):
        return index(expression.position)
    used = sorted(expression.used_dims())
    renamed: list[AffineExpr] = [
        AffineDimExpr(used.index(dim)) if dim in used else AffineDimExpr(0) for dim in range(max(used, default=-1) + 1)
    ]
    apply = ApplyOp(
        [index(dim) for dim in used], AffineMapAttr(AffineMap(len(used), 0, (expression.replace_dims_and_symbols(renamed, ()),)))
    )
    target.add_op(apply)
    return apply.result


def without_redundant_inputs(op: GenericOp) -> GenericOp | None:
    """The op without inputs that its body ignores or that come twice; None if there are none."""
    kept: list[int] = []
    same_as: dict[int, int] = {}
    seen: dict[tuple[SSAValue, AffineMap], int] = {}
    count = len(op.inputs)
    sized = {result.position for map_ in op.maps()[count:] for result in map_.results if isinstance(result, AffineDimExpr)}
    for position, (value, map_) in enumerate(zip(op.inputs, input_maps(op), strict=True)):
        earlier = seen.setdefault((value, map_), position)
        if earlier != position:
            same_as[position] = earlier
        elif op.body.block.args[position].uses or not {d for d in range(map_.num_dims) if d in map_.used_dims()} <= sized:
            kept.append(position)
    if len(kept) == count:
        return None
    block = Block(arg_types=[op.body.block.args[position].type for position in (*kept, *range(count, len(op.operands)))])
    mapping: dict[SSAValue, SSAValue] = {}
    new_position = {old: new for new, old in enumerate(kept)}
    for position, argument in enumerate(op.body.block.args):
        if position >= count:
            mapping[argument] = block.args[len(kept) + position - count]
        elif same_as.get(position, position) in new_position:
            mapping[argument] = block.args[new_position[same_as.get(position, position)]]
    for inner in op.body.block.ops:
        block.add_op(inner.clone(mapping))
    maps = [*(op.maps()[position] for position in kept), *op.maps()[count:]]
    new = GenericOp([op.inputs[position] for position in kept], op.outputs, block, maps, op.iterators(), op.result_types)
    new.attributes.update(op.attributes)
    return new


__all__ = ["can_fuse", "compose", "fuse", "without_redundant_inputs"]
