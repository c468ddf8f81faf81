// RUN: pyrie opt --iree-hal-memoize-device-queries %s | FileCheck %s

util.global private @device : !hal.device

// Each question is asked once; "a" :: "bc" is another question than "ab" :: "c", and a type is part of it.
// CHECK-COUNT-3: hal.device.query
// CHECK-NOT: hal.device.query
// CHECK-LABEL: @asks
util.func public @asks() -> (i1, i1, i1, i32) {
  %device = util.global.load immutable @device : !hal.device
  // CHECK-DAG: util.global.load
  %ok0, %0 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i1 = false
  %ok1, %1 = hal.device.query<%device : !hal.device> key("ab" :: "c") : i1, i1 = false
  %ok2, %2 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i1 = false
  %ok3, %3 = hal.device.query<%device : !hal.device> key("a" :: "bc") : i1, i32 = 0 : i32
  // CHECK: util.return
  util.return %0, %1, %2, %3 : i1, i1, i1, i32
}
