// RUN: pyrie opt --iree-global-opt-propagate-linalg-transpose %s | FileCheck %s

#t = affine_map<(d0, d1) -> (d1, d0)>
#id = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$M:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$N:.+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[$O:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: util.func public @right
util.func public @right(%a: tensor<5x7xf32>, %b: tensor<6x7xf32>, %c: tensor<5x6xf32>) -> tensor<5x6xf32> {
  %e = tensor.empty() : tensor<7x6xf32>
  %t = linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]} ins(%b : tensor<6x7xf32>) outs(%e : tensor<7x6xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<7x6xf32>
  // CHECK-NOT: linalg.generic
  // CHECK: linalg.matmul indexing_maps = [#[[$M]], #[[$N]], #[[$O]]] ins(%arg0, %arg1 : tensor<5x7xf32>, tensor<6x7xf32>)
  %r = linalg.matmul ins(%a, %t : tensor<5x7xf32>, tensor<7x6xf32>) outs(%c : tensor<5x6xf32>) -> tensor<5x6xf32>
  util.return %r : tensor<5x6xf32>
}

// A batch dimension that moves cannot be said by a map of linalg.batch_matmul.
#b = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-LABEL: util.func public @batch_moves
util.func public @batch_moves(%a: tensor<5x2x7xf32>, %b: tensor<2x7x6xf32>, %c: tensor<2x5x6xf32>) -> tensor<2x5x6xf32> {
  %e = tensor.empty() : tensor<2x5x7xf32>
  // CHECK: linalg.generic
  %t = linalg.generic {indexing_maps = [#b, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%a : tensor<5x2x7xf32>) outs(%e : tensor<2x5x7xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<2x5x7xf32>
  // CHECK: linalg.batch_matmul ins(
  %r = linalg.batch_matmul ins(%t, %b : tensor<2x5x7xf32>, tensor<2x7x6xf32>) outs(%c : tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  util.return %r : tensor<2x5x6xf32>
}
