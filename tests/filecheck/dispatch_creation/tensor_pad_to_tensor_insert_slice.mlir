// RUN: pyrie opt --iree-dispatch-creation-tensor-pad-to-tensor-insert-slice %s | FileCheck %s

// CHECK-LABEL: util.func public @constant_border
util.func public @constant_border(%x: tensor<4x?xf32>, %v: f32, %n: index) -> tensor<5x?xf32> {
  // CHECK-DAG: %[[D:.+]] = tensor.dim %arg0
  // CHECK-DAG: %[[S:.+]] = arith.addi %[[D]], %arg2
  // CHECK: %[[E:.+]] = tensor.empty(%[[S]]) : tensor<5x?xf32>
  // CHECK: %[[F:.+]] = linalg.fill ins(%arg1 : f32) outs(%[[E]]
  // CHECK: tensor.insert_slice %arg0 into %[[F]][1, %arg2] [4, %[[D]]] [1, 1]
  %r = tensor.pad %x low[1, %n] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %v : f32
  } : tensor<4x?xf32> to tensor<5x?xf32>
  util.return %r : tensor<5x?xf32>
}

// CHECK-LABEL: util.func public @computed_border
util.func public @computed_border(%x: tensor<4xi32>) -> tensor<6xi32> {
  // CHECK: %[[B:.+]] = linalg.generic
  // CHECK: linalg.index 0
  // CHECK: tensor.insert_slice %arg0 into %[[B]][1] [4] [1]
  %r = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    %0 = arith.index_cast %i : index to i32
    tensor.yield %0 : i32
  } : tensor<4xi32> to tensor<6xi32>
  util.return %r : tensor<6xi32>
}

// CHECK-LABEL: util.func public @negative_border
util.func public @negative_border(%x: tensor<4xf32>, %v: f32) -> tensor<4xf32> {
  // CHECK: %[[C:.+]] = tensor.extract_slice %arg0[1] [3] [1]
  // CHECK: tensor.insert_slice %[[C]] into %{{.+}}[0] [3] [1]
  %r = tensor.pad %x low[-1] high[1] {
  ^bb0(%i: index):
    tensor.yield %v : f32
  } : tensor<4xf32> to tensor<4xf32>
  util.return %r : tensor<4xf32>
}
