// RUN: pyrie opt --chlo-legalize-to-stablehlo %s | FileCheck %s

// CHECK-LABEL: @broadcast
// CHECK:         %[[B:.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT:    stablehlo.add %arg0, %[[B]] : tensor<4x8xf32>
func.func @broadcast(%a: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = chlo.broadcast_add %a, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// Sizes known at run time come from the operand that has them.
// CHECK-LABEL: @broadcast_dynamic
// CHECK:         %[[N:.+]] = tensor.dim %arg0
// CHECK:         %[[SHAPE:.+]] = tensor.from_elements %[[N]], %{{.+}} : tensor<2xindex>
// CHECK:         %[[B:.+]] = stablehlo.dynamic_broadcast_in_dim %arg1, %[[SHAPE]], dims = [1]
// CHECK:         stablehlo.multiply %arg0, %[[B]] : tensor<?x8xf32>
func.func @broadcast_dynamic(%a: tensor<?x8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  %0 = chlo.broadcast_multiply %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: @top_k
// CHECK:         %[[I:.+]] = stablehlo.iota dim = 1 : tensor<2x9xi32>
// CHECK:         %[[S:.+]]:2 = "stablehlo.sort"(%arg0, %[[I]])
// CHECK:           stablehlo.compare GT, %{{.+}}, %{{.+}}, TOTALORDER
// CHECK:         stablehlo.slice %[[S]]#0 [0:2, 0:3]
// CHECK-NEXT:    stablehlo.slice %[[S]]#1 [0:2, 0:3]
func.func @top_k(%a: tensor<2x9xf32>) -> (tensor<2x3xf32>, tensor<2x3xi32>) {
  %values, %indices = chlo.top_k(%a, k = 3) : tensor<2x9xf32> -> (tensor<2x3xf32>, tensor<2x3xi32>)
  return %values, %indices : tensor<2x3xf32>, tensor<2x3xi32>
}

// CHECK-LABEL: @batch_norm
// CHECK-NOT:     batch_norm_inference
// CHECK:         stablehlo.sqrt %{{.+}} : tensor<3xf32>
// CHECK:         stablehlo.broadcast_in_dim %{{.+}}, dims = [1] : (tensor<3xf32>) -> tensor<2x3x5xf32>
func.func @batch_norm(%x: tensor<2x3x5xf32>, %p: tensor<3xf32>) -> tensor<2x3x5xf32> {
  %0 = "stablehlo.batch_norm_inference"(%x, %p, %p, %p, %p) <{epsilon = 1.0e-3 : f32, feature_index = 1 : i64}>
    : (tensor<2x3x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x5xf32>
  return %0 : tensor<2x3x5xf32>
}
