"""Cheap values are made where they are used."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import OpResult, SSAValue

from pyrie.dialects.flow import DispatchRegionOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.transforms.dce import erase_dead_ops
from pyrie.passes.dispatch_creation.dispatch_regions import captures, is_clonable


@dataclass(frozen=True)
class CloneProducersIntoDispatchRegions(ModulePass):
    """Copies small constants, empty and filled tensors, and arithmetic on constants into the dispatch regions that use them.

    before:  %z = arith.constant 0.0 : f32; %e = tensor.empty(); %f = linalg.fill ins(%z) outs(%e)
             flow.dispatch.region { linalg.matmul ... outs(%f) }
    after:   flow.dispatch.region { %z = ...; %e = ...; %f = ...; linalg.matmul ... outs(%f) }

    Legal because these ops are pure; worth it because reading them costs more than making them.
    """

    name = "iree-dispatch-creation-clone-producers-into-dispatch-regions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for region in [op for op in module.walk() if isinstance(op, DispatchRegionOp)]:
            clone_producers(region)
        erase_dead_ops(module)


def clone_producers(region: DispatchRegionOp) -> None:
    """Clones what one region captures, and what that needs, to its start."""
    block = region.body.block
    pending = captures(region)
    while pending:
        values: list[SSAValue] = [value for value in pending if isinstance(value, OpResult) and is_clonable(value.op)]
        if not values:
            return
        for op in dict.fromkeys(value.op for value in values if isinstance(value, OpResult)):
            clone = op.clone()
            first = block.first_op
            assert first is not None
            block.insert_op_before(clone, first)
            for old, new in zip(op.results, clone.results, strict=True):
                old.replace_uses_with_if(new, lambda use: region.is_ancestor(use.operation) and use.operation is not region)
        pending = captures(region)
