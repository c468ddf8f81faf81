"""The real IREE runtime reads what we write: modules made by hand, and its own compiler's modules rewritten."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hand_made_modules import adder, every_opcode

from conftest import iree_tool
from pyrie.format.module import Module
from pyrie.format.reader import read_module
from pyrie.format.verifier import verify_module
from pyrie.format.writer import write_module

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


def saved(module: Module, path: Path) -> Path:
    path.write_bytes(write_module(module))
    return path


def test_a_module_made_by_hand_runs(tmp_path: Path):
    assert "i32=42" in run(saved(adder(), tmp_path / "adder.vmfb"), "f0", "40", "2")


def test_every_opcode_is_accepted(tmp_path: Path):
    """The real verifier checks the whole function, which then returns at once."""
    assert "i32=0" in run(saved(every_opcode(), tmp_path / "every.vmfb"), "f0")


@pytest.mark.parametrize("name", CALLS)
def test_rewritten_modules_compute_the_same(name: str, real_iree, tmp_path: Path):
    original = real_iree(name).module
    module = read_module(original)
    verify_module(module)
    assert run(saved(module, tmp_path / "again.vmfb"), *CALLS[name]) == run(original, *CALLS[name])
