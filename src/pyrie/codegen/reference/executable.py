"""Executables in the `reference` format: the text of a module, and for each entry point how many constants and bindings it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Operation

from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Machine
from pyrie.ir.interpreter.hal import Interface
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.runtime.hal.executable import Executable, Kernel
from pyrie.support.errors import InputError, VerifyError

FORMAT = "reference"
EXPORTS = "reference.exports"  # module attribute: one dictionary for each entry point, in ordinal order


@dataclass(frozen=True)
class Export:
    """One entry point."""

    name: str
    constants: int
    bindings: int

    def attribute(self) -> DictionaryAttr:
        numbers = {"bindings": self.bindings, "constants": self.constants}
        return DictionaryAttr({**{key: IntegerAttr(value, i64) for key, value in numbers.items()}, "name": StringAttr(self.name)})

    @staticmethod
    def of(attribute: object) -> Export:
        data = attribute.data if isinstance(attribute, DictionaryAttr) else {}
        name, constants, bindings = (data.get(key) for key in ("name", "constants", "bindings"))
        if not isinstance(name, StringAttr) or not isinstance(constants, IntegerAttr) or not isinstance(bindings, IntegerAttr):
            raise VerifyError(f"a reference executable describes an entry point by {attribute}")
        return Export(name.data, constants.value.data, bindings.value.data)


def save(functions: Sequence[Operation], exports: Sequence[Export]) -> bytes:
    """The bytes of an executable of these functions."""
    module = ModuleOp([function.clone() for function in functions])
    module.attributes[EXPORTS] = ArrayAttr([export.attribute() for export in exports])
    return print_module(module).encode()


def load(data: memoryview, constants: Sequence[int]) -> Executable:
    """Loads an executable; each kernel runs its whole grid as one workgroup. Raises InputError and VerifyError."""
    try:
        text = bytes(data).rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise InputError("a reference executable is not text") from error
    module = parse_module(text, make_context(), name="<reference executable>")
    module.verify()
    exports = [Export.of(attribute) for attribute in cast(ArrayAttr, module.attributes.get(EXPORTS, ArrayAttr([])))]
    return Executable(FORMAT, [_kernel(module, export) for export in exports])


def _kernel(module: ModuleOp, export: Export) -> Kernel:
    function = Machine(module).symbols.get(export.name)
    if function is None:
        raise VerifyError(f"a reference executable has no function @{export.name}")

    def run(counts: tuple[int, int, int], constants: Sequence[int], bindings: Sequence[np.ndarray]) -> None:
        machine = Machine(module, interface=Interface(tuple(constants), tuple(bindings)))
        if 0 not in counts:
            machine.call(function, ())

    return Kernel(export.name, export.constants, export.bindings, hosted=run)
