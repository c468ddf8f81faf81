// RUN: not pyrie opt --iree-flow-verify-input-legality %s 2>&1 | FileCheck %s

util.func public @left_over(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %e = flow.tensor.empty : tensor<8x4xf32>
  // CHECK: verify_input_legality.mlir:6:{{[0-9]+}}: 'linalg.transpose' is left outside of every dispatch
  %t = linalg.transpose ins(%x : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) permutation = [1, 0]
  util.return %t : tensor<8x4xf32>
}
