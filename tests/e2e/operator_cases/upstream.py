# ruff: noqa: E501
"""Functions written in the upstream dialects: linalg, tensor, arith, math, scf, cf; and what StableHLO spells in other ways."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from operator_cases.case import Between, Case, Sums, Ulps, case, plain

FILLED = """%z = arith.constant {value} : f32
  %e = tensor.empty() : tensor<{type}>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<{type}>) -> tensor<{type}>
  """


def structured() -> Iterator[Case]:
    matmul = "linalg.matmul ins(%0, %1 : tensor<5x7xf32>, tensor<7x3xf32>) outs({out} : tensor<5x3xf32>) -> tensor<5x3xf32>"
    yield case("linalg_matmul", "5x7xf32 7x3xf32", "5x3xf32",
               FILLED.format(value="0.0", type="5x3xf32") + f"%r = {matmul.format(out='%f')}\n  return %r : tensor<5x3xf32>",
               tolerance=Sums(7, 2), meaning=np.matmul)  # fmt: skip
    yield case("linalg_accumulate", "5x7xf32 7x3xf32 5x3xf32", "5x3xf32", f"%r = {matmul.format(out='%2')}\n  return %r : tensor<5x3xf32>",
               tolerance=Sums(9, 3), meaning=lambda a, b, c: c + a @ b)  # fmt: skip
    yield case("linalg_index", "", "5x7xi32", """%e = tensor.empty() : tensor<5x7xi32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<5x7xi32>) {
  ^bb0(%o: i32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %s = arith.muli %i, %j : index
    %c = arith.index_cast %s : index to i32
    linalg.yield %c : i32
  } -> tensor<5x7xi32>
  return %r : tensor<5x7xi32>""", meaning=lambda: np.outer(np.arange(5), np.arange(7)).astype(np.int32))  # fmt: skip
    yield case("linalg_softmax", "5x7xf32", "5x7xf32", """%e = tensor.empty() : tensor<5x7xf32>
  %r = linalg.softmax dimension(1) ins(%0 : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
  return %r : tensor<5x7xf32>""", tolerance=Ulps(32))  # fmt: skip
    yield case("linalg_pooling", "1x8x8x3xf32", "1x4x4x3xf32",
               FILLED.format(value="0xFF800000", type="1x4x4x3xf32") + """%w = tensor.empty() : tensor<2x2xf32>
  %r = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%0, %w : tensor<1x8x8x3xf32>, tensor<2x2xf32>) outs(%f : tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32>
  return %r : tensor<1x4x4x3xf32>""", meaning=lambda x: x.reshape(1, 4, 2, 4, 2, 3).max((2, 4)))  # fmt: skip


def tensors_and_numbers() -> Iterator[Case]:
    yield case("tensor_views", "4x6xf32", "2x12xf32 2x3xf32 6x8xf32", """%z = arith.constant 1.5 : f32
  %c = tensor.collapse_shape %0 [[0, 1]] : tensor<4x6xf32> into tensor<24xf32>
  %x = tensor.expand_shape %c [[0, 1]] output_shape [2, 12] : tensor<24xf32> into tensor<2x12xf32>
  %s = tensor.extract_slice %0[1, 0] [2, 3] [1, 2] : tensor<4x6xf32> to tensor<2x3xf32>
  %p = tensor.pad %0 low[1, 0] high[1, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<4x6xf32> to tensor<6x8xf32>
  return %x, %s, %p : tensor<2x12xf32>, tensor<2x3xf32>, tensor<6x8xf32>""",
               meaning=lambda a: (a.reshape(2, 12), a[1:3, :6:2], np.pad(a, ((1, 1), (0, 2)), constant_values=1.5)))  # fmt: skip
    yield case("tensor_insert", "4x6xf32 2x3xf32", "4x6xf32",
               "%r = tensor.insert_slice %1 into %0[1, 2] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<4x6xf32>\n  return %r : tensor<4x6xf32>",
               meaning=inserted)  # fmt: skip
    yield case("arith_on_tensors", "4x6xf32 4x6xf32", "4x6xf32", """%p = arith.mulf %0, %1 : tensor<4x6xf32>
  %a = math.absf %p : tensor<4x6xf32>
  %r = math.sqrt %a : tensor<4x6xf32>
  return %r : tensor<4x6xf32>""", meaning=lambda a, b: np.sqrt(np.abs(a * b)))  # fmt: skip
    yield case("map_of_a_body", "5xf32", "5xf32", """%r = "stablehlo.map"(%0) <{dimensions = array<i64: 0>}> ({
  ^bb0(%x: tensor<f32>):
    %y = stablehlo.multiply %x, %x : tensor<f32>
    stablehlo.return %y : tensor<f32>
  }) : (tensor<5xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>""", meaning=np.square)  # fmt: skip
    yield case("one_hot", "5xi32", "5x7xf32", """%i = stablehlo.iota dim = 1 : tensor<5x7xi32>
  %b = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<5xi32>) -> tensor<5x7xi32>
  %c = stablehlo.compare EQ, %i, %b : (tensor<5x7xi32>, tensor<5x7xi32>) -> tensor<5x7xi1>
  %r = stablehlo.convert %c : (tensor<5x7xi1>) -> tensor<5x7xf32>
  return %r : tensor<5x7xf32>""", meaning=lambda i: (i[:, None] == np.arange(7)).astype(np.float32))  # fmt: skip
    yield case("top_k", "3x9xf32", "3x4xf32 3x4xi32", """%r:2 = chlo.top_k(%0, k = 4) : tensor<3x9xf32> -> (tensor<3x4xf32>, tensor<3x4xi32>)
  return %r#0, %r#1 : tensor<3x4xf32>, tensor<3x4xi32>""",
               meaning=lambda x: (-np.sort(-x, 1)[:, :4], np.argsort(-x, 1, kind="stable")[:, :4].astype(np.int32)))  # fmt: skip
    yield case("broadcasting_add", "3x9xf32 9xf32", "3x9xf32",
               "%r = chlo.broadcast_add %0, %1 : (tensor<3x9xf32>, tensor<9xf32>) -> tensor<3x9xf32>\n  return %r : tensor<3x9xf32>",
               meaning=np.add)  # fmt: skip


def inserted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    result = a.copy()
    result[1:3, 2:5] = b
    return result


CF_LOOP = """%c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %n = tensor.extract %0[] : tensor<i32>
  cf.br ^head(%n, %1 : i32, TYPE)
^head(%i: i32, %x: TYPE):
  %p = arith.cmpi sgt, %i, %c0 : i32
  cf.cond_br %p, ^body, ^done
^body:
  %j = arith.subi %i, %c1 : i32
  STEP
  cf.br ^head(%j, %y : i32, TYPE)
^done:
  return %x : TYPE"""


def control() -> Iterator[Case]:
    yield case("scf_for", "4xf32", "4xf32", """%c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%x = %0) -> (tensor<4xf32>) {
    %y = arith.addf %x, %0 : tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>""", meaning=lambda x: x + x + x + x + x + x)  # fmt: skip
    rows = {"static": ("tensor<4xf32>", "4xf32", (), "%y = arith.addf %x, %1 : tensor<4xf32>"),
            "growing": ("tensor<?x4xf32>", "?x4xf32", (3,),
                        "%y = stablehlo.concatenate %x, %1, dim = 0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>")}  # fmt: skip
    for name, (type, short, sizes, step) in rows.items():
        yield case(f"cf_loop_{name}", f"i32 {short}", short, CF_LOOP.replace("TYPE", type).replace("STEP", step), sizes=sizes,
                   fill=(Between(2, 4), plain))  # fmt: skip


CASES = [*structured(), *tensors_and_numbers(), *control()]
