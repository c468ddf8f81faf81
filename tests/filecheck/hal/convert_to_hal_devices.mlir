// RUN: pyrie opt --split-input-file --iree-hal-conversion %s | FileCheck %s

// Without any affinity: the first device, on any queue.
// CHECK-LABEL: util.func public @anywhere
util.func public @anywhere() -> (!hal.allocator, i64) {
  // CHECK: %[[FIRST:.+]] = arith.constant 0 : index
  // CHECK: %[[DEVICE:.+]] = hal.devices.get %[[FIRST]] : !hal.device
  // CHECK: %[[ALLOCATOR:.+]] = hal.device.allocator<%[[DEVICE]] : !hal.device>
  // CHECK: %[[QUEUES:.+]] = arith.constant -1 : i64
  // CHECK: util.return %[[ALLOCATOR]], %[[QUEUES]]
  %allocator, %queues = stream.context.resolve : !hal.allocator, i64
  util.return %allocator, %queues : !hal.allocator, i64
}

// -----

// The nearest affinity counts: the op's, then the function's, then the module's, which is gone afterwards.
// CHECK: module
// CHECK-NOT: stream.affinity.default
module attributes {stream.affinity.default = #hal.device.affinity<@a>} {
  util.global private @a : !hal.device
  util.global private @b : !hal.device
  util.global private @c : !hal.device
  // CHECK: util.func public @nearest
  util.func public @nearest() -> (!hal.device, !hal.device) attributes {stream.affinity = #hal.device.affinity<@b>} {
    // CHECK: %[[C:.+]] = util.global.load immutable @c : !hal.device
    %0 = stream.context.resolve on(#hal.device.affinity<@c>) : !hal.device
    // CHECK: %[[B:.+]] = util.global.load immutable @b : !hal.device
    %1 = stream.context.resolve : !hal.device
    // CHECK: util.return %[[C]], %[[B]]
    util.return %0, %1 : !hal.device, !hal.device
  }
  // CHECK: util.func public @default
  util.func public @default() -> (!hal.device, i64) {
    // CHECK: util.global.load immutable @a
    %0 = stream.context.resolve : !hal.device
    // CHECK: arith.constant 5 : i64
    %1 = hal.device.resolve on(#hal.device.affinity<@c, [0, 2]>) : i64
    util.return %0, %1 : !hal.device, i64
  }
}

// -----

// Memory that several devices could hold is placed when the program runs, and freed where it was placed; work goes to the first.
util.global private @a : !hal.device
util.global private @b : !hal.device
#either = #hal.device.optimal<[#hal.device.affinity<@a>, #hal.device.affinity<@b, [1]>]>
// CHECK-LABEL: util.func public @either
util.func public @either(%size: index, %t0: !stream.timepoint) -> (!stream.resource<transient>, !stream.timepoint) {
  // CHECK: %[[TYPES:.+]], %[[USAGE:.+]] = hal.allocator.resolve_memory_properties for(#hal.device.optimal<{{.*}}>) lifetime(transient)
  // CHECK: %[[A:.+]] = util.global.load immutable @a
  // CHECK: %[[QA:.+]] = arith.constant -1 : i64
  // CHECK: %[[B:.+]] = util.global.load immutable @b
  // CHECK: %[[QB:.+]] = arith.constant 2 : i64
  // CHECK: %[[DEVICE:.+]], %[[QUEUES:.+]] = hal.allocator.select from([
  // CHECK-NEXT: (%[[A]], %[[QA]] : !hal.device, i64),
  // CHECK-NEXT: (%[[B]], %[[QB]] : !hal.device, i64)
  // CHECK-NEXT: ]) type(%[[TYPES]]) usage(%[[USAGE]])
  // CHECK: %[[R:.+]] = hal.device.queue.alloca<%[[DEVICE]] : !hal.device> affinity(%[[QUEUES]]) wait(%arg1)
  %r, %t1 = stream.resource.alloca uninitialized on(#either) await(%t0) => !stream.resource<transient>{%size} => !stream.timepoint
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  // CHECK: %[[FIRST:.+]] = util.global.load immutable @a
  // CHECK: hal.device.queue.fill<%[[FIRST]] : !hal.device>
  %t2 = stream.cmd.execute on(#either) await(%t1) => with(%r as %x: !stream.resource<transient>{%size}) {
    stream.cmd.fill %p, %x[%c0 for %size] : i32 -> !stream.resource<transient>{%size}
  } => !stream.timepoint
  // CHECK: %[[FREED:.+]], %{{.+}} = hal.allocator.select
  // CHECK: hal.device.queue.dealloca<%[[FREED]] : !hal.device> {{.*}} buffer(%[[R]] : !hal.buffer) flags("None")
  %t3 = stream.resource.dealloca on(#either) await(%t2) => %r : !stream.resource<transient>{%size} => !stream.timepoint
  util.return %r, %t3 : !stream.resource<transient>, !stream.timepoint
}
