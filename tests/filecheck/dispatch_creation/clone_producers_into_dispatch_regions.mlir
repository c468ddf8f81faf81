// RUN: pyrie opt --iree-dispatch-creation-clone-producers-into-dispatch-regions %s | FileCheck %s

// CHECK-LABEL: util.func public @cheap_and_dear
util.func public @cheap_and_dear(%a: tensor<4x20xf32>) -> tensor<4x4xf32> {
  // The weights are larger than 256 bytes: they stay outside.
  // CHECK: %[[W:.+]] = arith.constant dense<
  // CHECK: flow.dispatch.region
  // CHECK-DAG: %[[Z:.+]] = arith.constant 0.0
  // CHECK-DAG: %[[E:.+]] = tensor.empty() : tensor<4x4xf32>
  // CHECK:   %[[F:.+]] = linalg.fill ins(%[[Z]] : f32) outs(%[[E]]
  // CHECK:   linalg.matmul ins(%arg0, %[[W]] {{.*}} outs(%[[F]]
  %z = arith.constant 0.0 : f32
  %w = arith.constant dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0], [12.0, 13.0, 14.0, 15.0], [16.0, 17.0, 18.0, 19.0], [20.0, 21.0, 22.0, 23.0], [24.0, 25.0, 26.0, 27.0], [28.0, 29.0, 30.0, 31.0], [32.0, 33.0, 34.0, 35.0], [36.0, 37.0, 38.0, 39.0], [40.0, 41.0, 42.0, 43.0], [44.0, 45.0, 46.0, 47.0], [48.0, 49.0, 50.0, 51.0], [52.0, 53.0, 54.0, 55.0], [56.0, 57.0, 58.0, 59.0], [60.0, 61.0, 62.0, 63.0], [64.0, 65.0, 66.0, 67.0], [68.0, 69.0, 70.0, 71.0], [72.0, 73.0, 74.0, 75.0], [76.0, 77.0, 78.0, 79.0]]> : tensor<20x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = flow.dispatch.region -> (tensor<4x4xf32>) {
    %m = linalg.matmul ins(%a, %w : tensor<4x20xf32>, tensor<20x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    flow.return %m : tensor<4x4xf32>
  }
  util.return %r : tensor<4x4xf32>
}
