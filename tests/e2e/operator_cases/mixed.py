# ruff: noqa: E501
"""Small networks and what they are made of: ops that fuse, share, feed each other, or meet dynamic and large sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from operator_cases.case import Between, Case, Sums, Ulps, case, plain


def static() -> Iterator[Case]:
    yield case(
        "reduce_then_use",
        "65x129xf32",
        "65x129xf32 65xf32",
        """%z = stablehlo.constant dense<0.0> : tensor<f32>
  %s = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [1] : (tensor<65x129xf32>, tensor<f32>) -> tensor<65xf32>
  %b = stablehlo.broadcast_in_dim %s, dims = [0] : (tensor<65xf32>) -> tensor<65x129xf32>
  %r = stablehlo.subtract %0, %b : tensor<65x129xf32>
  return %r, %s : tensor<65x129xf32>, tensor<65xf32>""",
        tolerance=Sums(131),
    )
    yield case(
        "matmul_bias_relu_T",
        "33x17xf32 65x17xf32 65xf32",
        "65x33xf32",
        """%d = stablehlo.dot_general %0, %1, contracting_dims = [1] x [1] : (tensor<33x17xf32>, tensor<65x17xf32>) -> tensor<33x65xf32>
  %b = stablehlo.broadcast_in_dim %2, dims = [1] : (tensor<65xf32>) -> tensor<33x65xf32>
  %s = stablehlo.add %d, %b : tensor<33x65xf32>
  %z = stablehlo.constant dense<0.0> : tensor<33x65xf32>
  %m = stablehlo.maximum %s, %z : tensor<33x65xf32>
  %r = stablehlo.transpose %m, dims = [1, 0] : (tensor<33x65xf32>) -> tensor<65x33xf32>
  return %r : tensor<65x33xf32>""",
        tolerance=Sums(20, 2),
    )
    yield case(
        "matmul_chain",
        "33x17xf32 17x17xf32",
        "33x17xf32",
        """%a = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<33x17xf32>, tensor<17x17xf32>) -> tensor<33x17xf32>
  %b = stablehlo.dot_general %a, %1, contracting_dims = [1] x [0] : (tensor<33x17xf32>, tensor<17x17xf32>) -> tensor<33x17xf32>
  %c = stablehlo.dot_general %b, %1, contracting_dims = [1] x [0] : (tensor<33x17xf32>, tensor<17x17xf32>) -> tensor<33x17xf32>
  %r = stablehlo.add %c, %a : tensor<33x17xf32>
  return %r : tensor<33x17xf32>""",
        tolerance=Sums(400, 2),
    )
    yield case(
        "conv_bn_relu_pool",
        "1x3x17x17xf32 8x3x3x3xf32 8xf32 8xf32",
        "1x8x8x8xf32",
        """%z = stablehlo.constant dense<0.0> : tensor<1x8x17x17xf32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %c = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {pad = [[1, 1], [1, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x3x17x17xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x17x17xf32>
  %g = stablehlo.broadcast_in_dim %2, dims = [1] : (tensor<8xf32>) -> tensor<1x8x17x17xf32>
  %b = stablehlo.broadcast_in_dim %3, dims = [1] : (tensor<8xf32>) -> tensor<1x8x17x17xf32>
  %m = stablehlo.multiply %c, %g : tensor<1x8x17x17xf32>
  %s = stablehlo.add %m, %b : tensor<1x8x17x17xf32>
  %r = stablehlo.maximum %s, %z : tensor<1x8x17x17xf32>
  %p = "stablehlo.reduce_window"(%r, %low) <{window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}> ({
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    %q = stablehlo.maximum %x, %y : tensor<f32>
    stablehlo.return %q : tensor<f32>
  }) : (tensor<1x8x17x17xf32>, tensor<f32>) -> tensor<1x8x8x8xf32>
  return %p : tensor<1x8x8x8xf32>""",
        tolerance=Sums(40, 3),
    )
    yield case(
        "two_users",
        "17x33xf32",
        "17x33xf32 33x17xf32 17xf32",
        """%z = stablehlo.constant dense<0.0> : tensor<f32>
  %e = stablehlo.tanh %0 : tensor<17x33xf32>
  %t = stablehlo.transpose %e, dims = [1, 0] : (tensor<17x33xf32>) -> tensor<33x17xf32>
  %s = stablehlo.reduce(%e init: %z) applies stablehlo.maximum across dimensions = [1] : (tensor<17x33xf32>, tensor<f32>) -> tensor<17xf32>
  return %e, %t, %s : tensor<17x33xf32>, tensor<33x17xf32>, tensor<17xf32>""",
        tolerance=Ulps(4),
    )
    yield case(
        "slice_concat",
        "8x6xf32",
        "8x6xf32",
        """%a = stablehlo.slice %0 [0:8, 0:3] : (tensor<8x6xf32>) -> tensor<8x3xf32>
  %b = stablehlo.slice %0 [0:8, 3:6] : (tensor<8x6xf32>) -> tensor<8x3xf32>
  %n = stablehlo.negate %b : tensor<8x3xf32>
  %r = stablehlo.concatenate %n, %a, dim = 1 : (tensor<8x3xf32>, tensor<8x3xf32>) -> tensor<8x6xf32>
  return %r : tensor<8x6xf32>""",
        meaning=lambda x: np.concatenate([-x[:, 3:], x[:, :3]], 1),
    )
    yield case(
        "dus_of_arg_and_arg",
        "8x6xf32 2x6xf32 i32",
        "8x6xf32 8x6xf32",
        """%z = stablehlo.constant dense<0> : tensor<i32>
  %r = stablehlo.dynamic_update_slice %0, %1, %2, %z : (tensor<8x6xf32>, tensor<2x6xf32>, tensor<i32>, tensor<i32>) -> tensor<8x6xf32>
  return %r, %0 : tensor<8x6xf32>, tensor<8x6xf32>""",
    )
    yield case(
        "const_matmul",
        "5x16xf32",
        "5x8xf32",
        """%w = stablehlo.constant dense<0.5> : tensor<16x8xf32>
  %r = stablehlo.dot_general %0, %w, contracting_dims = [1] x [0] : (tensor<5x16xf32>, tensor<16x8xf32>) -> tensor<5x8xf32>
  return %r : tensor<5x8xf32>""",
        tolerance=Sums(16),
    )
    yield case(
        "const_i1_splat",
        "",
        "9xi1 9xi8",
        """%w = stablehlo.constant dense<true> : tensor<9xi1>
  %v = stablehlo.constant dense<-1> : tensor<9xi8>
  return %w, %v : tensor<9xi1>, tensor<9xi8>""",
    )
    yield case(
        "gather_then_matmul",
        "11x16xf32 5xi32 16x8xf32",
        "5x8xf32",
        """%g = "stablehlo.gather"(%0, %1) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 16>}> : (tensor<11x16xf32>, tensor<5xi32>) -> tensor<5x16xf32>
  %r = stablehlo.dot_general %g, %2, contracting_dims = [1] x [0] : (tensor<5x16xf32>, tensor<16x8xf32>) -> tensor<5x8xf32>
  return %r : tensor<5x8xf32>""",
        tolerance=Sums(16, 3),
        fill=(plain, Between(0, 10), plain),
    )
    yield case(
        "cumsum_reduce_window",
        "3x17xi32",
        "3x17xi32",
        """%z = stablehlo.constant dense<0> : tensor<i32>
  %r = "stablehlo.reduce_window"(%0, %z) <{window_dimensions = array<i64: 1, 17>, padding = dense<[[0, 0], [16, 0]]> : tensor<2x2xi64>}> ({
  ^bb0(%x: tensor<i32>, %y: tensor<i32>):
    %q = stablehlo.add %x, %y : tensor<i32>
    stablehlo.return %q : tensor<i32>
  }) : (tensor<3x17xi32>, tensor<i32>) -> tensor<3x17xi32>
  return %r : tensor<3x17xi32>""",
        meaning=lambda x: np.cumsum(x, 1, dtype=np.int32),
    )
    yield case(
        "zero_chain",
        "0x5xf32 5x3xf32",
        "0x3xf32",
        """%d = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<0x5xf32>, tensor<5x3xf32>) -> tensor<0x3xf32>
  %r = stablehlo.exponential %d : tensor<0x3xf32>
  return %r : tensor<0x3xf32>""",
    )
    yield case(
        "zero_scatter_updates",
        "4xf32 0x1xi32 0xf32",
        "4xf32",
        """%r = "stablehlo.scatter"(%0, %1, %2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    stablehlo.return %y : tensor<f32>
  }) : (tensor<4xf32>, tensor<0x1xi32>, tensor<0xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>""",
    )
    yield case(
        "big_add",
        "1025x1027xf32 1025x1027xf32",
        "1025x1027xf32",
        "%r = stablehlo.add %0, %1 : tensor<1025x1027xf32>\n  return %r : tensor<1025x1027xf32>",
        meaning=np.add,
    )
    yield case(
        "big_reduce",
        "257x4099xf32",
        "257xf32 4099xf32",
        """%z = stablehlo.constant dense<0.0> : tensor<f32>
  %s = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [1] : (tensor<257x4099xf32>, tensor<f32>) -> tensor<257xf32>
  %t = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [0] : (tensor<257x4099xf32>, tensor<f32>) -> tensor<4099xf32>
  return %s, %t : tensor<257xf32>, tensor<4099xf32>""",
        tolerance=Sums(4099),
    )
    yield case(
        "big_matmul",
        "257x513xf32 513x259xf32",
        "257x259xf32",
        "%r = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<257x513xf32>, tensor<513x259xf32>) -> tensor<257x259xf32>\n  return %r : tensor<257x259xf32>",
        tolerance=Sums(513, 2),
    )
    yield case(
        "rank6",
        "2x1x3x2x1x4xf32",
        "4x1x2x3x1x2xf32",
        "%r = stablehlo.transpose %0, dims = [5, 4, 3, 2, 1, 0] : (tensor<2x1x3x2x1x4xf32>) -> tensor<4x1x2x3x1x2xf32>\n  return %r : tensor<4x1x2x3x1x2xf32>",
        meaning=lambda x: x.transpose(),
    )


def dynamic() -> Iterator[Case]:
    t = "tensor<?x4xf32>"
    yield case(
        "dyn_softmax",
        "?x17xf32",
        "?x17xf32",
        """%low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %c0 = arith.constant 0 : index
  %c17 = arith.constant 17 : index
  %n = tensor.dim %0, %c0 : tensor<?x17xf32>
  %sh = tensor.from_elements %n, %c17 : tensor<2xindex>
  %m = stablehlo.reduce(%0 init: %low) applies stablehlo.maximum across dimensions = [1] : (tensor<?x17xf32>, tensor<f32>) -> tensor<?xf32>
  %mb = stablehlo.dynamic_broadcast_in_dim %m, %sh, dims = [0] : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x17xf32>
  %x = stablehlo.subtract %0, %mb : tensor<?x17xf32>
  %e = stablehlo.exponential %x : tensor<?x17xf32>
  %t = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<?x17xf32>, tensor<f32>) -> tensor<?xf32>
  %tb = stablehlo.dynamic_broadcast_in_dim %t, %sh, dims = [0] : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x17xf32>
  %y = stablehlo.divide %e, %tb : tensor<?x17xf32>
  return %y : tensor<?x17xf32>""",
        sizes=(5,),
        tolerance=Ulps(32),
    )
    yield case(
        "dyn_conv",
        "?x3x8x8xf32 4x3x3x3xf32",
        "?x4x6x6xf32",
        """%r = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<?x4x6x6xf32>
  return %r : tensor<?x4x6x6xf32>""",
        sizes=(2,),
        tolerance=Sums(27, 2),
    )
    yield case(
        "dyn_batch_matmul",
        "?x9x17xf32 ?x17x5xf32",
        "?x9x5xf32",
        """%r = stablehlo.dot_general %0, %1, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x9x17xf32>, tensor<?x17x5xf32>) -> tensor<?x9x5xf32>
  return %r : tensor<?x9x5xf32>""",
        sizes=(3, 3),
        tolerance=Sums(17, 2),
    )
    yield case(
        "dyn_k",
        "5x?xf32 ?x7xf32",
        "5x7xf32",
        """%r = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<5x?xf32>, tensor<?x7xf32>) -> tensor<5x7xf32>
  return %r : tensor<5x7xf32>""",
        sizes=(13, 13),
        tolerance=Sums(13, 2),
    )
    yield case(
        "dyn_gather",
        "10x4xf32 ?xi32",
        "?x4xf32",
        """%g = "stablehlo.gather"(%0, %1) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<10x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %g : tensor<?x4xf32>""",
        sizes=(5,),
        fill=(plain, Between(-1, 11)),
    )
    yield case(
        "dyn_sort",
        "?x9xf32",
        "?x9xf32",
        """%r = "stablehlo.sort"(%0) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    %c = stablehlo.compare LT, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }) : (tensor<?x9xf32>) -> tensor<?x9xf32>
  return %r : tensor<?x9xf32>""",
        sizes=(5,),
        meaning=lambda x: np.sort(x, 1),
    )
    yield case(
        "dyn_argmax",
        "?x9xf32",
        "?xi32",
        """%n = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %z = stablehlo.constant dense<0> : tensor<i32>
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %m = tensor.dim %0, %c0 : tensor<?x9xf32>
  %sh = tensor.from_elements %m, %c9 : tensor<2xindex>
  %i = stablehlo.dynamic_iota %sh, dim = 1 : (tensor<2xindex>) -> tensor<?x9xi32>
  %r:2 = stablehlo.reduce(%0 init: %n), (%i init: %z) across dimensions = [1] : (tensor<?x9xf32>, tensor<?x9xi32>, tensor<f32>, tensor<i32>) -> (tensor<?xf32>, tensor<?xi32>)
   reducer(%x: tensor<f32>, %y: tensor<f32>) (%j: tensor<i32>, %k: tensor<i32>) {
    %g = stablehlo.compare GE, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %v = stablehlo.select %g, %x, %y : tensor<i1>, tensor<f32>
    %w = stablehlo.select %g, %j, %k : tensor<i1>, tensor<i32>
    stablehlo.return %v, %w : tensor<f32>, tensor<i32>
  }
  return %r#1 : tensor<?xi32>""",
        sizes=(5,),
    )
    yield case(
        "dyn_slice_of_dyn",
        "?x4xf32 i32",
        "2x4xf32",
        f"""%z = stablehlo.constant dense<0> : tensor<i32>
  %r = stablehlo.dynamic_slice %0, %1, %z, sizes = [2, 4] : ({t}, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>""",
        sizes=(5,),
        fill=(plain, Between(-2, 9)),
    )
    yield case(
        "dyn_pad",
        "?x4xf32",
        "?x6xf32",
        f"""%z = stablehlo.constant dense<0.0> : tensor<f32>
  %r = stablehlo.pad %0, %z, low = [1, 0], high = [1, 2], interior = [0, 0] : ({t}, tensor<f32>) -> tensor<?x6xf32>
  return %r : tensor<?x6xf32>""",
        sizes=(5,),
    )
    yield case(
        "dyn_reverse",
        "?x4xf32",
        "?x4xf32",
        f"""%r = stablehlo.reverse %0, dims = [0] : {t}
  return %r : {t}""",
        sizes=(5,),
        meaning=lambda x: x[::-1],
    )
    yield case(
        "dyn_window",
        "1x?x8x3xf32",
        "1x?x4x3xf32",
        """%z = stablehlo.constant dense<0.0> : tensor<f32>
  %r = "stablehlo.reduce_window"(%0, %z) <{window_dimensions = array<i64: 1, 2, 2, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    %q = stablehlo.add %x, %y : tensor<f32>
    stablehlo.return %q : tensor<f32>
  }) : (tensor<1x?x8x3xf32>, tensor<f32>) -> tensor<1x?x4x3xf32>
  return %r : tensor<1x?x4x3xf32>""",
        sizes=(6,),
        tolerance=Sums(4),
    )


CASES = [*static(), *dynamic()]
