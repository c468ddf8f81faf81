// RUN: pyrie opt --split-input-file --verify-diagnostics --mlir-print-local-scope --iree-hal-resolve-device-aliases=local-backends=vmvx %s | FileCheck %s

// The configuration and the ordinal of the alias go into the target, also below a choice.
// CHECK: util.global private @d = #hal.device.select<[#hal.device.target<"local", {extra = 1 : i64, ordinal = 2 : index}, [#hal.executable.target<"vmvx",{{.*}}>]> : !hal.device, #hal.device.ordinal<0> : !hal.device]> : !hal.device
util.global private @d = #hal.device.select<[#hal.device.alias<"local"[2], {extra = 1}>, #hal.device.ordinal<0>]> : !hal.device

// -----

// expected-error@+1 {{unregistered device alias "toaster"}}
util.global private @d = #hal.device.alias<"toaster"> : !hal.device
