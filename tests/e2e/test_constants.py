"""Weights are there when a program is loaded: a call touches its arguments, its results and what lives between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from examples import EXAMPLES, as_tuple, assert_same_bits

import pyrie
from pyrie.ir.printer import print_module
from pyrie.passes.flow.outline_constants import OutlineConstants
from pyrie.passes.options import CompileOptions
from pyrie.session import Session, compile

MLP = EXAMPLES / "mlp.mlir"


def function(text: str, start: str) -> list[str]:
    """The lines of the one function of `text` whose first line starts so."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"  util.func {start}"))
    return lines[first : lines.index("  }", first)]


def count(lines: Sequence[str], words: str) -> int:
    return sum(words in line for line in lines)


@pytest.fixture(scope="module")
def hal_text() -> str:
    return print_module(Session().compile(MLP, until="hal"))


def test_a_call_touches_no_constants(hal_text: str):
    body = function(hal_text, "public @main(")
    for words in ("util.buffer.constant", "hal.allocator.import", "hal.allocator.allocate", "hal.ex.file", "queue.read"):
        assert count(body, words) == 0, words
    for words, times in (("queue.alloca<", 2), ("queue.execute.indirect<", 1), ("hal.fence.await", 1), ("hal.buffer_view.create", 1)):
        assert count(body, words) == times, words


def test_a_recording_has_the_weights_in_it(hal_text: str):
    """Only the argument, the result and the transient take slots; the weights come as one buffer, which a global holds."""
    body = function(hal_text, "private @__main_memoize_apply(")
    assert "(%arg0: !hal.device, %arg1: i64, %arg2: !hal.buffer)" in body[0]
    assert count(body, "bindings(%c3)") == 1
    assert count(body, "(%arg2 : !hal.buffer)[") == 2
    assert "util.global.load immutable @__constant_tensor_" in hal_text


def test_all_constants_are_one_slab(hal_text: str):
    assert count(hal_text.splitlines(), "= #util.composite<") == 1
    assert count(hal_text.splitlines(), "util.buffer.constant") == 1
    assert count(hal_text.splitlines(), "util.global private @__constant_tensor_") == 1


TWO_FUNCTIONS = """
func.func @shift(%x: tensor<2x1024xf32>) -> tensor<2x1024xf32> {
  %w = stablehlo.constant dense_resource<ramp> : tensor<1024xf32>
  %0 = stablehlo.broadcast_in_dim %w, dims = [1] : (tensor<1024xf32>) -> tensor<2x1024xf32>
  %1 = stablehlo.add %x, %0 : tensor<2x1024xf32>
  return %1 : tensor<2x1024xf32>
}
func.func @stretch(%x: tensor<2x1024xf32>) -> tensor<2x1024xf32> {
  %w = stablehlo.constant dense_resource<ramp> : tensor<1024xf32>
  %0 = stablehlo.broadcast_in_dim %w, dims = [1] : (tensor<1024xf32>) -> tensor<2x1024xf32>
  %1 = stablehlo.multiply %x, %0 : tensor<2x1024xf32>
  return %1 : tensor<2x1024xf32>
}
{-# dialect_resources: { builtin: { ramp: "0x04000000DATA" } } #-}
"""


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
@pytest.mark.parametrize("memoization", [True, False])
def test_functions_share_equal_weights(device: str, memoization: bool):
    ramp = np.arange(1024, dtype=np.float32)
    source = TWO_FUNCTIONS.replace("DATA", ramp.tobytes().hex())
    options = CompileOptions(memoization=memoization)
    data = compile(source, options, cache=False)
    assert data.count(ramp.tobytes()) == 1
    program = pyrie.load(data, device=device)
    x = np.random.default_rng(3).standard_normal((2, 1024)).astype(np.float32)
    for _ in range(2):
        assert_same_bits(as_tuple(program["shift"](x)), (x + ramp,))
        assert_same_bits(as_tuple(program["stretch"](x)), (x * ramp,))


@pytest.mark.parametrize("memoization", [True, False])
def test_results_do_not_depend_on_where_constants_are(memoization: bool, monkeypatch: pytest.MonkeyPatch):
    options = CompileOptions(memoization=memoization)
    x = np.random.default_rng(5).standard_normal((4, 64)).astype(np.float32)
    outlined = as_tuple(pyrie.load(compile(MLP, options, cache=False))(x))
    monkeypatch.setattr(OutlineConstants, "apply", lambda self, context, module: None)
    assert_same_bits(outlined, as_tuple(pyrie.load(compile(MLP, options, cache=False))(x)))


NORMALIZED = """
func.func @main(%x: tensor<2x1024xf32>) -> tensor<2x1024xf32> {
  %w = stablehlo.constant dense_resource<ramp> : tensor<1024xf32>
  %e = stablehlo.constant dense<1.0> : tensor<1024xf32>
  %v = stablehlo.add %w, %e : tensor<1024xf32>
  %r = stablehlo.divide %e, %v : tensor<1024xf32>
  %0 = stablehlo.broadcast_in_dim %r, dims = [1] : (tensor<1024xf32>) -> tensor<2x1024xf32>
  %1 = stablehlo.multiply %x, %0 : tensor<2x1024xf32>
  return %1 : tensor<2x1024xf32>
}
{-# dialect_resources: { builtin: { ramp: "0x04000000DATA" } } #-}
"""


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
@pytest.mark.parametrize("memoization", [True, False])
def test_constant_expressions_are_computed_at_load(device: str, memoization: bool):
    ramp = np.arange(1024, dtype=np.float32)
    source = NORMALIZED.replace("DATA", ramp.tobytes().hex())
    options = CompileOptions(memoization=memoization)
    flow = print_module(Session(options).compile(source, until="flow"))
    assert count(function(flow, "public @main("), "flow.dispatch ") == 1
    assert "util.global.store" in flow.partition("util.initializer")[2]
    program = pyrie.load(compile(source, options, cache=False), device=device)
    x = np.random.default_rng(11).standard_normal((2, 1024)).astype(np.float32)
    for _ in range(2):
        assert_same_bits(as_tuple(program(x)), (x * (np.float32(1) / (ramp + np.float32(1))),))
