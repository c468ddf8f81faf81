// RUN: pyrie opt --split-input-file --iree-hal-conversion %s | FileCheck %s

// Collectives send, receive, or both; between the commands of a serial region are barriers, between concurrent ones none.

util.global private @device : !hal.device
// CHECK-LABEL: util.func public @collectives
util.func public @collectives(%a: !stream.resource<external>, %b: !stream.resource<external>, %channel: !stream.channel, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : i32
  // CHECK: hal.command_buffer.create {{.*}} categories("Transfer|Dispatch")
  // CHECK-NEXT: hal.command_buffer.collective<{{.*}} channel(%arg2 : !hal.channel) op(<reduce with maximum : f32>) param(%c3_i32 : i32) send(%arg0 : !hal.buffer)[%c0, %arg3] recv(%arg1 : !hal.buffer)[%c0, %arg3] count(%arg3)
  // CHECK-NEXT: hal.command_buffer.execution_barrier
  // CHECK-NEXT: hal.command_buffer.collective<{{.*}} op(<recv : si8>) recv(%arg1 : !hal.buffer)[%c0, %arg3] count(%arg3)
  // CHECK-NEXT: hal.command_buffer.collective<{{.*}} op(<send : si8>) send(%arg0 : !hal.buffer)[%c0, %arg3] count(%arg3)
  // CHECK-NEXT: hal.command_buffer.execution_barrier
  // CHECK-NEXT: hal.command_buffer.finalize
  %t = stream.cmd.execute once on(#hal.device.affinity<@device>) with(%a as %x: !stream.resource<external>{%n}, %b as %y: !stream.resource<external>{%n}) {
    stream.cmd.collective<reduce with maximum : f32>[%n] channel(%channel) param(%c3 : i32) {
      ro %x[%c0 for %n] : !stream.resource<external>{%n},
      wo %y[%c0 for %n] : !stream.resource<external>{%n}
    }
    stream.cmd.concurrent {
      stream.cmd.collective<recv : si8>[%n] channel(%channel) {
        wo %y[%c0 for %n] : !stream.resource<external>{%n}
      }
      stream.cmd.collective<send : si8>[%n] channel(%channel) {
        ro %x[%c0 for %n] : !stream.resource<external>{%n}
      }
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

// A call takes the command buffer, and for each resource a slot, a buffer, an offset and a length: a buffer that never changes is
// handed over itself, another by its slot. What else a call takes does not keep the recording from being memoized; a result comes back.

util.global private @device : !hal.device
util.global private @weights : !stream.resource<constant>
// CHECK: util.func private @mix(%arg0: !hal.command_buffer, %arg1: index, %arg2: !hal.buffer {extern.const}, %arg3: index, %arg4: index, %arg5: f32, %arg6: index, %arg7: !hal.buffer, %arg8: index, %arg9: index) -> i32
stream.cmd.func private @mix(%arg0[%arg1 for %arg2]: !stream.resource<*> {extern.const}, %arg3: f32, %arg4[%arg5 for %arg6]: !stream.resource<*>) -> i32
// CHECK-LABEL: util.func public @called
util.func public @called(%out: !stream.resource<external>, %scale: f32) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  // CHECK: %[[WEIGHTS:.+]] = util.global.load immutable @weights : !hal.buffer
  %weights = util.global.load immutable @weights : !stream.resource<constant>
  // CHECK: %[[SLOT:.+]] = arith.constant 0 : index
  // CHECK: hal.device.memoize
  // CHECK:   %[[CMD:.+]] = hal.command_buffer.create {{.*}} mode("None") categories("Transfer|Dispatch")
  // CHECK:   %[[NONE:.+]] = arith.constant 0 : index
  // CHECK:   %[[NULL:.+]] = util.null : !hal.buffer
  // CHECK:   util.call @mix(%[[CMD]], %[[NONE]], %[[WEIGHTS]], %c0, %c8, %arg1, %[[SLOT]], %[[NULL]], %c4, %c4) : (!hal.command_buffer, index, !hal.buffer, index, index, f32, index, !hal.buffer, index, index) -> i32
  // CHECK: hal.device.queue.execute.indirect
  // CHECK-NEXT: (%arg0 : !hal.buffer)[%{{.+}}, %c8]
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%weights as %w: !stream.resource<constant>{%c8}, %out as %o: !stream.resource<external>{%c8}) {
    %r = stream.cmd.call @mix(ro %w[%c0 for %c8], %scale, rw %o[%c4 for %c4]) : (!stream.resource<constant>{%c8}, f32, !stream.resource<external>{%c8}) -> i32
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
