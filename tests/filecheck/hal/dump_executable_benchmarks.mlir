// RUN: pyrie opt --iree-hal-dump-executable-benchmarks -o /dev/null %s | FileCheck %s

#layout = #hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer>, #hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
// CHECK: util.global private @device = #hal.device.target<"local", [#hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">]>
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device
// CHECK: hal.executable private @e
// CHECK-NEXT: hal.executable.variant public @v target(<"llvm-cpu", "embedded-elf-x86_64">)
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout) count(%device: !hal.device, %a: index, %b: index) -> (index, index, index) {
      hal.return %a, %b, %b : index, index, index
    }
    builtin.module {
    }
  }
}
// CHECK: util.global private mutable @e_v_f_8x4_buffer : !hal.buffer
// Each binding starts at a multiple of 256 bytes.
// CHECK: hal.allocator.allocate<{{.+}} : !hal.buffer{%c768}
// CHECK: util.func public @e_v_f_8x4(%[[BATCH:.+]]: i32) attributes {iree.abi.stub, iree.reflection = {iree.benchmark = "dispatch"}}
// CHECK: %[[COUNT:.+]] = arith.index_cast %[[BATCH]]
// CHECK: %[[BUFFER:.+]] = util.global.load @e_v_f_8x4_buffer
// CHECK: hal.executable.calculate_workgroups device(%{{.+}} : !hal.device) target(@e::@v::@f) workload([%c8, %c4])
// CHECK: scf.for %{{.+}} = %c0 to %[[COUNT]] step %c1
// CHECK-NEXT: hal.command_buffer.dispatch<{{.+}} constants([%c7_i32]) bindings([
// CHECK-NEXT: (%[[BUFFER]] : !hal.buffer)[%c0, %c300]
// CHECK-NEXT: (%[[BUFFER]] : !hal.buffer)[%c512, %c20]
// CHECK: hal.command_buffer.execution_barrier
// CHECK: hal.device.queue.execute
// CHECK: hal.fence.await
// Dispatches with values that only the program knows are left out, and equal ones stand once.
// CHECK-NOT: @e_v_f
util.func public @main(%r: !stream.resource<transient>, %n: index, %k: i32) -> !stream.timepoint attributes {stream.affinity = #hal.device.affinity<@device>} {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c20 = arith.constant 20 : index
  %c300 = arith.constant 300 : index
  %c7 = arith.constant 7 : i32
  %0 = stream.cmd.execute with(%r as %in: !stream.resource<transient>{%n}) {
    stream.cmd.dispatch @e::@v::@f[%c8, %c4](%c7 : i32) {
      ro %in[%c0 for %c300] : !stream.resource<transient>{%n},
      wo %in[%c0 for %c20] : !stream.resource<transient>{%n}
    }
    stream.cmd.dispatch @e::@v::@f[%c8, %c4](%c7 : i32) {
      ro %in[%c0 for %c300] : !stream.resource<transient>{%n},
      wo %in[%c0 for %c20] : !stream.resource<transient>{%n}
    }
    stream.cmd.dispatch @e::@v::@f[%c4, %c4](%k : i32) {
      ro %in[%c0 for %c300] : !stream.resource<transient>{%n},
      wo %in[%c0 for %c20] : !stream.resource<transient>{%n}
    }
    stream.cmd.dispatch @e::@v::@f[%c4, %n](%c7 : i32) {
      ro %in[%c0 for %c300] : !stream.resource<transient>{%n},
      wo %in[%c0 for %c20] : !stream.resource<transient>{%n}
    }
    stream.cmd.dispatch @e::@v::@f[%c4, %c8](%c7 : i32) {
      ro %in[%c0 for %n] : !stream.resource<transient>{%n},
      wo %in[%c0 for %c20] : !stream.resource<transient>{%n}
    }
  } => !stream.timepoint
  util.return %0 : !stream.timepoint
}
