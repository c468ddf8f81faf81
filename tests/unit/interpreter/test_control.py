"""Control flow, calls, globals, and iree_linalg_ext in the interpreter."""

# ruff: noqa: E501 - tables of one-line programs

from __future__ import annotations

import numpy as np
import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.interpreter import Interpreter
from pyrie.ir.parser import parse_module
from pyrie.support.errors import DeviceError, UnsupportedError


def run(text: str, *arguments: object) -> tuple[np.ndarray, ...]:
    return Interpreter(parse_module(text, make_context())).call("f", *arguments)


def test_branches_carry_arguments():
    text = """func.func @f(%n: i32) -> i32 {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      cf.br ^loop(%n, %c1 : i32, i32)
    ^loop(%i: i32, %product: i32):
      %more = arith.cmpi sgt, %i, %c0 : i32
      cf.cond_br %more, ^body, ^done(%product : i32)
    ^body:
      %p = arith.muli %product, %i : i32
      %j = arith.subi %i, %c1 : i32
      cf.br ^loop(%j, %p : i32, i32)
    ^done(%r: i32):
      return %r : i32
    }"""
    assert int(run(text, 5)[0]) == 120


def test_while_and_nested_if():
    text = """func.func @f(%n: i64) -> (i64, i64) {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %c2 = arith.constant 2 : i64
      %c3 = arith.constant 3 : i64
      %r:2 = scf.while (%x = %n, %steps = %c0) : (i64, i64) -> (i64, i64) {
        %go = arith.cmpi ne, %x, %c1 : i64
        scf.condition(%go) %x, %steps : i64, i64
      } do {
      ^bb0(%x: i64, %steps: i64):
        %bit = arith.andi %x, %c1 : i64
        %odd = arith.cmpi eq, %bit, %c1 : i64
        %y = scf.if %odd -> (i64) {
          %t = arith.muli %x, %c3 : i64
          %u = arith.addi %t, %c1 : i64
          scf.yield %u : i64
        } else {
          %h = arith.divsi %x, %c2 : i64
          scf.yield %h : i64
        }
        %s = arith.addi %steps, %c1 : i64
        scf.yield %y, %s : i64, i64
      }
      return %r#0, %r#1 : i64, i64
    }"""
    assert [int(value) for value in run(text, 27)] == [1, 111]


def test_switches():
    text = """func.func @f(%i: index, %k: i32) -> (i32, i32) {
      %a = scf.index_switch %i -> i32
      case 2 {
        %c = arith.constant 20 : i32
        scf.yield %c : i32
      }
      default {
        %c = arith.constant 10 : i32
        scf.yield %c : i32
      }
      %z = arith.constant 1 : i32
      cf.switch %k : i32, [
        default: ^bb1(%z : i32),
        7: ^bb1(%k : i32)
      ]
    ^bb1(%b: i32):
      return %a, %b : i32, i32
    }"""
    assert [int(v) for v in run(text, 2, 7)] == [20, 7]
    assert [int(v) for v in run(text, 3, 8)] == [10, 1]


def test_forall_inserts_each_part():
    text = """func.func @f(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
      %e = tensor.empty() : tensor<4x6xf32>
      %r = scf.forall (%i, %j) = (0, 0) to (4, 6) step (2, 3) shared_outs(%o = %e) -> (tensor<4x6xf32>) {
        %s = tensor.extract_slice %x[%i, %j] [2, 3] [1, 1] : tensor<4x6xf32> to tensor<2x3xf32>
        %d = arith.addf %s, %s : tensor<2x3xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %d into %o[%i, %j] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<4x6xf32>
        }
      }
      return %r : tensor<4x6xf32>
    }"""
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(run(text, x)[0], 2 * x)


def test_globals_keep_their_values_and_initializers_run_once():
    text = """
    util.global private mutable @count = 5 : i32
    util.global private @twice : i32
    util.initializer {
      %c = util.global.load @count : i32
      %d = arith.addi %c, %c : i32
      util.global.store %d, @twice : i32
      util.return
    }
    util.func public @f() -> (i32, i32) {
      %c = util.global.load @count : i32
      %one = arith.constant 1 : i32
      %n = arith.addi %c, %one : i32
      util.global.store %n, @count : i32
      %t = util.global.load @twice : i32
      util.return %n, %t : i32, i32
    }"""
    interpreter = Interpreter(parse_module(text, make_context()))
    assert [int(v) for v in interpreter.call("f")] == [6, 10]
    assert [int(v) for v in interpreter.call("f")] == [7, 10]


def test_endless_recursion_is_refused():
    text = "func.func @f() {\n  func.call @f() : () -> ()\n  return\n}"
    with pytest.raises(UnsupportedError, match="calls itself"):
        run(text)


def test_failed_assertion_has_its_message():
    with pytest.raises(DeviceError, match="too large"):
        run('func.func @f(%c: i1) {\n  cf.assert %c, "too large"\n  return\n}', False)


def test_sort_and_topk():
    text = """func.func @f(%x: tensor<2x5xf32>) -> (tensor<2x5xf32>, tensor<2x2xf32>, tensor<2x2xi32>) {
      %s = iree_linalg_ext.sort dimension(1) outs(%x : tensor<2x5xf32>) {
      ^bb0(%a: f32, %b: f32):
        %c = arith.cmpf olt, %a, %b : f32
        iree_linalg_ext.yield %c : i1
      } -> tensor<2x5xf32>
      %v = tensor.empty() : tensor<2x2xf32>
      %i = tensor.empty() : tensor<2x2xi32>
      %t:2 = iree_linalg_ext.topk dimension(1) ins(%x : tensor<2x5xf32>) outs(%v, %i : tensor<2x2xf32>, tensor<2x2xi32>) {
      ^bb0(%a: f32, %b: f32):
        %c = arith.cmpf ogt, %a, %b : f32
        iree_linalg_ext.yield %c : i1
      } -> tensor<2x2xf32>, tensor<2x2xi32>
      return %s, %t#0, %t#1 : tensor<2x5xf32>, tensor<2x2xf32>, tensor<2x2xi32>
    }"""
    x = np.array([[3, 1, 2, 5, 4], [0, -1, 7, 7, 2]], np.float32)
    ordered, values, indices = run(text, x)
    np.testing.assert_array_equal(ordered, np.sort(x, 1))
    np.testing.assert_array_equal(values, [[5, 4], [7, 7]])
    np.testing.assert_array_equal(indices, [[3, 4], [2, 3]])


def test_an_exclusive_scan_ends_with_what_it_stored_last():
    text = """func.func @f(%x: tensor<4xi32>, %z: tensor<i32>) -> (tensor<4xi32>, tensor<i32>) {
      %e = tensor.empty() : tensor<4xi32>
      %s:2 = iree_linalg_ext.scan dimension(0) inclusive(false) ins(%x : tensor<4xi32>) outs(%e, %z : tensor<4xi32>, tensor<i32>) {
      ^bb0(%a: i32, %b: i32):
        %c = arith.addi %a, %b : i32
        iree_linalg_ext.yield %c : i32
      } -> tensor<4xi32>, tensor<i32>
      return %s#0, %s#1 : tensor<4xi32>, tensor<i32>
    }"""
    sums, last = run(text, np.array([5, 7, 1, 9]), np.array(2))
    np.testing.assert_array_equal(sums, [2, 7, 14, 15])
    assert last == 15


def test_scan_and_scatter():
    text = """func.func @f(%x: tensor<5xi32>, %u: tensor<2x3xi32>, %at: tensor<2x1xi32>, %o: tensor<4x3xi32>) -> (tensor<5xi32>, tensor<4x3xi32>) {
      %e = tensor.empty() : tensor<5xi32>
      %z = arith.constant dense<0> : tensor<i32>
      %s:2 = iree_linalg_ext.scan dimension(0) inclusive(true) ins(%x : tensor<5xi32>) outs(%e, %z : tensor<5xi32>, tensor<i32>) {
      ^bb0(%a: i32, %b: i32):
        %c = arith.addi %a, %b : i32
        iree_linalg_ext.yield %c : i32
      } -> tensor<5xi32>, tensor<i32>
      %r = iree_linalg_ext.scatter dimension_map = [0] unique_indices(true) ins(%u, %at : tensor<2x3xi32>, tensor<2x1xi32>) outs(%o : tensor<4x3xi32>) {
      ^bb0(%a: i32, %b: i32):
        %c = arith.addi %a, %b : i32
        iree_linalg_ext.yield %c : i32
      } -> tensor<4x3xi32>
      return %s#0, %r : tensor<5xi32>, tensor<4x3xi32>
    }"""
    updates = np.arange(6, dtype=np.int32).reshape(2, 3)
    sums, scattered = run(text, np.arange(1, 6), updates, np.array([[3], [1]]), np.ones((4, 3)))
    np.testing.assert_array_equal(sums, np.cumsum(np.arange(1, 6)))
    np.testing.assert_array_equal(scattered, [[1, 1, 1], [4, 5, 6], [1, 1, 1], [1, 2, 3]])
