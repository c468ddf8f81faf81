// RUN: pyrie opt '--iree-hal-preprocess-executables-with-pipeline=pipeline="builtin.module(iree-hal-strip-executable-contents, symbol-dce)"' %s | FileCheck %s

// Each executable is alone in its module, and stays where it was.
// CHECK: util.func private @first
util.func private @first() {
  util.return
}
// CHECK: hal.executable public @a
// CHECK-NOT: builtin.module
hal.executable public @a {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    builtin.module {
    }
  }
}
// CHECK: util.func private @second
util.func private @second() {
  util.return
}
// CHECK: hal.executable public @b
// CHECK-NOT: builtin.module
hal.executable public @b {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    builtin.module {
    }
  }
}
