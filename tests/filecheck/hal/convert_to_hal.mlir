// RUN: pyrie opt --iree-hal-conversion %s | FileCheck %s

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>, #hal.pipeline.binding<storage_buffer>]>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#affinity = #hal.device.affinity<@device>
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#layout) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c1 = arith.constant 1 : index
      hal.return %w, %c1, %c1 : index, index, index
    }
  }
}

// Sizes are constant, so what is recorded depends on nothing that may change: it is recorded once, its buffers are slots.
// CHECK-LABEL: util.func public @recorded_once
// CHECK-SAME: (%[[IN:.+]]: !hal.buffer, %[[OUT:.+]]: !hal.buffer) -> !hal.fence
util.func public @recorded_once(%in: !stream.resource<external>, %out: !stream.resource<external>) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  // CHECK: %[[CMD:.+]] = hal.device.memoize<%{{.+}} : !hal.device>
  // CHECK:   hal.command_buffer.create {{.*}} mode("None") categories("Transfer|Dispatch") affinity(%{{.+}}) bindings(%{{.+}})
  // CHECK:   hal.command_buffer.dispatch<
  // CHECK-SAME: workgroups([%c8, %c1{{[_0-9]*}}, %c1
  // CHECK:     (%{{.+}} : index)[%{{.+}}, %{{.+}}]
  // CHECK:   hal.command_buffer.execution_barrier
  // CHECK:   hal.command_buffer.copy_buffer
  // CHECK:   hal.command_buffer.finalize
  // CHECK: %[[FENCE:.+]] = hal.fence.create
  // CHECK: hal.device.queue.execute.indirect<%{{.+}} : !hal.device> {{.*}} signal(%[[FENCE]]) commands(%[[CMD]])
  // CHECK-DAG: (%[[IN]] : !hal.buffer)
  // CHECK-DAG: (%[[OUT]] : !hal.buffer)
  %t = stream.cmd.execute on(#affinity) with(%in as %a: !stream.resource<external>{%c16}, %out as %b: !stream.resource<external>{%c16}) {
    stream.cmd.dispatch @e::@v::@f[%c8] {
      ro %a[%c0 for %c16] : !stream.resource<external>{%c16},
      wo %b[%c0 for %c16] : !stream.resource<external>{%c16}
    }
    stream.cmd.copy %b[%c0], %a[%c8], %c8 : !stream.resource<external>{%c16} -> !stream.resource<external>{%c16}
  } => !stream.timepoint
  // CHECK: util.return %[[FENCE]]
  util.return %t : !stream.timepoint
}

// A size that may change, or `once`: recorded each time, for one use.
// CHECK-LABEL: util.func public @recorded_each_time
util.func public @recorded_each_time(%in: !stream.resource<external>, %out: !stream.resource<external>, %size: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  // CHECK-NOT: hal.device.memoize
  // CHECK: hal.command_buffer.create {{.*}} mode("OneShot|AllowInlineExecution")
  // CHECK: hal.device.queue.execute<
  %t = stream.cmd.execute on(#affinity) with(%in as %a: !stream.resource<external>{%size}, %out as %b: !stream.resource<external>{%size}) {
    stream.cmd.dispatch @e::@v::@f[%size] {
      ro %a[%c0 for %size] : !stream.resource<external>{%size},
      wo %b[%c0 for %size] : !stream.resource<external>{%size}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// One fill is an operation of the queue.
// CHECK-LABEL: util.func public @fill_alone
util.func public @fill_alone(%out: !stream.resource<external>, %size: index, %before: !stream.timepoint) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %pattern = arith.constant 7 : i32
  // CHECK-NOT: hal.command_buffer
  // CHECK: hal.device.queue.fill<%{{.+}} : !hal.device> affinity(%{{.+}}) wait(%arg2) signal(%[[FENCE:.+]]) target(%arg0 : !hal.buffer)
  %t = stream.cmd.execute on(#affinity) await(%before) => with(%out as %b: !stream.resource<external>{%size}) {
    stream.cmd.fill %pattern, %b[%c0 for %size] : i32 -> !stream.resource<external>{%size}
  } => !stream.timepoint
  // CHECK: util.return %[[FENCE]]
  util.return %t : !stream.timepoint
}

// Concurrent commands have no barrier between them.
// CHECK-LABEL: util.func public @concurrent
util.func public @concurrent(%a: !stream.resource<external>, %b: !stream.resource<external>) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %pattern = arith.constant 7 : i32
  // CHECK: hal.command_buffer.fill_buffer
  // CHECK-NEXT: hal.command_buffer.fill_buffer
  // CHECK-NEXT: hal.command_buffer.execution_barrier
  %t = stream.cmd.execute on(#affinity) with(%a as %x: !stream.resource<external>{%c16}, %b as %y: !stream.resource<external>{%c16}) {
    stream.cmd.concurrent {
      stream.cmd.fill %pattern, %x[%c0 for %c16] : i32 -> !stream.resource<external>{%c16}
      stream.cmd.fill %pattern, %y[%c0 for %c16] : i32 -> !stream.resource<external>{%c16}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
