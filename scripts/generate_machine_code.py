#!/usr/bin/env python3
"""Compiles the runtime's own native code (LLVM text) into the Python modules that hold its machine code.

    python scripts/generate_machine_code.py

The image of an architecture is made of its own text and the common ones, in which `$NAME` stands for a constant of layout.py.
Run it after a change to src/pyrie/runtime/native/*.ll or layout.py; a test compares what is committed with what this would write.
"""

from __future__ import annotations

import runpy
import string
import struct
from pathlib import Path

import llvmlite.binding as llvm

NATIVE = Path(__file__).resolve().parents[1] / "src" / "pyrie" / "runtime" / "native"
ARCHITECTURES = {"x86_64": "x86_64-unknown-linux-gnu", "aarch64": "aarch64-unknown-linux-gnu"}
GLOBAL, FUNCTION, UNDEFINED = 1, 2, 0  # binding, type and section of an ELF symbol
COMMON = ("binding.ll", "commands.ll", "serial.ll", "claims.ll", "workers.ll", "parallel.ll", "call_plan.ll")


def module_text(architecture: str) -> str:
    """The whole text of an architecture's image."""
    layout = runpy.run_path(str(NATIVE / "layout.py"))
    constants = {name: value for name, value in layout.items() if isinstance(value, int)}
    common = [string.Template((NATIVE / name).read_text()).substitute(constants) for name in COMMON]
    return "\n".join([(NATIVE / f"{architecture}.ll").read_text(), *common])


def machine_code(text: str, triple: str) -> tuple[bytes, dict[str, int]]:
    """The code of a module's functions, and where each begins. Fails if the code needs anything from outside itself."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()  # for inline assembly
    machine = llvm.Target.from_triple(triple).create_target_machine(opt=2, reloc="pic", codemodel="small")
    module = llvm.parse_assembly(text)
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return text_section(machine.emit_object(module))


def text_section(elf: bytes) -> tuple[bytes, dict[str, int]]:
    """`.text` of an ELF64 object and its functions' offsets; refuses an object with relocations of its code."""
    table, entry_size, count, names_index = struct.unpack_from("<Q10xHHH", elf, 40)
    # Per section: name, type, offset, size, link, info.
    sections = [struct.unpack_from("<II16xQQII", elf, table + i * entry_size) for i in range(count)]
    names = sections[names_index][2]

    def string(offset: int) -> str:
        return elf[offset : elf.index(b"\0", offset)].decode()

    by_name = {string(names + s[0]): s for s in sections}
    if ".rela.text" in by_name:
        raise SystemExit("the code has relocations; it must stand alone")
    beside = [name for name, (*_, size, _, _) in by_name.items() if size and name.startswith((".rodata", ".data", ".bss", ".text."))]
    if beside:
        raise SystemExit(f"the code has {', '.join(beside)} beside it; it must stand alone")
    _, _, offset, size, _, _ = by_name[".text"]
    _, _, symbols, symbols_size, strings_index, _ = by_name[".symtab"]
    offsets: dict[str, int] = {}
    for position in range(symbols, symbols + symbols_size, 24):
        name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", elf, position)
        if name and section == UNDEFINED:
            raise SystemExit(f"the code needs {string(sections[strings_index][2] + name)}; it must stand alone")
        if info == GLOBAL << 4 | FUNCTION:
            offsets[string(sections[strings_index][2] + name)] = value
    return elf[offset : offset + size], offsets


def source(architecture: str, code: bytes, offsets: dict[str, int]) -> str:
    lines = [code.hex()[i : i + 120] for i in range(0, 2 * len(code), 120)]
    return "\n".join(
        [
            f'"""Machine code for {architecture}, made from *.ll by scripts/generate_machine_code.py. Do not edit."""',
            "",
            "OFFSETS = {",
            *(f'    "{name}": {offset},' for name, offset in sorted(offsets.items())),
            "}",
            "CODE = bytes.fromhex(",
            *(f'    "{line}"' for line in lines),
            ")",
            "",
        ]
    )


def generated(architecture: str) -> str:
    """What the module of an architecture should say."""
    code, offsets = machine_code(module_text(architecture), ARCHITECTURES[architecture])
    return source(architecture, code, offsets)


if __name__ == "__main__":
    for name in ARCHITECTURES:
        (NATIVE / f"{name}.py").write_text(generated(name))
