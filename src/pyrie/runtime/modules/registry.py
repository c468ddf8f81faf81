"""How a module in Python exports functions to bytecode, and which modules there are."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pyrie.runtime.hal.device import Device

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Host:
    """What a context offers to the modules in it."""

    devices: tuple[Device, ...]
    allow_native: bool = True


class NativeModule:
    """Base of modules written in Python. One instance a context, so state in it is per context.

    A function receives its arguments as the calling convention lists them: integers in signed range, floats, references or None, and
    one tuple for each variadic span. It returns nothing, a value, or a tuple of values.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 0
    exports: ClassVar[dict[str, tuple[str, str]]]  # import name -> (calling convention, method name)

    def __init__(self, host: Host):
        self.host = host

    def __init_subclass__(cls) -> None:
        cls.exports = {
            name: (convention, attribute)
            for attribute, function in vars(cls).items()
            for name, convention in [getattr(function, "_export", (None, ""))]
            if name is not None
        }

    def after_call(self) -> None:
        """Runs when a call from outside of the context has returned; may raise what the call left behind."""

    def resolve(self, name: str, convention: str) -> Callable[..., Any] | None:
        """The function exported under a name with this calling convention; None if there is none."""
        expected, attribute = self.exports.get(name, ("", ""))
        return getattr(self, attribute) if attribute and expected == convention else None


def export(name: str, convention: str) -> Callable[[F], F]:
    """Exports a method to bytecode; the convention is written without its leading version `0`."""

    def mark(function: F) -> F:
        function._export = (name, f"0{convention}")  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return mark


# name -> "package.module:Class", imported when first asked for
_MODULES: dict[str, str] = {
    "hal": "pyrie.runtime.modules.hal:HalModule",
    "check": "pyrie.runtime.modules.check:CheckModule",
}


def register_module(name: str, target: str) -> None:
    """Makes bytecode imports `name.*` resolve to the NativeModule at `package.module:Class`."""
    _MODULES[name] = target


def create_native_module(name: str, host: Host) -> NativeModule | None:
    """A module for one context; None if there is no module of that name."""
    if name not in _MODULES:
        return None
    package, _, attribute = _MODULES[name].partition(":")
    return getattr(importlib.import_module(package), attribute)(host)
