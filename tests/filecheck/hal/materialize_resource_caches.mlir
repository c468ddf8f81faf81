// RUN: pyrie opt --split-input-file --iree-hal-materialize-resource-caches %s | FileCheck %s
// RUN: pyrie opt --split-input-file --iree-hal-materialize-resource-caches=immutable-loads=true %s | FileCheck %s --check-prefix=IMMUTABLE

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#other = #hal.executable.target<"llvm-cpu", "embedded-elf-arm_64">
// CHECK: util.global private @device
util.global private @device = #hal.device.target<"local", [#target, #other]> : !hal.device
// The executable is loaded once, behind the device, and fails by name on a device that cannot run it.
// CHECK-NEXT: util.global private @__device_executable_0_e : !hal.executable
// CHECK-NEXT: util.initializer {
// CHECK:   %[[DEVICE:.+]] = util.global.load @device : !hal.device
// CHECK:   %{{.+}}, %[[X86:.+]] = hal.device.query<%[[DEVICE]] : !hal.device> key("hal.executable.format" :: "embedded-elf-x86_64")
// CHECK:   %[[OWN:.+]] = scf.execute_region -> i1 {
// CHECK:     %{{.+}}, %[[FAST:.+]] = hal.device.query<%[[DEVICE]] : !hal.device> key("cpu" :: "fast")
// CHECK:     scf.yield %[[FAST]] : i1
// CHECK:   %[[BOTH:.+]] = arith.andi %[[X86]], %[[OWN]] : i1
// CHECK:   %{{.+}}, %[[ARM:.+]] = hal.device.query<%[[DEVICE]] : !hal.device> key("hal.executable.format" :: "embedded-elf-arm_64")
// The first variant that runs wins.
// CHECK:   %[[LATER:.+]] = arith.select %[[ARM]], %{{.+}}, %{{.+}} : index
// CHECK:   %[[FIRST:.+]] = arith.select %[[BOTH]], %{{.+}}, %[[LATER]] : index
// CHECK:   %[[LOADED:.+]] = scf.index_switch %[[FIRST]] -> !hal.executable
// CHECK:   case 0 {
// CHECK:     %[[KEYS:.+]] = util.call @__device_executable_0_e_constant_block_0(%[[DEVICE]]) : (!hal.device) -> i32
// CHECK:     hal.executable.create device(%[[DEVICE]] : !hal.device) affinity(%{{.+}}) target(@e::@v) constants([%[[KEYS]]])
// CHECK:   case 1 {
// CHECK:     hal.executable.create device(%[[DEVICE]] : !hal.device) affinity(%{{.+}}) target(@e::@w) :
// CHECK:   util.status.check_ok %{{.+}}, "HAL device `device` does not support any variant of executable `e`; available formats: [embedded-elf-x86_64, embedded-elf-arm_64]"
// CHECK:   util.global.store %[[LOADED]], @__device_executable_0_e
// CHECK: util.func private @__device_executable_0_e_constant_block_0(%{{.+}}: !hal.device) -> i32 {
// CHECK:   util.return %{{.+}} : i32
// CHECK: hal.executable.variant public @v
// CHECK-NOT: hal.executable.condition
// CHECK-NOT: hal.executable.constant.block
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.condition(%device: !hal.device) -> i1 {
      %ok, %fast = hal.device.query<%device : !hal.device> key("cpu" :: "fast") : i1, i1
      hal.return %fast : i1
    }
    hal.executable.constant.block(%device: !hal.device) -> i32 as "cores" {
      %ok, %cores = hal.device.query<%device : !hal.device> key("cpu" :: "cores") : i1, i32
      hal.return %cores : i32
    }
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
  hal.executable.variant public @w target(#other) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// CHECK-LABEL: util.func public @uses
// IMMUTABLE-LABEL: util.func public @uses
util.func public @uses() -> (!hal.executable, !hal.executable) {
  %device = util.global.load immutable @device : !hal.device
  // CHECK-NOT: hal.executable.lookup
  // CHECK: util.global.load @__device_executable_0_e
  // IMMUTABLE: util.global.load immutable @__device_executable_0_e
  %0 = hal.executable.lookup device(%device : !hal.device) executable(@e) : !hal.executable
  %1 = util.call @takes_device(%device) : (!hal.device) -> !hal.executable
  util.return %0, %1 : !hal.executable, !hal.executable
}
// A device is followed into private functions.
// CHECK-LABEL: util.func private @takes_device
util.func private @takes_device(%device: !hal.device) -> !hal.executable {
  // CHECK: util.global.load @__device_executable_0_e
  %0 = hal.executable.lookup device(%device : !hal.device) executable(@e) : !hal.executable
  util.return %0 : !hal.executable
}

// -----

// A device that may be another one takes over what that one loaded, which therefore loads it too.
#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
// CHECK: util.global private @cpu
util.global private @cpu = #hal.device.ordinal<0> : !hal.device
// CHECK-NEXT: util.global private @__cpu_executable_0_e
// CHECK: hal.executable.create
// CHECK: util.global.store %{{.+}}, @__cpu_executable_0_e
// CHECK: util.global private @gpu
util.global private @gpu = #hal.device.select<[#hal.device.ordinal<1> : !hal.device, #hal.device.fallback<@cpu> : !hal.device]> : !hal.device
// CHECK-NEXT: util.global private @__gpu_executable_0_e
// CHECK: %[[SAME:.+]] = util.cmp.eq %{{.+}}, %{{.+}} : !hal.device
// CHECK: %[[WHICH:.+]] = arith.select %[[SAME]]
// CHECK: scf.index_switch %[[WHICH]]
// CHECK: case 0 {
// CHECK-NEXT: %[[TAKEN:.+]] = util.global.load @__cpu_executable_0_e
// CHECK-NEXT: util.global.store %[[TAKEN]], @__gpu_executable_0_e
// CHECK: default {
// CHECK: hal.executable.create
// CHECK: util.global.store %{{.+}}, @__gpu_executable_0_e
hal.executable private @e {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
util.func public @uses() -> !hal.executable {
  %device = util.global.load immutable @gpu : !hal.device
  %0 = hal.executable.lookup device(%device : !hal.device) executable(@e) : !hal.executable
  util.return %0 : !hal.executable
}
