"""Executables: what a module's code for a device becomes once loaded, and the registry of their formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from pyrie.runtime import status

# A kernel in Python: (workgroup counts, constants, bindings as writable bytes) -> None. Runs the whole grid.
HostedKernel = Callable[[tuple[int, int, int], Sequence[int], Sequence[np.ndarray]], None]


@dataclass(frozen=True, slots=True)
class Kernel:
    """One entry point. Native ones have an `address` and `environment`, hosted ones are called as `hosted`."""

    name: str
    constant_count: int
    binding_count: int
    local_memory: int = 0  # bytes each workgroup needs
    workgroup_size: tuple[int, int, int] = (1, 1, 1)
    address: int = 0
    environment: int = 0
    hosted: HostedKernel | None = None
    owner: Any = None  # keeps the code mapped


class Executable:
    """A loaded executable: kernels by ordinal and by name. Immutable; shared by every command buffer that uses it."""

    __slots__ = ("_ordinals", "format", "kernels")

    def __init__(self, format: str, kernels: Sequence[Kernel]):
        self.format, self.kernels = format, tuple(kernels)
        self._ordinals = {kernel.name: ordinal for ordinal, kernel in enumerate(self.kernels)}

    def lookup(self, name: str) -> int:
        """The ordinal of a kernel. Raises DeviceError NOT_FOUND."""
        if name not in self._ordinals:
            raise status.error(
                status.NOT_FOUND, f"the executable has no function '{name}'", hint="it has: " + ", ".join(k.name for k in self.kernels)
            )
        return self._ordinals[name]

    def kernel(self, ordinal: int) -> Kernel:
        if not 0 <= ordinal < len(self.kernels):
            raise status.error(status.INVALID_ARGUMENT, f"the executable has {len(self.kernels)} functions, none with ordinal {ordinal}")
        return self.kernels[ordinal]


# (executable data, specialization constants) -> the loaded executable.
ExecutableLoader = Callable[[memoryview, Sequence[int]], Executable]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    load: ExecutableLoader
    is_native: bool


_FORMATS: dict[str, Format] = {}


def register_format(name: str, load: ExecutableLoader, *, is_native: bool = False) -> None:
    """Makes executables of a format loadable in this process. Native formats are subject to `allow_native`."""
    _FORMATS[name] = Format(name, load, is_native)


def executable_formats() -> Mapping[str, Format]:
    """The formats that can be loaded in this process, by name."""
    return MappingProxyType(_FORMATS)


def is_supported(name: str, *, allow_native: bool) -> bool:
    return name in _FORMATS and (allow_native or not _FORMATS[name].is_native)


def load_executable(name: str, data: memoryview, constants: Sequence[int], *, allow_native: bool) -> Executable:
    """Loads an executable. Raises DeviceError PERMISSION_DENIED or NOT_FOUND for a format that is refused or unknown."""
    if name in _FORMATS and _FORMATS[name].is_native and not allow_native:
        raise status.error(
            status.PERMISSION_DENIED, f"native code ('{name}') is refused", hint="load with allow_native=True if you trust the module"
        )
    if name not in _FORMATS:
        hint = f"this runtime loads: {', '.join(sorted(_FORMATS))}"
        if name == "reference":
            hint += "; `import pyrie.codegen.reference` adds 'reference', which needs the compiler"
        raise status.error(status.NOT_FOUND, f"executable format '{name}' is not supported here", hint=hint)
    return _FORMATS[name].load(data, constants)
