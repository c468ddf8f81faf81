// RUN: pyrie opt --iree-hal-prune-executables %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// CHECK: hal.executable private @used
hal.executable private @used {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// CHECK-NOT: @unused
hal.executable private @unused {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
util.func public @uses(%e: !hal.executable) -> i64 {
  %0 = hal.executable.lookup.function target(%e : !hal.executable) function(@used::@v::@f) : i64
  util.return %0 : i64
}
