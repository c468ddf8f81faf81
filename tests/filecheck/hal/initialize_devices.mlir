// RUN: pyrie opt --iree-hal-initialize-devices %s | FileCheck %s

#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64", {cpu = "long text"}>
// CHECK: util.global private @device : !hal.device
// CHECK: util.initializer {
// CHECK:   hal.devices.count
// CHECK:   scf.while
// CHECK:   hal.devices.get
// CHECK:   hal.device.query<%{{.+}} : !hal.device> key("hal.device.id" :: "local*")
// CHECK:   hal.device.query<%{{.+}} : !hal.device> key("hal.executable.format" :: "embedded-elf-x86_64")
// CHECK:   util.status.check_ok %{{.+}}, "HAL device `device` not found or unavailable: #hal.device.target<\22local\22, [#hal.executable.target<\22llvm-cpu\22, \22embedded-elf-x86_64\22>]>"
// CHECK:   util.global.store %{{.+}}, @device
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device

// The second of the devices that match; without formats the identifier is enough.
// CHECK: util.global private @second : !hal.device
// CHECK: util.initializer {
// CHECK:   %[[ORDINAL:c1_[0-9]+]] = arith.constant 1 : index
// CHECK-NOT: hal.executable.format
// CHECK:   arith.cmpi eq, %{{.+}}, %[[ORDINAL]] : index
// CHECK:   util.global.store %{{.+}}, @second
util.global private @second = #hal.device.target<"local", {ordinal = 1 : index}> : !hal.device

// CHECK: util.global private @numbered : !hal.device
// CHECK: %[[THIRD:.+]] = arith.constant 3 : index
// CHECK: %[[DEVICE:.+]] = hal.devices.get %[[THIRD]] : !hal.device
// CHECK: util.global.store %[[DEVICE]], @numbered
util.global private @numbered = #hal.device.ordinal<3> : !hal.device

// CHECK: util.global private @chosen : !hal.device
// CHECK: %[[FIRST:.+]] = hal.devices.get
// CHECK: %[[MISSING:.+]] = util.cmp.eq %[[FIRST]], %{{.+}} : !hal.device
// CHECK: %[[CHOSEN:.+]] = scf.if %[[MISSING]] -> (!hal.device) {
// CHECK:   %[[OTHER:.+]] = util.global.load @device
// CHECK:   scf.yield %[[OTHER]]
// CHECK: } else {
// CHECK:   scf.yield %[[FIRST]]
// CHECK: util.status.check_ok %{{.+}}, "HAL device `chosen` not found or unavailable: #hal.device.select<[#hal.device.ordinal<7>, #hal.device.fallback<@device>]>"
// CHECK: util.global.store %[[CHOSEN]], @chosen
util.global private @chosen = #hal.device.select<[#hal.device.ordinal<7>, #hal.device.fallback<@device>]> : !hal.device
