// RUN: pyrie opt --split-input-file --iree-hal-memoize-device-queries %s | FileCheck %s

// Each question is asked once; "a" :: "bc" is another question than "ab" :: "c", and the type of the answer and the default are part of it.
// CHECK: util.global private @device : !hal.device
util.global private @device : !hal.device
// CHECK-NEXT: util.global private @__device_query_0_a_bc_ok : i1
// CHECK-NEXT: util.global private @__device_query_0_a_bc : i1
// CHECK-NEXT: util.global private @__device_query_1_ab_c_ok : i1
// CHECK-NEXT: util.global private @__device_query_1_ab_c : i1
// CHECK-NEXT: util.global private @__device_query_2_a_bc_ok : i1
// CHECK-NEXT: util.global private @__device_query_2_a_bc : i32
// CHECK-NEXT: util.global private @__device_query_3_a_bc_ok : i1
// CHECK-NEXT: util.global private @__device_query_3_a_bc : i1
// CHECK-NEXT: util.initializer
// CHECK: key("a" :: "bc") : i1, i1 = false
// CHECK: key("ab" :: "c") : i1, i1 = false
// CHECK: key("a" :: "bc") : i1, i32 = 0 : i32
// CHECK: key("a" :: "bc") : i1, i1 = true
// CHECK-NOT: hal.device.query

// CHECK-LABEL: @asks
util.func public @asks() -> (i1, i1, i1, i32, i1) {
  %device = util.global.load immutable @device : !hal.device
  // CHECK: %[[A:.+]] = util.global.load @__device_query_0_a_bc : i1
  // CHECK: %[[B:.+]] = util.global.load @__device_query_1_ab_c : i1
  // CHECK: %[[C:.+]] = util.global.load @__device_query_0_a_bc : i1
  // CHECK: %[[D:.+]] = util.global.load @__device_query_2_a_bc : i32
  // CHECK: %[[E:.+]] = util.global.load @__device_query_3_a_bc : i1
  %ok0, %0 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i1 = false
  %ok1, %1 = hal.device.query<%device : !hal.device> key("ab" :: "c") : i1, i1 = false
  %ok2, %2 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i1 = false
  %ok3, %3 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i32 = 0 : i32
  %ok4, %4 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i1 = true
  // CHECK: util.return %[[A]], %[[B]], %[[C]], %[[D]], %[[E]]
  util.return %0, %1, %2, %3, %4 : i1, i1, i1, i32, i1
}

// -----

// The device of an argument is that of the calls.
util.global private @a : !hal.device
util.global private @b : !hal.device
// CHECK-LABEL: util.func private @callee
util.func private @callee(%device: !hal.device, %either: !hal.device) -> (i1, i1) {
  // CHECK: util.global.load @__a_query_0_k_v_ok
  %ok0, %0 = hal.device.query<%device : !hal.device> key("k" :: "v") : i1, i1
  // CHECK: hal.device.query<%arg1
  %ok1, %1 = hal.device.query<%either : !hal.device> key("k" :: "v") : i1, i1
  util.return %ok0, %ok1 : i1, i1
}
util.func public @caller() -> (i1, i1, i1, i1) {
  %a = util.global.load @a : !hal.device
  %b = util.global.load @b : !hal.device
  %0:2 = util.call @callee(%a, %a) : (!hal.device, !hal.device) -> (i1, i1)
  %1:2 = util.call @callee(%a, %b) : (!hal.device, !hal.device) -> (i1, i1)
  util.return %0#0, %0#1, %1#0, %1#1 : i1, i1, i1, i1
}

// -----

// A device is asked when it is set, not before.
util.global private @from : !hal.device
util.global private @chosen : !hal.device
util.initializer {
  %0 = util.global.load @from : !hal.device
  util.global.store %0, @chosen : !hal.device
  %1 = util.global.load @chosen : !hal.device
  // CHECK: hal.device.query
  %ok, %2 = hal.device.query<%1 : !hal.device> key("k" :: "v") : i1, i1
  util.return
}
// CHECK: util.global private @__chosen_query_0_k_v_ok : i1
// CHECK-LABEL: @later
util.func public @later() -> i1 {
  %0 = util.global.load @chosen : !hal.device
  // CHECK: util.global.load @__chosen_query_0_k_v_ok
  %ok, %1 = hal.device.query<%0 : !hal.device> key("k" :: "v") : i1, i1
  util.return %ok : i1
}
