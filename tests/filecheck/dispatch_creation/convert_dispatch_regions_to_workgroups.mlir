// RUN: pyrie opt --iree-dispatch-creation-convert-dispatch-regions-to-workgroups %s | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: util.func public @dynamic
// CHECK-SAME: (%[[X:.+]]: tensor<?xf32>, %[[N:.+]]: index, %[[V:.+]]: f32)
util.func public @dynamic(%x: tensor<?xf32>, %n: index, %v: f32) -> tensor<?xf32> {
  // CHECK: %[[D:.+]] = tensor.dim %[[X]]
  // CHECK: flow.dispatch.workgroups(%[[X]], %[[N]], %[[V]], %[[D]]) : (tensor<?xf32>{%[[D]]}, index, f32, index) -> tensor<?xf32>{%[[N]]} =
  // CHECK-NEXT: (%[[IN:.+]]: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>, %[[IN_N:.+]]: index, %[[IN_V:.+]]: f32, %[[IN_D:.+]]: index, %[[OUT:.+]]: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xf32>>) {
  // CHECK: %[[L:.+]] = iree_tensor_ext.dispatch.tensor.load %[[IN]], offsets = [0], sizes = [%[[IN_D]]], strides = [1]
  // CHECK: tensor.empty(%[[IN_N]])
  // CHECK: %[[G:.+]] = linalg.generic {{.*}} ins(%[[L]]
  // CHECK: arith.addf %{{.+}}, %[[IN_V]]
  // CHECK: iree_tensor_ext.dispatch.tensor.store %[[G]], %[[OUT]], offsets = [0], sizes = [%[[IN_N]]], strides = [1]
  // CHECK-NEXT: flow.return{{$}}
  %r = flow.dispatch.region -> (tensor<?xf32>{%n}) {
    %e = tensor.empty(%n) : tensor<?xf32>
    %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%a: f32, %o: f32):
      %0 = arith.addf %a, %v : f32
      linalg.yield %0 : f32
    } -> tensor<?xf32>
    flow.return %g : tensor<?xf32>
  }
  util.return %r : tensor<?xf32>
}

// The result is the tensor that is inserted into, changed in place.
// CHECK-LABEL: util.func public @in_place
util.func public @in_place(%x: tensor<6x2xf32>, %y: tensor<6x8xf32>) -> tensor<6x8xf32> {
  // CHECK: flow.dispatch.workgroups(%arg0, %arg1) : (tensor<6x2xf32>, tensor<6x8xf32>) -> %arg1 =
  // CHECK-NEXT: (%[[X:.+]]: {{.*}}<readonly:tensor<6x2xf32>>, %[[Y:.+]]: {{.*}}<readwrite:tensor<6x8xf32>>) {
  // CHECK-NEXT: %[[L:.+]] = iree_tensor_ext.dispatch.tensor.load %[[X]]
  // CHECK-NEXT: iree_tensor_ext.dispatch.tensor.store %[[L]], %[[Y]], offsets = [0, 3], sizes = [6, 2], strides = [1, 1]
  // CHECK-NEXT: flow.return
  %r = flow.dispatch.region -> (tensor<6x8xf32>) {
    %i = tensor.insert_slice %x into %y[0, 3] [6, 2] [1, 1] : tensor<6x2xf32> into tensor<6x8xf32>
    flow.return %i : tensor<6x8xf32>
  }
  util.return %r : tensor<6x8xf32>
}
