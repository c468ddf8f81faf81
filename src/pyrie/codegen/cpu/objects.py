"""LLVM text -> object file. No optimisation pipeline runs: kernels are written the way they should be executed."""

from __future__ import annotations

import functools
import hashlib
import re

import llvmlite
import llvmlite.binding as llvm

from pyrie.codegen.cpu.machine import Machine, initialize_llvm
from pyrie.format.elf.layout import SHN_UNDEF
from pyrie.format.elf.objects import read_object
from pyrie.support.disk_cache import DiskCache
from pyrie.support.errors import CompileError

OPTIMIZATION_LEVEL = 2  # of instruction selection, scheduling and register allocation; 3 gives the same code (measured)


@functools.lru_cache(maxsize=8)
def target_machine(machine: Machine) -> llvm.TargetMachine:
    """LLVM's description of `machine`, for position-independent code that fits in 2 GB."""
    initialize_llvm()
    target = llvm.Target.from_triple(machine.triple)
    features = machine.feature_string
    return target.create_target_machine(cpu=machine.cpu, features=features, opt=OPTIMIZATION_LEVEL, reloc="pic", codemodel="small")


def compile_object(text: str, machine: Machine, expected: frozenset[str] = frozenset()) -> bytes:
    """The object file of `text`, from the user's cache if it was made before: the key holds all that decides its bytes.

    Raises CompileError if LLVM rejects the text or if the object needs a symbol other than those `expected` of other objects.
    """
    parts = (text, machine.triple, machine.cpu, machine.feature_string, llvmlite.__version__, str(OPTIMIZATION_LEVEL))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    cache = DiskCache.of("kernels")
    data = cache.get(key)
    if data is None:
        data = _compile(text, machine, expected)
        cache.put(key, data)
    return data


def _compile(text: str, machine: Machine, expected: frozenset[str]) -> bytes:
    tm = target_machine(machine)
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise CompileError(f"LLVM rejects the text of a kernel: {error}", details=_line_of(text, str(error))) from error
    if "alwaysinline" in text:
        builder = llvm.create_pass_builder(tm, llvm.create_pipeline_tuning_options(speed_level=0))
        passes = llvm.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.run(module, builder)
    data = tm.emit_object(module)
    missing = [name for name in undefined_symbols(data) if name not in expected]
    if missing:
        users = "; ".join(f"{name}: {', '.join(_callers(text, name)) or 'added by LLVM'}" for name in missing)
        raise CompileError(f"the object of a kernel calls what nobody defines: {', '.join(missing)}", details=(users,))
    return data


def undefined_symbols(data: bytes) -> list[str]:
    """Names that an object refers to and does not define."""
    symbols = read_object(data, "kernel").symbols
    return sorted({s.name for s in symbols if s.name and s.section is None and s.raw.section == SHN_UNDEF})


def _callers(text: str, name: str) -> list[str]:
    """The functions whose text names a symbol."""
    found, current = [], ""
    for line in text.splitlines():
        if line.startswith("define"):
            current = line.split("@", 1)[1].split("(", 1)[0]
        elif f"@{name}(" in line and current not in found:
            found.append(current)
    return found


def _line_of(text: str, message: str) -> tuple[str, ...]:
    """The line that LLVM's message points at."""
    match = re.search(r":(\d+):\d+: error", message)
    return (text.splitlines()[int(match[1]) - 1].strip(),) if match else ()
