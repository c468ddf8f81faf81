// RUN: pyrie opt --split-input-file --verify-diagnostics --mlir-print-local-scope --iree-hal-resolve-device-promises %s | FileCheck %s

// Promises are resolved wherever attributes nest.
// CHECK: module @nested attributes {any = {list = [#hal.device.affinity<@b, [2]>, 1 : i32]}}
module @nested attributes {any = {list = [#hal.device.promise<@b, [2]>, 1 : i32]}} {
  util.global private @a = #hal.device.target<"x"> : !hal.device
  util.global private @b = #hal.device.target<"x"> : !hal.device
  // CHECK: util.func private @f(%arg0: i32 {stream.affinity = #hal.device.affinity<@a>})
  util.func private @f(%arg0: i32 {stream.affinity = #hal.device.promise<@a>}) {
    // CHECK: best = #hal.device.optimal<[#hal.device.affinity<@a>, #hal.device.affinity<@b>]>
    %0 = arith.constant {best = #hal.device.optimal<[#hal.device.promise<@a>, #hal.device.promise<@b>]>} 1 : i32
    util.return
  }
}

// -----

util.global private @a = #hal.device.target<"x"> : !hal.device
// A function is no device.
util.func private @f()
// expected-error@+1 {{references a promised device that was not declared: @f}}
util.func private @g() attributes {stream.affinity = #hal.device.promise<@f>}
