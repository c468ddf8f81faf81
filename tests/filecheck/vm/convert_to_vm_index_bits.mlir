// RUN: pyrie opt --iree-vm-conversion=index-bits=32 %s | FileCheck %s

// CHECK: vm.global.i32 private mutable @size
util.global private mutable @size : index
// An index is an i32; where the runtime counts in 64 bits it is widened, constants at once.
// CHECK-LABEL: vm.func private @narrow(%arg0: !vm.ref<!hal.buffer>, %arg1: i32, %arg2: i64, %arg3: !vm.buffer) -> (!vm.ref<!hal.buffer>, i32, i32)
util.func public @narrow(%b: !hal.buffer, %n: index, %l: i64, %h: !util.buffer) -> (!hal.buffer, index, index) {
  %c8 = arith.constant 8 : index
  // CHECK: %[[OFFSET:.+]] = vm.const.i64 8
  // CHECK: %[[LENGTH:.+]] = vm.ext.i32.i64.u %arg1
  // CHECK: vm.call @hal.buffer.subspan(%arg0, %[[OFFSET]], %[[LENGTH]])
  %0 = hal.buffer.subspan<%b : !hal.buffer>[%c8, %n] : !hal.buffer
  // CHECK: vm.trunc.i64.i32 %arg2
  %1 = arith.index_cast %l : i64 to index
  // CHECK: %[[BYTES:.+]] = vm.buffer.length %arg3
  // CHECK: vm.trunc.i64.i32 %[[BYTES]]
  %2 = util.buffer.size %h : !util.buffer
  util.return %0, %1, %2 : !hal.buffer, index, index
}
// A query without a default gives what the device said.
// CHECK-LABEL: vm.func private @asks
util.func public @asks(%d: !hal.device) -> (i1, i64) {
  // CHECK: %[[ANSWER:.+]]:2 = vm.call @hal.device.query.i64
  // CHECK-NEXT: vm.return %[[ANSWER]]#0, %[[ANSWER]]#1
  %ok, %value = hal.device.query<%d : !hal.device> key("a" :: "b") : i1, i64
  util.return %ok, %value : i1, i64
}
