// RUN: not pyrie opt --iree-stablehlo-to-iree-input %s 2>&1 | FileCheck %s

// CHECK: unsupported.mlir:6:
// CHECK-SAME: 'stablehlo.cholesky' is not supported
func.func @cholesky(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = stablehlo.cholesky %x, lower = true : tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
