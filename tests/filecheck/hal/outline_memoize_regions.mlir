// RUN: pyrie opt --iree-hal-outline-memoize-regions %s | FileCheck %s

// CHECK: util.global private @device : !hal.device
util.global private @device : !hal.device
util.global private @executable : !hal.executable

// The region becomes a function that is never inlined; its constant is cloned, the immutable global passed.
// CHECK: util.func private @__record_memoize_apply(%[[D:.+]]: !hal.device, %[[A:.+]]: i64, %[[E:.+]]: !hal.executable) -> !hal.command_buffer
// CHECK-SAME: attributes {inlining_policy = #util.inline.never}
// CHECK:   %[[CAPACITY:.+]] = arith.constant 3 : index
// CHECK:   hal.command_buffer.create device(%[[D]] : !hal.device) mode("None") categories(Dispatch) affinity(%[[A]]) bindings(%[[CAPACITY]])
// CHECK:   hal.executable.lookup.function target(%[[E]] : !hal.executable)
// CHECK:   util.return
// CHECK: util.global private @__record_memoize_result_0_device : !hal.command_buffer
// CHECK: util.initializer {
// CHECK:   %[[R:.+]] = util.call @__record_memoize_apply
// CHECK:   util.global.store %[[R]], @__record_memoize_result_0_device
// CHECK: util.func private @__record_memoize_lookup(%[[LD:.+]]: !hal.device, %{{.+}}: i64) -> !hal.command_buffer {
// CHECK:   util.cmp.eq %[[LD]], %{{.+}} : !hal.device
// CHECK:   scf.if
// CHECK:     util.global.load @__record_memoize_result_0_device
// CHECK:   } else {
// CHECK:     util.null : !hal.command_buffer

// CHECK: util.func public @record
util.func public @record() -> !hal.command_buffer {
  %device = util.global.load immutable @device : !hal.device
  %executable = util.global.load immutable @executable : !hal.executable
  %any = arith.constant -1 : i64
  %c3 = arith.constant 3 : index
  // CHECK-NOT: hal.device.memoize
  // CHECK: util.call @__record_memoize_lookup(%device, %{{.+}}) : (!hal.device, i64) -> !hal.command_buffer
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Dispatch) affinity(%any) bindings(%c3) : !hal.command_buffer
    %id = hal.executable.lookup.function target(%executable : !hal.executable) function(@e::@v::@f) : i64
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  util.return %r : !hal.command_buffer
}

// What may change from call to call is passed, and nothing is kept.
// CHECK: util.func private @__changes_memoize_apply(%{{.+}}: !hal.device, %{{.+}}: i64, %{{.+}}: index)
// CHECK-NOT: @__changes_memoize_result
// CHECK: util.func public @changes(%[[SIZE:.+]]: index)
// CHECK:   util.call @__changes_memoize_apply(%device, %{{.+}}, %[[SIZE]])
util.func public @changes(%size: index) -> !hal.command_buffer {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Dispatch) affinity(%any) bindings(%size) : !hal.command_buffer
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  util.return %r : !hal.command_buffer
}
