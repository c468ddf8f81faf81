// RUN: pyrie opt --iree-hal-resolve-export-ordinals %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
    hal.executable.export public @g ordinal(1) layout(#layout)
  }
}
// CHECK-LABEL: @ordinals
util.func public @ordinals() -> index {
  // CHECK-NEXT: %[[ONE:.+]] = arith.constant 1 : index
  %0 = hal.executable.export.ordinal target(@e::@v::@g) : index
  // CHECK-NEXT: util.return %[[ONE]]
  util.return %0 : index
}
