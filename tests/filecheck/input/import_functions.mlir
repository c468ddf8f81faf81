// RUN: pyrie opt --iree-import-public %s | FileCheck %s

// CHECK-LABEL: util.func public @main(%arg0: tensor<4xf32>) -> tensor<4xf32>
// CHECK:         %[[Y:.+]] = util.call @inner(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    util.return %[[Y]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = func.call @inner(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: util.func private @inner
func.func private @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// Names that a front end gave stay.
// CHECK-LABEL: util.func public @named(%arg0: tensor<4xf32> {iree.abi.name = "image"})
func.func @named(%x: tensor<4xf32> {iree.abi.name = "image"}) {
  return
}
