// RUN: pyrie opt --mlir-print-local-scope --iree-hal-annotate-target-devices %s | FileCheck %s

// CHECK: util.global private @numbered {hal.device.targets = []} = #hal.device.ordinal<0>
util.global private @numbered = #hal.device.ordinal<0> : !hal.device
// CHECK: util.global private @b {hal.device.targets = [#hal.device.target<"b"> : !hal.device]}
util.global private @b = #hal.device.target<"b"> : !hal.device
// CHECK: util.global private @both {hal.device.targets = [#hal.device.target<"a"> : !hal.device, #hal.device.target<"b"> : !hal.device]}
util.global private @both = #hal.device.select<[#hal.device.fallback<@b>, #hal.device.target<"a">]> : !hal.device

// CHECK: util.func private @callee(%arg0: i32, %arg1: !hal.device {hal.device.targets = [#hal.device.target<"b"> : !hal.device], own = 1 : i32})
util.func private @callee(%arg0: i32, %arg1: !hal.device {own = 1 : i32}) {
  // CHECK: hal.device.allocator{{.*}} attributes {hal.device.targets.operands = {{\[\[}}#hal.device.target<"b"> : !hal.device]]}
  %0 = hal.device.allocator<%arg1 : !hal.device> : !hal.allocator
  util.return
}

util.func public @caller(%zero: i32) {
  // CHECK: util.global.load @b {hal.device.targets.results = {{\[\[}}#hal.device.target<"b"> : !hal.device]]}
  %0 = util.global.load @b : !hal.device
  util.call @callee(%zero, %0) : (i32, !hal.device) -> ()
  util.return
}
