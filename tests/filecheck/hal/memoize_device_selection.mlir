// RUN: pyrie opt --split-input-file --iree-hal-memoize-device-selection %s | FileCheck %s

util.global private @a : !hal.device
util.global private @b : !hal.device

// CHECK: util.global private @__allocator_select_device : !hal.device
// CHECK: util.global private @__allocator_select_affinity : i64
// CHECK: util.initializer
// CHECK:   %[[A:.+]] = util.global.load @a
// CHECK:   %[[B:.+]] = util.global.load @b
// CHECK:   %[[DEVICE:.+]], %[[AFFINITY:.+]] = hal.allocator.select from([
// CHECK:     (%[[A]], %c1_i64 : !hal.device, i64),
// CHECK:     (%[[B]], %c-1_i64 : !hal.device, i64)
// CHECK:   util.global.store %[[DEVICE]], @__allocator_select_device
// CHECK:   util.global.store %[[AFFINITY]], @__allocator_select_affinity
// CHECK-LABEL: @twice
// CHECK-NOT: hal.allocator.select
util.func public @twice() -> (!hal.device, i64) {
  %c1 = arith.constant 1 : i64
  %any = arith.constant -1 : i64
  %a = util.global.load @a : !hal.device
  %b = util.global.load @b : !hal.device
  %types = hal.memory_type<HostLocal> : i32
  %usage = hal.buffer_usage<Transfer> : i32
  %device, %affinity = hal.allocator.select from([(%a, %c1 : !hal.device, i64), (%b, %any : !hal.device, i64)]) type(%types) usage(%usage) : !hal.device, i64
  %device_1, %affinity_1 = hal.allocator.select from([(%a, %c1 : !hal.device, i64), (%b, %any : !hal.device, i64)]) type(%types) usage(%usage) : !hal.device, i64
  // CHECK: %[[D:.+]] = util.global.load @__allocator_select_device
  // CHECK: %[[Q:.+]] = util.global.load @__allocator_select_affinity
  // CHECK: util.return
  util.return %device, %affinity_1 : !hal.device, i64
}

// What the memory is for decides too: another choice.
// CHECK: util.global private @__allocator_select_device_0
// CHECK-LABEL: @other
util.func public @other(%queues: i64) -> (!hal.device, !hal.device) {
  %any = arith.constant -1 : i64
  %a = util.global.load @a : !hal.device
  %types = hal.memory_type<HostLocal> : i32
  %usage = hal.buffer_usage<DispatchStorage> : i32
  // CHECK: util.global.load @__allocator_select_device_0
  %device, %affinity = hal.allocator.select from([(%a, %any : !hal.device, i64)]) type(%types) usage(%usage) : !hal.device, i64
  // Queues that the caller gives are not known before.
  // CHECK: hal.allocator.select
  %device_1, %affinity_1 = hal.allocator.select from([(%a, %queues : !hal.device, i64)]) type(%types) usage(%usage) : !hal.device, i64
  util.return %device, %device_1 : !hal.device, !hal.device
}

// -----

// The choice is made when the devices are there, even if they are declared behind the function.
// CHECK-LABEL: @early
util.func public @early() -> !hal.device {
  %any = arith.constant -1 : i64
  %a = util.global.load @a : !hal.device
  %types = hal.memory_type<HostLocal> : i32
  %usage = hal.buffer_usage<Transfer> : i32
  // CHECK: util.global.load @__allocator_select_device
  %device, %affinity = hal.allocator.select from([(%a, %any : !hal.device, i64)]) type(%types) usage(%usage) : !hal.device, i64
  util.return %device : !hal.device
}
// CHECK: util.global private @a
// CHECK-NEXT: util.global private @__allocator_select_device
util.global private @a : !hal.device
