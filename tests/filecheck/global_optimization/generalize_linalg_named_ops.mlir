// RUN: pyrie opt --iree-global-opt-generalize-linalg-named-ops %s | FileCheck %s

// CHECK-DAG: #[[$T:.+]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-DAG: #[[$I:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$R:.+]] = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: util.func public @movement
util.func public @movement(%x: tensor<4x8xf32>, %e: tensor<8x4xf32>) -> tensor<8x4xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[$T]], #[[$I]]], iterator_types = ["parallel", "parallel"]} ins(%arg0
  // CHECK-NEXT: ^bb0(%in: f32, %out: f32):
  // CHECK-NEXT: linalg.yield %in : f32
  %t = linalg.transpose ins(%x : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) permutation = [1, 0]
  util.return %t : tensor<8x4xf32>
}

// CHECK-LABEL: util.func public @reduction
util.func public @reduction(%x: tensor<4x8xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[$I]], #[[$R]]], iterator_types = ["parallel", "reduction"]}
  // CHECK: arith.addf %out, %in
  %t = linalg.reduce { arith.addf } ins(%x : tensor<4x8xf32>) outs(%e : tensor<4xf32>) dimensions = [1]
  util.return %t : tensor<4xf32>
}

// Strategies look for contractions by name.
// CHECK-LABEL: util.func public @kept
util.func public @kept(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %c: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: linalg.matmul
  %r = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x2xf32>) outs(%c : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %r : tensor<4x2xf32>
}
