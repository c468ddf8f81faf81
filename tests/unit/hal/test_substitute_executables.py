"""Executables from files: found by name, taken whole, refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.hal.substitute_executables import SubstituteExecutables
from pyrie.support.errors import CompileError, InputError, UnsupportedError

VARIANT = """
  hal.executable.variant public @{name} target(<"llvm-cpu", "embedded-elf-x86_64">) {{
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>)
    builtin.module {{ func.func @f() {{ {code} return }} }}
  }}"""
OWN = VARIANT.format(name="v", code="")
OTHER = VARIANT.format(name="v", code="%0 = arith.constant 77 : index util.optimization_barrier %0 : index")


def substituted(text: str, passed: SubstituteExecutables) -> str:
    context = make_context()
    module = parse_module(text, context)
    passed.apply(context, module)
    return print_module(module)


def test_code_is_taken_from_the_executable_of_the_same_name(tmp_path: Path):
    file = tmp_path / "by_hand.mlir"
    file.write_text(f"hal.executable private @other {{ }} hal.executable private @e {{ {OTHER} }}")
    text = substituted(f"hal.executable private @e {{ {OWN} }}", SubstituteExecutables((f"e={file}",)))
    assert "77" in text and text.count("hal.executable private") == 1


def test_a_directory_is_searched_by_name_with_and_without_the_module(tmp_path: Path):
    (tmp_path / "program_a.mlir").write_text(f"hal.executable private @a {{ {OTHER} }}")
    (tmp_path / "b.o").write_bytes(b"object")
    source = f"module @program {{ hal.executable private @a {{ {OWN} }} hal.executable private @b {{ {OWN} }} }}"
    text = substituted(source, SubstituteExecutables(search_path=str(tmp_path)))
    assert "77" in text and 'path = "b.o"' in text


def test_relative_files_are_looked_for_in_the_search_path(tmp_path: Path):
    (tmp_path / "kernel.o").write_bytes(b"object")
    source = f"hal.executable private @e {{ {OWN} }}"
    found = SubstituteExecutables(("e=kernel.o",), object_search_path=(str(tmp_path / "none"), str(tmp_path)))
    assert 'path = "kernel.o"' in substituted(source, found)
    with pytest.raises(InputError, match="no such file"):
        substituted(source, SubstituteExecutables(("e=kernel.o",)))


def test_what_cannot_be_substituted_is_refused(tmp_path: Path):
    (tmp_path / "e.o").write_bytes(b"object")
    (tmp_path / "wrong.mlir").write_text("hal.executable private @x { }")
    two = f"hal.executable private @e {{ {OWN} {VARIANT.format(name='w', code='')} }}"
    with pytest.raises(UnsupportedError, match="2 variants"):
        substituted(two, SubstituteExecutables((f"e={tmp_path / 'e.o'}",)))
    with pytest.raises(InputError, match=r"holds no hal\.executable @e"):
        substituted(two, SubstituteExecutables((f"e={tmp_path / 'wrong.mlir'}",)))
    with pytest.raises(CompileError, match=r"no hal\.executable"):
        substituted("util.func private @e() { util.return }", SubstituteExecutables((f"e={tmp_path / 'e.o'}",)))
    with pytest.raises(InputError, match="substitutes nothing"):
        substituted(two, SubstituteExecutables(("e",)))
    with pytest.raises(InputError, match="no directory"):
        substituted(two, SubstituteExecutables(search_path=str(tmp_path / "none")))
