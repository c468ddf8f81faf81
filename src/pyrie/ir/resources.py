"""Large constants: bytes that stay where they are (a memory map, an array, the text) behind a keyed attribute.

The text form is MLIR's: `dense_resource<key> : type` in the IR, and at the end of the file a section

    {-# dialect_resources: { builtin: { key: "0x<alignment as 4 bytes><data>" } } #-}

which never passes through the lexer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, BuiltinAttribute, Data, TypedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from pyrie.support.errors import InputError

ALIGNMENT = 64  # of blobs that come from arrays; those of text keep theirs


class Blob:
    """Immutable bytes with an alignment. Equal if the bytes are; the digest is taken once, and only when identity does not decide."""

    def __init__(self, data: bytes | memoryview | np.ndarray, alignment: int = ALIGNMENT):
        if isinstance(data, np.ndarray):
            data = np.ascontiguousarray(data).reshape(-1).view(np.uint8).data
        self.data = memoryview(data).cast("B").toreadonly()
        self.alignment = alignment

    @cached_property
    def digest(self) -> str:
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Blob) and len(self.data) == len(other.data) and self.digest == other.digest)

    def __hash__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Blob({len(self.data)} bytes)"


@irdl_attr_definition
class BlobAttr(Data[Blob | None]):
    """The bytes of a `ResourceAttr`; None if the text names a resource it does not hold."""

    name = "builtin.blob"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Blob | None:
        parser.raise_error("write `dense_resource<key> : type`")

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(repr(self.data))


@irdl_attr_definition
class ResourceAttr(TypedAttribute, BuiltinAttribute):
    """`dense_resource<key> : type`: elements kept outside of the IR. Build one with `elements.from_numpy`."""

    name = "builtin.dense_resource"

    handle: StringAttr
    type: Attribute
    contents: BlobAttr

    @staticmethod
    def get(key: str, type: Attribute, blob: Blob | None) -> ResourceAttr:
        return ResourceAttr(StringAttr(key), type, BlobAttr(blob))

    @property
    def key(self) -> str:
        return self.handle.data

    @property
    def blob(self) -> Blob | None:
        return self.contents.data

    @property
    def bytes(self) -> memoryview:
        """The raw elements, row-major and little-endian. Raises InputError if the text left the resource out."""
        if self.contents.data is None:
            raise InputError(
                f"dense_resource '{self.key}' has no data", hint="the file's `{-# dialect_resources #-}` section does not hold it"
            )
        return self.contents.data.data

    def get_type(self) -> Attribute:
        return self.type

    def get_shape(self) -> tuple[int, ...]:
        return self.type.get_shape()  # pyright: ignore[reportAttributeAccessIssue]

    def get_element_type(self) -> Attribute:
        return self.type.get_element_type()  # pyright: ignore[reportAttributeAccessIssue]

    @staticmethod
    def parse_with_type(parser: AttrParser, type: Attribute) -> TypedAttribute:
        parser.parse_keyword("dense_resource")
        with parser.in_angle_brackets():
            key = parser.parse_identifier_or_str_literal(" for the key of a dense_resource")
        return ResourceAttr.get(key, type, getattr(parser, "resources", {}).get(key))

    def print_without_type(self, printer: Printer) -> None:
        collect = getattr(printer, "print_attribute_without_type", None)  # Pyrie's printer, which writes the bytes at the end
        if collect is not None:
            collect(self)
        else:
            printer.print_string(f"dense_resource<{self.key}>")

    def print_builtin(self, printer: Printer) -> None:
        self.print_without_type(printer)
        printer.print_string(" : ")
        printer.print_attribute(self.type)


_BEGIN = re.compile(r"^\{-#", re.MULTILINE)
_SECTION = re.compile(r'\s*(?:([\w$.]+|"(?:[^"\\\n]++|\\.)*+")\s*:\s*(?:(\{)|"((?:[^"\\\n]++|\\.)*+)"|([\w.-]+))|([{},]))')


def split_resources(text: str, name: str) -> tuple[str, dict[str, dict[str, Blob]]]:
    """The text before its resource section, and the blobs: dialect -> key -> blob. Raises InputError for a damaged section."""
    begin = text.rfind("{-#")
    if begin < 0 or (begin > 0 and text[begin - 1] != "\n") or '"' in text[text.rfind("\n", 0, begin) + 1 : begin]:
        return text, {}
    end = text.find("#-}", begin)
    if end < 0 or text[end + 3 :].strip():
        raise _damaged(text, begin, name, "the resource section is not closed by `#-}` at the end of the file")
    blobs: dict[str, dict[str, Blob]] = {}
    path: list[str] = []
    position = begin + 3
    while position < end:
        match = _SECTION.match(text, position, end)
        if match is None:
            if text[position:end].strip():
                raise _damaged(text, position, name, 'expected `key: "0x..."` or `key: { ... }` in the resource section')
            break
        position = match.end()
        key, opens, value = match[1], match[2], match[3]
        if match[5] == "}":
            if not path:
                raise _damaged(text, match.start(5), name, "unbalanced `}` in the resource section")
            path.pop()
        elif key and opens:
            path.append(_unquote(key))
        elif key and value is not None and path[:1] == ["dialect_resources"] and len(path) == 2:
            blobs.setdefault(path[1], {})[_unquote(key)] = _decode(value, text, match.start(3), name)
    if path:
        raise _damaged(text, end, name, "unbalanced `{` in the resource section")
    return text[:begin], blobs


def _decode(value: str, text: str, position: int, name: str) -> Blob:
    if not value.startswith("0x"):
        raise _damaged(text, position, name, "a resource is a hexadecimal string that begins with `0x`")
    try:
        raw = bytes.fromhex(value[2:])
    except ValueError:
        raise _damaged(text, position, name, "the resource holds a character that is not hexadecimal, or an odd number of digits") from None
    if len(raw) < 4:
        raise _damaged(text, position, name, "a resource begins with its alignment, four bytes")
    return Blob(memoryview(raw)[4:], int.from_bytes(raw[:4], "little"))


def format_resources(resources: Iterable[tuple[str, Blob]]) -> str:
    """The `{-# ... #-}` section of the builtin dialect's resources; the empty string if there are none."""
    lines = []
    for key, blob in resources:
        lines.append(f'      {key}: "0x{(blob.alignment.to_bytes(4, "little")).hex().upper()}{blob.data.hex().upper()}"')
    if not lines:
        return ""
    return "\n{-#\n  dialect_resources: {\n    builtin: {\n" + ",\n".join(lines) + "\n    }\n  }\n#-}\n"


def _unquote(key: str) -> str:
    return key[1:-1] if key.startswith('"') else key


def _damaged(text: str, position: int, name: str, message: str) -> InputError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return InputError(message, location=f"{name}:{line}:{column}")
