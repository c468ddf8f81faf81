"""What a machine is to the compiler: the protocol of target backends and their registry.

The passes of the executable phases know nothing else of code generation. For each `hal.executable.variant` they look up the backend
that its `#hal.executable.target<backend, format, {...}>` names and call, in this order:

    executable-configurations   configure(context, variant)   chooses strategies, visible as attributes
    executable-targets          translate(context, variant)   tensors -> kernels; workgroup counts become arithmetic
    hal (serialization)         serialize(context, variant)   kernels -> one binary in the executable format
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from xdsl.ir import Attribute, Operation

from pyrie.ir.context import Context
from pyrie.support.errors import InputError


@dataclass(frozen=True)
class TargetOptions:
    """Which machine to compile for, in the words of the command line.

    `cpu` is `host`, `generic`, or an LLVM CPU name such as `x86-64-v3` or `znver4`; `cpu_features` adds (`+avx2`) and removes (`-fma`)
    features on top of it; `triple` is an LLVM target triple, by default this machine's.
    """

    cpu: str = "host"
    cpu_features: str = ""
    triple: str | None = None


@dataclass(frozen=True)
class Binary:
    """A serialized executable: `format` is what a device is asked for (`embedded-elf-x86_64`), `data` what it loads.

    `cpu_features` are those beyond the architecture's baseline that its code may use, by LLVM's names; a machine without them refuses it.
    With `is_element_aligned`, its code accepts buffers that are aligned to their elements only, not to cache lines.
    `intermediates` are the files that it was made of, by name, for those who want to read them.
    """

    format: str
    data: bytes
    cpu_features: frozenset[str] = frozenset()
    is_element_aligned: bool = False
    intermediates: Mapping[str, str | bytes] = field(default_factory=dict)


class TargetBackend(Protocol):
    """One way of making executables.

    `name` is the backend's name in `#hal.executable.target` and in `--iree-hal-target-backends=`. A backend holds no state between
    calls; what it needs to know about the machine it reads from the variant's target attribute, so each phase can start from text.
    """

    name: str

    def executable_targets(self, options: TargetOptions) -> tuple[Attribute, ...]:
        """The `#hal.executable.target` attributes for a device described by `options`, best first. Raises InputError."""
        ...

    def configure(self, context: Context, variant: Operation) -> None:
        """Chooses a strategy for each function of a `hal.executable.variant` and records it on the function.

        The body keeps its meaning and may be rewritten to named forms that strategies know. Raises UnsupportedError naming the op.
        """
        ...

    def translate(self, context: Context, variant: Operation) -> None:
        """Lowers each function of a configured variant to a kernel at tile level, in place.

        In the count region of each export, `iree_tensor_ext.dispatch.workgroup_count_from_slice` (and `..._from_dag_root`) becomes
        arithmetic over the region's workload arguments. A variant that was never configured is configured first.
        """
        ...

    def serialize(self, context: Context, variant: Operation, objects: Sequence[tuple[str, bytes]] = ()) -> Binary:
        """Makes the binary of a translated variant: its exports, in the order of their ordinals, are the functions of the binary.

        `objects` are the files, by name, that its code needs; a variant without code has its exports in them.
        """
        ...


# backend name -> (module, class); imported on first use, so that asking for one does not load another's dependencies
BACKENDS: dict[str, tuple[str, str]] = {
    "llvm-cpu": ("pyrie.codegen.cpu.backend", "CPUBackend"),
    "reference": ("pyrie.codegen.reference.backend", "ReferenceBackend"),
    "vmvx": ("pyrie.codegen.foreign", "VMVXBackend"),
    "vmvx-inline": ("pyrie.codegen.foreign", "VMVXInlineBackend"),
}


@dataclass(frozen=True)
class Device:
    """A kind of device by its name in `#hal.device.target`: the pattern its identifiers match, and who can make code for it."""

    pattern: str
    backends: tuple[str, ...]


DEVICES: dict[str, Device] = {"local": Device("local*", ("llvm-cpu", "reference", "vmvx", "vmvx-inline"))}


def load_backend(name: str) -> TargetBackend:
    """The backend `name`. Raises InputError listing those that exist."""
    if name not in BACKENDS:
        raise InputError(f"there is no target backend '{name}'", hint="supported: " + ", ".join(BACKENDS))
    module, cls = BACKENDS[name]
    return getattr(import_module(module), cls)()


def default_device(backend: str) -> str:
    """The kind of device that code of a backend is meant for, when none is named. Raises InputError for a backend that does not exist."""
    load_backend(backend)
    return next(name for name, device in DEVICES.items() if backend in device.backends)
