"""The real compiler's hal text through our vm phase and bytecode, run by the real iree-run-module: the same numbers as its own module."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file
from pyrie.ir.printer import print_module
from pyrie.passes.options import CompileOptions
from pyrie.passes.vm.bytecode import emit_module
from pyrie.passes.vm.pipeline import vm_phase

pytestmark = pytest.mark.interop

CALLS = {
    "mlp": ("main", "4x64xf32=0.37"),
    "loop": ("iterate", "4x8xf32=0.3", "8x8xf32=0.2", "i32=3"),
    "counter": ("add", "i32=5"),
    "transformer_block": ("main", "32x64xf32=0.37"),
}


def run(module: Path, function: str, *inputs: str) -> str:
    """What iree-run-module prints for one call."""
    command = [iree_tool("iree-run-module"), "--device=local-sync", f"--module={module}", f"--function={function}"]
    result = subprocess.run([*command, *(f"--input={value}" for value in inputs)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("example", CALLS)
def test_hal_text_becomes_a_module_that_computes_the_same(real_iree: Callable, example: str, tmp_path: Path):
    real = real_iree(example)
    context = make_context()
    module = parse_file(real.phases["hal"], context)
    vm_phase(CompileOptions()).run(context, module)
    ours = tmp_path / f"{example}.vmfb"
    ours.write_bytes(emit_module(module))
    assert run(ours, *CALLS[example]) == run(real.module, *CALLS[example])


def test_vm_text_is_finished_by_the_real_compiler(real_iree: Callable, tmp_path: Path):
    real = real_iree("loop")
    context = make_context()
    module = parse_file(real.phases["hal"], context)
    vm_phase(CompileOptions()).run(context, module)
    text, finished = tmp_path / "loop.vm.mlir", tmp_path / "loop.vmfb"
    text.write_text(print_module(module) + "\n")
    subprocess.run([iree_tool("iree-compile"), "--compile-from=vm", str(text), "-o", str(finished)], check=True, capture_output=True)
    assert run(finished, *CALLS["loop"]) == run(real.module, *CALLS["loop"])
