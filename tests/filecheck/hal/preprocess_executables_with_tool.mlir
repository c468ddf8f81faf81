// RUN: pyrie opt '--iree-hal-preprocess-executables-with-tool=command="sed -e s/77/88/g"' %s | FileCheck %s

// CHECK: hal.executable private @a
hal.executable private @a {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    builtin.module {
      func.func @f() {
        // CHECK: arith.constant 88 : index
        %0 = arith.constant 77 : index
        util.optimization_barrier %0 : index
        return
      }
    }
  }
}
// Only executables are handed over.
// CHECK: util.func public @host
util.func public @host() -> index {
  // CHECK: arith.constant 77 : index
  %0 = arith.constant 77 : index
  util.return %0 : index
}
// CHECK: hal.executable private @b
hal.executable private @b {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    // CHECK: hal.executable.export public @f ordinal(88)
    hal.executable.export public @f ordinal(77) layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>)
  }
}
