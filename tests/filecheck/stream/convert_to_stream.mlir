// RUN: pyrie opt --iree-stream-conversion %s | FileCheck %s

// CHECK-LABEL: stream.executable private @ex
flow.executable private @ex {
  // CHECK: stream.executable.export public @add workgroups(%arg0: index) -> (index, index, index)
  flow.executable.export public @add workgroups(%arg0: index) -> (index, index, index) {
    %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%arg0)
    // CHECK: stream.return %x, %y, %z : index, index, index
    flow.return %x, %y, %z : index, index, index
  }
  builtin.module {
    // CHECK: func.func @add(%arg0: !stream.binding, %arg1: index, %arg2: !stream.binding)
    func.func @add(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>, %arg1: index, %arg2: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<4xf32>>) {
      // CHECK: %[[N:.+]] = iree_tensor_ext.dispatch.workload.ordinal %arg1, 0
      %n = iree_tensor_ext.dispatch.workload.ordinal %arg1, 0 : index
      // CHECK: stream.binding.subspan %arg0[%c0] : !stream.binding -> !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>{%[[N]]}
      %0 = flow.dispatch.tie_shape %arg0 : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>{%n}
      %1 = iree_tensor_ext.dispatch.tensor.load %0, offsets = [0], sizes = [4], strides = [1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?xf32>>{%n} -> tensor<4xf32>
      iree_tensor_ext.dispatch.tensor.store %1, %arg2, offsets = [0], sizes = [4], strides = [1] : tensor<4xf32> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<4xf32>>
      return
    }
  }
}

// A mutable global becomes a variable and gets an initializer.
// CHECK: util.global private mutable @state : !stream.resource<variable>
// CHECK: util.initializer
// CHECK:   %[[V:.+]] = stream.async.transfer {{.*}} !stream.resource<variable>
// CHECK:   util.global.store %[[V]], @state
util.global private mutable @state = dense<[1, 2]> : tensor<2xi32>
// One of dynamic shape has its size beside it.
// CHECK: util.global private @dynamic : !stream.resource<constant>
// CHECK: util.global private @dynamic__size : index
util.global private @dynamic : tensor<?xi32>

// CHECK-LABEL: util.func public @dispatch
util.func public @dispatch(%view: !hal.buffer_view, %n: index) -> !hal.buffer_view {
  // CHECK: hal.buffer_view.assert<%arg0 : !hal.buffer_view> message("input") shape([%arg1])
  // CHECK: %[[SIZE:.+]] = stream.tensor.sizeof tensor<?xf32>{%arg1} : index
  // CHECK: %[[IN:.+]] = stream.tensor.import %arg0 : !hal.buffer_view -> tensor<?xf32>{%arg1} in !stream.resource<external>{%[[SIZE]]}
  // CHECK: %[[T:.+]] = stream.async.transfer %[[IN]]
  %0 = hal.tensor.import %view "input" : !hal.buffer_view -> tensor<?xf32>{%n}
  // CHECK: %[[OUT_SIZE:.+]] = stream.tensor.sizeof tensor<4xf32>
  // CHECK: %[[OUT:.+]] = stream.tensor.dispatch @ex::@add[%arg1](%[[T]], %arg1) : (tensor<?xf32>{%arg1} in !stream.resource<*>{%[[SIZE]]}, index) -> tensor<4xf32> in !stream.resource<*>{%[[OUT_SIZE]]}
  %1 = flow.dispatch @ex::@add[%n](%0, %n) : (tensor<?xf32>{%n}, index) -> tensor<4xf32>
  // A reshape is the same bytes.
  %2 = flow.tensor.reshape %1 : tensor<4xf32> -> tensor<2x2xf32>
  // CHECK: stream.async.transfer %[[OUT]] : !stream.resource<*>{%[[OUT_SIZE]]} -> !stream.resource<external>{%[[OUT_SIZE]]}
  // CHECK: stream.tensor.export
  %3 = hal.tensor.export %2 "output" : tensor<2x2xf32> -> !hal.buffer_view
  util.return %3 : !hal.buffer_view
}

// Values of dynamic shape carry their size through branches; those of static shape do not.
// CHECK-LABEL: util.func private @branches
// CHECK-SAME: (%arg0: !stream.resource<*>, %arg1: index, %arg2: !stream.resource<*>, %arg3: i1) -> (!stream.resource<*>, index)
util.func private @branches(%a: tensor<?xf32>, %b: tensor<4xf32>, %c: i1) -> tensor<?xf32> {
  // CHECK: cf.cond_br %arg3, ^bb1(%arg0, %arg1 : !stream.resource<*>, index), ^bb2(%arg2 : !stream.resource<*>)
  cf.cond_br %c, ^bb1(%a : tensor<?xf32>), ^bb2(%b : tensor<4xf32>)
^bb1(%x: tensor<?xf32>):
  util.return %x : tensor<?xf32>
^bb2(%y: tensor<4xf32>):
  // CHECK: ^bb2(%[[Y:.+]]: !stream.resource<*>):
  // CHECK: stream.tensor.slice %[[Y]]
  // CHECK: stream.async.transfer {{.*}} !stream.resource<staging>
  // CHECK: stream.tensor.load
  %c1 = arith.constant 1 : index
  %v = flow.tensor.load %y[%c1] : tensor<4xf32>
  // CHECK: stream.tensor.splat
  %n = arith.constant 9 : index
  %s = flow.tensor.splat %v : tensor<?xf32>{%n}
  util.return %s : tensor<?xf32>
}
