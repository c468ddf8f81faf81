"""The context: which dialects exist, and whether ops of others may pass."""

from __future__ import annotations

from xdsl.context import Context

import pyrie.ir.attr_dict  # noqa: F401 - attr-dict as MLIR writes it, for every op

__all__ = ["Context"]
