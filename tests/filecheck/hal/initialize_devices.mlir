// RUN: pyrie opt --iree-hal-initialize-devices %s | FileCheck %s

#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// CHECK: util.global private @device : !hal.device
// CHECK: util.initializer {
// CHECK:   hal.devices.count
// CHECK:   hal.devices.get
// CHECK:   hal.device.query<%{{.+}} : !hal.device> key("hal.device.id" :: "local*")
// CHECK:   hal.device.query<%{{.+}} : !hal.device> key("hal.executable.format" :: "embedded-elf-x86_64")
// CHECK:   util.status.check_ok %{{.+}}, "HAL device `device` not found or unavailable
// CHECK:   util.global.store %{{.+}}, @device
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device

// The second of the devices that match.
// CHECK: util.global private @second : !hal.device
// CHECK: util.initializer {
// CHECK:   %[[ORDINAL:c1_0]] = arith.constant 1 : index
// CHECK:   arith.cmpi eq, %{{.+}}, %[[ORDINAL]] : index
// CHECK:   util.global.store %{{.+}}, @second
util.global private @second = #hal.device.target<"local", {ordinal = 1 : index}, [#target]> : !hal.device
