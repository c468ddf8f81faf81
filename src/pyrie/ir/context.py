"""The context: which dialects exist, and whether ops of others may pass."""

from __future__ import annotations

from xdsl.context import Context

__all__ = ["Context"]
