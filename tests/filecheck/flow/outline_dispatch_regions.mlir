// RUN: pyrie opt --iree-flow-outline-dispatch-regions %s | FileCheck %s

// CHECK: flow.executable private @copy_dispatch_0 {
// CHECK-NEXT: flow.executable.export public @copy_dispatch_0 workgroups(%[[W:.+]]: index) -> (index, index, index) {
// CHECK-NEXT: %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%[[W]])
// CHECK: func.func @copy_dispatch_0(%[[IN:.+]]: {{.*}}, %[[D:.+]]: index, %[[OUT:.+]]: {{.*}}) {
// CHECK: %[[O:.+]] = iree_tensor_ext.dispatch.workload.ordinal %[[D]], 0
// CHECK-DAG: %[[TIN:.+]] = flow.dispatch.tie_shape %[[IN]] : {{.*}}{%[[O]]}
// CHECK-DAG: %[[TOUT:.+]] = flow.dispatch.tie_shape %[[OUT]] : {{.*}}{%[[O]]}
// CHECK: iree_tensor_ext.dispatch.tensor.load %[[TIN]]
// CHECK: iree_tensor_ext.dispatch.tensor.store %{{.+}}, %[[TOUT]]
// CHECK-NEXT: return
// CHECK-LABEL: util.func public @copy
// CHECK: flow.dispatch @copy_dispatch_0::@copy_dispatch_0[%arg1](%arg0, %arg1) : (tensor<?xf32>{%arg1}, index) -> tensor<?xf32>{%arg1}
util.func public @copy(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %r = flow.dispatch.workgroups[%n](%x, %n) : (tensor<?xf32>{%n}, index) -> tensor<?xf32>{%n} =
      (%a: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>, %d: index, %b: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xf32>>) {
    %o = iree_tensor_ext.dispatch.workload.ordinal %d, 0 : index
    %l = iree_tensor_ext.dispatch.tensor.load %a, offsets = [0], sizes = [%o], strides = [1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>{%o} -> tensor<?xf32>
    iree_tensor_ext.dispatch.tensor.store %l, %b, offsets = [0], sizes = [%o], strides = [1] : tensor<?xf32> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xf32>>{%o}
    flow.return
  } count(%w: index) -> (index, index, index) {
    %x0, %y0, %z0 = iree_tensor_ext.dispatch.workgroup_count_from_slice(%w)
    flow.return %x0, %y0, %z0 : index, index, index
  }
  util.return %r : tensor<?xf32>
}
