// RUN: pyrie opt --iree-global-opt-erase-unused-linalg-operands %s | FileCheck %s

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: util.func public @repeated_and_unread
util.func public @repeated_and_unread(%x: tensor<4xf32>, %y: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<4xf32>) outs
  // CHECK-NEXT: ^bb0(%in: f32, %out: f32):
  // CHECK-NEXT: arith.mulf %in, %in
  %r = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.mulf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  util.return %r : tensor<4xf32>
}

// Without %w nothing says how long the reduction is.
#in = affine_map<(d0, d1) -> (d0 + d1)>
#win = affine_map<(d0, d1) -> (d1)>
#out = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: util.func public @gives_the_extent
util.func public @gives_the_extent(%x: tensor<6xf32>, %w: tensor<3xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: ins(%arg0, %arg1 : tensor<6xf32>, tensor<3xf32>)
  %r = linalg.generic {indexing_maps = [#in, #win, #out], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<6xf32>, tensor<3xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  util.return %r : tensor<4xf32>
}
