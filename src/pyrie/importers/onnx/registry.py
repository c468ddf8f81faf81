"""The table of ONNX operators: name and first opset version -> function that builds StableHLO."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

FAMILIES = ("elementwise", "indexing", "linear", "normalization", "quantization", "reductions", "resize", "shapes", "windows")


@dataclass(frozen=True)
class Handler:
    """One row: serves `since` and later versions until another row does. `attributes` are the keyword arguments it takes."""

    name: str
    since: int
    build: Callable[..., Any]
    attributes: frozenset[str]
    inputs: int  # at most so many; -1 is any number
    required: int


_TABLE: dict[tuple[str, str], list[Handler]] = {}


def onnx_op(*names: str, since: int = 1, domain: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers `function(builder, *inputs, **attributes) -> Value or list of Values` for operators from a version on.

    Missing optional inputs come as None; a keyword argument without default is a required attribute.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        attributes = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        required = sum(p.default is p.empty for p in positional)
        for name in names:
            row = Handler(name, since, function, attributes, -1 if variadic else len(positional), required)
            rows = _TABLE.setdefault((domain, name), [])
            rows.append(row)
            rows.sort(key=lambda r: r.since)
        return function

    return register


def _load() -> None:
    for family in FAMILIES:
        import_module(f"pyrie.importers.onnx.ops.{family}")


def find(domain: str, name: str, version: int) -> Handler | None:
    """The row for an operator at an opset version."""
    _load()
    rows = [row for row in _TABLE.get(("" if domain == "ai.onnx" else domain, name), ()) if row.since <= version]
    return rows[-1] if rows else None


def supported() -> Iterator[tuple[str, str, int]]:
    """(domain, operator, oldest version) of every row's operator, in order."""
    _load()
    for (domain, name), rows in sorted(_TABLE.items()):
        yield domain, name, rows[0].since
