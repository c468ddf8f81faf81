// RUN: pyrie opt --iree-global-opt-remove-zero-extent-tensors %s | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: util.func public @computed
util.func public @computed(%x: tensor<0x4xf32>, %e: tensor<0x4xf32>) -> tensor<0x4xf32> {
  // CHECK-NOT: linalg.generic
  // CHECK: %[[E:.+]] = tensor.empty() : tensor<0x4xf32>
  // CHECK: util.return %[[E]]
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<0x4xf32>) outs(%e : tensor<0x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<0x4xf32>
  util.return %r : tensor<0x4xf32>
}

// CHECK-LABEL: util.func public @inserted
util.func public @inserted(%x: tensor<0x4xf32>, %y: tensor<3x4xf32>) -> tensor<3x4xf32> {
  // CHECK: util.return %arg1
  %r = tensor.insert_slice %x into %y[0, 0] [0, 4] [1, 1] : tensor<0x4xf32> into tensor<3x4xf32>
  util.return %r : tensor<3x4xf32>
}
