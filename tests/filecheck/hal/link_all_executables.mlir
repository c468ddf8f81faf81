// RUN: pyrie opt --iree-hal-link-all-executables %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">

// CHECK: hal.executable private @[[LINKED:[a-z_]+]] {
// CHECK:   hal.executable.variant public @[[VARIANT:[a-z_0-9]+]] target(#executable_target_embedded_elf_x86_64)
// CHECK:     hal.executable.export public @f ordinal(0)
// CHECK:     hal.executable.export public @g ordinal(1)
// CHECK:       func.func @f
// CHECK:       func.func @g
// CHECK-NOT: hal.executable private
hal.executable private @a {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
    builtin.module {
      func.func @f() { return }
    }
  }
}
hal.executable private @b {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @g ordinal(0) layout(#layout)
    builtin.module {
      func.func @g() { return }
    }
  }
}
// CHECK-LABEL: @uses
util.func public @uses(%d: !hal.device) -> i64 {
  // CHECK: hal.executable.lookup device(%arg0 : !hal.device) executable(@[[LINKED]])
  %e = hal.executable.lookup device(%d : !hal.device) executable(@b) : !hal.executable
  // CHECK: function(@[[LINKED]]::@[[VARIANT]]::@g)
  %0 = hal.executable.lookup.function target(%e : !hal.executable) function(@b::@v::@g) : i64
  util.return %0 : i64
}
