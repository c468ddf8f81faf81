// RUN: pyrie opt --iree-vm-conversion %s | FileCheck %s

// CHECK: module attributes {vm.toplevel}
// CHECK: vm.module public @module

// CHECK: vm.global.i64 private mutable @count = 7 : i64
util.global private mutable @count = 7 : index
// CHECK: vm.global.ref private mutable @device : !vm.ref<!hal.device>
util.global private @device : !hal.device

// CHECK-LABEL: vm.func private @arithmetic(%arg0: i64, %arg1: i32, %arg2: i32) -> (i32, i64)
util.func public @arithmetic(%i: index, %b: i1, %w: i8) -> (i1, index) {
  %c8 = arith.constant 8 : index
  // CHECK: %[[RD:.+]] = vm.div.i64.u %arg0
  %0 = arith.divui %i, %c8 : index
  // sle is "not greater"
  // CHECK: %[[SLT:.+]] = vm.cmp.lt.i64.s %[[RD]], %arg0
  // CHECK: vm.xor.i32 %[[SLT]]
  %1 = arith.cmpi sle, %i, %0 : index
  // an i8 has no sign in its register until it is extended
  // CHECK: vm.ext.i8.i32.s %arg2
  // CHECK: vm.ext.i32.i64.s
  %2 = arith.index_cast %w : i8 to index
  %3 = arith.andi %1, %b : i1
  // CHECK: vm.return
  util.return %3, %2 : i1, index
}
// CHECK: vm.export @arithmetic

// CHECK-LABEL: vm.func private @fails_unless_ok
util.func private @fails_unless_ok(%s: i32) -> i32 {
  // CHECK: vm.cond_br %arg0, ^[[FAIL:.+]], ^[[ON:.+]]
  util.status.check_ok %s, "went wrong"
  // CHECK: ^[[ON]]:
  // CHECK: vm.return %arg0
  util.return %s : i32
  // CHECK: ^[[FAIL]]:
  // CHECK-NEXT: vm.fail %arg0, "went wrong"
}

// CHECK-LABEL: vm.func private @waits
util.func private @waits(%d: !hal.device) -> i32 {
  %timeout = arith.constant -1 : i32
  // CHECK: %[[FENCE:.+]] = vm.call @hal.fence.create(%arg0, %{{.+}}) : (!vm.ref<!hal.device>, i64) -> !vm.ref<!hal.fence>
  %fence = hal.fence.create device(%d : !hal.device) flags("None") : !hal.fence
  // CHECK: vm.call.variadic.yieldable @hal.fence.await(%{{.+}}, %{{.+}}, %[[FENCE]])
  // CHECK-SAME: -> ^[[ON:.+]] (i32)
  // CHECK: ^[[ON]](%[[STATUS:.+]]: i32):
  %status = hal.fence.await until([%fence]) timeout_millis(%timeout) flags("None") : i32
  // CHECK: vm.return %[[STATUS]]
  util.return %status : i32
}

// CHECK-LABEL: vm.func private @asks
util.func private @asks(%d: !hal.device) -> i1 {
  // CHECK: %[[ANSWER:.+]]:2 = vm.call @hal.device.query.i64
  // CHECK: %[[NZ:.+]] = vm.cmp.nz.i64 %[[ANSWER]]#1
  // CHECK: vm.select.i32 %[[ANSWER]]#0, %[[NZ]]
  %ok, %value = hal.device.query<%d : !hal.device> key("a" :: "b") : i1, i1 = false
  util.return %value : i1
}

// CHECK-LABEL: vm.func private @records
util.func private @records(%c: !hal.command_buffer, %b: !hal.buffer, %slot: index) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  // a slot leaves the buffer null, a buffer leaves the slot 0
  // CHECK: vm.call @hal.command_buffer.copy_buffer(%arg0, %{{.+}}, %zero{{.*}}, %null, %{{.+}}, %arg1,
  hal.command_buffer.copy_buffer<%c : !hal.command_buffer> source(%slot : index)[%c0] target(%b : !hal.buffer)[%c4] length(%c4) flags("None")
  util.return
}

// CHECK: vm.import private @hal.command_buffer.copy_buffer(%command_buffer : !vm.ref<!hal.command_buffer>, %source_buffer_slot : i32
// CHECK: vm.import private @hal.fence.await({{.*}}) -> i32 attributes {vm.yield}
// CHECK-NOT: vm.import private @hal.buffer.length
