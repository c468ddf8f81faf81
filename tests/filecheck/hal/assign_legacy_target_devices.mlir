// RUN: pyrie opt --split-input-file --mlir-print-local-scope --iree-hal-assign-legacy-target-devices='targetBackends=vmvx,vmvx-inline,vmvx' %s | FileCheck %s
// RUN: not pyrie opt --iree-hal-assign-legacy-target-devices='targetBackends=toaster' %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: there is no target backend 'toaster'

// A device for each backend, the same once; the first that is there is used.
// CHECK: module @plain attributes {hal.device.targets = [#hal.device.select<[#hal.device.target<"local", [#hal.executable.target<"vmvx", "vmvx-bytecode-fb", {iree.encoding.resolver = #iree_cpu.vmvx_encoding_resolver<>, ukernels = "none"}>]> : !hal.device, #hal.device.target<"local", [#hal.executable.target<"vmvx-inline", "vmvx-ir",
// CHECK-NOT: vmvx-bytecode-fb
// CHECK-SAME: ]> : !hal.device]}
module @plain {
}

// -----

// CHECK: module @declared {
module @declared {
  util.global private @own : !hal.device
}
