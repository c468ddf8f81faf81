// RUN: pyrie opt --split-input-file --mlir-print-local-scope --iree-hal-assign-target-devices='targetDevices=near,far[3]' %s | FileCheck %s
// RUN: pyrie opt --split-input-file --mlir-print-local-scope --iree-hal-assign-target-devices='targetDevices=one=near,"two=far[3],near"' %s | FileCheck %s --check-prefix=NAMED
// RUN: not pyrie opt --iree-hal-assign-target-devices='targetDevices=one=near,far' %s 2>&1 | FileCheck %s --check-prefix=MIXED
// RUN: not pyrie opt --iree-hal-assign-target-devices='targetDevices=#hal.collective<all_gather:f32>' %s 2>&1 | FileCheck %s --check-prefix=NODEVICE

// A module that names no device gets those of the options.
// CHECK: module @plain attributes {hal.device.targets = [#hal.device.alias<"near"> : !hal.device, #hal.device.alias<"far"[3]> : !hal.device]}
// NAMED: module @plain attributes {hal.device.targets = {one = #hal.device.alias<"near"> : !hal.device, two = #hal.device.select<[#hal.device.alias<"far"[3]> : !hal.device, #hal.device.alias<"near"> : !hal.device]> : !hal.device}}
// MIXED: some have a name and some have none
// NODEVICE: #hal.collective<all_gather : f32> is no device
module @plain {
  util.func private @f()
}

// -----

// One that names devices keeps them.
// CHECK: module @listed attributes {hal.device.targets = [#hal.device.target<"own"> : !hal.device]}
module @listed attributes {hal.device.targets = [#hal.device.target<"own">]} {
}

// -----

// CHECK: module @declared {
module @declared {
  util.global private @own : !hal.device
}
