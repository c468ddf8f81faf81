// RUN: pyrie opt --iree-dispatch-creation-materialize-default-workgroup-count-region %s | FileCheck %s

// CHECK-LABEL: util.func public @workload
// CHECK-SAME: (%[[X:.+]]: tensor<?xf32>, %[[N:.+]]: index)
util.func public @workload(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  // CHECK: flow.dispatch.workgroups[%[[N]]](%[[X]], %[[N]])
  // CHECK-NEXT: (%{{.+}}: {{.*}}, %[[A:.+]]: index, %{{.+}}: {{.*}}) {
  // CHECK: %[[O:.+]] = iree_tensor_ext.dispatch.workload.ordinal %[[A]], 0 : index
  // CHECK: sizes = [%[[O]]]
  // CHECK: } count(%[[W:.+]]: index) -> (index, index, index) {
  // CHECK-NEXT: %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%[[W]])
  // CHECK-NEXT: flow.return %x, %y, %z
  %r = flow.dispatch.workgroups(%x, %n) : (tensor<?xf32>{%n}, index) -> tensor<?xf32>{%n} =
      (%a: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>, %d: index, %b: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xf32>>) {
    %l = iree_tensor_ext.dispatch.tensor.load %a, offsets = [0], sizes = [%d], strides = [1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>{%d} -> tensor<?xf32>
    iree_tensor_ext.dispatch.tensor.store %l, %b, offsets = [0], sizes = [%d], strides = [1] : tensor<?xf32> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xf32>>{%d}
    flow.return
  }
  util.return %r : tensor<?xf32>
}
