"""Executables as files of their own: their text, the places in it, and where files that the IR names are found."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, LocationAttr, ModuleOp, StringAttr
from xdsl.ir import Operation

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.support.errors import InputError


def module_name(module: ModuleOp) -> str:
    """What files of the module are called after."""
    return module.sym_name.data if module.sym_name is not None else "module"


def standalone_text(executable: hal.ExecutableOp) -> str:
    """The executable as a file that can be compiled by itself: public, so that nothing drops it, and without aliases."""
    visibility = executable.properties.get("sym_visibility")
    executable.properties["sym_visibility"] = StringAttr("public")
    try:
        return print_module(executable, aliases=False)
    finally:
        if visibility is None:
            del executable.properties["sym_visibility"]
        else:
            executable.properties["sym_visibility"] = visibility


def places_in(context: Context, text: str, name: str) -> list[LocationAttr]:
    """The place in `text` (line and indentation, in the file `name`) of each op it holds, in the order of a walk."""
    lines = text.splitlines()
    file = StringAttr(name)
    places: list[LocationAttr] = []
    for op in parse_module(text, context, name=name).body.block.walk():
        assert isinstance(op.location, FileLineColLoc)
        line = lines[op.location.line.data - 1]
        places.append(FileLineColLoc(file, op.location.line, IntAttr(len(line) - len(line.lstrip(" ")))))
    return places


def relocate(context: Context, executable: hal.ExecutableOp, text: str, name: str) -> None:
    """Makes each op of the executable say that it comes from `text`, which is the executable's own."""
    for op, place in zip(executable.walk(), places_in(context, text, name), strict=True):
        op.location = place  # pyright: ignore[reportAttributeAccessIssue]


def write_listing(op: Operation, directory: str, name: str, text: str) -> str:
    """Writes `text`, made from `op`, to a file of the directory, which is made if needed; `` and `-` are standard output.

    Returns the path. Raises a CompileError at `op` if that cannot be.
    """
    if directory in ("", "-"):
        sys.stdout.write(text)
        return name
    path = Path(directory, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise error_at(op, f"cannot be written to {path}: {error.strerror}") from None
    return str(path)


def find_file(path: str, search_path: Sequence[str]) -> Path:
    """The file `path`, or that of the first directory of the search path that has it. Raises InputError."""
    for directory in ("", *search_path):
        if (found := Path(directory, path)).is_file():
            return found
    looked = ", ".join((".", *search_path))
    raise InputError(f"no such file in {looked}", location=path, hint="--iree-hal-executable-object-search-path= adds a directory")
