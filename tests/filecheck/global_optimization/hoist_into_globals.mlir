// RUN: pyrie opt --iree-util-hoist-into-globals=max-size-increase-threshold=64 %s | FileCheck %s

#id = affine_map<(d0) -> (d0)>
#row = affine_map<(d0, d1) -> (d1)>
#all = affine_map<(d0, d1) -> (d0, d1)>

// CHECK: util.global private @scale
util.global private @scale : tensor<4xf32>
util.global private mutable @state : tensor<4xf32>

// The expression moves as a whole: what only it reads gets no global.
// CHECK: util.global private @__hoisted_tensor_4xf32 : tensor<4xf32>
// CHECK-NEXT: util.initializer {
// CHECK: %[[C:.+]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]>
// CHECK: %[[SUM:.+]] = linalg.generic
// CHECK: arith.addf
// CHECK: %[[SCALE:.+]] = util.global.load {{.*}}@scale
// CHECK: %[[PRODUCT:.+]] = linalg.generic {{.*}} ins(%[[SUM]], %[[SCALE]]
// CHECK: arith.mulf
// CHECK: util.global.store %[[PRODUCT]], @__hoisted_tensor_4xf32
// CHECK: util.return
// CHECK: util.func public @expression(%[[X:.+]]: tensor<4xf32>)
// CHECK: %[[LOADED:.+]] = util.global.load immutable @__hoisted_tensor_4xf32 : tensor<4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[LOADED]]
// CHECK-NOT: linalg.generic
util.func public @expression(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%c : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %s = util.global.load immutable @scale : tensor<4xf32>
  %product = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%sum, %s : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %product : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  util.return %r : tensor<4xf32>
}

// Nothing here is kept: a fill, a broadcast, an extension, what changes, what is set later, and what is much larger than its source.
// CHECK-NOT: @__hoisted
// CHECK-NOT: util.initializer
// CHECK: util.func public @left
util.func public @left() -> (tensor<8xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<64xf32>) {
  %zero = arith.constant 0.0 : f32
  %e8 = tensor.empty() : tensor<8xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%e8 : tensor<8xf32>) -> tensor<8xf32>
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e24 = tensor.empty() : tensor<2x4xf32>
  %broadcast = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<4xf32>) outs(%e24 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<2x4xf32>
  %h = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf16>
  %e4 = tensor.empty() : tensor<4xf32>
  %extended = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%h : tensor<4xf16>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %0 = arith.extf %a : f16 to f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %s = util.global.load @state : tensor<4xf32>
  %changes = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%s : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %l = util.global.load immutable @later : tensor<4xf32>
  %set_later = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%l : tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %one = arith.constant dense<[5.0]> : tensor<1xf32>
  %e64 = tensor.empty() : tensor<64xf32>
  %larger = linalg.generic {indexing_maps = [affine_map<(d0) -> (0)>, #id], iterator_types = ["parallel"]} ins(%one : tensor<1xf32>) outs(%e64 : tensor<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  util.return %fill, %broadcast, %extended, %changes, %set_later, %larger : tensor<8xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<64xf32>
}
util.global private @later : tensor<4xf32>
