"""iree-vm-global-initialization"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import FloatAttr, FunctionType, IntegerAttr, ModuleOp, SymbolRefAttr, UnitAttr
from xdsl.ir import Block, Operation, Region

from pyrie.dialects import vm
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.vm.conversion.converter import bank

INIT, DEINIT = "__init", "__deinit"


@dataclass(frozen=True)
class GlobalInitialization(ModulePass):
    """Collects all that happens when a module is loaded in the exported function `__init`.

    before:  vm.global.i32 private @x = 4 : i32;  vm.initializer { ...a }  vm.initializer { ...b }
    after:   vm.global.i32 private mutable @x : i32;  vm.func private @__init() { @x = 4; ...a; ...b; vm.return }, vm.export @__init

    Legal because initializers run in the order of the module and read no global that is initialized later. A module in which nothing
    happens gets no such function.
    """

    name = "iree-vm-global-initialization"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for target in [op for op in module.ops if isinstance(op, vm.ModuleOp)]:
            self._collect(target)

    def _collect(self, target: vm.ModuleOp) -> None:
        body = Region(Block())
        last = body.blocks[0]
        for op in list(target.body.block.ops):
            if isinstance(op, vm.GlobalOp):
                _store_initial(op, last)
            elif isinstance(op, vm.InitializerOp):
                last = _append(body, last, op)
        if last is body.blocks[0] and last.is_empty:
            return
        last.add_op(vm.ReturnOp())
        block = target.body.block
        block.add_ops([vm.ExportOp(INIT), vm.FuncOp(INIT, FunctionType.from_lists([], []), body)])


def _store_initial(op: vm.GlobalOp, block: Block) -> None:
    op.properties["is_mutable"] = UnitAttr()
    initial = op.properties.pop("initial_value", None)
    if not isinstance(initial, IntegerAttr | FloatAttr) or initial.value.data == 0:
        return
    name = bank(op.type_)
    constant = vm.OPS[f"const.{name}"].create_op(value=initial)
    store = vm.OPS[f"global.store.{name}"].create_op(constant.results[0], **{"global": SymbolRefAttr(op.symbol)})
    for new in (constant, store):
        new.location = op.location
        block.add_op(new)


def _append(body: Region, last: Block, initializer: vm.InitializerOp) -> Block:
    """Moves the initializer's code behind `last`; returns the block that goes on after it."""
    returns: list[Operation] = []
    for block in initializer.body.blocks:
        if isinstance(block.last_op, vm.ReturnOp):
            returns.append(block.last_op)
    blocks = list(initializer.body.blocks)
    for block in blocks:
        initializer.body.detach_block(block)
        body.add_block(block)
    last.add_op(vm.BranchOp(blocks[0]))
    after = Block()
    body.add_block(after)
    for op in returns:
        block = op.parent
        assert block is not None
        op.detach()
        op.erase()
        block.add_op(vm.BranchOp(after))
    initializer.detach()
    initializer.erase()
    return after
