"""What a function takes and gives, as its `iree.abi.declaration` says in source terms.

sync func @add(%input0: tensor<4x?xf32> {iree.identifier = "x"}, %input1: i32) -> (%output0: tensor<?xf32>)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyrie.support import dtypes

DECLARATION = re.compile(r"\s*(?:(sync|async)\s+)?func\s+@(?:\"[^\"]*\"|[\w$.-]+)\s*(.*)", re.DOTALL)
PARAMETER = re.compile(r"\s*%([\w$.-]+)\s*:\s*(.*?)\s*(\{.*\})?\s*", re.DOTALL)
TENSOR = re.compile(r"tensor<((?:(?:\d+|\?)x)*)([^,>]+(?:<[^>]*>)?)(?:,.*)?>", re.DOTALL)
IDENTIFIER = re.compile(r"iree\.(?:identifier|abi\.name)\s*=\s*\"([^\"]*)\"")
LONGEST = 1 << 20  # characters of a declaration; the patterns above take linear time
OPENING, CLOSING = "<({[", ">)}]"


@dataclass(frozen=True, slots=True)
class TensorType:
    """A dense tensor; None is a dynamic dimension."""

    shape: tuple[int | None, ...]
    element: dtypes.ElementType

    def __str__(self) -> str:
        return f"tensor<{''.join('?x' if d is None else f'{d}x' for d in self.shape)}{self.element.mlir}>"


@dataclass(frozen=True, slots=True)
class ScalarType:
    """An integer, index or float passed by value."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class OpaqueType:
    """Anything else: buffer views without a shape, lists, fences."""

    text: str

    def __str__(self) -> str:
        return self.text


Type = TensorType | ScalarType | OpaqueType
SCALARS = ("i1", "i8", "i16", "i32", "i64", "index", "f32", "f64")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument or result. `name` is the source's, if it has one, else `input0`, `output0`, ..."""

    name: str
    type: Type

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """A function in source terms. One whose `is_async` is set also takes a fence to wait for and one to signal."""

    name: str
    parameters: tuple[Parameter, ...]
    results: tuple[Parameter, ...]
    is_async: bool = False

    def __str__(self) -> str:
        arguments, results = (", ".join(map(str, items)) for items in (self.parameters, self.results))
        return f"{self.name}({arguments}) -> ({results})"


def parse_declaration(name: str, text: str) -> FunctionSignature | None:
    """Reads a declaration; None if it is not one, as its text comes from a file."""
    match = DECLARATION.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    split = _matching_parenthesis(match[2])
    if split is None:
        return None
    arguments, results = match[2][1:split], match[2][split + 1 :].strip().removeprefix("->").strip()
    if results.startswith("("):
        results = results[1 : _matching_parenthesis(results) or 1]
    parsed = [tuple(_parameter(part) for part in split_commas(side)) for side in (arguments, results)]
    if any(p is None for side in parsed for p in side):
        return None
    first, second = (tuple(p for p in side if p is not None) for side in parsed)
    return FunctionSignature(name, first, second, match[1] == "async")


def parse_type(text: str) -> Type:
    """A type in MLIR's text; what is not understood stays opaque."""
    if text in SCALARS:
        return ScalarType(text)
    match = TENSOR.fullmatch(text)
    if match and match[2] in dtypes.BY_MLIR:
        shape = tuple(None if d == "?" else int(d) for d in match[1].split("x")[:-1])
        return TensorType(shape, dtypes.BY_MLIR[match[2]])
    return OpaqueType(text)


def split_commas(text: str) -> Iterator[str]:
    """The parts between the commas that no bracket or string encloses."""
    depth, start, quoted = 0, 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in OPENING:
            depth += 1
        elif character in CLOSING and text[position - 1 : position] != "-":
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:position]
            start = position + 1
    if text[start:].strip():
        yield text[start:]


def _parameter(text: str) -> Parameter | None:
    match = PARAMETER.fullmatch(text)
    if match is None:
        return None
    given = IDENTIFIER.search(match[3] or "")
    return Parameter(given[1] if given and given[1] else match[1], parse_type(match[2]))


def _matching_parenthesis(text: str) -> int | None:
    """Where the parenthesis that opens the text closes."""
    depth, quoted = 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return position
    return None
