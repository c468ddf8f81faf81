"""The machine a kernel is for: what strategies and the emitter may assume about it.

A machine is read from the `#hal.executable.target` attribute of a variant, never from the host, so that compiling for another machine, or
going on from the text of a phase, gives the same kernels.
"""

from __future__ import annotations

import functools
import platform
from dataclasses import dataclass

import llvmlite.binding as llvm

from pyrie.support.errors import InputError

# What a feature means for vectors: (feature, bytes of the widest vector, number of vector registers); the first that is present counts.
# AVX-512 with 32 registers needs VL for the narrower vectors; without it the machine is treated as AVX2.
VECTOR_EXTENSIONS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "x86_64": (("avx512vl", 64, 32), ("avx", 32, 16), ("", 16, 16)),
    "aarch64": (("", 16, 32),),
    "riscv64": (("v", 32, 32), ("", 8, 32)),
}
FORMATS = {"x86_64": "embedded-elf-x86_64", "aarch64": "embedded-elf-arm_64", "riscv64": "embedded-elf-riscv_64"}
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "riscv64": "riscv64"}
FEATURE_BITS = {"+": True, "-": False}


@dataclass(frozen=True)
class Machine:
    """A CPU as far as kernels care. Cache sizes are those of the smallest current server and desktop cores, one core's share."""

    triple: str
    cpu: str
    features: frozenset[str]
    l1_bytes: int = 32 << 10
    l2_bytes: int = 512 << 10

    @property
    def architecture(self) -> str:
        return self.triple.split("-", maxsplit=1)[0]

    @property
    def _vectors(self) -> tuple[int, int]:
        rows = VECTOR_EXTENSIONS.get(self.architecture, (("", 16, 16),))
        return next((size, count) for feature, size, count in rows if not feature or feature in self.features)

    @property
    def vector_bytes(self) -> int:
        return self._vectors[0]

    @property
    def vector_registers(self) -> int:
        return self._vectors[1]

    @property
    def lanes(self) -> int:
        """Elements of four bytes in a vector; the unit in which kernels count columns whatever the element type."""
        return self.vector_bytes // 4

    @property
    def has_fma(self) -> bool:
        return self.architecture != "x86_64" or "fma" in self.features

    @property
    def has_half_conversion(self) -> bool:
        """Whether f16 <-> f32 is an instruction."""
        return self.architecture == "aarch64" or "f16c" in self.features

    @property
    def has_rounding(self) -> bool:
        """Whether ceil, floor, trunc and rint are instructions."""
        return self.architecture != "x86_64" or "sse4.1" in self.features

    @property
    def executable_format(self) -> str:
        return FORMATS[self.architecture]

    @property
    def feature_string(self) -> str:
        return ",".join(f"+{feature}" for feature in sorted(self.features))


def embedded_triple(triple: str | None) -> str:
    """The freestanding triple of kernels for `triple`, by default this machine's: no operating system, no C library."""
    name = (triple or platform.machine()).split("-", maxsplit=1)[0].lower()
    if name not in ARCHITECTURES:
        raise InputError(f"there is no code generator for '{name}'", hint="supported: " + ", ".join(sorted(set(ARCHITECTURES.values()))))
    return f"{ARCHITECTURES[name]}-unknown-unknown-eabi-elf"


@functools.cache
def initialize_llvm() -> None:
    """Registers LLVM's targets, once."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


@functools.cache
def cpu_features(triple: str, cpu: str) -> frozenset[str]:
    """The features of an LLVM CPU name, as LLVM itself sees them. Raises InputError for a name LLVM does not know."""
    initialize_llvm()
    if cpu == "host":
        return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)
    known = X86_LEVELS.get(cpu)
    if known is None:
        hint = "supported: host, " + ", ".join(X86_LEVELS) + "; or `host` with features added and removed"
        raise InputError(f"the features of CPU '{cpu}' are not known", hint=hint)
    return known


_V1 = frozenset({"cx8", "fxsr", "mmx", "sse", "sse2", "x87"})
_V2 = _V1 | {"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3", "crc32"}
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_ZEN4 = _V4 | {"avx512bf16", "avx512bitalg", "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512vpopcntdq", "gfni"}
X86_LEVELS: dict[str, frozenset[str]] = {
    "generic": _V1, "x86-64": _V1, "x86-64-v2": _V2, "x86-64-v3": _V3, "haswell": _V3, "x86-64-v4": _V4, "znver4": _ZEN4,
}  # fmt: skip
# What generated code uses beyond the baseline when the machine has it; the rest of a CPU's features (crypto, tracing, ...) it never does.
KERNEL_FEATURES = (_ZEN4 | {"avx512fp16", "avxvnni"}) - _V1


def describe(cpu: str, feature_text: str, triple: str | None) -> Machine:
    """The machine that the command line names. Raises InputError."""
    initialize_llvm()
    target = embedded_triple(triple)
    if target.startswith("x86_64"):
        features = set(cpu_features(target, cpu))
        name = llvm.get_host_cpu_name() if cpu == "host" else {"generic": "x86-64"}.get(cpu, cpu)
    else:
        features, name = set(), "generic" if cpu == "host" else cpu
    return Machine(target, name, frozenset(_apply(features, feature_text)))


def from_attributes(cpu: str, feature_text: str, triple: str) -> Machine:
    """The machine that a target attribute describes; its features are spelled out there."""
    return Machine(triple, cpu, frozenset(_apply(set(), feature_text)))


def _apply(features: set[str], text: str) -> set[str]:
    for item in filter(None, text.split(",")):
        if item[0] not in FEATURE_BITS or not item[1:]:
            raise InputError(f"'{item}' is not a CPU feature", hint="write +name to add one, -name to remove one")
        (features.add if FEATURE_BITS[item[0]] else features.discard)(item[1:])
    return features


def data_layout(machine: Machine) -> str:
    """LLVM's data layout string for the machine."""
    initialize_llvm()
    return str(llvm.Target.from_triple(machine.triple).create_target_machine().target_data)
