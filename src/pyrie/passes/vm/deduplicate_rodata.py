"""iree-vm-deduplicate-rodata"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr

from pyrie.dialects import vm
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.vm.hoist_inlined_rodata import Key, key_of


@dataclass(frozen=True)
class DeduplicateRodata(ModulePass):
    """Keeps one of equal `vm.rodata`.

    before:  vm.rodata private @a "x";  vm.rodata private @b "x";  vm.const.ref.rodata @b
    after:   vm.rodata private @a "x";  vm.const.ref.rodata @a

    Legal because the data is immutable and nothing compares where it lies.
    """

    name = "iree-vm-deduplicate-rodata"

    def apply(self, context: Context, module: ModuleOp) -> None:
        for target in [op for op in module.ops if isinstance(op, vm.ModuleOp)]:
            first: dict[Key, vm.RodataOp] = {}
            replaced: dict[str, str] = {}
            for op in [op for op in target.body.block.ops if isinstance(op, vm.RodataOp)]:
                kept = first.setdefault(key_of(op), op)
                if kept is not op:
                    replaced[op.sym_name.data] = kept.sym_name.data
                    op.detach()
                    op.erase()
            for op in target.walk():
                if isinstance(op, vm.OPS["const.ref.rodata"]):
                    reference = op.properties["rodata"]
                    assert isinstance(reference, SymbolRefAttr)
                    if (name := replaced.get(reference.root_reference.data)) is not None:
                        op.properties["rodata"] = SymbolRefAttr(name)
