"""Reads `dense<...> : type`: a hexadecimal string, a nested list, or one element for all."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import ComplexType, DenseIntOrFPElementsAttr, IndexType, IntegerType, ShapedType, Signedness
from xdsl.ir import Attribute

from pyrie.ir.elements import SPLAT_LIMIT, dense, numpy_dtype
from pyrie.support.shape import byte_count

if TYPE_CHECKING:
    from pyrie.ir.parser import Parser

_ATOM = re.compile(r"\s*(?:([\[\](),])|(true|false|-?(?:0x[0-9A-Fa-f]+|[0-9]+(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?)?)))", re.ASCII)


def parse_dense(parser: Parser, type: Attribute | None) -> DenseIntOrFPElementsAttr:
    """Parses from the `<` on; `type` is given when the text holds none (`dense<1>` in an op that knows its type)."""
    content = parser.lexer.input.content
    start = parser.pos
    if content[start : start + 1] != "<":
        parser.raise_error("expected '<' in a dense attribute")
    end = _end_of_literal(content, start + 1)
    if end < 0:
        parser.raise_error("dense literal is not closed by '>'", start)
    body = content[start + 1 : end].strip()
    parser._resume_from(end + 1)
    if type is None:
        parser.parse_punctuation(":", " after a dense literal")
        type = parser.parse_type()
    if not isinstance(type, ShapedType) or -1 in type.get_shape():
        parser.raise_error(f"a dense constant has a static shape, not {type}", start)
    element: Attribute = type.get_element_type()  # pyright: ignore[reportAttributeAccessIssue]
    shape = tuple(type.get_shape())
    dtype = numpy_dtype(element)
    byte_count(shape, 8 * dtype.itemsize)
    count = math.prod(shape)

    if body.startswith('"'):
        raw = _decode_hex(parser, body, start, element, dtype)
        if len(raw) == dtype.itemsize:
            return dense(type, raw * (count if count <= SPLAT_LIMIT else 1))
        if len(raw) != count * dtype.itemsize:
            parser.raise_error(f"{len(raw)} bytes of hexadecimal data do not fill {type}", start)
        return dense(type, _normalized(raw, dtype.itemsize))
    if not body:
        if count:
            parser.raise_error(f"{type} has {count} elements but none is given", start)
        return dense(type, b"")
    atoms, found = _read_literal(parser, body, start + 1)
    values = _to_array(parser, atoms, element, dtype, start)
    if not found:
        return dense(type, values.tobytes() * (count if count <= SPLAT_LIMIT else 1))
    if found != shape:
        parser.raise_error(f"inferred shape of elements literal {list(found)} does not match type {type}", start)
    return dense(type, _normalized(values.tobytes(), dtype.itemsize))


def _end_of_literal(content: str, start: int) -> int:
    match = re.compile(r'\s*"').match(content, start)
    if match:
        closing = content.find('"', match.end())
        return content.find(">", closing) if closing >= 0 else -1
    return content.find(">", start)


def _normalized(raw: bytes, size: int) -> bytes:
    """A splat of many elements is kept as one, so that equal constants are equal attributes."""
    count = len(raw) // size
    return raw[:size] if count > SPLAT_LIMIT and raw[: 8 * size] == raw[:size] * 8 and raw == raw[:size] * count else raw


def _decode_hex(parser: Parser, body: str, start: int, element: Attribute, dtype: np.dtype) -> bytes:
    if not body.startswith('"0x') or not body.endswith('"'):
        parser.raise_error("expected a hexadecimal string that begins with 0x", start)
    try:
        raw = bytes.fromhex(body[3:-1])
    except ValueError:
        parser.raise_error("a dense string literal holds hexadecimal digits only, two a byte", start)
    if isinstance(element, IntegerType) and 1 < element.width.data < 8 and element.signedness.data != Signedness.UNSIGNED:
        width = element.width.data  # text holds the bits, memory the sign-extended byte
        values = np.frombuffer(raw, np.uint8).astype(np.int8)
        raw = ((values << (8 - width)) >> (8 - width)).tobytes()
    return raw if len(raw) % dtype.itemsize == 0 else raw + b"?"


def _read_literal(parser: Parser, body: str, offset: int) -> tuple[list[Any], tuple[int, ...]]:
    """The atoms in order (pairs for complex ones) and the shape the brackets make; the empty shape for a bare element."""
    atoms: list[Any] = []
    counts: list[int] = []  # elements so far, of each open bracket
    shape: dict[int, int] = {}  # depth -> size
    position, pair = 0, None
    while position < len(body):
        match = _ATOM.match(body, position)
        if match is None:
            if not body[position:].strip():
                break
            parser.raise_error("expected a number, '[' or ']' in a dense literal", offset + position)
        position = match.end()
        mark, atom = match.groups()
        if mark == "[":
            counts.append(0)
            if len(counts) > 64:
                parser.raise_error("dense literal is nested too deeply", offset + position)
        elif mark == "]":
            if not counts:
                parser.raise_error("unbalanced ']' in a dense literal", offset + position)
            size = counts.pop()
            if shape.setdefault(len(counts), size) != size:
                parser.raise_error("tensor literal is invalid; ranks are not consistent between elements", offset + position)
            if counts:
                counts[-1] += 1
        elif mark == "(":
            pair = []
        elif mark == ")":
            if pair is None or len(pair) != 2:
                parser.raise_error("a complex element is `(real, imaginary)`", offset + position)
            atoms.append(tuple(pair))
            pair = None
            if counts:
                counts[-1] += 1
        elif atom is not None:
            if pair is not None:
                pair.append(atom)
                continue
            atoms.append(atom)
            if counts:
                counts[-1] += 1
    if counts or pair is not None:
        parser.raise_error("unbalanced brackets in a dense literal", offset)
    found = tuple(shape[depth] for depth in sorted(shape))
    if (not found and len(atoms) != 1) or (found and 0 not in found and math.prod(found) != len(atoms)):
        parser.raise_error("tensor literal is invalid; ranks are not consistent between elements", offset)
    return atoms, found


def _to_array(parser: Parser, atoms: list[Any], element: Attribute, dtype: np.dtype, start: int) -> np.ndarray:
    match element:
        case IntegerType() | IndexType():
            width = 64 if isinstance(element, IndexType) else element.width.data
            values = [_integer(parser, atom, width, start) for atom in atoms]
            if width == 1:
                return np.array([v != 0 for v in values], np.bool_)
            unsigned = isinstance(element, IntegerType) and element.signedness.data == Signedness.UNSIGNED
            half, modulus = 1 << (width - 1), 1 << width
            values = [v % modulus if unsigned else (v + half) % modulus - half for v in values]
            return np.array(values, np.uint64 if unsigned else np.int64).astype(dtype)
        case ComplexType(element_type=inner):
            if not all(isinstance(atom, tuple) for atom in atoms):
                parser.raise_error("expected complex elements `(real, imaginary)`", start)
            part = numpy_dtype(inner)
            parts = [_to_array(parser, list(atom), inner, part, start) for atom in atoms]
            return np.array(parts, part).reshape(-1).view(dtype)
        case _:
            plain = [_is_bits(atom) for atom in atoms]
            values = np.array([0.0 if bits else _float(parser, atom, start) for atom, bits in zip(atoms, plain, strict=True)], np.float64)
            with np.errstate(over="ignore"):
                result = values.astype(dtype)
            for i, bits in enumerate(plain):
                if bits:
                    raw = int(atoms[i], 16).to_bytes(dtype.itemsize, "little")
                    result[i : i + 1] = np.frombuffer(raw, dtype)
            return result


def _is_bits(atom: Any) -> bool:
    return isinstance(atom, str) and atom.startswith("0x")


def _integer(parser: Parser, atom: Any, width: int, start: int) -> int:
    if isinstance(atom, str) and atom in ("true", "false"):
        if width != 1:
            parser.raise_error("expected i1 type for 'true' or 'false' values", start)
        return int(atom == "true")
    if not isinstance(atom, str) or ("." in atom and not _is_bits(atom)):
        parser.raise_error(f"expected integer elements, but parsed '{atom}'", start)
    value = int(atom, 16) if "0x" in atom else int(atom)
    if not -(1 << (width - 1)) <= value < 1 << width and not (width == 1 and value == -1):
        parser.raise_error(f"integer constant {value} is out of range for a {width}-bit element", start)
    return value


def _float(parser: Parser, atom: Any, start: int) -> float:
    if not isinstance(atom, str) or ("." not in atom):
        parser.raise_error(f"expected floating-point elements, but parsed '{atom}'", start)
    return float(atom)
