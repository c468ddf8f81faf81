"""Puts executables from files in the place of the compiler's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, VectorType, i8
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at, warn_at
from pyrie.ir.elements import from_numpy
from pyrie.ir.parser import parse_file
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.executable_files import find_file, module_name
from pyrie.passes.hal.executable_variants import inner_module
from pyrie.support.errors import InputError


@dataclass(frozen=True)
class SubstituteExecutables(ModulePass):
    """Replaces executables named in `substitutions` (`executable=file`), or after whom a file in the directory `search_path` is named.

    before:  hal.executable @e { hal.executable.variant @v target(#t) { exports; module { kernels } } }
    after:   the `hal.executable @e` of file.mlir; or, for any other file,
             hal.executable @e { hal.executable.variant @v target(#t) objects([#file]) { exports } }

    Legal if the file keeps the exports and their layouts, which is the user's promise: this is how a kernel written or changed by hand
    is tried out. Relative files are looked for in the directories of `object_search_path` too. Names that are not in the module are
    warned about, because earlier passes may have fused them away.
    """

    name: ClassVar[str] = "iree-hal-substitute-executables"

    substitutions: tuple[str, ...] = ()
    search_path: str = ""
    object_search_path: tuple[str, ...] = ()

    def apply(self, context: Context, module: ModuleOp) -> None:
        files = _files_in(self.search_path, f"{module_name(module)}_") if self.search_path else {}
        for text in self.substitutions:
            name, _, path = text.partition("=")
            if not name or not path:
                raise InputError(f"'{text}' substitutes nothing", hint="write executable_name=file")
            files[name] = path
        symbols = SymbolTable(module) if files else None
        for name, path in files.items():
            op = symbols.lookup(name) if symbols is not None else None
            if op is None:
                warn_at(module, f"there is no executable '{name}' to put '{path}' in the place of")
            elif not isinstance(op, hal.ExecutableOp):
                raise error_at(op, f"is no hal.executable, so '{path}' cannot take its place")
            else:
                found = find_file(path, self.object_search_path)
                warn_at(op, f"hal.executable '{name}' is now that of {path}", kind="note")
                substitute = _take_code if found.suffix.lower() in (".mlir", ".mlirbc") else _take_object
                substitute(context, op, found)


def _files_in(directory: str, prefix: str) -> dict[str, str]:
    """The files of a directory by the executable they are named after: `module_e.mlir` or `e.mlir`."""
    try:
        paths = sorted(path for path in Path(directory).iterdir() if path.is_file())
    except OSError as error:
        raise InputError(f"is no directory to take executables from: {error.strerror}", location=directory) from None
    return {path.stem.removeprefix(prefix): str(path) for path in paths}


def _take_code(context: Context, executable: hal.ExecutableOp, path: Path) -> None:
    """Replaces the whole executable by the one of the same name in the file."""
    name = executable.sym_name.data
    replacement = SymbolTable(parse_file(path, context)).lookup(name)
    if not isinstance(replacement, hal.ExecutableOp):
        raise InputError(f"holds no hal.executable @{name}", location=str(path))
    Rewriter.insert_op(replacement.clone(), InsertPoint.before(executable))
    executable.detach()
    executable.erase()


def _take_object(context: Context, executable: hal.ExecutableOp, path: Path) -> None:
    """Keeps the exports and links the file instead of compiling the code."""
    if len(executable.variants) != 1:
        raise unsupported_at(
            executable, f"has {len(executable.variants)} variants, and one object file is given", hint="compile for one target"
        )
    try:
        data = np.frombuffer(path.read_bytes(), np.int8)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=str(path)) from None
    (variant,) = executable.variants
    contents = from_numpy(data, VectorType(i8, [len(data)]), key=path.name)
    variant.properties["objects"] = ArrayAttr([hal.ExecutableObjectAttr(StringAttr(path.name), contents)])
    if (code := inner_module(variant)) is not None:
        code.detach()
        code.erase()
