// RUN: pyrie opt --inline %s | FileCheck %s

// Ops that run elsewhere stay in their function.
// CHECK-LABEL: @here
// CHECK: %[[A:.+]] = arith.constant 5
// CHECK: %[[B:.+]] = util.call @there
module attributes {stream.affinity = #hal.device.affinity<@a>} {
  util.func public @here() -> (i32, i32) {
    %0 = util.call @same() : () -> i32
    %1 = util.call @there() : () -> i32
    util.return %0, %1 : i32, i32
  }
  util.func private @same() -> i32 attributes {stream.affinity = #hal.device.affinity<@a>} {
    %0 = arith.constant 5 : i32
    util.return %0 : i32
  }
  util.func private @there() -> i32 attributes {stream.affinity = #hal.device.affinity<@b>} {
    %0 = arith.constant 6 : i32
    util.return %0 : i32
  }
}
