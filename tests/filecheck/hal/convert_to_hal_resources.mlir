// RUN: pyrie opt --split-input-file --iree-hal-conversion %s | FileCheck %s

util.global private @device : !hal.device
#on = #hal.device.affinity<@device>

// CHECK-LABEL: util.func public @allocated
util.func public @allocated(%size: index) -> (!stream.resource<variable>, !stream.timepoint) {
  // CHECK: %[[TYPES:.+]], %[[USAGE:.+]] = hal.allocator.resolve_memory_properties for(#hal.device.affinity<@device>) lifetime(variable) : i32, i32
  // CHECK: %[[ALLOCATOR:.+]] = hal.device.allocator
  // CHECK: hal.allocator.allocate<%[[ALLOCATOR]] : !hal.allocator> affinity(%{{.+}}) type(%[[TYPES]]) usage(%[[USAGE]]) : !hal.buffer{%arg0}
  %0 = stream.resource.alloc uninitialized on(#on) : !stream.resource<variable>{%size}
  // CHECK: hal.device.queue.alloca<{{.*}} flags(IndeterminateLifetime)
  %1, %t = stream.resource.alloca uninitialized indeterminate on(#on) : !stream.resource<transient>{%size} => !stream.timepoint
  // CHECK: hal.device.queue.dealloca<{{.*}} flags(PreferOrigin)
  %t1 = stream.resource.dealloca origin on(#on) await(%t) => %1 : !stream.resource<transient>{%size} => !stream.timepoint
  util.return %0, %t1 : !stream.resource<variable>, !stream.timepoint
}

// Host memory is imported as what kernels work on, so that they may be given it in place.
// CHECK-LABEL: util.func public @mapped
util.func public @mapped(%host: !util.buffer) -> (i1, !stream.resource<variable>, !stream.resource<constant>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  // CHECK: hal.buffer_usage<"{{.*}}DispatchStorage">
  // CHECK: hal.memory_type<"DeviceVisible|DeviceLocal">
  // CHECK: hal.allocator.import
  %ok0, %0 = stream.resource.try_map on(#on) %host[%c0] : !util.buffer -> i1, !stream.resource<variable>{%c16}
  // CHECK: hal.buffer_usage<"{{.*}}DispatchStorage|SharingImmutable">
  %ok1, %1 = stream.resource.try_map on(#on) %host[%c0] : !util.buffer -> i1, !stream.resource<constant>{%c16}
  util.return %ok0, %0, %1 : i1, !stream.resource<variable>, !stream.resource<constant>
}

// What is imported must be what its lifetime promises.
// CHECK-LABEL: util.func public @imported
util.func public @imported(%view: !hal.buffer_view, %buffer: !hal.buffer) -> (!stream.resource<external>, !stream.resource<variable>) {
  %c16 = arith.constant 16 : index
  // CHECK: %[[BUFFER:.+]] = hal.buffer_view.buffer<%arg0 : !hal.buffer_view>
  // CHECK: hal.buffer.assert<%[[BUFFER]] : !hal.buffer> {{.*}} type(DeviceVisible)
  %0 = stream.tensor.import on(#on) %view : !hal.buffer_view -> tensor<4xf32> in !stream.resource<external>{%c16}
  // CHECK: hal.buffer.assert<%arg1 : !hal.buffer> {{.*}} type("DeviceVisible|DeviceLocal")
  %1 = stream.tensor.import on(#on) %buffer : !hal.buffer -> tensor<4xf32> in !stream.resource<variable>{%c16}
  // CHECK: util.return %[[BUFFER]], %arg1
  util.return %0, %1 : !stream.resource<external>, !stream.resource<variable>
}

// CHECK-LABEL: util.func public @written
util.func public @written(%r: !stream.resource<variable>, %file: !stream.file, %at: i64, %t: !stream.timepoint) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  // CHECK: %[[DONE:.+]] = hal.fence.create
  // CHECK: hal.device.queue.write<{{.*}} wait(%arg3) signal(%[[DONE]]) source(%arg0 : !hal.buffer)[%c0] target(%arg1 : !hal.file)[%arg2] length(%c16)
  %0 = stream.file.write on(#on) await(%t) => %r[%c0], %file[%at], %c16 : !stream.resource<variable>{%c16} -> !stream.file => !stream.timepoint
  util.return %0 : !stream.timepoint
}

// CHECK-LABEL: util.func public @channels
// CHECK-SAME: (%arg0: !util.buffer, %arg1: index, %arg2: index) -> (!hal.channel, !hal.channel)
util.func public @channels(%id: !util.buffer, %rank: index, %count: index) -> (!stream.channel, !stream.channel) {
  // CHECK: %[[GROUP:.+]] = util.null : !util.buffer
  // CHECK: %[[RANK:.+]] = arith.index_cast %arg1 : index to i32
  // CHECK: %[[COUNT:.+]] = arith.index_cast %arg2 : index to i32
  // CHECK: hal.channel.create {{.*}} id(%arg0) group(%[[GROUP]]) rank(%[[RANK]]) count(%[[COUNT]])
  %0 = stream.channel.create on(#on) id(%id) rank(%rank) count(%count) : !stream.channel
  // CHECK: %[[UNKNOWN:.+]] = arith.constant -1 : i32
  // CHECK: hal.channel.create {{.*}} rank(%[[UNKNOWN]]) count(%[[UNKNOWN]])
  %1 = stream.channel.create on(#on) id(%id) : !stream.channel
  util.return %0, %1 : !stream.channel, !stream.channel
}

// A tensor that host code asks about is a buffer view, inside of other types too.
// CHECK-LABEL: util.func public @shapes
// CHECK-SAME: (%arg0: !hal.buffer_view, %arg1: !util.list<!hal.buffer>) -> (index, index, !util.list<!hal.buffer>)
util.func public @shapes(%x: tensor<?x3x5xf32>, %list: !util.list<!stream.resource<external>>) -> (index, index, !util.list<!stream.resource<external>>) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[DIM:.+]] = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
  %0 = tensor.dim %x, %c0 : tensor<?x3x5xf32>
  // CHECK: %[[RANK:.+]] = arith.constant 3 : index
  %1 = tensor.rank %x : tensor<?x3x5xf32>
  // CHECK: util.return %[[DIM]], %[[RANK]], %arg1
  util.return %0, %1, %list : index, index, !util.list<!stream.resource<external>>
}

// -----

// A timepoint that is reached from the start is no fence.
// CHECK: util.global private mutable @when : !hal.fence
util.global private mutable @when = #stream.timepoint<immediate>
util.global private @device : !hal.device
#on = #hal.device.affinity<@device>

// The caller's fence is signaled directly where it is there already ...
// CHECK-LABEL: util.func public @chained
util.func public @chained(%r: !stream.resource<external>, %fence: !hal.fence, %n: index) {
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  // CHECK-NOT: hal.fence.create
  // CHECK: hal.device.queue.fill<{{.*}} signal(%arg1)
  // CHECK-NOT: hal.device.queue.barrier
  %t = stream.cmd.execute on(#on) with(%r as %x: !stream.resource<external>{%n}) {
    stream.cmd.fill %p, %x[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  stream.timepoint.chain_external on(#on) %t => (%fence : !hal.fence)
  util.return
}

// ... and otherwise when a fence of our own is reached.
// CHECK-LABEL: util.func public @chained_to_a_later_fence
util.func public @chained_to_a_later_fence(%r: !stream.resource<external>, %n: index, %fences: !util.list<!hal.fence>) {
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  // CHECK: %[[DONE:.+]] = hal.fence.create
  // CHECK: hal.device.queue.fill<{{.*}} signal(%[[DONE]])
  %t = stream.cmd.execute on(#on) with(%r as %x: !stream.resource<external>{%n}) {
    stream.cmd.fill %p, %x[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  // CHECK: %[[THEIRS:.+]] = util.list.get
  %fence = util.list.get %fences[%c0] : !util.list<!hal.fence>
  // CHECK: hal.device.queue.barrier<{{.*}} wait(%[[DONE]]) signal(%[[THEIRS]])
  stream.timepoint.chain_external on(#on) %t => (%fence : !hal.fence)
  util.return
}

// ... or may not be signaled at all.
// CHECK-LABEL: util.func public @chained_perhaps
util.func public @chained_perhaps(%r: !stream.resource<external>, %n: index, %fence: !hal.fence, %really: i1) {
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  // CHECK: %[[DONE:.+]] = hal.fence.create
  // CHECK: hal.device.queue.fill<{{.*}} signal(%[[DONE]])
  %t = stream.cmd.execute on(#on) with(%r as %x: !stream.resource<external>{%n}) {
    stream.cmd.fill %p, %x[%c0 for %n] : i32 -> !stream.resource<external>{%n}
  } => !stream.timepoint
  // CHECK: scf.if %arg3
  scf.if %really {
    // CHECK: hal.device.queue.barrier<{{.*}} wait(%[[DONE]]) signal(%arg2)
    stream.timepoint.chain_external on(#on) %t => (%fence : !hal.fence)
  }
  util.return
}
