"""Executables as files of their own: their text, the places in it, and where files that the IR names are found."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, LocationAttr, ModuleOp, NoneAttr, StringAttr
from xdsl.ir import Operation

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.ir.elements import to_numpy
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
    """The place in `text` (line and indentation, in the file `name`) of each op it holds, in the order of a walk.

    A terminator that the text leaves out is where the op round it is.
    """
    lines = text.splitlines()
    file = StringAttr(name)
    places: list[LocationAttr] = []
    for op in parse_module(text, context, name=name).body.block.walk():
        while not isinstance(op.location, FileLineColLoc) and (parent := op.parent_op()) is not None:
            op = parent
        assert isinstance(op.location, FileLineColLoc)
        line = lines[op.location.line.data - 1]
        places.append(FileLineColLoc(file, op.location.line, IntAttr(len(line) - len(line.lstrip(" ")))))
    return places


def relocate(context: Context, executable: hal.ExecutableOp, text: str, name: str) -> None:
    """Makes each op of the executable say that it comes from `text`, which is the executable's own."""
    for op, place in zip(executable.walk(), places_in(context, text, name), strict=True):
        op.location = place  # pyright: ignore[reportAttributeAccessIssue]


def write_listing(op: Operation, directory: str, name: str, text: str | bytes) -> str:
    """Writes text or bytes made from `op` to a file of the directory, which is made if needed; `` and `-` send text to standard output.

    Returns the path. Raises a CompileError at `op` if that cannot be.
    """
    if directory in ("", "-") and isinstance(text, str):
        sys.stdout.write(text)
        return name
    path = Path(directory, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
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


def object_contents(variant: hal.ExecutableVariantOp, search_path: Sequence[str]) -> list[tuple[str, bytes]]:
    """The object files of a variant by name: those held in the IR, and those that it only names, from inside of the search path.

    Raises an error at the variant for a file that is not there, or that is named in a way that leads out of the directories.
    """
    found: list[tuple[str, bytes]] = []
    for item in variant.objects.data if variant.objects is not None else ():
        if not isinstance(item, hal.ExecutableObjectAttr):
            raise error_at(variant, f"needs {item}, which is no #hal.executable.object")
        path = item.path.data
        data = to_numpy(item.data).tobytes() if not isinstance(item.data, NoneAttr) else _read_inside(path, search_path)
        if data is None:
            hint = "--iree-hal-executable-object-search-path= names the directories that may hold it"
            raise error_at(variant, f"needs the object '{path}', which is in no directory of the search path", hint=hint)
        found.append((path, data))
    return found


def _read_inside(path: str, search_path: Sequence[str]) -> bytes | None:
    """The bytes of `path` below one of the directories. What the IR names is not the user's own choice, so it must stay inside."""
    for directory in search_path:
        root = Path(directory).resolve()
        file = (root / path).resolve()
        if file.is_relative_to(root) and file.is_file():
            try:
                return file.read_bytes()
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror}", location=str(file)) from None
    return None
