// RUN: pyrie opt --iree-hal-strip-executable-contents %s | FileCheck %s

// CHECK: hal.executable private @e
hal.executable private @e {
  // CHECK-NEXT: hal.executable.variant public @v
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    // CHECK-NEXT: hal.executable.export public @f
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>)
    // CHECK-NOT: builtin.module
    // CHECK-NOT: func.func
    builtin.module {
      func.func @f() {
        return
      }
    }
  }
}
// CHECK: util.func public @host
util.func public @host() {
  util.return
}
