"""From a dispatch function to a kernel: runs the engine with the plans that were chosen, and writes the workgroup count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, AnyFloat, ArrayAttr, ComplexType, FunctionType, IntegerType, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from pyrie.codegen.cpu.emit.values import element_of
from pyrie.codegen.cpu.lowering.counts import replace_count
from pyrie.codegen.cpu.lowering.dispatch import Dispatch, shape_of
from pyrie.codegen.cpu.lowering.elements import Elements
from pyrie.codegen.cpu.lowering.indices import CannotVectorize
from pyrie.codegen.cpu.lowering.nests import Piece, blocks_of, lower_nest, pieces, workgroup_id
from pyrie.codegen.cpu.lowering.scopes import Index, KernelBuilder
from pyrie.codegen.cpu.lowering.sequential import SEQUENTIAL
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.strategies import Plan, choose, scalar_plan
from pyrie.codegen.cpu.strategies.target import describe, is_unit_stride, loop_extent
from pyrie.codegen.cpu.structured import Structured
from pyrie.dialects import func, hal
from pyrie.dialects.iree_tensor_ext import DispatchTensorStoreOp
from pyrie.ir.diagnostics import location_of, unsupported_at
from pyrie.support.errors import UnsupportedError

PLANS = "pyrie.plans"  # on a configured function: one plan for each stored tensor


def choose_plans(function: func.FuncOp, machine: Machine) -> list[Plan]:
    """A plan for each piece of what the function stores."""
    return [choose(piece, machine) for piece in pieces_of(function)]


def is_dispatch(function: func.FuncOp) -> bool:
    """Whether the function still is on tensors; a kernel is not."""
    return any(isinstance(op, DispatchTensorStoreOp) for op in function.body.block.ops)


def pieces_of(function: func.FuncOp) -> list[Piece]:
    return pieces(Dispatch(function, KernelBuilder(Block()), ModuleOp([])))


def lower_function(function: func.FuncOp, module: ModuleOp, machine: Machine, export: hal.ExecutableExportOp | None) -> None:
    """Replaces a configured function by its kernel. Plans that turn out not to fit are replaced by simpler ones."""
    attribute = function.attributes.get(PLANS)
    if attribute is None:
        return  # a kernel already
    _check_element_types(function)
    plans = [Plan.from_attribute(a) for a in cast(ArrayAttr, attribute).data]
    simpler = [Plan(p.strategy, p.tiling) for p in plans]
    scalar = [scalar_plan(piece, machine) for piece in pieces_of(function)]
    for attempt in (plans, simpler, scalar):
        try:
            kernel, dispatch = _lower(function, module, machine, attempt)
        except CannotVectorize:
            continue
        if export is not None:
            replace_count(export, dispatch, attempt)
        _replace_body(function, kernel)
        return
    raise AssertionError("the scalar plan asks for no vectors")


def _check_element_types(function: func.FuncOp) -> None:
    """Refuses what no kernel computes with while its place in the user's program is still known."""
    for op in function.walk():
        if isinstance(op, hal.INSTRUMENTS):
            raise unsupported_at(op, "notes events of a kernel, which CPU kernels cannot do", hint="compile without instrumentation")
        for result in op.results:
            element = getattr(result.type, "element_type", result.type)
            if isinstance(element, IntegerType | AnyFloat | ComplexType):
                try:
                    element_of(element)
                except UnsupportedError as error:
                    raise UnsupportedError(f"'{op.name}': {error.message}", location=location_of(op), hint=error.hint) from None


def _lower(function: func.FuncOp, module: ModuleOp, machine: Machine, plans: Sequence[Plan]) -> tuple[Block, Dispatch]:
    block = Block()
    builder = KernelBuilder(block)
    dispatch = Dispatch(function, builder, module)
    groups = _groups(pieces(dispatch), plans)
    for group, plan in groups:
        elements = Elements(dispatch, builder, machine.lanes, _reduction_lanes(plan), _packed(group[0], plan))
        cut = blocks_of(builder, dispatch.extents(group[0].value), plan.tiling)
        workgroup: Index = workgroup_id(builder) if cut else 0
        lower = SEQUENTIAL.get(group[0].owner_name, lower_nest)
        if len(groups) == 1:
            lower(elements, dispatch, group, plan.tiling, workgroup)
            continue
        total: Index = 1
        for _, count in cut:
            total = builder.mul(total, count)
        _guarded(builder, total, lambda f=lower, e=elements, g=group, t=plan.tiling, w=workgroup: f(e, dispatch, g, t, w))
    block.add_op(func.ReturnOp())
    return block, dispatch


def _groups(parts: Sequence[Piece], plans: Sequence[Plan]) -> list[tuple[list[Piece], Plan]]:
    """Neighbouring pieces that are stored by the same loops: results of one sequential op, or tensors of one shape with one plan."""
    groups: list[tuple[list[Piece], Plan]] = []
    for piece, plan in zip(parts, plans, strict=True):
        if groups:
            last, known = groups[-1]
            if piece.owner_name in SEQUENTIAL:
                joined = piece.value.owner is last[0].value.owner
            else:
                joined = last[0].owner_name not in SEQUENTIAL and known == plan and _same_shape(piece, last[0])
            if joined:
                last.append(piece)
                continue
        groups.append(([piece], plan))
    return groups


def _same_shape(a: Piece, b: Piece) -> bool:
    shapes = [shape_of(piece.value) for piece in (a, b)]
    return shapes[0] == shapes[1] and DYNAMIC_INDEX not in shapes[0] and not a.offsets and not b.offsets


def _packed(piece: Piece, plan: Plan) -> SSAValue | None:
    """The tensor that the plan copies panel by panel."""
    root = describe(piece).root
    return root.inputs[plan.packed] if root is not None and plan.packed >= 0 else None


def _guarded(builder: KernelBuilder, total: Index, lower) -> None:
    """Runs a nest in the workgroups that have a part in it: nests of one dispatch may differ in size."""
    from pyrie.codegen.cpu.lowering.elements import compare

    condition = compare(builder, "ult", workgroup_id(builder), total)

    def then() -> Sequence[SSAValue]:
        lower()
        return []

    builder.if_(condition, [], then, list)


def _reduction_lanes(plan: Plan):
    """The lanes in which a reduction steps through its innermost loop, given the axes of the tile it computes."""

    def lanes(loops: Structured, axes: Sequence) -> int:
        inner = loops.reduction_dims[-1]
        wanted = plan.inner_lanes if axes else plan.row_lanes
        if wanted == 1 or not any(is_unit_stride(loops, i, inner) for i in range(len(loops.inputs))):
            return 1
        extent = loop_extent(loops, inner)
        return wanted if extent is None or extent >= 4 else 1

    return lanes


def _replace_body(function: func.FuncOp, kernel: Block) -> None:
    old = function.body.block
    function.body.detach_block(old)
    old.drop_all_references()
    old.erase()
    function.body.add_block(kernel)
    function.properties["function_type"] = FunctionType.from_lists([], [])
    del function.attributes[PLANS]


__all__ = ["PLANS", "Operation", "Region", "choose_plans", "lower_function"]
