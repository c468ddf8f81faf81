"""Source locations: `loc(...)` in text, and where in the text an op came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute

UNKNOWN = UnknownLoc()


class Lines:
    """Line and column of a position of a text, both counted from one."""

    __slots__ = ("_integers", "_name", "_starts")

    def __init__(self, text: str, name: str):
        self._name = StringAttr(name)
        self._integers: dict[int, IntAttr] = {}
        starts, position = [0], text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._starts = starts

    def line_column(self, position: int) -> tuple[int, int]:
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1

    def location(self, position: int) -> FileLineColLoc:
        """The location attribute of a position. Every op gets one, so it is built without the checks its parts cannot fail."""
        line, column = self.line_column(position)
        made = object.__new__(FileLineColLoc)
        cast(dict[str, Attribute], vars(made)).update(filename=self._name, line=self._integer(line), column=self._integer(column))
        return made

    def _integer(self, value: int) -> IntAttr:
        attribute = self._integers.get(value)
        if attribute is None:
            attribute = self._integers[value] = IntAttr(value)
        return attribute


def describe(location: Attribute) -> str:
    """The place in the user's own words: the outermost node name if there is one, else `file:line:column`."""
    match location:
        case NameLoc():
            return location.desc.data
        case FileLineColLoc():
            return f"{location.filename.data}:{location.line.data}:{location.column.data}"
        case CallSiteLoc():
            return describe(location.callee)
        case FusedLoc():
            names = [text for text in (describe(part) for part in cast(ArrayAttr, location.locations)) if text != "-"]
            return ", ".join(dict.fromkeys(names)) or "-"
        case _:
            return "-"


def place(location: Attribute) -> str:
    """`describe` for messages inside of a module, which hold no folders of the machine that compiled it; empty if there is no place."""
    match location:
        case NameLoc():
            return f"'{location.desc.data}'"
        case FileLineColLoc():
            return f"{location.filename.data.replace(chr(92), '/').rpartition('/')[2]}:{location.line.data}:{location.column.data}"
        case CallSiteLoc():
            return place(location.callee)
        case FusedLoc():
            return ", ".join(filter(None, dict.fromkeys(place(part) for part in cast(ArrayAttr, location.locations))))
        case _:
            return ""


def named(name: str, inner: LocationAttr = UNKNOWN) -> LocationAttr:
    """`loc("name")`: what importers give an op made from the node `name`."""
    return NameLoc(StringAttr(name), NoneAttr() if inner == UNKNOWN else inner)


def call_site(callee: Attribute, caller: Attribute) -> LocationAttr:
    """Where an inlined op comes from: its own place, reached from the call's."""
    if isinstance(callee, UnknownLoc):
        return cast(LocationAttr, caller)
    if isinstance(caller, UnknownLoc):
        return cast(LocationAttr, callee)
    return CallSiteLoc(callee, caller)


def fused(locations: Iterable[Attribute]) -> LocationAttr:
    """One place for what was several; duplicates and unknown ones are left out."""
    distinct: dict[Attribute, None] = {}
    for location in locations:
        parts = cast(ArrayAttr, location.locations).data if isinstance(location, FusedLoc) else (location,)
        distinct.update(dict.fromkeys(part for part in parts if not isinstance(part, UnknownLoc)))
    if not distinct:
        return UNKNOWN
    return cast(LocationAttr, next(iter(distinct))) if len(distinct) == 1 else FusedLoc(tuple(distinct), NoneAttr())
