// RUN: pyrie opt --iree-global-opt-expand-tensor-shapes %s | FileCheck %s

util.global private mutable @sized : tensor<?x4xf32>
// CHECK: util.global private mutable @sized : tensor<?x4xf32>
// CHECK-NEXT: util.global private mutable @sized__d0 : index
// CHECK: util.global private mutable @state = dense<1.000000e+00> : tensor<3xf32>
util.global private mutable @state = dense<1.0> : tensor<3xf32>

// CHECK-LABEL: util.func private @callee
// CHECK-SAME: (%arg0: tensor<?x4xf32>, %arg1: index) -> (tensor<?x4xf32>, index)
util.func private @callee(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[X:.+]] = flow.tensor.tie_shape %arg0 : tensor<?x4xf32>{%arg1}
  // CHECK: util.return %[[X]], %arg1 : tensor<?x4xf32>, index
  util.return %x : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @caller
// CHECK-SAME: (%arg0: tensor<?x4xf32>) -> tensor<?x4xf32>
util.func public @caller(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[D:.+]] = tensor.dim %arg0
  // CHECK: %[[R:.+]]:2 = util.call @callee(%arg0, %[[D]]) : (tensor<?x4xf32>, index) -> (tensor<?x4xf32>, index)
  // CHECK: %[[T:.+]] = flow.tensor.tie_shape %[[R]]#0 : tensor<?x4xf32>{%[[R]]#1}
  %r = util.call @callee(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: util.return %[[T]]
  util.return %r : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @globals
util.func public @globals(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[OLD:.+]] = util.global.load @sized : tensor<?x4xf32>
  // CHECK: %[[SIZE:.+]] = util.global.load @sized__d0 : index
  // CHECK: %[[TIED:.+]] = flow.tensor.tie_shape %[[OLD]] : tensor<?x4xf32>{%[[SIZE]]}
  %old = util.global.load @sized : tensor<?x4xf32>
  // CHECK: util.global.store %arg0, @sized
  // CHECK-NEXT: util.global.store %{{.+}}, @sized__d0 : index
  util.global.store %x, @sized : tensor<?x4xf32>
  // CHECK: util.return %[[TIED]]
  util.return %old : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @branches
util.func public @branches(%p: i1, %x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[R:.+]]:2 = scf.if %arg0 -> (tensor<?x4xf32>, index) {
  // CHECK: scf.yield %arg1, %{{.+}} : tensor<?x4xf32>, index
  // CHECK: scf.yield %arg2, %{{.+}} : tensor<?x4xf32>, index
  // CHECK: flow.tensor.tie_shape %[[R]]#0 : tensor<?x4xf32>{%[[R]]#1}
  %r = scf.if %p -> (tensor<?x4xf32>) {
    scf.yield %x : tensor<?x4xf32>
  } else {
    scf.yield %y : tensor<?x4xf32>
  }
  util.return %r : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @loops
util.func public @loops(%n: index, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: %[[R:.+]]:2 = scf.for %{{.+}} = %c0 to %arg0 step %c1 iter_args(%[[A:.+]] = %arg1, %[[N:.+]] = %{{.+}}) -> (tensor<?x4xf32>, index)
  // CHECK-NEXT: flow.tensor.tie_shape %[[A]] : tensor<?x4xf32>{%[[N]]}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<?x4xf32>) {
    scf.yield %a : tensor<?x4xf32>
  }
  util.return %r : tensor<?x4xf32>
}

// CHECK-LABEL: util.func public @blocks
util.func public @blocks(%n: i1, %x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: cf.cond_br %arg0, ^bb1(%arg1, %{{.+}} : tensor<?x4xf32>, index), ^bb1(%arg2, %{{.+}} : tensor<?x4xf32>, index)
  cf.cond_br %n, ^next(%x : tensor<?x4xf32>), ^next(%y : tensor<?x4xf32>)
// CHECK: ^bb1(%[[Z:.+]]: tensor<?x4xf32>, %[[N:.+]]: index):
^next(%z: tensor<?x4xf32>):
  // CHECK: %[[T:.+]] = flow.tensor.tie_shape %[[Z]] : tensor<?x4xf32>{%[[N]]}
  // CHECK: util.return %[[T]]
  util.return %z : tensor<?x4xf32>
}
