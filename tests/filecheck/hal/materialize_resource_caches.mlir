// RUN: pyrie opt --iree-hal-materialize-resource-caches %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// CHECK: util.global private @device
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device
// The executable is loaded once, behind the device, and fails by name on a device that cannot run it.
// CHECK: util.global private @[[CACHE:.+]] : !hal.executable
// CHECK: util.initializer {
// CHECK:   hal.device.query<%{{.+}} : !hal.device> key("hal.executable.format" :: "embedded-elf-x86_64")
// CHECK:   hal.executable.create device(%{{.+}} : !hal.device) affinity(%{{.+}}) target(@e::@v)
// CHECK:   util.status.check_ok %{{.+}}, "HAL device `device` does not support any variant of executable `e`
// CHECK:   util.global.store %{{.+}}, @[[CACHE]]
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// CHECK-LABEL: @uses
util.func public @uses() -> (!hal.executable, !hal.executable) {
  %device = util.global.load immutable @device : !hal.device
  // CHECK-NOT: hal.executable.lookup
  // CHECK: util.global.load immutable @[[CACHE]]
  %0 = hal.executable.lookup device(%device : !hal.device) executable(@e) : !hal.executable
  %1 = hal.executable.lookup device(%device : !hal.device) executable(@e) : !hal.executable
  util.return %0, %1 : !hal.executable, !hal.executable
}
