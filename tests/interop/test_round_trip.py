"""Text against the real compiler's: what it prints after each phase is read and printed again, byte for byte."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PHASES, RealIREE, iree_tool
from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_file, parse_module
from pyrie.ir.printer import print_module

EXAMPLES = ("mlp", "transformer_block", "loop", "counter")
# After executable-targets the real compiler's kernels are in LLVM's own dialect, which Pyrie does not have.
READ = tuple(phase for phase in PHASES if phase != "executable-targets")


@pytest.mark.interop
@pytest.mark.parametrize("phase", READ)
@pytest.mark.parametrize("example", EXAMPLES)
def test_phase_is_a_fixpoint(real_iree: Callable[[Path | str], RealIREE], example: str, phase: str):
    path = real_iree(example).phases[phase]
    assert print_module(parse_file(path, make_context())) == path.read_text()


def iree_opt(text: str, *flags: str) -> str:
    command = [iree_tool("iree-opt"), "--allow-unregistered-dialect", *flags, "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.removesuffix("\n").replace('loc("-":', 'loc("<stdin>":')


LITERALS = """
"test.floats"() {
  a = [1.0 : f32, 0.1 : f32, 3.14159274 : f32, 1234567.0 : f32, 1.23456789e-7 : f32, 1.220703125e-4 : f32, 16777216.0 : f32],
  b = [0x7FC00000 : f32, 0xFF800000 : f32, -0.0 : f32, 1.0e38 : f32, 1.4e-45 : f32, 65504.0 : f32, 100.5 : f32, 123456.5 : f32],
  c = [0.1, 1.0e300, 2.2250738585072014e-308, 123456789.0, 0.333333333333, 1.0e-10, 4503599627370496.5],
  d = [0.333 : f16, 65504.0 : f16, 0x7C00 : f16, 0.1 : bf16, 3.14159 : bf16, 0x7FC0 : bf16, 255.0 : bf16, 1.0e-3 : f16]
} : () -> ()
"test.integers"() {
  a = [1, -1, true, false, 4 : i32, -4 : i8, 255 : ui8, -3 : si16, 7 : index, 0x10 : i64],
  b = 5 : i64, c = -9223372036854775808 : i64, d = 18446744073709551615 : ui64
} : () -> ()
"test.dense"() {
  a = dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>, b = dense<true> : tensor<3xi1>, c = dense<[true, false]> : vector<2xi1>,
  d = dense<[0x7FC00000, 1.0, 0.1]> : tensor<3xf32>, e = dense<[(1.0, 2.0), (3.0, -4.0)]> : tensor<2xcomplex<f32>>,
  f = dense<> : tensor<0x3xf32>, g = dense<[1, 2, -3, 7]> : tensor<4xi4>, h = dense<[[1.5], [2.5]]> : tensor<2x1xbf16>,
  i = array<i64: 1, -2>, j = array<i1: true, false>, k = array<f32: 1.0, 0.1>, l = array<i32>, m = dense<7> : tensor<index>,
  n = dense<[1, 255]> : tensor<2xui8>, o = dense<0x7F800000> : tensor<2xf32>
} : () -> ()
"test.others"() {
  a = "quote \\22 backslash \\\\ newline \\0A é", b = @plain::@"with space", c = unit, "odd key" = {y = 1 : i32, x = i32},
  d = affine_map<(d0, d1)[s0] -> (d0 * 4 - s0, d0 floordiv 2 + 1, (d0 + 1) * 3, -d0, (d0 + d1) mod 7, d0 ceildiv s0, d0 - 1, 3)>,
  e = affine_map<() -> ()>, f = affine_set<(d0)[s0] : (d0 - s0 >= 0, d0 == 4)>, g = (i32) -> ((i64) -> i32), h = tuple<i32, f32>,
  i = memref<4x?xf32, strided<[?, 1], offset: ?>>, j = memref<*xf32>, k = vector<[4]x2xf32>, l = tensor<*xi8>, m = none,
  n = affine_map<(d0) -> (d0 * 2 + d0 * 3, d0 + 1 + 2, d0 * 2 * 3, (d0 * 4) floordiv 2, (d0 * 8) mod 4, d0 floordiv 1)>
} : () -> ()
"""


@pytest.mark.interop
def test_literals_are_printed_alike():
    assert print_module(parse_module(LITERALS, make_context(allow_unregistered=True))) == iree_opt(LITERALS)


def test_large_constants_are_printed_alike():
    values = ", ".join("true" if i % 3 else "false" for i in range(120))
    nibbles = ", ".join(str(i % 15 - 7) for i in range(120))
    floats = ", ".join(f"{i}.5" for i in range(120))
    text = f"""
    "test.op"() {{a = dense<[{values}]> : tensor<120xi1>, b = dense<[{nibbles}]> : tensor<120xi4>,
                  c = dense<[{floats}]> : tensor<120xf32>}} : () -> ()
    """
    assert print_module(parse_module(text, make_context(allow_unregistered=True))) == iree_opt(text)


NAMES = """
func.func @names(%p: i1, %a: i32, %b: tensor<4xf32>) -> (i32, i1) {
  %c4 = arith.constant 4 : i32
  %other = arith.constant 4 : i32
  %minus = arith.constant -1 : index
  %true = arith.constant true
  %cst = arith.constant 1.0 : f32
  %two:2 = "test.two"() ({
    ^bb0(%x: i32, %y: f32):
      %inner = arith.constant 4 : i32
      %sum = arith.addi %x, %inner : i32
      "test.end"(%sum) : (i32) -> ()
  }, {
    ^bb0(%z: i32):
      "test.end"(%z) : (i32) -> ()
  }) : () -> (i32, i1)
  cf.cond_br %p, ^next(%two#0 : i32), ^last
^next(%n: i32):
  %s = arith.addi %n, %c4 : i32
  cf.br ^next(%s : i32)
^last:
  return %two#0, %two#1 : i32, i1
^unreachable:
  cf.br ^last
}
"""


@pytest.mark.interop
@pytest.mark.parametrize("flags", [(), ("--mlir-print-op-generic",), ("--mlir-print-debuginfo",)], ids=["pretty", "generic", "locations"])
def test_values_are_named_alike(flags: tuple[str, ...]):
    module = parse_module(NAMES, make_context(allow_unregistered=True), name="<stdin>")
    ours = print_module(module, generic="--mlir-print-op-generic" in flags, locations="--mlir-print-debuginfo" in flags)
    assert ours == iree_opt(NAMES, *flags)


LOCATIONS = """
"test.a"() : () -> () loc("file.mlir":3:4)
"test.b"() : () -> () loc("node")
"test.c"() : () -> () loc("node"("file.mlir":3:4))
"test.d"() : () -> () loc(fused["one", "two", "file.mlir":3:4])
"test.e"() : () -> () loc(callsite("callee" at "file.mlir":9:9))
"test.f"() : () -> () loc(unknown)
"test.g"() : () -> () loc("file.mlir":3:4)
"""


@pytest.mark.interop
def test_locations_are_printed_alike_and_read_back():
    context = make_context(allow_unregistered=True)
    text = print_module(parse_module(LOCATIONS, context, name="<stdin>"), locations=True)
    assert text == iree_opt(LOCATIONS, "--mlir-print-debuginfo")
    assert print_module(parse_module(text, context), locations=True) == text


@pytest.mark.interop
def test_aliases_can_be_left_out():
    module = parse_module(LITERALS, make_context(allow_unregistered=True))
    assert print_module(module, aliases=False).rstrip() == iree_opt(LITERALS, "--mlir-print-local-scope").rstrip()
