"""Object files that the IR names are found in the search path only, and never outside of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyrie.dialects import hal
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.passes.hal.executable_files import object_contents
from pyrie.support.errors import CompileError


def variant_with(path: str, data: str = "") -> hal.ExecutableVariantOp:
    text = f"""hal.executable private @e {{
      hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">)
          objects([#hal.executable.object<{{path = "{path}"{data}}}>]) {{
      }}
    }}"""
    module = parse_module(text, make_context())
    return next(op for op in module.walk() if isinstance(op, hal.ExecutableVariantOp))


def test_contents_come_from_the_ir_or_the_first_directory_that_has_the_file(tmp_path: Path):
    for directory, content in (("a", b"first"), ("b", b"second")):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "k.o").write_bytes(content)
    directories = [str(tmp_path / name) for name in ("none", "a", "b")]
    assert object_contents(variant_with("k.o"), directories) == [("k.o", b"first")]
    held = variant_with("k.o", ", data = dense<[104, 105]> : vector<2xi8>")
    assert object_contents(held, directories) == [("k.o", b"hi")]


def test_a_path_cannot_leave_the_search_path(tmp_path: Path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.o").write_bytes(b"secret")
    (tmp_path / "inside" / "link.o").symlink_to(tmp_path / "secret.o")
    for path in ("../secret.o", str(tmp_path / "secret.o"), "link.o", "missing.o", "."):
        with pytest.raises(CompileError, match="is in no directory of the search path"):
            object_contents(variant_with(path), [str(tmp_path / "inside")])
    with pytest.raises(CompileError, match="is in no directory of the search path"):
        object_contents(variant_with("secret.o"), [])
