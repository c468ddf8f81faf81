"""Says on which devices the program runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp
from xdsl.ir import Attribute

from pyrie.dialects import hal
from pyrie.ir.context import Context
from pyrie.ir.parser import parse_attribute_prefix
from pyrie.ir.passes import ModulePass
from pyrie.passes.hal.device_analysis import TARGETS, names_devices
from pyrie.support.errors import InputError

_NAME = re.compile(r"\s*(\w+)\s*=\s*")
_ALIAS = re.compile(r'\s*("?)([^",\[\]=#<>]+)\1\s*(?:\[\s*(\d+)\s*\])?\s*')


@dataclass(frozen=True)
class AssignTargetDevices(ModulePass):
    """Attaches the devices of the options to a module that names none.

    before:  module { ... }
    after:   module attributes {hal.device.targets = [#hal.device.alias<"local">]} { ... }

    A device is an attribute (`#hal.device.target<"local">`), an alias (`local`, `local[1]`), several of these of which the first that is
    there is taken (`local[1],local[0]`), and may have a name (`first=local`); if one has a name, all have.
    """

    name: ClassVar[str] = "iree-hal-assign-target-devices"

    devices: tuple[str, ...] = field(default=(), metadata={"option": "targetDevices"})

    def apply(self, context: Context, module: ModuleOp) -> None:
        if not self.devices or names_devices(module):
            return
        parsed = [_parse_device(text, context) for text in self.devices]
        named = {name: device for name, device in parsed if name}
        if not named:
            module.attributes[TARGETS] = ArrayAttr([device for _, device in parsed])
        elif len(named) == len(parsed):
            module.attributes[TARGETS] = DictionaryAttr(named)
        else:
            raise InputError(
                f"of the target devices {', '.join(self.devices)} some have a name and some have none, or two have the same",
                hint="give each a name of its own (first=local[0],second=local[1]) or none",
            )


def _parse_device(text: str, context: Context) -> tuple[str, Attribute]:
    """The name (empty if there is none) and the attribute of one device specification. Raises InputError."""
    name = _NAME.match(text)
    position = name.end() if name else 0
    choices: list[hal.DeviceAttr] = []
    while True:
        choice, position = _parse_choice(text, position, context)
        choices.append(choice)
        if position == len(text):
            return name[1] if name else "", hal.DeviceSelectAttr.of(choices)
        if text[position] != ",":
            raise _error(text, f"there is more than a device at '{text[position:]}'")
        position += 1


def _parse_choice(text: str, position: int, context: Context) -> tuple[hal.DeviceAttr, int]:
    """The device that starts at `position`, and where it ends."""
    position += len(text[position:]) - len(text[position:].lstrip())
    if text.startswith("#", position):
        attribute, length = parse_attribute_prefix(text[position:], context, name=f"target device '{text}'")
        if not isinstance(attribute, hal.DeviceAttr):
            raise _error(text, f"{attribute} is no device")
        return attribute, position + length
    alias = _ALIAS.match(text, position)
    if alias is None:
        raise _error(text, f"no device stands at '{text[position:]}'")
    return hal.DeviceAliasAttr.of(alias[2].strip(), int(alias[3]) if alias[3] else None), alias.end()


def _error(text: str, message: str) -> InputError:
    return InputError(f"target device '{text}': {message}", hint='devices are written local, local[1] or #hal.device.target<"local">')
