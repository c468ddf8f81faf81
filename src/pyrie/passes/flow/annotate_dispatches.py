"""Executable entry points are named after what they do."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, SymbolRefAttr

from pyrie.dialects.flow import DispatchOp, ExecutableExportOp, ExecutableOp
from pyrie.dialects.func import FuncOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.passes.flow.dispatch_names import dispatch_name


@dataclass(frozen=True)
class AnnotateDispatches(ModulePass):
    """Adds a summary of the body to the name of each entry point.

    before:  flow.executable.export public @main_dispatch_0
    after:   flow.executable.export public @main_dispatch_0_matmul_4x64x64_f32

    Legal because names carry no meaning; profiles and errors become readable.
    """

    name = "iree-flow-annotate-dispatches"

    def apply(self, context: Context, module: ModuleOp) -> None:
        renamed: dict[tuple[str, str], str] = {}
        for executable in [op for op in module.body.block.ops if isinstance(op, ExecutableOp)]:
            for export in [op for op in executable.body.block.ops if isinstance(op, ExecutableExportOp)]:
                functions = [
                    op for op in executable.walk() if isinstance(op, FuncOp) and op.sym_name.data == export.function_ref.string_value()
                ]
                summary = dispatch_name(functions[0].body) if functions else ""
                if not summary:
                    continue
                old = export.sym_name.data
                new = f"{old}_{summary}"
                renamed[executable.sym_name.data, old] = new
                export.properties["sym_name"] = StringAttr(new)
                export.properties["function_ref"] = SymbolRefAttr(new)
                functions[0].properties["sym_name"] = StringAttr(new)
        rename_entry_points(module, renamed)


def rename_entry_points(module: ModuleOp, renamed: dict[tuple[str, str], str]) -> None:
    """Changes `@executable::@entry` in every dispatch. Keys and values: (executable, entry) -> new entry."""
    for op in module.walk():
        if isinstance(op, DispatchOp):
            points = []
            for point in op.entry_points:
                executable, entry = point.root_reference.data, point.nested_references.data[-1].data
                points.append(SymbolRefAttr(executable, [renamed.get((executable, entry), entry)]))
            op.properties["entry_points"] = ArrayAttr(points)
