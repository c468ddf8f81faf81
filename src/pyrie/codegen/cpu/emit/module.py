"""The LLVM text of a binary: a module for each different kernel with what it uses, and one for the executable library."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
from pyrie.support.errors import CompileError


@dataclass(frozen=True)
class Kernel:
    """One kernel as a module of its own. `symbol` follows from the text, so that equal kernels are one object, whatever they are called."""

    symbol: str
    text: str
    local_bytes: int


SYMBOL = "@kernel"  # what a kernel is called until its text is known


def emit_kernel(function: func.FuncOp, constants: Mapping[str, memref.GlobalOp], machine: Machine) -> Kernel:
    """One kernel function, with the constants and runtime functions that it uses."""
    f = FunctionEmitter(machine)
    abi.prologue(f)
    f.emit_block(function.body.block)
    f.text.line("ret i32 0")
    runtime, declarations = definitions(f.text.used, machine)
    lines = [
        *(_constant(f"constant.{i}", constants[name]) for i, name in enumerate(f.constants)),
        *sorted(d for d in declarations if f"@{PREFIX}" not in d),
        *runtime,
        f"define hidden i32 {SYMBOL}({abi.SIGNATURE}) #0 {{",
        "entry:",
        *f.text.allocas,
        *f.text.lines,
        "}",
    ]
    text = module_text(lines, machine)
    symbol = "kernel_" + hashlib.sha256(text.encode()).hexdigest()[:24]
    return Kernel(symbol, text.replace(f"{SYMBOL}(", f"@{symbol}("), f.local_bytes)


def module_text(lines: Sequence[str], machine: Machine) -> str:
    """An LLVM module for the machine; `#0` are the attributes of its functions."""
    attributes = (
        f'nounwind "target-cpu"="{machine.cpu}" "target-features"="{machine.feature_string}" "no-builtins"'
        f' "prefer-vector-width"="{8 * machine.vector_bytes}"'
    )
    return "\n".join([f'target triple = "{machine.triple}"', *lines, f"attributes #0 = {{ {attributes} }}"]) + "\n"


def emit_executable(
    modules: Sequence[ModuleOp], exports: Sequence[library.Export], machine: Machine, name: str
) -> tuple[list[Kernel], str]:
    """The different kernels of an executable whose exports are functions of `modules`, and the text of its library."""
    ops = [op for module in modules for op in module.body.block.ops]
    functions = {op.sym_name.data: op for op in ops if isinstance(op, func.FuncOp)}
    constants = {op.sym_name.data: op for op in ops if isinstance(op, memref.GlobalOp)}
    missing = [export.name for export in exports if export.name not in functions]
    if missing:
        raise CompileError(f"exports without a function: {', '.join(missing)}", location=name)
    kernels = [emit_kernel(functions[export.name], constants, machine) for export in exports]
    entries = [export.at(kernel.symbol, kernel.local_bytes) for export, kernel in zip(exports, kernels, strict=True)]
    return list({kernel.symbol: kernel for kernel in kernels}.values()), module_text(library.lines(entries, name), machine)


def emit_library(exports: Sequence[library.Export], machine: Machine, name: str) -> str:
    """The text of the library of an executable whose kernels are elsewhere, under the names of the exports."""
    return module_text(library.lines([export.at(export.name, 0) for export in exports], name), machine)


def _constant(name: str, op: Operation) -> str:
    """A private array with the bytes of a memref.global."""
    assert isinstance(op, memref.GlobalOp) and isinstance(op.type, MemRefType)
    data = _bytes(op.initial_value, op.type)
    text = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data)
    return f'@{name} = private constant [{len(data)} x i8] c"{text}", align 64'


def _bytes(value: Attribute | None, type: MemRefType) -> bytes:
    assert value is not None
    array = elements.to_numpy(value)
    return (array.astype("u1") if element_of(type) == BOOL else array).tobytes()
