// RUN: pyrie opt --iree-hal-materialize-dispatch-instrumentation=buffer-size=4kib %s | FileCheck %s

// A ring of 4096 bytes, and 4096 behind it.
// CHECK: util.global public @__dispatch_instrumentation : !stream.resource<external>
// CHECK: %[[SIZE:.+]] = arith.constant 8192 : index
// CHECK: stream.resource.alloc uninitialized : !stream.resource<external>{%[[SIZE]]}
// CHECK-LABEL: util.func public @__query_instruments(%arg0: !util.list<?>)
// CHECK: %[[HEAD:.+]] = util.buffer.constant <alignment = 16> : !util.buffer = dense<[48, 73, 68, 66, 0, 0, 0, 0,
// CHECK: %[[META:.+]] = util.buffer.constant "dispatch_instrument.fb" <alignment = 16, mime_type = "application/x-flatbuffers">
// CHECK: %[[RING:.+]] = util.buffer.constant <alignment = 16> : !util.buffer = dense<[48, 73, 68, 66, 1, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0]>
// CHECK: %[[EVENTS:.+]] = stream.tensor.export %{{.+}} : tensor<8192xi8> in !stream.resource<external>
// CHECK: util.list.set %arg0[%{{.+}}], %[[HEAD]]
// CHECK: util.list.set %arg0[%{{.+}}], %[[META]]
// CHECK: util.list.set %arg0[%{{.+}}], %[[RING]]
// CHECK: util.list.set %arg0[%{{.+}}], %[[EVENTS]]
stream.executable private @e {
  stream.executable.export public @f
  builtin.module {
    // CHECK: func.func @f(%arg0: i32, %arg1: !stream.binding, %[[BINDING:.+]]: !stream.binding {stream.alignment = 64 : index}, %[[SITE:.+]]: i32)
    func.func @f(%n: i32, %a: !stream.binding) {
      // CHECK: %[[VIEW:.+]] = stream.binding.subspan %[[BINDING]][%{{.+}}] : !stream.binding -> memref<8192xi8>
      // CHECK: hal.instrument.workgroup[%[[VIEW]] : memref<8192xi8>] dispatch(%[[SITE]]) : index
      return
    }
  }
}
// Code that is elsewhere cannot be changed.
stream.executable private @elsewhere {
  stream.executable.export public @g
}
// CHECK-LABEL: util.func public @main
util.func public @main(%r: !stream.resource<external>, %n: i32) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // CHECK: %[[BUFFER:.+]] = util.global.load @__dispatch_instrumentation
  // CHECK: stream.cmd.execute with(%arg0 as %{{.+}}: !stream.resource<external>{%c8}, %[[BUFFER]] as %[[INSIDE:.+]]: !stream.resource<external>{%c8192})
  %0 = stream.cmd.execute with(%r as %in: !stream.resource<external>{%c8}) {
    // CHECK: stream.cmd.dispatch @e::@f(%arg1, %c0_i32 : i32, i32) {
    // CHECK-NEXT: ro
    // CHECK-NEXT: rw %[[INSIDE]][%{{.+}} for %c8192] : !stream.resource<external>{%c8192}
    stream.cmd.dispatch @e::@f(%n : i32) {
      ro %in[%c0 for %c8] : !stream.resource<external>{%c8}
    }
    // CHECK: stream.cmd.dispatch @elsewhere::@g {
    // CHECK-NOT: rw
    stream.cmd.dispatch @elsewhere::@g {
      ro %in[%c0 for %c8] : !stream.resource<external>{%c8}
    }
    // The second dispatch of a kernel is another place.
    // CHECK: stream.cmd.dispatch @e::@f(%arg1, %c1_i32 : i32, i32) {
    stream.cmd.dispatch @e::@f(%n : i32) {
      ro %in[%c0 for %c8] : !stream.resource<external>{%c8}
    }
  } => !stream.timepoint
  util.return %0 : !stream.timepoint
}
