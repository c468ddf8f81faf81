"""The real compiler's `vm` text, made into bytecode by us, computes on the real runtime what the real compiler's module computes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.format.reader import read_module
from pyrie.format.verifier import verify_module
from pyrie.ir.parser import parse_file
from pyrie.ir.printer import print_module
from pyrie.passes.vm.bytecode import build_module, emit_module
from pyrie.passes.vm.bytecode.emission import find_module
from references import references_left_behind

pytestmark = pytest.mark.interop

CALLS = {
    "mlp": ("main", "4x64xf32=0.5"),
    "transformer_block": ("main", "32x64xf32=0.5"),
    "loop": ("iterate", "4x8xf32=0.5", "8x8xf32=0.1", "i32=3"),
    "counter": ("add", "i32=5"),
}


def run(module: Path, function: str, *inputs: str) -> str:
    command = [iree_tool("iree-run-module"), f"--module={module}", "--device=local-sync", f"--function={function}"]
    result = subprocess.run([*command, *(f"--input={i}" for i in inputs)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", CALLS)
def test_bytecode_of_real_vm_text_runs_like_the_original(name: str, real_iree, tmp_path: Path):
    original = real_iree(name)
    text = original.phases["vm"]
    module = parse_file(text, make_context())
    assert print_module(module) == text.read_text()
    data = emit_module(module)
    ours = tmp_path / f"{name}.vmfb"
    ours.write_bytes(data)
    verify_module(read_module(data, verify="full"))
    assert run(ours, *CALLS[name]) == run(original.module, *CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_text_without_discards_releases_all_the_same(name: str, real_iree, tmp_path: Path):
    """References die in the same places, with or without `vm.discard.refs` in the text."""
    original = real_iree(name)
    lines = original.phases["vm"].read_text().splitlines(keepends=True)
    stripped = tmp_path / "stripped.mlir"
    stripped.write_text("".join(line for line in lines if "vm.discard.refs" not in line))
    for source in (original.phases["vm"], stripped):
        data = emit_module(parse_file(source, make_context()))
        left = [references_left_behind(f) for f in verify_module(read_module(data)).functions]
        assert not any(left), f"{source.name}: {left}"
    (tmp_path / "stripped.vmfb").write_bytes(data)
    assert run(tmp_path / "stripped.vmfb", *CALLS[name]) == run(original.module, *CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_the_checker_of_references_agrees_with_the_real_compiler(name: str, real_iree):
    assert not any(references_left_behind(f) for f in verify_module(read_module(real_iree(name).module)).functions)


@pytest.mark.parametrize("name", CALLS)
def test_tables_are_those_of_the_real_compiler(name: str, real_iree):
    original = real_iree(name)
    built, real = build_module(find_module(parse_file(original.phases["vm"], make_context()))), read_module(original.module)
    for field in ("name", "version", "requirements", "types", "dependencies", "imports", "exports", "global_bytes", "global_refs"):
        assert getattr(built, field) == getattr(real, field), field
    assert [bytes(s.data) for s in built.rodata] == [bytes(s.data) for s in real.rodata]
    assert [s.is_external for s in built.rodata] == [s.is_external for s in real.rodata]
    assert [(f.signature, f.requirements, f.block_count) for f in built.functions] == [
        (f.signature, f.requirements, f.block_count) for f in real.functions
    ]
    assert sum(len(f.bytecode) for f in built.functions) <= sum(len(f.bytecode) for f in real.functions)
