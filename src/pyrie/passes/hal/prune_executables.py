"""Drops executables, variants and exports that nothing dispatches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, SymbolRefAttr
from xdsl.ir import Operation

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import is_private, symbol_references

Path = tuple[str, ...]  # ("executable", "variant", "export"), or the front of it


@dataclass
class _Part:
    """An executable, variant or export that may go; `fallback_of` holds the exports that run it when they cannot run themselves."""

    op: Operation
    used: bool = False
    fallback_of: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class PruneExecutables(ModulePass):
    """Erases what no op outside of executables refers to inside of private executables, and numbers the exports that stay from 0.

    before:  hal.executable private @e { hal.executable.variant @v { export @unused ordinal(0); export @used ordinal(1) } }
    after:   hal.executable private @e { hal.executable.variant @v { export @used ordinal(0) } }

    An export that another falls back to stays as long as that one does. Legal because only ops of the host code load and dispatch
    executables, and because until ordinals are resolved exports are found by name.
    """

    name: ClassVar[str] = "iree-hal-prune-executables"

    def apply(self, context: Context, module: ModuleOp) -> None:
        executables = [op for op in module.body.block.ops if isinstance(op, hal.ExecutableOp)]
        parts = _removable_parts(executables)
        _mark_used(module, parts)
        for path in sorted(parts, key=len, reverse=True):  # what is inside goes before what is round it
            if not _is_reachable(path, parts):
                parts[path].op.detach()
                parts[path].op.erase()
        for executable in module.body.block.ops:
            if isinstance(executable, hal.ExecutableOp):
                _renumber(executable)


def _removable_parts(executables: list[hal.ExecutableOp]) -> dict[Path, _Part]:
    parts: dict[Path, _Part] = {}
    for executable in filter(is_private, executables):
        root = executable.sym_name.data
        parts[root,] = _Part(executable)
        for variant in executable.variants:
            inside = (root, variant.sym_name.data)
            parts[inside] = _Part(variant)
            parts.update({(*inside, export.sym_name.data): _Part(export) for export in variant.exports})
            for export in variant.exports:
                if export.condition_fallback is not None:
                    fallback = parts.get((*inside, export.condition_fallback.string_value()))
                    if fallback is not None:
                        fallback.fallback_of.append((*inside, export.sym_name.data))
    return parts


def _mark_used(module: ModuleOp, parts: dict[Path, _Part]) -> None:
    """Marks what the host code names, and all that is round what it names."""
    for top in module.body.block.ops:
        if isinstance(top, hal.ExecutableOp):
            continue
        for op in top.walk():
            for attribute in (*op.properties.values(), *op.attributes.values()):
                for reference in symbol_references(attribute):
                    path = _path(reference)
                    for length in range(1, len(path) + 1):
                        if (part := parts.get(path[:length])) is not None:
                            part.used = True


def _path(reference: SymbolRefAttr) -> Path:
    return (reference.root_reference.data, *(nested.data for nested in reference.nested_references.data))


def _is_reachable(path: Path, parts: dict[Path, _Part]) -> bool:
    """Whether the part is used, or something used may fall back to it; falling back in a circle reaches nothing by itself."""
    seen: set[Path] = set()
    work = [path]
    while work:
        current = work.pop()
        if parts[current].used:
            return True
        seen.add(current)
        work += [above for above in parts[current].fallback_of if above not in seen]
    return False


def _renumber(executable: hal.ExecutableOp) -> None:
    for variant in executable.variants:
        for ordinal, export in enumerate(variant.exports):
            export.properties["ordinal"] = IntegerAttr.from_index_int_value(ordinal)
