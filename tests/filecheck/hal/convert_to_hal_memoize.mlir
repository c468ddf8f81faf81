// RUN: pyrie opt --iree-hal-conversion %s | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: pyrie opt --iree-hal-conversion=memoize-dynamic %s | FileCheck %s --check-prefixes=CHECK,DYNAMIC
// RUN: pyrie opt --iree-hal-conversion --iree-hal-force-indirect-command-buffers %s | FileCheck %s --check-prefixes=CHECK,DYNAMIC
// RUN: pyrie opt --iree-hal-conversion --iree-hal-indirect-command-buffers=false %s | FileCheck %s --check-prefixes=DIRECT
// RUN: pyrie opt --iree-hal-conversion --iree-hal-memoization=false %s | FileCheck %s --check-prefixes=DIRECT
// RUN: pyrie opt --iree-hal-conversion="memoize-dynamic memoization=false" %s | FileCheck %s --check-prefixes=DIRECT

// DIRECT-NOT: hal.device.memoize
// DIRECT-NOT: mode("None")
// DIRECT-NOT: execute.indirect

#on = #hal.device.affinity<@device>
util.global private @device : !hal.device
util.global private @constant : !stream.resource<constant>
util.global private @size : index
util.global private mutable @variable : !stream.resource<variable>

// Only what may change takes a slot: a mutable global does, an immutable one does not; its size may be an immutable global.
// CHECK-LABEL: util.func public @slots
// DIRECT-LABEL: util.func public @slots
util.func public @slots() -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // CHECK: %[[CONSTANT:.+]] = util.global.load immutable @constant
  %constant = util.global.load immutable @constant : !stream.resource<constant>
  %size = util.global.load immutable @size : index
  // CHECK: %[[VARIABLE:.+]] = util.global.load @variable
  %variable = util.global.load @variable : !stream.resource<variable>
  // CHECK: %[[SLOT:.+]] = arith.constant 0 : index
  // CHECK: hal.device.memoize
  // CHECK: %[[COUNT:.+]] = arith.constant 1 : index
  // CHECK: hal.command_buffer.create {{.*}} mode("None") categories(Transfer) {{.*}} bindings(%[[COUNT]])
  // CHECK-COUNT-2: hal.command_buffer.copy_buffer<{{.*}} source(%[[CONSTANT]] : !hal.buffer)[%{{.+}}] target(%[[SLOT]] : index)
  // CHECK: hal.device.queue.execute.indirect
  // CHECK-NEXT: (%[[VARIABLE]] : !hal.buffer)[%{{.+}}, %{{.+}}]
  // CHECK-NEXT: ])
  // DIRECT: hal.command_buffer.create {{.*}} mode("OneShot|AllowInlineExecution")
  // DIRECT: hal.device.queue.execute<
  %t = stream.cmd.execute on(#on) with(%constant as %a: !stream.resource<constant>{%size}, %variable as %b: !stream.resource<variable>{%c8}) {
    stream.cmd.copy %a[%c0], %b[%c0], %c8 : !stream.resource<constant>{%size} -> !stream.resource<variable>{%c8}
    stream.cmd.copy %a[%c8], %b[%c0], %c8 : !stream.resource<constant>{%size} -> !stream.resource<variable>{%c8}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// Nothing takes a slot: there is nothing to replay it with.
// CHECK-LABEL: util.func public @no_slot
// DIRECT-LABEL: util.func public @no_slot
util.func public @no_slot() -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %p = arith.constant 7 : i32
  %constant = util.global.load immutable @constant : !stream.resource<constant>
  // CHECK-NOT: hal.device.memoize
  // CHECK: hal.command_buffer.create {{.*}} mode("OneShot|AllowInlineExecution")
  // CHECK: hal.device.queue.execute<
  %t = stream.cmd.execute on(#on) with(%constant as %a: !stream.resource<constant>{%c8}) {
    stream.cmd.fill %p, %a[%c0 for %c8] : i32 -> !stream.resource<constant>{%c8}
    stream.cmd.fill %p, %a[%c0 for %c8] : i32 -> !stream.resource<constant>{%c8}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// A size that may change: recorded each time with its buffers, or memoized with the size captured and its buffers in slots.
// CHECK-LABEL: util.func public @dynamic_size
// DIRECT-LABEL: util.func public @dynamic_size
util.func public @dynamic_size(%r: !stream.resource<external>, %n: index, %before: !stream.timepoint) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : i32
  // DEFAULT-NOT: hal.device.memoize
  // DEFAULT: hal.command_buffer.create {{.*}} mode(OneShot) {{.*}} affinity(%{{[a-z0-9_-]+}}) :
  // DEFAULT: hal.command_buffer.fill_buffer<{{.*}} target(%arg0 : !hal.buffer)[%c0, %arg1]
  // DEFAULT: hal.device.queue.execute<{{.*}} wait(%arg2)
  // DYNAMIC: %[[CMD:.+]] = hal.device.memoize
  // DYNAMIC: hal.command_buffer.create {{.*}} mode("None")
  // DYNAMIC: hal.command_buffer.fill_buffer<{{.*}} target(%{{.+}} : index)[%c0, %arg1]
  // DYNAMIC: hal.return
  // DYNAMIC: hal.device.queue.execute.indirect<{{.*}} wait(%arg2) {{.*}} commands(%[[CMD]])
  // DYNAMIC-NEXT: (%arg0 : !hal.buffer)[%{{.+}}, %arg1]
  %t = stream.cmd.execute on(#on) await(%before) => with(%r as %a: !stream.resource<external>{%n}) {
    stream.cmd.fill %c1, %a[%c0 for %n] : i32 -> !stream.resource<external>{%n}
    stream.cmd.fill %c1, %a[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// A value that is filled in and may change is recorded too.
// CHECK-LABEL: util.func public @dynamic_value
// DIRECT-LABEL: util.func public @dynamic_value
util.func public @dynamic_value(%r: !stream.resource<external>, %p: i32) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // DEFAULT-NOT: hal.device.memoize
  // DYNAMIC: hal.device.memoize
  // CHECK: hal.command_buffer.fill_buffer<{{.*}} pattern(%arg1 : i32)
  %t = stream.cmd.execute on(#on) with(%r as %a: !stream.resource<external>{%c8}) {
    stream.cmd.fill %p, %a[%c0 for %c8] : i32 -> !stream.resource<external>{%c8}
    stream.cmd.fill %p, %a[%c0 for %c8] : i32 -> !stream.resource<external>{%c8}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// What runs once is never memoized, and a transfer alone is an operation of the queue.
// CHECK-LABEL: util.func public @once
// DIRECT-LABEL: util.func public @once
util.func public @once(%r: !stream.resource<external>, %n: index) -> (!stream.timepoint, !stream.timepoint) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : i32
  // CHECK-NOT: hal.device.memoize
  // CHECK: hal.command_buffer.create {{.*}} mode("OneShot|AllowInlineExecution")
  %t = stream.cmd.execute once on(#on) with(%r as %a: !stream.resource<external>{%n}) {
    stream.cmd.fill %c1, %a[%c0 for %n] : i32 -> !stream.resource<external>{%n}
    stream.cmd.fill %c1, %a[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  // CHECK: hal.device.queue.fill<
  %u = stream.cmd.execute on(#on) with(%r as %a: !stream.resource<external>{%n}) {
    stream.cmd.invalidate %a[%c0 for %n] : !stream.resource<external>{%n}
    stream.cmd.fill %c1, %a[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  // CHECK-NOT: hal.command_buffer
  // CHECK: util.return
  util.return %t, %u : !stream.timepoint, !stream.timepoint
}
