"""Puts the code of all executables into one, so that one binary is loaded and functions can share what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Operation

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, is_private, replace_symbol, set_symbol_name, symbol_name
from pyrie.passes.hal.executable_variants import inner_module


@dataclass(frozen=True)
class LinkExecutables(ModulePass):
    """Moves the variants' exports and functions of all private executables into one executable, target by target.

    before:  hal.executable @a { variant @t { export @f ordinal(0) ...; module {func @f} } }   hal.executable @b { ... @f ... }
    after:   hal.executable @NAME_linked { variant @t { export @f ordinal(0); export @f_0 ordinal(1); module {func @f; func @f_0} } }

    Executables with objects, conditions or constants of their own stay apart. Legal because exports are found by name or ordinal only,
    and every reference to them is changed here.
    """

    name: ClassVar[str] = "iree-hal-link-all-executables"

    module_name: str = "module"

    def apply(self, context: Context, module: ModuleOp) -> None:
        executables = [op for op in module.body.block.ops if isinstance(op, hal.ExecutableOp) and is_private(op) and _can_be_linked(op)]
        if len(executables) < 2:
            return
        symbols = SymbolTable(module)
        linked = hal.ExecutableOp(f"{self.module_name}_linked")
        linked.location = executables[0].location
        linked_name = symbols.insert(linked, before=executables[0])
        variants: dict[Attribute, _Linked] = {}
        renames: dict[SymbolRefAttr, SymbolRefAttr] = {}
        for executable in executables:
            for variant in executable.variants:
                target = variants.get(variant.target)
                if target is None:
                    target = variants[variant.target] = _Linked(linked, variant)
                for old, new in target.take(variant):
                    path = [variant.sym_name.data, old]
                    renames[SymbolRefAttr(executable.sym_name.data, path)] = SymbolRefAttr(linked_name, [target.name, new])
        old_names = {executable.sym_name.data for executable in executables}
        for executable in executables:
            symbols.erase(executable)
        for op in module.walk():
            _rename(op, renames, old_names, linked_name)


def _can_be_linked(executable: hal.ExecutableOp) -> bool:
    """Whether the executable is all code: objects, conditions and constants of its own belong to one executable only."""
    return bool(executable.variants) and all(
        variant.objects is None
        and inner_module(variant) is not None
        and all(isinstance(op, hal.ExecutableExportOp | ModuleOp) for op in variant.body.block.ops)
        and all(export.condition_fallback is None for export in variant.exports)
        for variant in executable.variants
    )


class _Linked:
    """The variant of the linked executable for one target."""

    def __init__(self, executable: hal.ExecutableOp, like: hal.ExecutableVariantOp):
        self.variant = hal.ExecutableVariantOp(like.sym_name.data, like.target)
        self.variant.location = like.location
        self.name = SymbolTable(executable).insert(self.variant)
        self.code = ModuleOp([])
        self.variant.body.block.add_op(self.code)
        self.exports = SymbolTable(self.variant)
        self.functions = SymbolTable(self.code)
        self.count = 0

    def take(self, variant: hal.ExecutableVariantOp) -> list[tuple[str, str]]:
        """Moves the exports and code of `variant` here; returns old and new name of each export."""
        exports = variant.exports
        code = next(op for op in variant.body.block.ops if isinstance(op, ModuleOp))
        taken: dict[str, str] = {}
        for op in list(code.body.block.ops):
            old = symbol_name(op)
            if old is not None and (new := self.functions.unique_name(old)) != old:
                replace_symbol(code, old, new)
                set_symbol_name(op, new)
            op.detach()
            if old is None:
                self.code.body.block.add_op(op)
            else:
                taken[old] = self.functions.insert(op)
        for key, value in code.attributes.items():
            self.code.attributes.setdefault(key, value)
        renamed = []
        for export in exports:
            old = export.sym_name.data
            set_symbol_name(export, taken.get(old, old))
            export.properties["ordinal"] = IntegerAttr.from_index_int_value(self.count)
            export.detach()
            renamed.append((old, self.exports.insert(export, before=self.code)))
            self.count += 1
        return renamed


def _rename(op: Operation, renames: dict[SymbolRefAttr, SymbolRefAttr], old_names: set[str], linked: str) -> None:
    for key, value in op.properties.items():
        if not isinstance(value, SymbolRefAttr):
            continue
        if value in renames:
            op.properties[key] = renames[value]
        elif isinstance(op, hal.ExecutableLookupOp) and value.string_value() in old_names:
            op.properties[key] = SymbolRefAttr(linked)
