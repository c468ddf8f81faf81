// RUN: pyrie opt --iree-dispatch-creation-remove-tensor-barriers %s | FileCheck %s

// CHECK-LABEL: util.func public @both
util.func public @both(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NOT: compute_barrier
  // CHECK: util.return %arg0
  %0 = iree_tensor_ext.compute_barrier.start %x : tensor<4xf32> -> tensor<4xf32>
  %1 = iree_tensor_ext.compute_barrier.end %0 : tensor<4xf32> -> tensor<4xf32>
  util.return %1 : tensor<4xf32>
}
