// RUN: pyrie opt --split-input-file --mlir-print-local-scope --iree-hal-materialize-target-devices %s | FileCheck %s
// RUN: pyrie opt --split-input-file --mlir-print-local-scope --iree-hal-materialize-target-devices=defaultDevice=1 %s | FileCheck %s --check-prefix=SECOND

// What crosses the boundary of the program is on the default device unless it says where it is.
// CHECK: module @listed attributes {stream.affinity.default = #hal.device.affinity<@__device_0>}
// CHECK-NEXT: util.global private @__device_0 = #hal.device.target<"a"> : !hal.device
// CHECK-NEXT: util.global private @__device_1 = #hal.device.select<[#hal.device.target<"b"> : !hal.device, #hal.device.target<"c"> : !hal.device]> : !hal.device
// SECOND: module @listed attributes {stream.affinity.default = #hal.device.affinity<@__device_1>}
module @listed attributes {hal.device.targets = [#hal.device.target<"a">, [#hal.device.target<"b">, #hal.device.target<"c">]]} {
  // CHECK: util.func public @public(%arg0: tensor<4xf32> {stream.affinity = #hal.device.affinity<@__device_0>}, %arg1: i32, %arg2: tensor<4xf32> {stream.affinity = #hal.device.affinity<@__device_1>}) -> (!stream.resource<external> {stream.affinity = #hal.device.affinity<@__device_0>})
  util.func public @public(%arg0: tensor<4xf32>, %arg1: i32, %arg2: tensor<4xf32> {stream.affinity = #hal.device.affinity<@__device_1>}) -> !stream.resource<external>
  // CHECK: util.func private @private(%arg0: tensor<4xf32>)
  util.func private @private(%arg0: tensor<4xf32>)
}

// -----

// CHECK: module @named attributes {stream.affinity.default = #hal.device.affinity<@far>}
// CHECK-NEXT: util.global private @near = #hal.device.target<"a"> : !hal.device
// CHECK-NEXT: util.global private @far = #hal.device.target<"b"> : !hal.device
module @named attributes {hal.device.default = "far", hal.device.targets = {near = #hal.device.target<"a">, far = #hal.device.target<"b">}} {
}

// -----

// Devices that the program declares itself stay; the first is the default.
// CHECK: module @declared attributes {stream.affinity.default = #hal.device.affinity<@mine>}
// CHECK-NEXT: util.global private @mine
module @declared {
  util.global private @mine = #hal.device.target<"a"> : !hal.device
}
