// RUN: pyrie opt --iree-abi-wrap-entry-points %s | FileCheck %s
// RUN: pyrie opt --iree-abi-wrap-entry-points --inline --symbol-dce --canonicalize %s | FileCheck %s --check-prefix=MERGED

// CHECK-LABEL: util.func public @dynamic(%arg0: !hal.buffer_view) -> !hal.buffer_view attributes
// CHECK-SAME:    iree.abi.stub
// CHECK-SAME:    iree.abi.declaration = "sync func @dynamic(%input0: tensor<?x4xf32>) -> (%output0: tensor<?x4xf32>)"
// CHECK:         %[[N:.+]] = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
// CHECK-NEXT:    %[[X:.+]] = hal.tensor.import %arg0 "input0" : !hal.buffer_view -> tensor<?x4xf32>{%[[N]]}
// CHECK-NEXT:    %[[Y:.+]] = util.call @_dynamic(%[[X]]) : (tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK:         %[[M:.+]] = tensor.dim %[[Y]]
// CHECK-NEXT:    %[[V:.+]] = hal.tensor.export %[[Y]] "output0" : tensor<?x4xf32>{%[[M]]} -> !hal.buffer_view
// CHECK-NEXT:    util.return %[[V]]
// CHECK:       util.func private @_dynamic
util.func public @dynamic(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = math.absf %x : tensor<?x4xf32>
  util.return %y : tensor<?x4xf32>
}

// Numbers pass as they are; what is handed back unchanged stays the same view. Names of the front end appear in the declaration.
// CHECK-LABEL: util.func public @named(%arg0: !hal.buffer_view {iree.abi.name = "image"}, %arg1: i32) -> (i32, !hal.buffer_view)
// CHECK-SAME:    "sync func @named(%image: tensor<4xf32>, %input1: i32) -> (%output0: i32, %output1: tensor<4xf32>)"
// MERGED-LABEL: @named
// MERGED-NEXT:    util.return %arg1, %arg0 : i32, !hal.buffer_view
util.func public @named(%x: tensor<4xf32> {iree.abi.name = "image"}, %n: i32) -> (i32, tensor<4xf32>) {
  util.return %n, %x : i32, tensor<4xf32>
}

// Callers inside call the function itself.
// CHECK-LABEL: util.func private @caller
// CHECK:         util.call @_dynamic
util.func private @caller(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = util.call @dynamic(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  util.return %y : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @already(%arg0: !hal.buffer_view) attributes {iree.abi.stub}
// CHECK-NEXT:    util.return
util.func public @already(%v: !hal.buffer_view) attributes {iree.abi.stub} {
  util.return
}
