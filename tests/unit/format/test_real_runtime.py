"""The real IREE runtime reads what we write: modules made by hand, and its own compiler's modules rewritten."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from hand_made_modules import adder, every_opcode

from conftest import iree_tool
from pyrie.format.elf import link
from pyrie.format.module import Module, Segment
from pyrie.format.reader import read_module
from pyrie.format.verifier import verify_module
from pyrie.format.writer import write_module

pytestmark = pytest.mark.interop

# A kernel that multiplies four floats by ten, behind the query function of the CPU executable ABI.
KERNEL = """
%header = type {{ i32, ptr, i32, i32 }}
%exports = type {{ i32, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr }}
%library = type {{ ptr, {{ i32, ptr }}, %exports, i32, {{ i32, ptr }} }}
%attributes = type {{ i64, i16, i8, i8, i32, i32, i16, i16, [5 x i64] }}
@name = private constant [{size} x i8] c"{name}\\00"
@names = private constant [1 x ptr] [ptr @name]
@functions = private constant [1 x ptr] [ptr @kernel]
@attributes = private constant [1 x %attributes] [
  %attributes {{ i64 0, i16 0, i8 0, i8 2, i32 1, i32 1, i16 1, i16 0, [5 x i64] zeroinitializer }}]
@header = private constant %header {{ i32 6, ptr @name, i32 0, i32 0 }}
@library = private constant %library {{
  ptr @header, {{ i32, ptr }} zeroinitializer,
  %exports {{ i32 1, ptr @functions, ptr @attributes, ptr null, ptr null, ptr @names, ptr null, ptr null, ptr null, ptr null }},
  i32 0, {{ i32, ptr }} zeroinitializer }}
define internal i32 @kernel(ptr %environment, ptr %dispatch, ptr %workgroup) {{
  %bindings.p = getelementptr i8, ptr %dispatch, i64 32
  %bindings = load ptr, ptr %bindings.p
  %in = load ptr, ptr %bindings
  %out.p = getelementptr ptr, ptr %bindings, i64 1
  %out = load ptr, ptr %out.p
  %x = load <4 x float>, ptr %in, align 16
  %y = fmul <4 x float> %x, splat (float 1.0e1)
  store <4 x float> %y, ptr %out, align 16
  ret i32 0
}}
define ptr @iree_hal_executable_library_query(i32 %version, ptr %environment) {{ ret ptr @library }}
"""
ABS = """
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.abs %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
"""

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


def test_the_real_loader_runs_an_image_that_we_link(real_iree, tmp_path: Path):
    """The compiler's module computes |x|; with its executable replaced by ours, it computes 10 x."""
    source = tmp_path / "abs.mlir"
    source.write_text(ABS)
    module = read_module(real_iree(source).module)
    (index,) = (i for i, s in enumerate(module.rodata) if bytes(s.data[:4]) == b"\x7fELF")
    name = next(bytes(s.data).decode() for s in module.rodata if b"dispatch" in bytes(s.data) and bytes(s.data[:4]) != b"\x7fELF")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple("x86_64-unknown-unknown-elf").create_target_machine(opt=2, reloc="pic", codemodel="small")
    compiled = machine.emit_object(llvm.parse_assembly(KERNEL.format(name=name, size=len(name) + 1)))
    executable = link([compiled], exported=["iree_hal_executable_library_query"])
    rodata = (*module.rodata[:index], Segment(executable, is_external=True), *module.rodata[index + 1 :])
    changed = saved(dataclasses.replace(module, rodata=rodata), tmp_path / "ten.vmfb")
    assert "4xf32=10 -20 30 -40" in run(changed, "f", "4xf32=1 -2 3 -4")
