// RUN: pyrie opt --iree-hal-substitute-executables=substitutions=by_hand=%s.obj,gone=%s.obj %s 2>&1 | FileCheck %s

// CHECK: hal.executable private @by_hand
hal.executable private @by_hand {
  // CHECK-NEXT: hal.executable.variant public @v
  // CHECK-SAME: objects([#hal.executable.object<{path = "substitute_executables.mlir.obj", data = dense<[72, 69, 76, 76, 79, 33]> : vector<6xi8>}>])
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) objects([#hal.executable.object<{path = "old.o"}>]) {
    // CHECK-NEXT: hal.executable.export public @f
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>)
    // CHECK-NOT: builtin.module
    builtin.module {
      func.func @f() {
        return
      }
    }
  }
}
// CHECK: hal.executable private @kept
hal.executable private @kept {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
    // CHECK: builtin.module
    builtin.module {
    }
  }
}
// CHECK: note: hal.executable 'by_hand' is now that of
// CHECK: warning: there is no executable 'gone'
