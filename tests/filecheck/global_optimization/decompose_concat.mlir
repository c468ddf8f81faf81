// RUN: pyrie opt --iree-global-opt-decompose-concat %s | FileCheck %s

// CHECK-LABEL: util.func public @static
util.func public @static(%a: tensor<2x4xf32>, %b: tensor<3x4xf32>) -> tensor<5x4xf32> {
  // CHECK: %[[E:.+]] = tensor.empty() : tensor<5x4xf32>
  // CHECK: %[[A:.+]] = tensor.insert_slice %arg0 into %[[E]][0, 0] [2, 4] [1, 1]
  // CHECK: %[[B:.+]] = tensor.insert_slice %arg1 into %[[A]][2, 0] [3, 4] [1, 1]
  // CHECK-NOT: tensor.concat
  // CHECK: util.return %[[B]]
  %r = tensor.concat dim(0) %a, %b : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  util.return %r : tensor<5x4xf32>
}

// The size of the result is the sum of the sizes of the parts.
// CHECK-LABEL: util.func public @dynamic
util.func public @dynamic(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[NA:.+]] = tensor.dim %arg0
  // CHECK-DAG: %[[NB:.+]] = tensor.dim %arg1
  // CHECK: %[[N:.+]] = arith.addi %[[NA]], %[[NB]] : index
  // CHECK: %[[E:.+]] = tensor.empty(%[[N]])
  // CHECK: %[[A:.+]] = tensor.insert_slice %arg0 into %[[E]][0, 0] [%[[NA]], 4] [1, 1]
  // CHECK: tensor.insert_slice %arg1 into %[[A]][%[[NA]], 0] [%[[NB]], 4] [1, 1]
  %r = tensor.concat dim(0) %a, %b : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  util.return %r : tensor<?x4xf32>
}
