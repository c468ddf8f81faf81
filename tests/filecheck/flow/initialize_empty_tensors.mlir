// RUN: pyrie opt --iree-flow-initialize-empty-tensors=zero-fill=true %s | FileCheck %s

// CHECK-LABEL: util.func public @empty
// CHECK: %[[Z:.+]] = arith.constant 0.0
// CHECK: flow.tensor.splat %[[Z]] : tensor<?x4xf32>{%arg0}
util.func public @empty(%n: index) -> tensor<?x4xf32> {
  %e = flow.tensor.empty : tensor<?x4xf32>{%n}
  util.return %e : tensor<?x4xf32>
}
