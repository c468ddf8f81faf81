"""The reference target: executables of IR text, run by the interpreter inside of our runtime."""

# ruff: noqa: E501 - one-line programs

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pyrie
from pyrie.codegen.reference.executable import Export, load, save
from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module
from pyrie.support.errors import PyrieError

SEED = 3
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

DYNAMIC = """
#id = affine_map<(d0, d1) -> (d0, d1)>
util.func public @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %k = arith.index_cast %i : index to i32
    %f = arith.sitofp %k : i32 to f32
    %0 = arith.mulf %a, %f : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  util.return %r : tensor<?x4xf32>
}
"""


def test_an_example_runs_in_the_runtime():
    program = pyrie.compile(EXAMPLES / "mlp.mlir", target_backends=("reference",), cache=False)
    x = np.random.default_rng(SEED).standard_normal((4, 64)).astype(np.float32)
    native = pyrie.compile(EXAMPLES / "mlp.mlir", cache=False)
    np.testing.assert_allclose(program(x), native(x), rtol=1e-5, atol=1e-6)


def test_the_module_holds_text_and_no_machine_code(tmp_path: Path):
    source = tmp_path / "dynamic.mlir"
    source.write_text(DYNAMIC)
    program = pyrie.compile(source, target_backends=("reference",), cache=False)
    program.save(tmp_path / "dynamic.vmfb")
    data = (tmp_path / "dynamic.vmfb").read_bytes()
    assert b"linalg.generic" in data and b"reference.exports" in data and b"\x7fELF" not in data
    for rows in (1, 5):
        x = np.random.default_rng(SEED).standard_normal((rows, 4)).astype(np.float32)
        want = Interpreter(parse_module(DYNAMIC, make_context())).call("main", x)[0]
        np.testing.assert_array_equal(program(x), want)


KERNEL = """
func.func @double() {
  %c0 = arith.constant 0 : index
  %n = hal.interface.constant.load layout(#hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer>]>) ordinal(0) : i32
  %d = arith.index_cast %n : i32 to index
  %b = hal.interface.binding.subspan layout(#hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer>]>) binding(0) offset(%c0) : !iree_tensor_ext.dispatch.tensor<readwrite:tensor<?xi16>>{%d}
  %x = iree_tensor_ext.dispatch.tensor.load %b, offsets = [0], sizes = [%d], strides = [1] : !iree_tensor_ext.dispatch.tensor<readwrite:tensor<?xi16>>{%d} -> tensor<?xi16>
  %y = arith.addi %x, %x : tensor<?xi16>
  iree_tensor_ext.dispatch.tensor.store %y, %b, offsets = [0], sizes = [%d], strides = [1] : tensor<?xi16> -> !iree_tensor_ext.dispatch.tensor<readwrite:tensor<?xi16>>{%d}
  return
}
"""


def kernel_bytes() -> bytes:
    module = parse_module(KERNEL, make_context())
    return save(list(module.body.block.ops), [Export("double", 1, 1)])


def test_kernels_write_through_their_bindings():
    executable = load(memoryview(kernel_bytes()), ())
    kernel = executable.kernel(executable.lookup("double"))
    buffer = np.array([1, 2, 30000, -4], np.int16)
    assert kernel.hosted is not None and (kernel.constant_count, kernel.binding_count) == (1, 1)
    kernel.hosted((1, 1, 1), [3], [buffer.view(np.uint8)])
    np.testing.assert_array_equal(buffer, [2, 4, -5536, -4])


def test_a_binding_that_is_too_small_is_refused():
    kernel = load(memoryview(kernel_bytes()), ()).kernel(0)
    assert kernel.hosted is not None
    with pytest.raises(PyrieError, match="does not hold"):
        kernel.hosted((1, 1, 1), [9], [np.zeros(4, np.uint8)])


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"func.func @f( {", b'builtin.module attributes {reference.exports = [{name = "gone"}]} {}']
)
def test_damaged_text_is_refused_with_a_message(damage: bytes):
    try:
        executable = load(memoryview(damage), ())
    except PyrieError as error:
        assert str(error)
    else:
        assert executable.kernels == ()
