"""Replaces export ordinals asked for by name by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.rewriter import Rewriter

from pyrie.dialects import arith, hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable


@dataclass(frozen=True)
class ResolveExportOrdinals(ModulePass):
    """Makes a constant of each `hal.executable.export.ordinal`.

    before:  %o = hal.executable.export.ordinal target(@e::@v::@f) : index
    after:   %o = arith.constant 3 : index

    Legal because executables are linked: no ordinal changes any more.
    """

    name: ClassVar[str] = "iree-hal-resolve-export-ordinals"

    def apply(self, context: Context, module: ModuleOp) -> None:
        queries = [op for op in module.walk() if isinstance(op, hal.ExecutableExportOrdinalOp)]
        symbols = SymbolTable(module) if queries else None
        for op in queries:
            export = symbols.lookup(op.entry_point) if symbols else None
            if not isinstance(export, hal.ExecutableExportOp) or export.ordinal is None:
                raise error_at(op, f"asks for {op.entry_point}, which is no export with an ordinal")
            Rewriter.replace_op(op, arith.ConstantOp(IntegerAttr(export.ordinal.value.data, IndexType())))
