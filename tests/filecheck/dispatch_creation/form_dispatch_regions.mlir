// RUN: pyrie opt --iree-dispatch-creation-form-dispatch-regions %s | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: util.func public @matmul_with_consumer
util.func public @matmul_with_consumer(%a: tensor<?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[N:.+]] = tensor.dim %arg3
  // CHECK: %[[R:.+]] = flow.dispatch.region -> (tensor<?x4xf32>{%[[N]]}) {
  // CHECK:   linalg.matmul
  // CHECK:   linalg.generic
  // CHECK:   flow.return
  // CHECK: util.return %[[R]]
  %m = linalg.matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x4xf32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %0 = math.exp %x : f32
    linalg.yield %0 : f32
  } -> tensor<?x4xf32>
  util.return %r : tensor<?x4xf32>
}

// A row sum joins the op that subtracts it from the rows.
// CHECK-LABEL: util.func public @reduction_broadcast_back
util.func public @reduction_broadcast_back(%x: tensor<4x8xf32>, %f: tensor<4xf32>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK-COUNT-1: flow.dispatch.region
  // CHECK: "reduction"
  // CHECK: arith.subf
  // CHECK: flow.return
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  util.return %r : tensor<4x8xf32>
}

// The matmul's result is read twice, so it is stored.
// CHECK-LABEL: util.func public @two_readers
util.func public @two_readers(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  // CHECK-COUNT-2: flow.dispatch.region
  %m = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>) outs(%c : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<4x4xf32>) outs(%c : tensor<4x4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %0 = math.exp %x : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  util.return %m, %r : tensor<4x4xf32>, tensor<4x4xf32>
}
