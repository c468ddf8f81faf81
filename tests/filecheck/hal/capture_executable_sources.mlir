// RUN: pyrie opt --iree-hal-capture-executable-sources=stage=sources %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
// CHECK: #[[F:.+]] = loc("program_a_v.sources.mlir":6:6)
// CHECK: #[[G:.+]] = loc("program_a_v.sources.mlir":9:6)
module @program {
  // CHECK: hal.executable private @a
  hal.executable private @a {
    // CHECK: hal.executable.variant public @v {{.*}}sources({program_a_v.sources.mlir = dense_resource<program_a_v.sources.mlir> : vector<{{[0-9]+}}xi8>})
    hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
      // CHECK: hal.executable.export public @f {{.*}}source_locs = {sources = #[[F]]}
      hal.executable.export public @f ordinal(0) layout(#layout)
      // CHECK: hal.executable.export public @g {{.*}}source_locs = {sources = #[[G]]}
      hal.executable.export public @g ordinal(1) layout(#layout)
      builtin.module {
        func.func @f() {
          return
        }
        func.func @g() {
          return
        }
      }
    }
    // Without code there is nothing to keep.
    // CHECK: hal.executable.variant public @elsewhere
    // CHECK-NOT: sources
    // CHECK: hal.executable.export public @f
    hal.executable.variant public @elsewhere target(<"llvm-cpu", "embedded-elf-arm_64">) {
      hal.executable.export public @f ordinal(0) layout(#layout)
    }
  }
}
// CHECK: {-#
// CHECK: program_a_v.sources.mlir: "0x0100000068616C2E65786563757461626C65207075626C6963204061
