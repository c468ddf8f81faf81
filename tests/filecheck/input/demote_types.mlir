// RUN: pyrie opt --iree-input-conversion-demote-f64-to-f32 --iree-input-conversion-demote-i64-to-i32 %s | FileCheck %s

// CHECK: util.global private mutable @state = dense<1.500000e+00> : tensor<4xf32>
util.global private mutable @state = dense<1.5> : tensor<4xf64>

// CHECK-LABEL: util.func public @main(%arg0: tensor<4xf32>, %arg1: i32) -> (tensor<4xf32>, i32)
util.func public @main(%x: tensor<4xf64>, %n: i64) -> (tensor<4xf64>, i64) {
  // CHECK: arith.constant 1.000000e-01 : f32
  %c = arith.constant 0.1 : f64
  // CHECK: arith.constant -1 : i32
  %m = arith.constant 4294967295 : i64
  // CHECK: tensor.empty() : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf64>
  // CHECK: ^bb0(%[[IN:.+]]: f32, %{{.+}}: f32)
  // CHECK-NEXT: arith.mulf %[[IN]], %{{.+}} : f32
  // CHECK-NOT:  arith.truncf
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf64>) outs(%e : tensor<4xf64>) {
  ^bb0(%in: f64, %out: f64):
    %1 = arith.mulf %in, %c : f64
    %2 = arith.truncf %1 : f64 to f32
    %3 = arith.extf %2 : f32 to f64
    linalg.yield %3 : f64
  } -> tensor<4xf64>
  // CHECK: tensor.extract_slice %{{.+}}[0] [2] [1]
  %s = tensor.extract_slice %0[0] [2] [1] : tensor<4xf64> to tensor<2xf64>
  %4 = arith.addi %n, %m : i64
  util.return %0, %4 : tensor<4xf64>, i64
}
