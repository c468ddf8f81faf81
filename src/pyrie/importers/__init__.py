"""Front ends: models of every kind become StableHLO. `load` takes them all; each kind has its own module here."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyrie.support.errors import InputError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from pyrie.ir.context import Context

# file suffix -> importer(source, context) -> ModuleOp
BY_SUFFIX: dict[str, str] = {
    ".onnx": "pyrie.importers.onnx:import_onnx",
    ".mlir": "pyrie.importers.stablehlo:import_stablehlo",
}


def load(source: str | os.PathLike[str] | bytes | Any, context: Context | None = None) -> ModuleOp:
    """A module of StableHLO from a path (by its suffix), MLIR text, the bytes of an ONNX file, or an ONNX ModelProto.

    Raises InputError for what cannot be read and UnsupportedError for what is not there yet.
    """
    if isinstance(source, str) and "\n" in source:
        return _importer(".mlir")(source, context)
    if isinstance(source, str | os.PathLike):
        suffix = Path(source).suffix
        if suffix not in BY_SUFFIX:
            raise InputError(
                f"'{suffix or Path(source).name}' is no kind of model", location=str(source), hint=f"kinds: {', '.join(BY_SUFFIX)}"
            )
        return _importer(suffix)(Path(source), context)
    if isinstance(source, bytes) and b"\0" not in source[:4096] and _is_text(source):
        return _importer(".mlir")(source, context)
    return _importer(".onnx")(source, context)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\n" in data


def _importer(suffix: str) -> Any:
    module, _, name = BY_SUFFIX[suffix].partition(":")
    return getattr(import_module(module), name)
