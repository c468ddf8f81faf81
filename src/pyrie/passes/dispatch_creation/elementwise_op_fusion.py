"""Chains of elementwise ops as one op."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.rewriter import Rewriter

from pyrie.dialects.linalg import FillOp, GenericOp
from pyrie.dialects.linalg.fusion import can_fuse, fuse, without_redundant_inputs
from pyrie.dialects.linalg.interface import copies_input, is_all_parallel, reads_output
from pyrie.dialects.linalg.structured import element_of
from pyrie.dialects.tensor import EmptyOp
from pyrie.dialects.tensor.sizes import SizeBuilder
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.transforms.dce import erase_dead_ops


@dataclass(frozen=True)
class ElementwiseOpFusion(ModulePass):
    """Moves the body of an elementwise producer into the linalg.generic that reads it.

    before:  %0 = linalg.generic ins(%x) { exp }; %1 = linalg.generic ins(%0, %y) { mul }
    after:   %1 = linalg.generic ins(%x, %y) { exp, mul }

    Legal because each element of %0 depends on its own position only. Producers with other readers stay, except broadcasts and fills,
    which cost nothing to repeat. An op never gets more than `max_operands` operands: they become bindings of a dispatch.
    """

    name = "iree-dispatch-creation-elementwise-op-fusion"

    max_operands: int = 24

    def apply(self, context: Context, module: ModuleOp) -> None:
        changed = False
        for op in [op for op in module.walk() if isinstance(op, GenericOp) and is_all_parallel(op)]:
            move_read_outputs_to_inputs(op)
        for op in [op for op in module.walk() if isinstance(op, GenericOp)]:
            changed |= self._fuse_producers(op)
        if changed:
            erase_dead_ops(module)

    def _fuse_producers(self, consumer: GenericOp) -> bool:
        """Walking in program order, the producers have taken in their own producers before."""
        changed, position = False, 0
        while position < len(consumer.inputs):
            fused = self._fuse_input(consumer, position)
            if fused is None:
                position += 1
                continue
            if (smaller := without_redundant_inputs(fused)) is not None:
                fused.erase()
                fused = smaller
            producer = consumer.inputs[position].owner
            Rewriter.replace_op(consumer, fused)
            if isinstance(producer, Operation) and not any(result.uses for result in producer.results):
                Rewriter.erase_op(producer)  # or what it read would still seem to have two readers
            consumer, changed, position = fused, True, 0
        return changed

    def _fuse_input(self, consumer: GenericOp, position: int) -> GenericOp | None:
        value = consumer.inputs[position]
        if not isinstance(value, OpResult) or value.op.parent is not consumer.parent:
            return None
        producer = value.op
        if isinstance(producer, FillOp):
            return fuse(producer, consumer, position) if can_fuse(producer, consumer, position) else None
        if not isinstance(producer, GenericOp) or not can_fuse(producer, consumer, position):
            return None
        if len(consumer.operands) + len(producer.inputs) - 1 > self.max_operands:
            return None
        return fuse(producer, consumer, position) if _only_read_by(value, consumer) or _is_free(producer) else None


def move_read_outputs_to_inputs(op: GenericOp) -> None:
    """`outs(%x)` that the body reads -> `ins(%x) outs(%empty)`: an elementwise op then depends on inputs only."""
    read = [position for position in range(len(op.outputs)) if reads_output(op, position)]
    if not read or not op.results:
        return
    made: list[Operation] = []
    sizes = SizeBuilder(made.append)
    outputs = list(op.outputs)
    for position in read:
        empty = EmptyOp(sizes.dynamic_sizes(op.outputs[position]), op.outputs[position].type)
        made.append(empty)
        outputs[position] = empty.tensor
    count = len(op.inputs)
    inputs = [*op.inputs, *(op.outputs[position] for position in read)]
    maps = [*op.maps()[:count], *(op.maps()[count + position] for position in read), *op.maps()[count:]]
    body = op.body.block
    block = Block(arg_types=[element_of(value.type) for value in (*inputs, *outputs)])
    mapping: dict[SSAValue, SSAValue] = dict(zip(body.args[:count], block.args[:count], strict=True))
    for position, argument in enumerate(body.args[count:]):
        moved = count + read.index(position) if position in read else len(inputs) + position
        mapping[argument] = block.args[moved]
    for inner in body.ops:
        block.add_op(inner.clone(mapping))
    new = GenericOp(inputs, outputs, block, maps, op.iterators(), op.result_types)
    new.attributes.update(op.attributes)
    Rewriter.replace_op(op, [*made, new], list(new.results))


def _only_read_by(value: SSAValue, reader: Operation) -> bool:
    return all(use.operation is reader for use in value.uses)


def _is_free(producer: GenericOp) -> bool:
    """A broadcast or transpose: reading its source costs what reading it costs."""
    return copies_input(producer) or not producer.inputs
