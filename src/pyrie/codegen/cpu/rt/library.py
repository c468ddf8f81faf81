"""The runtime library: which functions there are, and the text of those that a binary uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from pyrie.codegen.cpu.emit.values import llvm_type
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.rt.builder import PREFIX, SUFFIXES, MathBuilder, function_name
from pyrie.support.errors import UnsupportedError

Body = Callable[..., str]  # (builder, *operand names) -> result name


@dataclass(frozen=True)
class Function:
    """A runtime function. `result` is its result's LLVM type, None for the operands'; `ulp` the error it promises."""

    body: Body
    operands: int = 1
    result: str | None = None
    ulp: float = 0.0


@cache
def functions() -> dict[str, Function]:
    """Every function by name."""
    from pyrie.codegen.cpu.rt import exponential, narrow, remainder, rounding, trigonometric

    return {**exponential.FUNCTIONS, **trigonometric.FUNCTIONS, **rounding.FUNCTIONS, **narrow.FUNCTIONS, **remainder.FUNCTIONS}


_NAME = re.compile(rf"@({re.escape(PREFIX)}(\w+)\.(?:v(\d+))?(\w+))\(")
_TYPES = {suffix: type for type, suffix in SUFFIXES.items()}


def definitions(used: Iterable[str], machine: Machine) -> tuple[list[str], set[str]]:
    """The text of all runtime functions that the declarations `used` name, directly or through each other, and all declarations."""
    declarations = set(used)
    waiting, texts = sorted(d for d in declarations if f"@{PREFIX}" in d), {}
    while waiting:
        match = _NAME.search(waiting.pop())
        if match is None or match[1] in texts:
            continue
        texts[match[1]], needs = _definition(match[2], _TYPES[match[4]], int(match[3] or 0), machine)
        declarations |= needs
        waiting += sorted(d for d in needs if f"@{PREFIX}" in d)
    return [texts[name] for name in sorted(texts)], declarations


@lru_cache(maxsize=1024)
def _definition(name: str, type: str, width: int, machine: Machine) -> tuple[str, frozenset[str]]:
    function = functions().get(name)
    if function is None:
        raise UnsupportedError(f"there is no CPU implementation of '{name}'", hint="supported: " + ", ".join(sorted(functions())))
    builder = MathBuilder(type, width, machine)
    operands = [f"%a{i}" for i in range(function.operands)]
    result = function.body(builder, *operands)
    result_type = llvm_type(function.result or type, width)
    parameters = ", ".join(f"{builder.type} {o}" for o in operands)
    head = f"define internal {result_type} @{function_name(name, type, width)}({parameters}) alwaysinline #0 {{"
    return "\n".join([head, "entry:", *builder.text.lines, f"  ret {result_type} {result}", "}"]), frozenset(builder.text.used)


__all__ = ["PREFIX", "Function", "definitions", "function_name", "functions"]
