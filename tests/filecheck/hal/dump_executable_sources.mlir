// RUN: pyrie opt --iree-hal-dump-executable-sources --mlir-print-debuginfo %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// The file stands by itself: no aliases, and public so that nothing drops it.
// CHECK: hal.executable public @a {
// CHECK-NEXT: hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">) {
// CHECK: func.func @f() {
// CHECK: hal.executable public @b {
// Then comes the program, whose executables are where they were and say that they come from their files.
// CHECK: module {
// CHECK: hal.executable private @a {
// CHECK: func.func @f() {
// CHECK-NEXT: return loc(#[[RETURN:.+]])
// CHECK: hal.executable private @b {
// CHECK: #[[RETURN]] = loc("module_a.mlir":6:8)
hal.executable private @a {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout)
    builtin.module {
      func.func @f() {
        return
      }
    }
  }
}
hal.executable private @b {
}
