"""Folds and canonicalizations: each case names the ops that must be left and what the function then returns."""

# ruff: noqa: E501 - tables of one-line programs

from __future__ import annotations

import pytest

from pyrie.dialects.registry import make_context
from pyrie.ir.parser import parse_module
from pyrie.ir.printer import print_module
from pyrie.ir.rewriting import canonicalize

SIGNATURE = "%i: index, %j: index, %k: i32, %c: i1, %x: f32, %t: tensor<4x8xf32>, %d: tensor<?x8xf32>, %s: tensor<5xf32>"

# body; the text that must be there afterwards; the ops that must be gone
CASES = {
    "add_constants": ("%a = arith.constant 3 : index\n%r = arith.addi %a, %a : index", "index", "%c6", ["addi"]),
    "add_zero": ("%z = arith.constant 0 : index\n%r = arith.addi %z, %i : index", "index", "return %arg0", ["addi"]),
    "add_reassociate": ("%a = arith.constant 3 : index\n%b = arith.addi %i, %a : index\n%r = arith.addi %b, %a : index", "index", "%c6", []),
    "sub_self": ("%r = arith.subi %i, %i : index", "index", "%c0", ["subi"]),
    "mul_zero": ("%z = arith.constant 0 : i32\n%r = arith.muli %k, %z : i32", "i32", "%c0_i32", ["muli"]),
    "and_true": ("%z = arith.constant true\n%r = arith.andi %c, %z : i1", "i1", "return %arg3", ["andi"]),
    "or_true": ("%z = arith.constant true\n%r = arith.ori %c, %z : i1", "i1", "return %true", ["ori"]),
    "wraps": ("%a = arith.constant 2147483647 : i32\n%b = arith.constant 1 : i32\n%r = arith.addi %a, %b : i32", "i32", "-2147483648", ["addi"]),
    "divide_by_zero_stays": ("%a = arith.constant 7 : i32\n%z = arith.constant 0 : i32\n%r = arith.divsi %a, %z : i32", "i32", "divsi", []),
    "floor_division": ("%a = arith.constant -7 : i32\n%b = arith.constant 2 : i32\n%r = arith.floordivsi %a, %b : i32", "i32", "-4 : i32", ["div"]),
    "unsigned_compare": ("%a = arith.constant -1 : i32\n%b = arith.constant 2 : i32\n%r = arith.cmpi ugt, %a, %b : i32", "i1", "%true", ["cmpi"]),
    "compare_self": ("%r = arith.cmpi sle, %i, %i : index", "i1", "%true", ["cmpi"]),
    "constant_to_the_right": ("%a = arith.constant 7 : index\n%r = arith.cmpi slt, %a, %i : index", "i1", "cmpi sgt, %arg0, %c7", []),
    "add_float_zero_stays": ("%z = arith.constant 0.0 : f32\n%r = arith.addf %x, %z : f32", "f32", "addf", []),
    "add_minus_zero": ("%z = arith.constant -0.0 : f32\n%r = arith.addf %x, %z : f32", "f32", "return %arg4", ["addf"]),
    "multiply_by_one": ("%z = arith.constant 1.0 : f32\n%r = arith.mulf %x, %z : f32", "f32", "return %arg4", ["mulf"]),
    "constant_sqrt": ("%a = arith.constant 2.0 : f32\n%r = math.sqrt %a : f32", "f32", "1.41421354", ["math."]),
    "select_same": ("%r = arith.select %c, %i, %i : index", "index", "return %arg0", ["select"]),
    "select_of_not": ("%t1 = arith.constant true\n%n = arith.xori %c, %t1 : i1\n%r = arith.select %n, %i, %j : index", "index", "select %arg3, %arg1, %arg0", ["xori"]),
    "trunc_of_ext": ("%a = arith.extsi %k : i32 to i64\n%r = arith.trunci %a : i64 to i32", "i32", "return %arg2", ["ext"]),
    "index_casts": ("%a = arith.index_cast %i : index to i64\n%r = arith.index_cast %a : i64 to index", "index", "return %arg0", ["index_cast"]),
    "index_cast_i32_stays": ("%a = arith.index_cast %i : index to i32\n%r = arith.index_cast %a : i32 to index", "index", "index_cast", []),
    "tensor_constants": ("%a = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>\n%r = arith.addf %a, %a : tensor<2xf32>", "tensor<2xf32>", "dense<[2.000000e+00, 4.000000e+00]>", ["addf"]),
    "static_dim": ("%a = arith.constant 1 : index\n%r = tensor.dim %t, %a : tensor<4x8xf32>", "index", "%c8", ["dim"]),
    "dim_of_empty": ("%z = arith.constant 0 : index\n%e = tensor.empty(%i) : tensor<?x8xf32>\n%r = tensor.dim %e, %z : tensor<?x8xf32>", "index", "return %arg0", ["dim", "empty"]),
    "dim_of_fill": ("%z = arith.constant 0 : index\n%e = tensor.empty(%i) : tensor<?x8xf32>\n%f = linalg.fill ins(%x : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>\n%r = tensor.dim %f, %z : tensor<?x8xf32>", "index", "return %arg0", ["dim", "fill"]),
    "dim_of_slice": ("%z = arith.constant 0 : index\n%e = tensor.extract_slice %d[0, 0] [%i, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>\n%r = tensor.dim %e, %z : tensor<?x8xf32>", "index", "return %arg0", ["dim", "slice"]),
    "dim_of_collapse": ("%z = arith.constant 0 : index\n%e = tensor.collapse_shape %d [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>\n%r = tensor.dim %e, %z : tensor<?xf32>", "index", "muli %dim, %c8", ["collapse"]),
    "dim_of_collapsed_units": ("%z = arith.constant 0 : index\n%e = tensor.empty(%i) : tensor<?x1x8xf32>\n%e2 = tensor.collapse_shape %e [[0, 1], [2]] : tensor<?x1x8xf32> into tensor<?x8xf32>\n%r = tensor.dim %e2, %z : tensor<?x8xf32>", "index", "return %arg0", ["dim", "collapse"]),
    "dim_of_while": ("%z = arith.constant 0 : index\n%e = tensor.empty(%i) : tensor<?x8xf32>\n%w:2 = scf.while (%n = %k, %y = %e) : (i32, tensor<?x8xf32>) -> (i32, tensor<?x8xf32>) {\n  scf.condition(%c) %n, %y : i32, tensor<?x8xf32>\n} do {\n^bb0(%n: i32, %y: tensor<?x8xf32>):\n  %f = linalg.fill ins(%x : f32) outs(%y : tensor<?x8xf32>) -> tensor<?x8xf32>\n  scf.yield %n, %f : i32, tensor<?x8xf32>\n}\n%r = tensor.dim %w#1, %z : tensor<?x8xf32>", "index", "return %arg0", ["dim"]),
    "cast_chain": ("%a = tensor.cast %t : tensor<4x8xf32> to tensor<?x8xf32>\n%r = tensor.cast %a : tensor<?x8xf32> to tensor<4x8xf32>", "tensor<4x8xf32>", "return %arg5", ["cast"]),
    "whole_slice": ("%r = tensor.extract_slice %t[0, 0] [4, 8] [1, 1] : tensor<4x8xf32> to tensor<4x8xf32>", "tensor<4x8xf32>", "return %arg5", ["slice"]),
    "slice_just_inserted": ("%e = tensor.insert_slice %s into %t[0, 1] [1, 5] [1, 1] : tensor<5xf32> into tensor<4x8xf32>\n%r = tensor.extract_slice %e[0, 1] [1, 5] [1, 1] : tensor<4x8xf32> to tensor<5xf32>", "tensor<5xf32>", "return %arg7", ["slice"]),
    "expand_of_collapse": ("%a = tensor.collapse_shape %t [[0, 1]] : tensor<4x8xf32> into tensor<32xf32>\n%r = tensor.expand_shape %a [[0, 1]] output_shape [4, 8] : tensor<32xf32> into tensor<4x8xf32>", "tensor<4x8xf32>", "return %arg5", ["shape"]),
    "reshapes_compose": ("%a = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 2, 8] : tensor<4x8xf32> into tensor<2x2x8xf32>\n%r = tensor.collapse_shape %a [[0, 1, 2]] : tensor<2x2x8xf32> into tensor<32xf32>", "tensor<32xf32>", "collapse_shape %arg5 [[0, 1]]", ["expand"]),
    "extract_from_elements": ("%z = arith.constant 1 : index\n%a = tensor.from_elements %i, %j : tensor<2xindex>\n%r = tensor.extract %a[%z] : tensor<2xindex>", "index", "return %arg1", ["from_elements"]),
    "pad_by_nothing": ("%r = tensor.pad %t low[0, 0] high[0, 0] {\n^bb0(%a: index, %b: index):\n  tensor.yield %x : f32\n} : tensor<4x8xf32> to tensor<4x8xf32>", "tensor<4x8xf32>", "return %arg5", ["pad"]),
    "apply_constants": ("%a = arith.constant 5 : index\n%r = affine.apply affine_map<(d0) -> (d0 * 3 + 1)>(%a)", "index", "%c16", ["affine.apply"]),
    "delinearize_constants": ("%a = arith.constant 21 : index\n%b:2 = affine.delinearize_index %a into (4, 8) : index, index\n%r = arith.addi %b#0, %b#1 : index", "index", "%c7", ["delinearize"]),
    "if_true": ("%a = arith.constant true\n%r = scf.if %a -> (index) {\n  scf.yield %i : index\n} else {\n  scf.yield %j : index\n}", "index", "return %arg0", ["scf.if"]),
    "if_select": ("%r = scf.if %c -> (index) {\n  scf.yield %i : index\n} else {\n  scf.yield %j : index\n}", "index", "select %arg3, %arg0, %arg1", ["scf.if"]),
    "loop_without_iterations": ("%a = arith.constant 4 : index\n%b = arith.constant 1 : index\n%r = scf.for %n = %a to %a step %b iter_args(%y = %i) -> (index) {\n  %z = arith.addi %y, %j : index\n  scf.yield %z : index\n}", "index", "return %arg0", ["scf.for"]),
    "loop_of_one": ("%a = arith.constant 4 : index\n%b = arith.constant 5 : index\n%o = arith.constant 1 : index\n%r = scf.for %n = %a to %b step %o iter_args(%y = %i) -> (index) {\n  %z = arith.addi %y, %n : index\n  scf.yield %z : index\n}", "index", "addi %arg0, %c4", ["scf.for"]),
    "loop_invariant_argument": ("%b = arith.constant 1 : index\n%p:2 = scf.for %n = %i to %j step %b iter_args(%y = %i, %w = %k) -> (index, i32) {\n  %z = arith.muli %y, %y : index\n  scf.yield %z, %w : index, i32\n}\n%r = arith.addi %p#0, %j : index", "index", "-> (index) {", ["-> (index, i32)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_canonical_form(name: str):
    body, type_, expected, gone = CASES[name]
    module = parse_module(f"func.func @f({SIGNATURE}) -> {type_} {{\n{body}\nreturn %r : {type_}\n}}", make_context())
    canonicalize(module)
    module.verify()
    text = print_module(module)
    assert expected in text, text
    for op in gone:
        assert op not in text, text


def test_unused_results_of_if_are_dropped():
    text = """
    func.func @f(%c: i1, %i: index) -> index {
      %r:2 = scf.if %c -> (index, index) {
        "test.effect"() : () -> ()
        %a = arith.addi %i, %i : index
        scf.yield %a, %i : index, index
      } else {
        scf.yield %i, %i : index, index
      }
      return %r#0 : index
    }"""
    module = parse_module(text, make_context(allow_unregistered=True))
    canonicalize(module)
    assert "-> (index) {" in print_module(module)
