"""Groups of ops that become one kernel."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation

from pyrie.dialects.linalg import FillOp, GenericOp, PackOp, SoftmaxOp, StructuredOp, UnPackOp
from pyrie.dialects.linalg.interface import is_all_parallel, is_permutation, output_maps, permuted_dims, reduction_dims
from pyrie.dialects.tensor import GatherOp, GenerateOp, ScatterOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.dispatch_creation.dispatch_regions import is_in_dispatch, wrap

WHOLE_TENSOR_OPS = (SoftmaxOp, PackOp, UnPackOp, GatherOp, ScatterOp, GenerateOp)


@dataclass(frozen=True)
class FormDispatchRegions(ModulePass):
    """Puts every root op, with the elementwise ops that consume its result, into a flow.dispatch.region.

    before:  %m = linalg.matmul ins(%a, %b) outs(%f); %r = linalg.generic ins(%m, %bias) { add }
    after:   %r = flow.dispatch.region -> (tensor<4x8xf32>) {
               %m = linalg.matmul ...; %r = linalg.generic ...; flow.return %r }

    Roots are reductions, contractions, convolutions and ops on whole tensors first; elementwise ops that are then left are roots of their
    own. A consumer joins when it is the only reader of what it consumes and reads it by the root's parallel loops.
    Legal because a region runs its ops in order, once.
    """

    name = "iree-dispatch-creation-form-dispatch-regions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        blocks = {op.parent: None for op in module.walk() if is_root(op) and op.parent is not None and not is_in_dispatch(op)}
        for block in blocks:
            form_in_block(block)


def is_root(op: Operation) -> bool:
    """Whether the op is a kernel of its own when nothing takes it in."""
    if isinstance(op, FillOp):
        return False
    if isinstance(op, StructuredOp):
        return bool(op.results)
    return isinstance(op, WHOLE_TENSOR_OPS) or _is_linalg_ext(op)


def _is_linalg_ext(op: Operation) -> bool:
    return op.name.startswith("iree_linalg_ext.") and op.name not in ("iree_linalg_ext.yield", "iree_linalg_ext.index")


def form_in_block(block: Block) -> None:
    """Groups the ops of one block."""
    ops = list(block.ops)
    order = {op: position for position, op in enumerate(ops)}
    taken: set[Operation] = set()
    groups: list[list[Operation]] = []
    roots = [op for op in ops if is_root(op)]
    heavy = [op for op in roots if not _is_light(op)]
    for root in (*heavy, *(op for op in roots if _is_light(op))):
        if root in taken:
            continue
        group = [root]
        taken.add(root)
        while (consumer := _fusable_consumer(group, order)) is not None and consumer not in taken:
            group.append(consumer)
            taken.add(consumer)
        groups.append(sorted(group, key=order.__getitem__))
    for group in sorted(groups, key=lambda group: order[group[-1]]):
        wrap(group)


def _is_light(op: Operation) -> bool:
    return isinstance(op, GenericOp) and is_all_parallel(op)


def _fusable_consumer(group: list[Operation], order: dict[Operation, int]) -> Operation | None:
    """The one op that reads what the group computes last, if it may join."""
    producer = group[-1]
    if len(producer.results) != 1:
        return None
    users = {use.operation for use in producer.results[0].uses}
    if len(users) != 1:
        return None
    consumer = users.pop()
    if consumer not in order or not isinstance(consumer, GenericOp) or not _is_light(consumer) or len(consumer.outputs) != 1:
        return None
    if not is_permutation(output_maps(consumer)[0]) or any(output is producer.results[0] for output in consumer.outputs):
        return None
    reads = [map_ for value, map_ in zip(consumer.inputs, consumer.maps(), strict=False) if value is producer.results[0]]
    return consumer if all(_reads_by_parallel_loops(producer, consumer, map_) for map_ in reads) else None


def _reads_by_parallel_loops(producer: Operation, consumer: GenericOp, map_) -> bool:
    """The consumer's loops are the producer's parallel ones (in any order); a row-wise reduction may also be broadcast back."""
    dims = permuted_dims(map_)
    if dims is None:
        return False
    if len(dims) == map_.num_dims:
        return isinstance(producer, StructuredOp | SoftmaxOp)
    if not isinstance(producer, GenericOp) or not reduction_dims(producer) or dims != sorted(dims):
        return False
    # broadcast back over what was reduced: the consumer must also read the reduced tensor, or one as large, in place
    return len(dims) + len(reduction_dims(producer)) == map_.num_dims and _same_loops(producer, consumer, dims)


def _same_loops(producer: GenericOp, consumer: GenericOp, dims: list[int]) -> bool:
    kept = [dim for dim in range(len(producer.iterators())) if dim not in reduction_dims(producer)]
    return kept == dims and permuted_dims(output_maps(producer)[0]) == kept and len(consumer.iterators()) == len(producer.iterators())


__all__ = ["FormDispatchRegions", "form_in_block", "is_root"]
