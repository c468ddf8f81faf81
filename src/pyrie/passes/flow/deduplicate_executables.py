"""Equal executables are kept once."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, SymbolRefAttr

from pyrie.dialects.flow import DispatchOp, ExecutableExportOp, ExecutableOp
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_module


@dataclass(frozen=True)
class DeduplicateExecutables(ModulePass):
    """Calls the first of several executables that differ in name only, and drops the others.

    before:  flow.executable @a { ... }  flow.executable @b { the same }  ... flow.dispatch @b::@b
    after:   flow.executable @a { ... }                                   ... flow.dispatch @a::@a

    Legal because equal text is equal meaning: executables are isolated and hold no state.
    """

    name = "iree-flow-deduplicate-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        alike: dict[tuple[str, ...], list[ExecutableOp]] = {}  # printing is slow, so only what has the same ops is compared by text
        for executable in [op for op in module.body.block.ops if isinstance(op, ExecutableOp)]:
            alike.setdefault(tuple(op.name for op in executable.walk()), []).append(executable)
        replaced: dict[str, ExecutableOp] = {}
        for group in alike.values():
            first: dict[str, ExecutableOp] = {}
            for executable in group if len(group) > 1 else ():
                kept = first.setdefault(anonymous_text(executable), executable)
                if kept is not executable:
                    replaced[executable.sym_name.data] = kept
        if not replaced:
            return
        for op in module.walk():
            if isinstance(op, DispatchOp):
                op.properties["entry_points"] = ArrayAttr([redirect(point, replaced, module) for point in op.entry_points])
        for executable in [op for op in module.body.block.ops if isinstance(op, ExecutableOp) and op.sym_name.data in replaced]:
            executable.detach()
            executable.erase()


def entry_names(executable: ExecutableOp) -> list[str]:
    """The entry points, in order."""
    return [op.sym_name.data for op in executable.body.block.ops if isinstance(op, ExecutableExportOp)]


def anonymous_text(executable: ExecutableOp) -> str:
    """The text of an executable with its own names replaced."""
    text = print_module(ModuleOp([executable.clone()]))
    for number, name in enumerate(sorted((*entry_names(executable), executable.sym_name.data), key=len, reverse=True)):
        text = text.replace(f"@{name}", f"@name{number}")
    return text


def redirect(point: SymbolRefAttr, replaced: dict[str, ExecutableOp], module: ModuleOp) -> SymbolRefAttr:
    """The entry point in the executable that is kept."""
    kept = replaced.get(point.root_reference.data)
    if kept is None:
        return point
    for executable in module.body.block.ops:
        if isinstance(executable, ExecutableOp) and executable.sym_name.data == point.root_reference.data:
            position = entry_names(executable).index(point.nested_references.data[-1].data)
            return SymbolRefAttr(kept.sym_name, [entry_names(kept)[position]])
    return point
