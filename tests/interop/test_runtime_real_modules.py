"""The real compiler's modules on our runtime, beside the real runtime."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from conftest import RealIREE, iree_tool
from pyrie.program import Program
from pyrie.runtime import create_device
from pyrie.runtime.hal.device import TaskDevice

pytestmark = pytest.mark.interop
DEVICES = ("local-sync", "local-task")
HERE = Path(__file__).parent
Compile = Callable[[Path | str], RealIREE]


def run_really(module: Path, function: str, inputs: Sequence[np.ndarray], results: int, scratch: Path) -> list[np.ndarray]:
    """What the real iree-run-module answers."""
    command = [iree_tool("iree-run-module"), "--device=local-sync", f"--module={module}", f"--function={function}"]
    for i, array in enumerate(inputs):
        np.save(scratch / f"in{i}.npy", array)
        command.append(f"--input=@{scratch}/in{i}.npy")
    command += [f"--output=@{scratch}/out{i}.npy" for i in range(results)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return [np.load(scratch / f"out{i}.npy") for i in range(results)]


def random(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_loop(real_iree: Compile, tmp_path: Path, device: str, steps: int):
    module = real_iree("loop").module
    inputs = [random(4, 8, seed=1), random(8, 8, seed=2), np.array(steps, np.int32)]
    ours = Program(module, device)(*inputs)
    theirs = run_really(module, "iterate", inputs, 3, tmp_path)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other, strict=True)
    np.testing.assert_array_equal(ours[2], inputs[1])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name, shape", [("mlp", (4, 64)), ("transformer_block", (32, 64))])
def test_models_of_one_tensor(real_iree: Compile, tmp_path: Path, device: str, name: str, shape: tuple[int, ...]):
    module = real_iree(name).module
    x = random(*shape, seed=3)
    program = Program(module, device)
    (theirs,) = run_really(module, "main", [x], 1, tmp_path)
    for _ in range(3):  # a replay is no worse than the first run
        np.testing.assert_array_equal(program(x), theirs, strict=True)


@pytest.mark.parametrize("device", DEVICES)
def test_counter_counts_across_calls(real_iree: Compile, device: str):
    program = Program(real_iree("counter").module, device)
    add = program["add"]
    assert [int(add(n)) for n in (5, 7, -2)] == [5, 12, 10]
    assert program["reset"]() is None
    assert int(add(1)) == 1
    assert int(Program(real_iree("counter").module, device)["add"](4)) == 4, "globals belong to one program"


@pytest.fixture(scope="module")
def breadth(real_iree: Compile) -> Path:
    return real_iree(HERE / "runtime_breadth.mlir").module


@pytest.fixture(scope="module", params=DEVICES)
def program(breadth: Path, request: pytest.FixtureRequest) -> Program:
    return Program(breadth, request.param)


@pytest.mark.parametrize("rows, columns", [(3, 4), (1, 17), (0, 4), (5, 0), (100, 33)])
def test_dynamic_shapes(program: Program, rows: int, columns: int):
    x = random(rows, columns, seed=4)
    np.testing.assert_array_equal(program["dynamic"](x), x + x, strict=True)


@pytest.mark.parametrize("rows", [0, 1, 3, 50])
def test_dynamic_matmul(program: Program, rows: int):
    x, y = random(rows, 4, seed=5), random(4, 3, seed=6)
    np.testing.assert_allclose(program["rows"](x, y), x @ y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, dtype, operation",
    [
        ("i1", np.bool_, np.logical_xor),
        ("i8", np.int8, np.add),
        ("i8", np.uint8, np.add),
        ("i16", np.int16, np.multiply),
        ("i64", np.int64, np.multiply),
        ("f16", np.float16, np.add),
        ("bf16", ml_dtypes.bfloat16, np.add),
    ],
)
def test_element_types(program: Program, name: str, dtype: type, operation: np.ufunc):
    rng = np.random.default_rng(7)
    x, y = (rng.integers(0, 2 if dtype is np.bool_ else 100, 5).astype(dtype) for _ in range(2))
    result = program[name](x, y)
    np.testing.assert_array_equal(result.view(dtype), operation(x, y), strict=True)


def test_zero_size_tensors(program: Program):
    assert program["empty"](np.empty((0, 4), np.float32)).shape == (0, 4)


def test_several_results_one_of_them_twice_one_an_argument(program: Program):
    x, y = random(3, seed=8), np.arange(4, dtype=np.int32).reshape(2, 2)
    doubled, integers, again, untouched = program["several"](x, y)
    np.testing.assert_array_equal(doubled, x + x)
    np.testing.assert_array_equal(again, x + x)
    np.testing.assert_array_equal(integers, y + y)
    np.testing.assert_array_equal(untouched, y)
    doubled[:], untouched[:] = 0, 0
    np.testing.assert_array_equal(again, x + x, err_msg="results share memory")
    np.testing.assert_array_equal(y, np.arange(4).reshape(2, 2), err_msg="a result shares memory with an argument")


def test_results_of_constants_are_private(program: Program):
    program["constant"]()[:] = 0
    np.testing.assert_array_equal(program["constant"](), [1, -2, 3, -4])
    assert program["nothing"]() is None


def test_scalars_by_value(program: Program):
    total, square, product = program["scalars"](2**31 - 1, -(2**40), 0.1)
    assert (total, square) == (-2, 0)
    assert np.float32(product) == np.float32(0.1) * np.float32(0.1)


def test_host_loops(program: Program):
    assert [program["collatz"](n) for n in (1, 6, 27, 97)] == [0, 8, 111, 118]


def test_large_tensors(program: Program):
    x = random(300, 500, seed=9)
    np.testing.assert_array_equal(program["large"](x), x + x, strict=True)


def test_thread_counts_give_the_same_bits(breadth: Path):
    x, y = random(64, 1000, seed=10), random(50, 4, seed=11)
    answers = []
    for device in (create_device("local-sync"), TaskDevice(1), TaskDevice(2), TaskDevice(5)):
        program = Program(breadth, device)
        answers.append((program["reduce"](x), program["rows"](y, random(4, 3, seed=12))))
    for other in answers[1:]:
        for mine, first in zip(other, answers[0], strict=True):
            np.testing.assert_array_equal(mine, first, strict=True)


def compile_text(text: str, directory: Path, *flags: str) -> Path:
    source, module = directory / "module.mlir", directory / "module.vmfb"
    source.write_text(text)
    target = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=generic"]
    subprocess.run([iree_tool("iree-compile"), str(source), *target, *flags, "-o", str(module)], check=True, capture_output=True, text=True)
    return module


ASYNC = """
func.func @scale(%x: tensor<6xf32>) -> tensor<6xf32> {
  %0 = arith.addf %x, %x : tensor<6xf32>
  return %0 : tensor<6xf32>
}
"""


@pytest.mark.parametrize("device", DEVICES)
def test_functions_with_fences(tmp_path: Path, device: str):
    program = Program(compile_text(ASYNC, tmp_path, "--iree-execution-model=async-external"), device)
    signature = program.signature()
    assert signature is not None and signature.is_async
    x = random(6, seed=13)
    np.testing.assert_array_equal(program(x), x + x, strict=True)


WIDE_AND_NARROW = """
func.func @f64(%x: tensor<5xf64>, %s: f64) -> (tensor<5xf64>, f64) {
  %0 = arith.mulf %x, %x : tensor<5xf64>
  %1 = arith.divf %s, %s : f64
  return %0, %1 : tensor<5xf64>, f64
}
func.func @widen(%x: tensor<8xi4>) -> tensor<8xi32> {
  %0 = arith.extsi %x : tensor<8xi4> to tensor<8xi32>
  return %0 : tensor<8xi32>
}
func.func @same(%x: tensor<8xi4>) -> tensor<8xi4> {
  return %x : tensor<8xi4>
}
"""


def test_doubles_and_half_bytes(tmp_path: Path):
    program = Program(compile_text(WIDE_AND_NARROW, tmp_path, "--iree-input-demote-f64-to-f32=false"))
    x = np.linspace(-1, 1, 5)
    squares, one = program["f64"](x, 3.0)
    np.testing.assert_array_equal(squares, x * x, strict=True)
    assert one == 1.0
    nibbles = np.array([1, -8, 7, 0, -1, 3, -4, 2], ml_dtypes.int4)
    np.testing.assert_array_equal(program["widen"](nibbles), nibbles.astype(np.int32), strict=True)
    np.testing.assert_array_equal(program["same"](nibbles).astype(np.int32), nibbles.astype(np.int32))


SORTS_A_CONSTANT = """
func.func @sorted() -> tensor<4xi32> {
  %0 = util.unfoldable_constant dense<[3, 1, 2, 0]> : tensor<4xi32>
  %1 = "stablehlo.sort"(%0) ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %less = stablehlo.compare LT, %a, %b : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %less : tensor<i1>
  }) {dimension = 0 : i64, is_stable = false} : (tensor<4xi32>) -> tensor<4xi32>
  return %1 : tensor<4xi32>
}
"""


def test_a_mapped_module_that_writes_its_own_constants_survives_and_its_file_stays(tmp_path: Path):
    """The real compiler sorts the constant in place; the real runtime crashes here when it maps the file."""
    path = compile_text(SORTS_A_CONSTANT, tmp_path)
    before = path.read_bytes()
    for _ in range(2):
        np.testing.assert_array_equal(Program(path)(), [0, 1, 2, 3])
    assert path.read_bytes() == before
