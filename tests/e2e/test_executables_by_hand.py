"""The flags of `pyrie compile` that write executables to files, change them, and put others in their place."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pyrie.codegen.cpu.machine import describe
from pyrie.codegen.cpu.objects import compile_object
from pyrie.passes.options import CompileOptions
from pyrie.session import cache_key
from pyrie.tools.main import run

MODEL = """
func.func @main(%a: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<8xf32> {
  %0 = tensor.empty() : tensor<8xf32>
  %1 = linalg.generic {
    indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]
  } ins(%a, %b : tensor<8xf32>, tensor<8xf32>) outs(%0 : tensor<8xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
"""
EXECUTABLE, KERNEL = "main_dispatch_0", "main_dispatch_0_elementwise_8_f32"

# 100 x + y, as an author of kernels would write it against the ABI: binding pointers are 32 bytes into the dispatch state
KERNEL_BY_HAND = f"""
define i32 @{KERNEL}(ptr %environment, ptr %dispatch, ptr %workgroup) {{
  %at = getelementptr i8, ptr %dispatch, i64 32
  %bindings = load ptr, ptr %at
  %a = load ptr, ptr %bindings
  %bp = getelementptr ptr, ptr %bindings, i64 1
  %b = load ptr, ptr %bp
  %cp = getelementptr ptr, ptr %bindings, i64 2
  %c = load ptr, ptr %cp
  %x = load <8 x float>, ptr %a, align 4
  %y = load <8 x float>, ptr %b, align 4
  %t = fmul <8 x float> %x, splat (float 100.0)
  %r = fadd <8 x float> %t, %y
  store <8 x float> %r, ptr %c, align 4
  ret i32 0
}}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.mlir"
    path.write_text(MODEL)
    return path


def command(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run(words, stdout=out, stderr=err), out.getvalue(), err.getvalue()


def compiled(model: Path, *flags: str) -> Path:
    module = model.with_suffix(".vmfb")
    code, _, err = command("compile", str(model), "-o", str(module), *flags)
    assert code == 0, err
    return module


def result(model: Path, *flags: str) -> str:
    """What the program computes of 3 and 5."""
    code, out, err = command("run", str(compiled(model, *flags)), "--function=main", "--input=8xf32=3", "--input=8xf32=5")
    assert code == 0, err
    return out.splitlines()[-1].partition("=")[2].split()[0]


def test_every_stage_of_an_executable_can_be_written(model: Path, tmp_path: Path):
    directory = tmp_path / "files"
    compiled(model, f"--iree-hal-dump-executable-files-to={directory}")
    names = {path.name for path in directory.iterdir()}
    stem = f"module_{EXECUTABLE}"
    assert {f"{stem}.mlir", f"configured_{stem}.mlir"} <= names
    variant = next(name for name in names if name.endswith("_benchmark.mlir")).removesuffix("_benchmark.mlir")
    assert {f"{variant}.so", f"{variant}.library.ll"} <= names
    assert {Path(name).suffix for name in names if ".kernel_" in name} == {".ll", ".o"}
    assert (directory / f"{variant}.so").read_bytes()[:4] == b"\x7fELF"


def test_a_written_source_can_be_changed_and_put_back(model: Path, tmp_path: Path):
    compiled(model, f"--iree-hal-dump-executable-sources-to={tmp_path / 'sources'}")
    file = tmp_path / "sources" / f"module_{EXECUTABLE}.mlir"
    file.write_text(file.read_text().replace("arith.addf", "arith.mulf"))
    assert result(model) == "8"
    assert result(model, f"--iree-hal-substitute-executable-source={EXECUTABLE}={file}") == "15"
    assert result(model, f"--iree-hal-substitute-executable-sources-from={file.parent}") == "15"


def test_a_configuration_can_be_changed_and_put_back(model: Path, tmp_path: Path):
    compiled(model, f"--iree-hal-dump-executable-configurations-to={tmp_path}")
    file = tmp_path / f"configured_module_{EXECUTABLE}.mlir"
    file.write_text(file.read_text().replace("arith.addf", "arith.subf"))
    assert result(model, f"--iree-hal-substitute-executable-configuration={EXECUTABLE}={file}") == "-2"


def test_a_kernel_compiled_elsewhere_runs(model: Path, tmp_path: Path):
    (tmp_path / "kernel.o").write_bytes(compile_object(KERNEL_BY_HAND, describe("generic", "", None)))
    flag = f"--iree-hal-substitute-executable-object={EXECUTABLE}"
    assert result(model, f"{flag}={tmp_path / 'kernel.o'}") == "305"
    assert result(model, f"{flag}=kernel.o", f"--iree-hal-executable-object-search-path={tmp_path}") == "305"


def test_an_object_without_the_kernel_is_refused_by_name(model: Path, tmp_path: Path):
    other = KERNEL_BY_HAND.replace(KERNEL, "another")
    (tmp_path / "kernel.o").write_bytes(compile_object(other, describe("generic", "", None)))
    flag = f"--iree-hal-substitute-executable-object={EXECUTABLE}={tmp_path / 'kernel.o'}"
    code, _, err = command("compile", str(model), "-o", str(tmp_path / "out.vmfb"), flag)
    assert code == 1 and KERNEL in err and "Traceback" not in err


def test_a_command_and_a_pipeline_see_every_executable(model: Path):
    assert result(model, "--iree-hal-preprocess-executables-with=sed -e s/arith.addf/arith.subf/") == "-2"
    assert result(model, "--iree-hal-preprocess-executables-with=builtin.module(canonicalize,cse)") == "8"


def test_dispatches_can_be_repeated(model: Path):
    flag = "--iree-hal-benchmark-dispatch-repeat-count=3"
    code, out, _ = command("compile", str(model), "--compile-to=hal", "-o", "-", flag)
    assert code == 0 and out.count("hal.command_buffer.dispatch<") == 3
    assert result(model, flag) == "8"


def test_texts_are_kept_on_request(model: Path):
    code, out, _ = command("compile", str(model), "--compile-to=executable-targets", "-o", "-", "--iree-hal-executable-debug-level=3")
    assert code == 0
    for stage in ("0.source", "1.configured", "2.translated"):
        assert f".{stage}.mlir = dense_resource<" in out


def test_instrumentation_is_refused_where_kernels_cannot_be_instrumented(model: Path, tmp_path: Path):
    flag = "--iree-hal-instrument-dispatches=64mib"
    code, out, _ = command("compile", str(model), "--compile-to=executable-sources", "-o", "-", flag)
    assert code == 0 and "hal.instrument.workgroup" in out
    code, _, err = command("compile", str(model), "-o", str(tmp_path / "out.vmfb"), flag)
    assert code == 1 and "hal.instrument.workgroup" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "options",
    [
        CompileOptions(dump_executable_sources_to="x"),
        CompileOptions(substitute_executable_objects=("e=x",)),
        CompileOptions(preprocess_executables_with=("cat",)),
    ],
)
def test_what_depends_on_files_is_not_cached(options: CompileOptions):
    assert cache_key(MODEL, CompileOptions()) is not None
    assert cache_key(MODEL, options) is None
