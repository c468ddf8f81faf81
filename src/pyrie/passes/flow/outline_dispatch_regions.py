"""Bodies of dispatches become functions of executables."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Block, Operation, Region

from pyrie.dialects.flow import (
    DispatchOp,
    DispatchTieShapeOp,
    DispatchWorkgroupsOp,
    ExecutableEndOp,
    ExecutableExportOp,
    ExecutableOp,
    ReturnOp,
)
from pyrie.dialects.func import FuncOp
from pyrie.dialects.func import ReturnOp as FuncReturnOp
from pyrie.dialects.iree_tensor_ext import DispatchTensorLoadOp, DispatchTensorStoreOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, symbol_name


@dataclass(frozen=True)
class OutlineDispatchRegions(ModulePass):
    """Moves the body of each dispatch into an executable of its own and calls that.

    before:  util.func @main { %r = flow.dispatch.workgroups[%n](%x, %n) = (...) { ... } count(...) { ... } }
    after:   flow.executable private @main_dispatch_0 { flow.executable.export @main_dispatch_0 workgroups(...) { ... }
               builtin.module { func.func @main_dispatch_0(...) { ... return } } }
             util.func @main { %r = flow.dispatch @main_dispatch_0::@main_dispatch_0[%n](%x, %n) }

    Legal because a dispatch's body is isolated from above.
    """

    name = "iree-flow-outline-dispatch-regions"

    def apply(self, context: Context, module: ModuleOp) -> None:
        symbols = SymbolTable(module)
        for function in list(module.body.block.ops):
            dispatches = [op for op in function.walk() if isinstance(op, DispatchWorkgroupsOp)]
            base = symbol_name(function) or "_initializer"
            for number, dispatch in enumerate(dispatches):
                outline(dispatch, f"{base}_dispatch_{number}", symbols, function)


def outline(dispatch: DispatchWorkgroupsOp, name: str, symbols: SymbolTable, function: Operation) -> None:
    """Outlines one dispatch under the first free name like `name`, in front of `function`."""
    body, count = (dispatch.detach_region(region) for region in list(dispatch.regions))
    block = body.block
    last = block.last_op
    assert isinstance(last, ReturnOp)
    block.insert_op_before(FuncReturnOp(), last)
    last.detach()
    last.erase()
    tie_shapes(block)
    executable = ExecutableOp.build(
        properties={"sym_name": StringAttr(name), "sym_visibility": StringAttr("private")}, regions=[Region(Block())]
    )
    executable.location = dispatch.location
    name = symbols.insert(executable, before=function)
    entry = FuncOp(name, FunctionType.from_lists([argument.type for argument in block.args], []), body)
    entry.location = dispatch.location
    export = ExecutableExportOp.build(
        properties={"sym_name": StringAttr(name), "sym_visibility": StringAttr("public"), "function_ref": SymbolRefAttr(name)},
        regions=[count],
    )
    inside = executable.body.block
    end = inside.last_op if isinstance(inside.last_op, ExecutableEndOp) else None
    if end is None:
        end = ExecutableEndOp()
        inside.add_op(end)
    for op in (export, ModuleOp([entry])):
        inside.insert_op_before(op, end)
    call = DispatchOp.build(
        operands=[list(dispatch.workload), list(dispatch.arguments), list(dispatch.argument_dims), list(dispatch.result_dims)],
        result_types=[[result.type for result in dispatch.results]],
        properties={
            "entry_points": ArrayAttr([SymbolRefAttr(name, [name])]),
            **({"tied_operands": dispatch.tied_operands} if dispatch.tied_operands is not None else {}),
        },
        attributes=dict(dispatch.attributes),
    )
    call.location = dispatch.location
    parent = dispatch.parent
    assert parent is not None
    parent.insert_op_before(call, dispatch)
    for old, new in zip(dispatch.results, call.results, strict=True):
        old.replace_all_uses_with(new)
    dispatch.detach()
    dispatch.erase()


def tie_shapes(block: Block) -> None:
    """Says of each dynamic dispatch tensor, once, what its sizes are.

    The sizes stand at its loads and stores; they are arguments of the dispatch, so they are known from the start.
    """
    for argument in list(block.args):
        accesses = [use.operation for use in argument.uses]
        dims = next((op.source_dims for op in accesses if isinstance(op, DispatchTensorLoadOp)), None)
        dims = dims or next((op.target_dims for op in accesses if isinstance(op, DispatchTensorStoreOp)), None)
        if not dims:
            continue
        tie = DispatchTieShapeOp.build(operands=[argument, list(dims)], result_types=[argument.type])
        point = _after_definitions(block, list(dims))
        block.insert_op_before(tie, point)
        argument.replace_uses_with_if(tie.results[0], lambda use, tie=tie: use.operation is not tie)


def _after_definitions(block: Block, values: list) -> Operation:
    """The first op of the block behind the definitions of all `values`, and behind other tied shapes and ordinals."""
    pending = {value.owner for value in values if isinstance(value.owner, Operation)}
    for op in block.ops:
        if not pending and not isinstance(op, DispatchTieShapeOp):
            return op
        pending.discard(op)
    assert block.last_op is not None
    return block.last_op
