"""What this CPU can do, in the HAL's encoding: the words that kernels find in their environment and `hal.cpu` queries ask for."""

from __future__ import annotations

import ctypes
import functools

from pyrie.runtime.native.kernels import own_code

# Features of x86-64: (name, bit of data word 0, CPUID leaf, subleaf, register, bit, state that the system must save).
EAX, EBX, ECX, EDX = range(4)
NONE, YMM, ZMM = 0, 0x7, 0xE7
X86_64: tuple[tuple[str, int, int, int, int, int, int], ...] = (
    ("sse3", 0, 1, 0, ECX, 0, NONE),
    ("ssse3", 1, 1, 0, ECX, 9, NONE),
    ("sse4.1", 2, 1, 0, ECX, 19, NONE),
    ("sse4.2", 3, 1, 0, ECX, 20, NONE),
    ("sse4a", 4, 0x80000001, 0, ECX, 6, NONE),
    ("avx", 10, 1, 0, ECX, 28, YMM),
    ("fma", 11, 1, 0, ECX, 12, YMM),
    ("fma4", 12, 0x80000001, 0, ECX, 16, YMM),
    ("xop", 13, 0x80000001, 0, ECX, 11, YMM),
    ("f16c", 14, 1, 0, ECX, 29, YMM),
    ("avx2", 15, 7, 0, EBX, 5, YMM),
    ("avx512f", 20, 7, 0, EBX, 16, ZMM),
    ("avx512cd", 21, 7, 0, EBX, 28, ZMM),
    ("avx512vl", 22, 7, 0, EBX, 31, ZMM),
    ("avx512dq", 23, 7, 0, EBX, 17, ZMM),
    ("avx512bw", 24, 7, 0, EBX, 30, ZMM),
    ("avx512ifma", 25, 7, 0, EBX, 21, ZMM),
    ("avx512vbmi", 26, 7, 0, ECX, 1, ZMM),
    ("avx512vpopcntdq", 27, 7, 0, ECX, 14, ZMM),
    ("avx512vnni", 28, 7, 0, ECX, 11, ZMM),
    ("avx512vbmi2", 29, 7, 0, ECX, 6, ZMM),
    ("avx512bitalg", 30, 7, 0, ECX, 12, ZMM),
    ("avx512bf16", 31, 7, 1, EAX, 5, ZMM),
    ("avx512fp16", 32, 7, 0, EDX, 23, ZMM),
)  # AMX is left out: a process must ask the system for its tiles first
DATA_WORDS = 8
_EXTENDED = 0x80000000


@functools.cache
def features() -> dict[str, bool]:
    """Every feature this table knows, by LLVM's name, and whether this CPU and system have it. Empty on another architecture."""
    code = own_code()
    if code is None or "cpuid" not in code:
        return {}
    cpuid = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)(code["cpuid"])
    registers = (ctypes.c_uint32 * 4)()

    def query(leaf: int, subleaf: int) -> tuple[int, ...]:
        cpuid(leaf & _EXTENDED, 0, ctypes.addressof(registers))
        if registers[EAX] < leaf:
            return (0, 0, 0, 0)
        if subleaf:
            cpuid(leaf, 0, ctypes.addressof(registers))
            if registers[EAX] < subleaf:
                return (0, 0, 0, 0)
        cpuid(leaf, subleaf, ctypes.addressof(registers))
        return tuple(registers)

    saved = query(0xD, 0)[EAX]
    return {
        name: bool(query(leaf, subleaf)[register] >> bit & 1) and saved & state == state
        for name, _, leaf, subleaf, register, bit, state in X86_64
    }


@functools.cache
def processor_data() -> tuple[int, ...]:
    """The environment's processor words: bit sets of features, zero where unknown."""
    present = features()
    word = sum(1 << bit for name, bit, *_ in X86_64 if present.get(name))
    return (word, *(0,) * (DATA_WORDS - 1))
