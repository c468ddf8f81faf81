// RUN: pyrie opt --iree-stablehlo-to-iree-input --canonicalize %s | FileCheck %s

// CHECK-LABEL: @elementwise
// CHECK:         %[[E:.+]] = tensor.empty() : tensor<4x8xf32>
// CHECK:         linalg.generic {{.*}} ins(%arg0 : tensor<4x8xf32>) outs(%[[E]] : tensor<4x8xf32>)
// CHECK-NEXT:    ^bb0(%[[IN:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      %[[T:.+]] = math.tanh %[[IN]] : f32
// CHECK-NEXT:      linalg.yield %[[T]] : f32
func.func @elementwise(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = stablehlo.tanh %x : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// A constant that all elements share is a scalar in the body.
// CHECK-LABEL: @splat
// CHECK:         %[[C:.+]] = arith.constant 2.500000e-01 : f32
// CHECK:         linalg.generic {{.*}} ins(%arg0 : tensor<4xf32>)
// CHECK:           arith.mulf %{{.+}}, %[[C]] : f32
func.func @splat(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = stablehlo.constant dense<0.25> : tensor<f32>
  %b = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<4xf32>
  %0 = stablehlo.multiply %x, %b : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Division is made safe: no trap for zero, none for the smallest number over -1.
// CHECK-LABEL: @divide
// CHECK:           arith.cmpi eq, %{{.+}}, %c0_i32
// CHECK:           arith.divsi
// CHECK:           arith.select
func.func @divide(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> {
  %0 = stablehlo.divide %a, %b : tensor<4xi32>
  return %0 : tensor<4xi32>
}

// Unsigned types become signless; the comparison stays unsigned.
// CHECK-LABEL: @unsigned
// CHECK-SAME:    %arg0: tensor<4xi8> {iree.abi.encoding = tensor<4xui8>}
// CHECK:           arith.cmpi ult
func.func @unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xi1> {
  %0 = stablehlo.compare LT, %a, %b : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
  return %0 : tensor<4xi1>
}

// CHECK-LABEL: @batch_matmul
// CHECK:         %[[FILL:.+]] = linalg.fill
// CHECK:         linalg.batch_matmul ins(%arg0, %arg1 : tensor<2x4x8xf32>, tensor<2x8x3xf32>) outs(%[[FILL]] : tensor<2x4x3xf32>)
func.func @batch_matmul(%a: tensor<2x4x8xf32>, %b: tensor<2x8x3xf32>) -> tensor<2x4x3xf32> {
  %0 = stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// CHECK-LABEL: @convolution
// CHECK:         %[[P:.+]] = tensor.pad %arg0 low[0, 0, 1, 1] high[0, 0, 1, 1]
// CHECK:         linalg.conv_2d_nchw_fchw {{.*}}strides = dense<2> : tensor<2xi64>} ins(%[[P]], %arg1
func.func @convolution(%x: tensor<?x3x9x9xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<?x4x5x5xf32> {
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {stride = [2, 2], pad = [[1, 1], [1, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<?x3x9x9xf32>, tensor<4x3x3x3xf32>) -> tensor<?x4x5x5xf32>
  return %0 : tensor<?x4x5x5xf32>
}

// CHECK-LABEL: @pooling
// CHECK:         linalg.pooling_nchw_max
func.func @pooling(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32> {
  %i = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %0 = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %m : tensor<f32>
  }) : (tensor<1x3x8x8xf32>, tensor<f32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// The batch is the same on both sides, so the rest is one collapse.
// CHECK-LABEL: @flatten
// CHECK:         tensor.collapse_shape %arg0 {{\[\[}}0], [1, 2]] : tensor<?x2x3xf32> into tensor<?x6xf32>
func.func @flatten(%x: tensor<?x2x3xf32>) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %c6 = arith.constant 6 : index
  %n = tensor.dim %x, %c0 : tensor<?x2x3xf32>
  %s = tensor.from_elements %n, %c6 : tensor<2xindex>
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<?x2x3xf32>, tensor<2xindex>) -> tensor<?x6xf32>
  return %0 : tensor<?x6xf32>
}

// CHECK-LABEL: @scatter
// CHECK:         iree_linalg_ext.scatter dimension_map = [0] unique_indices(false)
func.func @scatter(%x: tensor<9x4xf32>, %i: tensor<3x1xi32>, %u: tensor<3x4xf32>) -> tensor<9x4xf32> {
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
    inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %s = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %s : tensor<f32>
  }) : (tensor<9x4xf32>, tensor<3x1xi32>, tensor<3x4xf32>) -> tensor<9x4xf32>
  return %0 : tensor<9x4xf32>
}
