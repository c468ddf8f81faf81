"""Pass options as text: the fields of a pass's dataclass are its options, `--name=key=value other=value`, in kebab case.

A pipeline is `builtin.module(first{key=value}, util.func(second), third)`; every pass is a module pass, so the anchors only group.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pyrie.ir.passes import ModulePass
from pyrie.support.errors import InputError

Lookup = Callable[[str], type[ModulePass]]
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_ANCHORS = re.compile(r"(builtin\.module|[a-z_]+\.[\w.]+|any)\s*\(")
_CLOSING = {"{": "}", "[": "]", "(": ")", '"': '"', "'": "'"}


def option_name(field: Field[Any]) -> str:
    """`memo_entries` is written `memo-entries`; a field may say otherwise by `metadata={"option": ...}`."""
    return field.metadata.get("option", field.name.rstrip("_").replace("_", "-"))


def make_pass(cls: type[ModulePass], text: str = "") -> ModulePass:
    """A pass from its class and the text of its options. Raises InputError for an unknown option or a value of the wrong kind."""
    known = {option_name(field): field for field in fields(cls) if field.init}
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in _split_options(cls.name, text):
        field = known.get(key)
        if field is None:
            raise InputError(f"pass '{cls.name}' has no option '{key}'", hint=f"options: {', '.join(known) or 'none'}")
        values[field.name] = convert(value, hints[field.name], f"option '{key}' of pass '{cls.name}'")
    return cls(**values)


def options_text(instance: ModulePass) -> str:
    """The options of `instance` that are not at their default, as `make_pass` reads them."""
    parts = []
    for field in fields(instance):
        value = getattr(instance, field.name)
        if field.init and value != field.default:
            parts.append(f"{option_name(field)}={_value_text(value)}")
    return " ".join(parts)


def pass_text(instance: ModulePass) -> str:
    """`name{options}`, as it stands in a pipeline."""
    options = options_text(instance)
    return f"{instance.name}{{{options}}}" if options else instance.name


def parse_pipeline(text: str, lookup: Lookup) -> list[ModulePass]:
    """The passes of a textual pipeline in order. Raises InputError with the place of what is wrong."""
    passes: list[ModulePass] = []
    position = _parse_list(text, 0, lookup, passes, depth=0)
    if text[position:].strip():
        raise _pipeline_error(text, position, "unexpected text after the pipeline")
    return passes


def _parse_list(text: str, position: int, lookup: Lookup, passes: list[ModulePass], *, depth: int) -> int:
    if depth > 16:
        raise _pipeline_error(text, position, "anchors are nested too deeply")
    while True:
        position = _skip(text, position)
        anchor = _ANCHORS.match(text, position)
        if anchor is not None:
            position = _skip(text, _parse_list(text, anchor.end(), lookup, passes, depth=depth + 1))
            if not text.startswith(")", position):
                raise _pipeline_error(text, position, "expected ')'")
            position += 1
        elif (word := _WORD.match(text, position)) is not None:
            position, options = word.end(), ""
            if text.startswith("{", position):
                end = _closing(text, position)
                if end < 0:
                    raise _pipeline_error(text, position, "expected '}'")
                options, position = text[position + 1 : end], end + 1
            passes.append(make_pass(lookup(word[0]), options))
        elif not (text.startswith(")", position) or position == len(text)):
            raise _pipeline_error(text, position, "expected the name of a pass")
        position = _skip(text, position)
        if not text.startswith(",", position):
            return position
        position += 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _closing(text: str, position: int) -> int:
    """The position of what closes the bracket or quote at `position`; -1 if nothing does."""
    wanted = [_CLOSING[text[position]]]
    for index in range(position + 1, len(text)):
        char = text[index]
        if char == wanted[-1]:
            wanted.pop()
            if not wanted:
                return index
        elif wanted[-1] not in "\"'" and char in _CLOSING:
            wanted.append(_CLOSING[char])
    return -1


def _pipeline_error(text: str, position: int, message: str) -> InputError:
    return InputError(f"{message} in a pass pipeline", details=(text, " " * position + "^"))


def _split_options(name: str, text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    position = _skip(text, 0)
    while position < len(text):
        word = _WORD.match(text, position)
        if word is None:
            raise InputError(f"pass '{name}': expected `option=value` at '{text[position : position + 20]}'")
        start = position = word.end()
        if text.startswith("=", position):
            start = position = position + 1
            while position < len(text) and not text[position].isspace():
                end = _closing(text, position) if text[position] in _CLOSING else position
                if end < 0:
                    raise InputError(f"pass '{name}': '{text[position]}' is not closed in '{text}'")
                position = end + 1
            pairs.append((word[0], text[start:position]))
        else:
            pairs.append((word[0], "true"))
        position = _skip(text, position)
    return pairs


def convert(text: str, hint: Any, what: str) -> Any:
    """The value that `text` stands for, of the type `hint`: bool, int, float, str, Literal, tuple or any of these or None."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        return None if text in ("", "none") else convert(text, inner[0], what)
    if origin is Literal:
        if text not in arguments:
            raise InputError(f"{what} is one of {', '.join(map(str, arguments))}, not '{text}'")
        return text
    if origin is tuple:
        body = text[1:-1] if text[:1] in "{[(" and len(text) > 1 else text
        return tuple(convert(part.strip(), arguments[0], what) for part in _split_list(body) if part.strip())
    if hint is bool:
        if text.lower() not in ("true", "false", "1", "0", ""):
            raise InputError(f"{what} is true or false, not '{text}'")
        return text.lower() in ("true", "1", "")
    if hint in (int, float):
        try:
            return int(text, 0) if hint is int else float(text)
        except ValueError:
            raise InputError(f"{what} is a number, not '{text}'") from None
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _split_list(text: str) -> list[str]:
    """`text` at the commas that stand outside of brackets and quotes."""
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == ",":
            parts.append(text[start:position])
            start = position + 1
        elif text[position] in _CLOSING and (end := _closing(text, position)) > 0:
            position = end
        position += 1
    return [*parts, text[start:]]


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(_value_text(part) for part in value)
    text = str(value)
    return f'"{text}"' if re.search(r"[\s,{}()]", text) else text
