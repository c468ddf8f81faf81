// RUN: pyrie opt --split-input-file --verify-diagnostics --iree-hal-verify-devices %s | FileCheck %s

// CHECK: util.global private @a
util.global private @a = #hal.device.target<"local", [#hal.executable.target<"llvm-cpu", "f">]> : !hal.device
util.global private @b = #hal.device.select<[#hal.device.ordinal<1>, #hal.device.fallback<@a>]> : !hal.device

// -----

// expected-error@+1 {{unregistered target device "toaster"}}
util.global private @a = #hal.device.select<[#hal.device.target<"local">, #hal.device.target<"toaster">]> : !hal.device

// -----

// expected-error@+1 {{unregistered target backend "toaster"}}
util.global private @a = #hal.device.target<"local", [#hal.executable.target<"toaster", "f">]> : !hal.device

// -----

// A device is set before what falls back to it.
// expected-error@+1 {{falls back to @b, which is no device declared above it}}
util.global private @a = #hal.device.fallback<@b> : !hal.device
util.global private @b = #hal.device.target<"local"> : !hal.device
