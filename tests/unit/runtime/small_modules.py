"""Small VM modules put together from instructions, for tests of the runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyrie.format.encoder import FunctionEncoder
from pyrie.format.module import Export, Function, Import, Module, Segment, Signature
from pyrie.format.opcodes import Feature
from pyrie.format.verifier import verify_module
from pyrie.runtime.context import Context
from pyrie.runtime.context import Module as LoadedModule
from pyrie.runtime.hal.device import get_device

Body = Callable[[FunctionEncoder], None]
REGISTERS = 64


def ref(number: int, *, move: bool = False) -> int:
    """A reference register."""
    return 0x8000 | (0x4000 if move else 0) | number


def function(convention: str, body: Body, name: str = "") -> Function:
    encoder = FunctionEncoder()
    body(encoder)
    features = Feature.F32 | Feature.F64
    return Function(Signature(convention), encoder.finish(), encoder.block_count, REGISTERS, REGISTERS, features, name)


def module(functions: dict[str, tuple[str, Body]], **fields: Any) -> Module:
    """A module that exports each function under its name."""
    made = tuple(function(convention, body, name) for name, (convention, body) in functions.items())
    fields.setdefault("requirements", Feature.F32 | Feature.F64)
    return Module("test", functions=made, exports=tuple(Export(n, i) for i, n in enumerate(functions)), **fields)


def context(functions: dict[str, tuple[str, Body]], device: str = "local-sync", **fields: Any) -> Context:
    return Context(LoadedModule(verify_module(module(functions, **fields))), (get_device(device),))


def straight(*instructions: tuple[Any, ...]) -> Body:
    """A function of one block."""

    def body(encoder: FunctionEncoder) -> None:
        encoder.block(0)
        for mnemonic, *values in instructions:
            encoder.append(mnemonic, *values)

    return body


def rodata(*parts: bytes) -> tuple[Segment, ...]:
    return tuple(Segment(part) for part in parts)


def imports(**conventions: str) -> tuple[Import, ...]:
    """Imports by name, with `__` for a dot: hal__devices__count="0v_i"."""
    return tuple(Import(name.replace("__", "."), Signature(convention)) for name, convention in conventions.items())
