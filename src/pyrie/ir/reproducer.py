"""What is left behind when a pass breaks: the IR before it, and the command that breaks it again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.pass_options import pass_text
from pyrie.ir.passes import InternalError, Observer
from pyrie.ir.printer import print_module


def reproduce(error: InternalError, run_again: Callable[[Observer], ModuleOp]) -> str:
    """Runs everything up to the pass that broke, writes the IR to a file for temporary files, and returns the command to break it again.

    Nothing is kept while a compile goes well: that it can be repeated is what makes this free.
    """
    try:
        text = print_module(run_again(Observer(stop_before=(error.phase, error.index))), locations=True)
    except Exception as other:  # the first error matters more
        return f"there is no reproducer: a second run ended elsewhere ({type(other).__name__}: {other})"
    path = Path(tempfile.gettempdir(), f"pyrie-reproducer-{error.broken.name}-{time.strftime('%Y%m%d-%H%M%S')}.mlir")
    path.write_text(text)
    return f"reproduce with: pyrie opt --pass-pipeline='builtin.module({pass_text(error.broken)})' {path}"
