// RUN: pyrie opt --stablehlo-legalize-composite-to-call %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-NOT:     stablehlo.composite
// CHECK:         %[[Y:.+]] = call @twice(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    return %[[Y]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.composite "my.twice" %x {decomposition = @twice, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func private @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.add %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
