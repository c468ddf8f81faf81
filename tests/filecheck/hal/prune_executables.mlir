// RUN: pyrie opt --iree-hal-prune-executables %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#other = #hal.executable.target<"llvm-cpu", "embedded-elf-arm_64">
// CHECK: hal.executable private @used
hal.executable private @used {
  // CHECK: hal.executable.variant public @v
  hal.executable.variant public @v target(#target) {
    // The first export is named by nothing, so the others move up.
    // CHECK-NOT: @first
    hal.executable.export public @first ordinal(0) layout(#layout)
    // CHECK: hal.executable.export public @f ordinal(0) {{.*}}condition
    hal.executable.export public @f ordinal(1) layout(#layout) condition(%device: !hal.device) -> i1 {
      %true = arith.constant true
      hal.return %true : i1
    } fallback(@slow)
    // CHECK: hal.executable.export public @slow ordinal(1)
    hal.executable.export public @slow ordinal(2) layout(#layout)
    // Two that only fall back to each other keep each other from nothing.
    // CHECK-NOT: @round
    hal.executable.export public @round ordinal(3) layout(#layout) condition(%device: !hal.device) -> i1 {
      %true = arith.constant true
      hal.return %true : i1
    } fallback(@about)
    // CHECK-NOT: @about
    hal.executable.export public @about ordinal(4) layout(#layout) condition(%device: !hal.device) -> i1 {
      %true = arith.constant true
      hal.return %true : i1
    } fallback(@round)
  }
  // CHECK-NOT: @unnamed
  hal.executable.variant public @unnamed target(#other) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// CHECK-NOT: @unused
hal.executable private @unused {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
  }
}
// Others may load what is public.
// CHECK: hal.executable public @public
hal.executable public @public {
  // CHECK: hal.executable.variant public @v
  hal.executable.variant public @v target(#target) {
    // CHECK: hal.executable.export public @f ordinal(0)
    hal.executable.export public @f ordinal(5) layout(#layout)
  }
}
// A reference deep inside of an attribute counts.
// CHECK: hal.executable private @in_attribute
hal.executable private @in_attribute {
}
util.func public @uses(%e: !hal.executable) -> i64 attributes {some.notes = {list = [@in_attribute]}} {
  %0 = hal.executable.lookup.function target(%e : !hal.executable) function(@used::@v::@f) : i64
  util.return %0 : i64
}
