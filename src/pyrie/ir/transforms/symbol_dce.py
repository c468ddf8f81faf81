"""Drops private symbols nobody refers to."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.traits import SymbolTable as SymbolTableTrait

from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import is_private, is_symbol, referenced_symbols, symbol_name


def erase_dead_symbols(module: Operation) -> bool:
    """Erases the private symbols that cannot be reached from public ones or from ops without a symbol. Returns whether any were."""
    changed = False
    for table in [op for op in module.walk() if op.has_trait(SymbolTableTrait, value_if_unregistered=False)]:
        if table.parent is None and table is not module:
            continue  # went with the symbol that held it
        symbols = {name: op for op in table.regions[0].walk(region_first=False) if op.parent_op() is table and (name := symbol_name(op))}
        pending = [op for op in table.regions[0].blocks[0].ops if not (is_symbol(op) and is_private(op))]
        named = {name for attribute in table.attributes.values() for name in referenced_symbols(attribute)}
        pending += [op for name, op in symbols.items() if name in named and op not in pending]
        live: set[Operation] = set(pending)
        while pending:
            for name in _references(pending.pop()):
                target = symbols.get(name)
                if target is not None and target not in live:
                    live.add(target)
                    pending.append(target)
        for op in list(symbols.values()):
            if op not in live:
                op.detach()
                op.erase()
                changed = True
    return changed


def _references(op: Operation) -> set[str]:
    names: set[str] = set()
    for inner in op.walk():
        for attribute in (*inner.properties.values(), *inner.attributes.values()):
            names |= referenced_symbols(attribute)
    return names


@dataclass(frozen=True)
class SymbolDCE(ModulePass):
    """Drops private functions, globals and executables that nothing reachable refers to.

    before:  util.func private @unused() { ... }
    after:   -

    Legal because a private symbol can only be named from inside of its table, and liveness starts at all public symbols and at ops
    that run by themselves (initializers).
    """

    name = "symbol-dce"

    def apply(self, context: Context, module: ModuleOp) -> None:
        erase_dead_symbols(module)
