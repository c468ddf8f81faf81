// RUN: pyrie opt --iree-hal-hoist-executable-objects %s | FileCheck %s

// What is there already comes first, then what functions and calls name, each once.
// CHECK: hal.executable.variant public @v
// CHECK-SAME: objects([#hal.executable.object<{path = "here.o"}>, #hal.executable.object<{path = "f.o"}>, #hal.executable.object<{path = "call.o"}>])
hal.executable private @e {
  hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) objects([#hal.executable.object<{path = "here.o"}>]) {
    builtin.module {
      // CHECK: func.func private @f()
      // CHECK-NOT: hal.executable.objects
      func.func private @f() attributes {hal.executable.objects = [#hal.executable.object<{path = "f.o"}>, #hal.executable.object<{path = "here.o"}>]}
      func.func @g() {
        call @f() {hal.executable.objects = [#hal.executable.object<{path = "f.o"}>, #hal.executable.object<{path = "call.o"}>]} : () -> ()
        return
      }
    }
  }
  // CHECK: hal.executable.variant public @elsewhere target(#{{[^ ]+}}) objects([#hal.executable.object<{path = "all.o"}>]) {
  hal.executable.variant public @elsewhere target(<"llvm-cpu", "embedded-elf-arm_64">) objects([#hal.executable.object<{path = "all.o"}>]) {
  }
}
