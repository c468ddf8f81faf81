"""iree-vm-hoist-inlined-rodata"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Operation

from pyrie.dialects import vm
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable

Key = tuple[Attribute | None, ...]


def key_of(op: vm.RodataOp | vm.RodataInlineOp) -> Key:
    return op.value, op.alignment, op.mime_type


@dataclass(frozen=True)
class HoistInlinedRodata(ModulePass):
    """Moves read-only data from where it is used to the module, equal data once.

    before:  %0 = vm.rodata.inline "name" : !vm.buffer = "text"
    after:   vm.rodata private @name "text";  %0 = vm.const.ref.rodata @name : !vm.buffer

    Legal because the data is immutable, and a module's data lives as long as the module.
    """

    name = "iree-vm-hoist-inlined-rodata"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for target in [op for op in module.ops if isinstance(op, vm.ModuleOp)]:
            symbols = SymbolTable(target)
            known: dict[Key, str] = {key_of(op): op.sym_name.data for op in target.body.block.ops if isinstance(op, vm.RodataOp)}
            for function in list(target.body.block.ops):
                if isinstance(function, vm.FuncOp | vm.InitializerOp):
                    self._hoist(function, symbols, known)

    def _hoist(self, function: Operation, symbols: SymbolTable, known: dict[Key, str]) -> None:
        for op in list(function.walk()):
            if not isinstance(op, vm.RodataInlineOp):
                continue
            key = key_of(op)
            if key not in known:
                rodata = vm.RodataOp(op.name_.data if op.name_ else "_const", op.value)
                for name in ("alignment", "mime_type"):
                    if name in op.properties:
                        rodata.properties[name] = op.properties[name]
                rodata.location = op.location
                known[key] = symbols.insert(rodata, before=function)
            load = vm.OPS["const.ref.rodata"].create_op(result=vm.BufferType(), rodata=SymbolRefAttr(known[key]))
            load.location = op.location
            block = op.parent
            assert block is not None
            block.insert_op_before(load, op)
            op.results[0].replace_all_uses_with(load.results[0])
            op.detach()
            op.erase()
