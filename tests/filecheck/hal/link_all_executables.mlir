// RUN: pyrie opt --split-input-file --iree-hal-link-all-executables %s | FileCheck %s

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

// -----

// What belongs to one executable alone keeps it apart: objects, a condition, constants, a fallback.
#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// CHECK: hal.executable private @module_linked
// CHECK: hal.executable.export public @f ordinal(0)
// CHECK: hal.executable.export public @f_0 ordinal(1)
hal.executable private @plain {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
    builtin.module {
      func.func @f() { return }
    }
  }
}
// CHECK: hal.executable private @objects
hal.executable private @objects {
  hal.executable.variant public @v target(#target) objects([#hal.executable.object<{path = "f.o"}>]) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// CHECK: hal.executable private @condition
hal.executable private @condition {
  hal.executable.variant public @v target(#target) {
    hal.executable.condition(%device: !hal.device) -> i1 {
      %true = arith.constant true
      hal.return %true : i1
    }
    hal.executable.export public @f ordinal(0) layout(#layout)
    builtin.module {
      func.func @f() { return }
    }
  }
}
// CHECK-NOT: hal.executable private @plain_too
hal.executable private @plain_too {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
    builtin.module {
      func.func @f() { return }
    }
  }
}
