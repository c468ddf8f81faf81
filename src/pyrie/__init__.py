"""Pyrie: compile a machine-learning model to a module, and run it.

    program = pyrie.compile("model.onnx")
    y = program(x)

The names below are loaded on first use, so `import pyrie.runtime` never pays for the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pyrie.program import Program, compile, load
    from pyrie.support.errors import CompileError, DeviceError, InputError, LimitError, PyrieError, UnsupportedError, VerifyError

__all__ = [
    "CompileError",
    "DeviceError",
    "InputError",
    "LimitError",
    "Program",
    "PyrieError",
    "UnsupportedError",
    "VerifyError",
    "compile",
    "load",
]

_HOMES = dict.fromkeys(__all__, "pyrie.support.errors") | dict.fromkeys(("Program", "compile", "load"), "pyrie.program")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pyrie' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
