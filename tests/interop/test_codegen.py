# ruff: noqa: E501
"""Dispatches made by the real compiler, executables made by Pyrie, run by the real runtime: the numbers must be the real compiler's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import RealIREE, iree_tool
from pyrie.codegen.target import load_backend
from pyrie.dialects import hal
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file, parse_module
from pyrie.ir.printer import print_module
from pyrie.passes.hal.pipeline import executable_configurations_phase, executable_targets_phase, hal_phase
from pyrie.passes.options import CompileOptions

pytestmark = pytest.mark.interop
SEED = 11

PROGRAMS = {
    "convolutions": (["1x12x12x3xf32"], """
func.func @main(%x: tensor<1x12x12x3xf32>) -> tensor<1x3x3x16xf32> {
  %w = stablehlo.constant dense<0.125> : tensor<3x3x3x16xf32>
  %c = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [2, 2], pad = [[1, 1], [1, 1]]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x12x12x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x6x6x16xf32>
  %t = stablehlo.tanh %c : tensor<1x6x6x16xf32>
  %lowest = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %p = "stablehlo.reduce_window"(%t, %lowest) <{window_dimensions = array<i64: 1, 2, 2, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %m : tensor<f32>
  }) : (tensor<1x6x6x16xf32>, tensor<f32>) -> tensor<1x3x3x16xf32>
  return %p : tensor<1x3x3x16xf32>
}"""),
    "movement": (["5x7xf32", "3x7xf32"], """
func.func @main(%x: tensor<5x7xf32>, %y: tensor<3x7xf32>) -> tensor<4x8x2xf32> {
  %c = stablehlo.concatenate %x, %y, dim = 0 : (tensor<5x7xf32>, tensor<3x7xf32>) -> tensor<8x7xf32>
  %r = stablehlo.reverse %c, dims = [1] : tensor<8x7xf32>
  %z = stablehlo.constant dense<2.0> : tensor<f32>
  %p = stablehlo.pad %r, %z, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<8x7xf32>, tensor<f32>) -> tensor<8x8xf32>
  %t = stablehlo.transpose %p, dims = [1, 0] : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %s = stablehlo.reshape %t : (tensor<8x8xf32>) -> tensor<4x8x2xf32>
  return %s : tensor<4x8x2xf32>
}"""),
    "dynamic": (["6x9xf32"], """
func.func @main(%x: tensor<?x9xf32>) -> tensor<?x9xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %s = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<?x9xf32>, tensor<f32>) -> tensor<9xf32>
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x9xf32>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %k = stablehlo.constant dense<9> : tensor<1xi32>
  %shape = stablehlo.concatenate %n1, %k, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %b = stablehlo.dynamic_broadcast_in_dim %s, %shape, dims = [1] : (tensor<9xf32>, tensor<2xi32>) -> tensor<?x9xf32>
  %e = stablehlo.exponential %x : tensor<?x9xf32>
  %r = stablehlo.add %e, %b : tensor<?x9xf32>
  return %r : tensor<?x9xf32>
}"""),
    "sort": (["4x33xf32"], """
func.func @main(%x: tensor<4x33xf32>) -> tensor<4x33xf32> {
  %r = "stablehlo.sort"(%x) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.compare GT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }) : (tensor<4x33xf32>) -> tensor<4x33xf32>
  return %r : tensor<4x33xf32>
}"""),
}  # fmt: skip
EXAMPLES = {"mlp": ["4x64xf32"], "transformer_block": ["32x64xf32"]}


@pytest.fixture(params=[*EXAMPLES, *PROGRAMS])
def program(request: pytest.FixtureRequest, real_iree: Callable[[Path | str], RealIREE], tmp_path: Path) -> tuple[RealIREE, list[str]]:
    name = request.param
    if name in EXAMPLES:
        return real_iree(name), EXAMPLES[name]
    inputs, text = PROGRAMS[name]
    source = tmp_path / f"{name}.mlir"
    source.write_text(text)
    return real_iree(source), inputs


def run(module: Path, inputs: list[Path], result: Path) -> np.ndarray:
    arguments = [f"--input=@{path}" for path in inputs]
    command = [
        iree_tool("iree-run-module"),
        f"--module={module}",
        "--device=local-task",
        "--function=main",
        *arguments,
        f"--output=@{result}",
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return np.load(result)


def test_the_real_runtime_computes_the_same_with_our_kernels(program: tuple[RealIREE, list[str]], tmp_path: Path):
    real, shapes = program
    context, options = make_context(), CompileOptions()
    module = parse_file(real.phases["executable-sources"], context)
    for phase in (executable_configurations_phase, executable_targets_phase, hal_phase):
        phase(options).run(context, module)
    text, binary = tmp_path / "hal.mlir", tmp_path / "ours.vmfb"
    text.write_text(print_module(module))
    subprocess.run(
        [iree_tool("iree-compile"), str(text), "--compile-from=hal", "-o", str(binary)], check=True, capture_output=True, text=True
    )
    rng = np.random.default_rng(SEED)
    inputs = []
    for i, shape in enumerate(shapes):
        inputs.append(tmp_path / f"input{i}.npy")
        np.save(inputs[-1], rng.standard_normal([int(d) for d in shape.split("x")[:-1]]).astype(np.float32))
    expected = run(real.module, inputs, tmp_path / "real.npy")
    got = run(binary, inputs, tmp_path / "ours.npy")
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=f"seed {SEED}")


def test_kernels_are_legal_mlir_and_mean_the_same_when_read_back(program: tuple[RealIREE, list[str]]):
    real, _ = program
    context, options, backend = make_context(), CompileOptions(), load_backend("llvm-cpu")
    module = parse_file(real.phases["executable-sources"], context)
    for phase in (executable_configurations_phase, executable_targets_phase):
        phase(options).run(context, module)
    text = print_module(module)
    subprocess.run([iree_tool("iree-opt"), "-", "-o", "/dev/null"], input=text, check=True, capture_output=True, text=True)
    again = parse_module(text, context)
    binaries = [[backend.serialize(context, v).data for v in m.walk() if isinstance(v, hal.ExecutableVariantOp)] for m in (module, again)]
    assert binaries[0] and binaries[0] == binaries[1]
