"""The LLVM text of a whole binary: constants, kernels, the runtime functions they use, and the executable library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute, Operation

from pyrie.codegen.cpu import library
from pyrie.codegen.cpu.emit import abi
from pyrie.codegen.cpu.emit.function import FunctionEmitter
from pyrie.codegen.cpu.emit.values import BOOL, element_of
from pyrie.codegen.cpu.machine import Machine
from pyrie.codegen.cpu.rt.library import PREFIX, definitions
from pyrie.dialects import func, memref
from pyrie.ir import elements


@dataclass(frozen=True)
class Kernel:
    """The text of one function, what it calls, and the bytes of local memory it wants."""

    name: str
    text: str
    used: frozenset[str]
    local_bytes: int


def emit_kernel(function: func.FuncOp, machine: Machine) -> Kernel:
    """One kernel function as LLVM text."""
    f = FunctionEmitter(machine)
    abi.prologue(f)
    f.emit_block(function.body.block)
    f.text.line("ret i32 0")
    name = function.sym_name.data
    lines = [f"define internal i32 @{quoted(name)}({abi.SIGNATURE}) #0 {{", "entry:", *f.text.allocas, *f.text.lines, "}"]
    return Kernel(name, "\n".join(lines), frozenset(f.text.used), f.local_bytes)


def emit_module(modules: Sequence[ModuleOp], exports: Sequence[library.Export], machine: Machine, name: str) -> str:
    """The text of an executable library whose exports are functions of `modules`."""
    functions = {op.sym_name.data: op for module in modules for op in module.body.block.ops if isinstance(op, func.FuncOp)}
    constants = [op for module in modules for op in module.body.block.ops if isinstance(op, memref.GlobalOp)]
    kernels = [emit_kernel(functions[export.function], machine) for export in exports]
    used = frozenset().union(*(kernel.used for kernel in kernels))
    runtime, declarations = definitions(used, machine)
    exports = [export.with_local_memory(kernel.local_bytes) for export, kernel in zip(exports, kernels, strict=True)]
    parts = [
        f'target triple = "{machine.triple}"',
        *(_constant(op) for op in constants),
        *sorted(d for d in declarations if f"@{PREFIX}" not in d),
        *runtime,
        *(kernel.text for kernel in kernels),
        library.text(exports, name),
        f'attributes #0 = {{ nounwind "target-cpu"="{machine.cpu}" "target-features"="{machine.feature_string}" "no-builtins"'
        f' "prefer-vector-width"="{8 * machine.vector_bytes}" }}',
    ]
    return "\n".join(parts) + "\n"


def quoted(name: str) -> str:
    """A symbol name as LLVM writes it."""
    plain = name.replace("_", "").replace("$", "").replace(".", "").isalnum() and not name[0].isdigit()
    return name if plain else '"' + name.replace("\\", "\\5C").replace('"', "\\22") + '"'


def _constant(op: Operation) -> str:
    """A private array with the bytes of a memref.global."""
    assert isinstance(op, memref.GlobalOp) and isinstance(op.type, MemRefType)
    data = _bytes(op.initial_value, op.type)
    text = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data)
    return f'@{quoted(op.sym_name.data)} = private constant [{len(data)} x i8] c"{text}", align 64'


def _bytes(value: Attribute | None, type: MemRefType) -> bytes:
    assert value is not None
    array = elements.to_numpy(value)
    return (array.astype("u1") if element_of(type) == BOOL else array).tobytes()
