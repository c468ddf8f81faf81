"""How many workgroups a dispatch needs is computed from its index operands."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block

from pyrie.dialects.flow import DispatchWorkgroupsOp, ReturnOp
from pyrie.dialects.iree_tensor_ext import DispatchWorkgroupCountFromSliceOp, DispatchWorkloadOrdinalOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass

index = IndexType()


@dataclass(frozen=True)
class MaterializeDefaultWorkgroupCountRegion(ModulePass):
    """Gives each dispatch without one a workgroup count that follows from the slice of the program it computes.

    before:  flow.dispatch.workgroups(%x, %n) = (%in, %size: index, %out) { ... }
    after:   flow.dispatch.workgroups[%n](%x, %n) = (%in, %size: index, %out) { iree_tensor_ext.dispatch.workload.ordinal %size, 0 ... }
               count(%w: index) { iree_tensor_ext.dispatch.workgroup_count_from_slice(%w) }

    Legal because every index operand is in the workload, so whatever tiling the code generator chooses can compute its grid from it.
    """

    name = "iree-dispatch-creation-materialize-default-workgroup-count-region"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for op in [op for op in module.walk() if isinstance(op, DispatchWorkgroupsOp) and not op.workgroup_count.blocks]:
            materialize(op)


def materialize(op: DispatchWorkgroupsOp) -> None:
    """Gives one dispatch its workload, ordinals and workgroup count."""
    body = op.workgroup_body.block
    workload = []
    first = body.first_op
    assert first is not None
    for value, argument in zip(op.arguments, body.args, strict=False):
        if value.type != index:
            continue
        properties = {"ordinal": IntegerAttr(len(workload), index)}
        ordinal = DispatchWorkloadOrdinalOp.build(operands=[argument], properties=properties, result_types=[index])
        argument.replace_all_uses_with(ordinal.results[0])
        ordinal.operands[0] = argument
        body.insert_op_before(ordinal, first)
        workload.append(value)
    block = Block(arg_types=[index] * len(workload))
    count = DispatchWorkgroupCountFromSliceOp.build(operands=[list(block.args)], result_types=[index, index, index])
    block.add_ops([count, ReturnOp.build(operands=[list(count.results)])])
    op.workgroup_count.add_block(block)
    replace_workload(op, workload)


def replace_workload(op: DispatchWorkgroupsOp, workload: list) -> None:
    """Puts the op in place again with other workload operands."""
    regions = [op.detach_region(region) for region in list(op.regions)]
    new = DispatchWorkgroupsOp.build(
        operands=[workload, list(op.arguments), list(op.argument_dims), list(op.result_dims)],
        result_types=[[result.type for result in op.results]],
        properties={"tied_operands": op.tied_operands} if op.tied_operands is not None else {},
        attributes=dict(op.attributes),
        regions=regions,
    )
    new.location = op.location
    parent = op.parent
    assert parent is not None
    parent.insert_op_before(new, op)
    for old, result in zip(op.results, new.results, strict=True):
        old.replace_all_uses_with(result)
    op.detach()
    op.erase()
