"""Command-line flags as tables: one row a flag, in the spelling IREE's tools use (`--flag=value`, `-o FILE`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pyrie.support.errors import InputError


@dataclass(frozen=True)
class Flag:
    """A row: `name` with dashes, what it is stored as, the type of its value, and what it means.

    `kind`: bool (no value, or true/false), int, str, or list (may be repeated; values in order).
    """

    name: str
    meaning: str
    kind: type = str
    default: Any = None
    target: str = ""
    also: tuple[str, ...] = ()

    @property
    def attribute(self) -> str:
        return self.target or self.name.lstrip("-").replace("-", "_")


@dataclass
class Parsed:
    """Values by attribute name, positional arguments, and warnings about flags without effect."""

    values: dict[str, Any]
    positional: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rest: list[tuple[str, str]] = field(default_factory=list)  # flags that `extra` accepted, in order
    given: set[str] = field(default_factory=set)  # attributes of the flags that stood on the command line

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None


_INITIAL = {bool: bool, list: list}


def parse_flags(command: str, flags: Sequence[Flag], arguments: Sequence[str], extra: frozenset[str] = frozenset()) -> Parsed:
    """Reads a command line. Names in `extra` (passes) are collected in order. Raises InputError for an unknown flag or a bad value."""
    table = {name: flag for flag in flags for name in (flag.name, *flag.also)}
    parsed = Parsed(
        {flag.attribute: _INITIAL[flag.kind]() if flag.default is None and flag.kind in _INITIAL else flag.default for flag in flags}
    )
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        index += 1
        if argument == "-" or not argument.startswith("-"):
            parsed.positional.append(argument)
            continue
        name, equals, value = argument.partition("=")
        name = name if name in table or name.startswith("--") else f"-{name}"  # LLVM's tools take one dash as well as two
        flag = table.get(name)
        if flag is None:
            if name[2:] in extra:
                parsed.rest.append((name[2:], value))
            elif name.startswith("--iree-") and extra and not equals:  # where passes are flags, this is one that is not there
                raise InputError(f"there is no pass '{name[2:]}'", hint="`pyrie opt --list-passes` prints them")
            elif name.startswith("--iree-"):
                parsed.warnings.append(f"flag '{name}' has no effect here")
            else:
                raise _unknown(command, argument, [*table, *(f"--{e}" for e in extra)])
            continue
        parsed.given.add(flag.attribute)
        if flag.kind is bool:
            parsed.values[flag.attribute] = _boolean(name, value) if equals else True
            continue
        if not equals:
            if index >= len(arguments):
                raise InputError(f"flag '{name}' needs a value")
            value = arguments[index]
            index += 1
        if flag.kind is list:
            parsed.values[flag.attribute].append(value)
        elif flag.kind is int:
            parsed.values[flag.attribute] = _integer(name, value)
        else:
            parsed.values[flag.attribute] = value
    return parsed


def _unknown(command: str, argument: str, known: Sequence[str]) -> InputError:
    near = get_close_matches(argument.partition("=")[0], known, n=1)
    return InputError(
        f"unknown flag '{argument}'", hint=f"did you mean '{near[0]}'?" if near else f"`pyrie {command} --help` lists the flags"
    )


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise InputError(f"flag '{name}' is true or false, not '{value}'")
    return value.lower() in ("true", "1")


def _integer(name: str, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError:
        raise InputError(f"flag '{name}' is a whole number, not '{value}'") from None


def help_text(usage: str, summary: str, flags: Sequence[Flag]) -> str:
    """What `--help` prints."""
    width = max((len(flag.name) for flag in flags), default=0)
    rows = [f"  {flag.name:{width}}  {flag.meaning}" for flag in flags]
    return "\n".join([f"usage: {usage}", "", summary, "", *rows]) + "\n"
