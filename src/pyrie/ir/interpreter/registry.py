"""What each op means, by op name. One module of this package for each dialect, imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.ir import Operation

if TYPE_CHECKING:
    from pyrie.ir.interpreter.machine import Machine

Value = Any  # a numpy array of any rank; for util and hal types, whatever Python object stands for them
Handler = Callable[["Machine", Operation, Sequence[Value]], Sequence[Value]]
Elementwise = Callable[..., "np.ndarray | tuple[np.ndarray, ...]"]

# dialect namespace -> module of this package
MODULES = {
    "affine": "affine",
    "arith": "arith",
    "cf": "cf",
    "flow": "flow",
    "func": "func",
    "hal": "hal",
    "iree_linalg_ext": "iree_linalg_ext",
    "iree_tensor_ext": "iree_tensor_ext",
    "linalg": "linalg",
    "math": "math",
    "scf": "scf",
    "tensor": "tensor",
    "util": "util",
}

# ops of these names are structured ops, too many to list
STRUCTURED_PREFIXES = ("linalg.conv_", "linalg.depthwise_conv_", "linalg.pooling_")

HANDLERS: dict[str, Handler] = {}
ELEMENTWISE: dict[str, Elementwise] = {}


def implements(*names: str) -> Callable[[Handler], Handler]:
    """Registers `handler(machine, op, operands) -> results` as the meaning of the ops `names`."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def elementwise(*names: str) -> Callable[[Elementwise], Elementwise]:
    """Registers `function(op, *arrays) -> array`, one result element from one element of each operand; arrays may be of any shape."""

    def register(function: Elementwise) -> Elementwise:
        for name in names:
            ELEMENTWISE[name] = function
        return function

    return register


def _load(name: str) -> None:
    module = MODULES.get(name.partition(".")[0])
    if module is not None:
        import_module(f"pyrie.ir.interpreter.{module}")


def elementwise_function(name: str) -> Elementwise | None:
    """The elementwise meaning of the op `name`, or None if it is not an elementwise op."""
    if name not in ELEMENTWISE:
        _load(name)
    return ELEMENTWISE.get(name)


def handler(name: str) -> Handler | None:
    """The general meaning of the op `name`, or None."""
    if name not in HANDLERS and name not in ELEMENTWISE:
        _load(name)
        if name not in HANDLERS and name.startswith(STRUCTURED_PREFIXES):
            HANDLERS[name] = HANDLERS["linalg.generic"]
    return HANDLERS.get(name)
