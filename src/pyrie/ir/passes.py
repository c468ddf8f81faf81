"""Passes and pipelines: what a change to a module is, and how changes are put in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp

from pyrie.ir.context import Context


@dataclass(frozen=True)
class ModulePass(ABC):
    """One change to a module. The fields of the dataclass are the pass's options; `name` is its flag (`--name=option=value`)."""

    name: ClassVar[str]

    @abstractmethod
    def apply(self, context: Context, module: ModuleOp) -> None:
        """Rewrites `module` in place. Raises PyrieError subclasses that name the op and its location."""
