"""MLIR text at the hub level: StableHLO and CHLO, or linalg on tensors, in func or util functions."""

from __future__ import annotations

import os
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from pyrie.dialects.registry import make_context
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import verify
from pyrie.ir.parser import parse_file, parse_module


def import_stablehlo(source: str | os.PathLike[str] | bytes, context: Context | None = None) -> ModuleOp:
    """The module in a file (a path) or in text (a string with a line break, or bytes). Raises InputError with line and column."""
    context = context or make_context()
    if isinstance(source, bytes):
        source = source.decode("utf-8", "replace")
    if isinstance(source, str) and "\n" in source:
        module = parse_module(source, context)
    else:
        module = parse_file(Path(source), context)
    verify(module)
    return module
