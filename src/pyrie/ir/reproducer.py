"""What is left behind when a pass breaks: the IR before it, and the command that breaks it again."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pyrie.ir.pass_options import pass_text
from pyrie.ir.passes import ModulePass


def write_reproducer(text: str, broken: ModulePass) -> str:
    """Puts the module in a file for temporary files and returns the command that runs `broken` on it."""
    path = Path(tempfile.gettempdir(), f"pyrie-reproducer-{broken.name}-{time.strftime('%Y%m%d-%H%M%S')}.mlir")
    path.write_text(text)
    return f"reproduce with: pyrie opt --pass-pipeline='builtin.module({pass_text(broken)})' {path}"
