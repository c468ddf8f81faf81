// RUN: pyrie opt --split-input-file --canonicalize %s | FileCheck %s

// ---- fences and barriers

// A caller's fence is signaled by who signaled the fence that was only handed on to it.
// CHECK-LABEL: @chain
// CHECK-NOT: hal.fence.create
// CHECK: hal.device.queue.execute{{.*}} wait(%arg2) signal(%arg3)
// CHECK-NOT: hal.device.queue.barrier
util.func public @chain(%device: !hal.device, %cmd: !hal.command_buffer, %wait: !hal.fence, %signal: !hal.fence) {
  %any = arith.constant -1 : i64
  %inner = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  hal.device.queue.execute<%device : !hal.device> affinity(%any) wait(%wait) signal(%inner) commands(%cmd) flags("None")
  hal.device.queue.barrier<%device : !hal.device> affinity(%any) wait(%inner) signal(%signal) flags("None")
  util.return
}

// Who waits for a fence still does when the barrier behind it signals nobody.
// CHECK-LABEL: @waited_for
// CHECK: %[[FENCE:.+]] = hal.fence.create
// CHECK: hal.device.queue.execute{{.*}} signal(%[[FENCE]])
// CHECK-NOT: hal.device.queue.barrier
// CHECK: hal.fence.await until([%[[FENCE]]])
util.func public @waited_for(%device: !hal.device, %cmd: !hal.command_buffer, %wait: !hal.fence, %timeout: i32) -> i32 {
  %any = arith.constant -1 : i64
  %null = util.null : !hal.fence
  %inner = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  hal.device.queue.execute<%device : !hal.device> affinity(%any) wait(%wait) signal(%inner) commands(%cmd) flags("None")
  hal.device.queue.barrier<%device : !hal.device> affinity(%any) wait(%inner) signal(%null) flags("None")
  %status = hal.fence.await until([%inner]) timeout_millis(%timeout) flags("None") : i32
  util.return %status : i32
}

// A fence that something nested may wait for before it is signaled is no null fence.
// CHECK-LABEL: @seen_before
// CHECK: hal.fence.create
// CHECK: scf.if
// CHECK: hal.fence.signal
util.func public @seen_before(%device: !hal.device, %cond: i1, %timeout: i32) -> !hal.fence {
  %fence = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  scf.if %cond {
    %status = hal.fence.await until([%fence]) timeout_millis(%timeout) flags("None") : i32
    util.status.check_ok %status, "waited"
  }
  hal.fence.signal<%fence : !hal.fence>
  util.return %fence : !hal.fence
}

// CHECK-LABEL: @signaled_at_once
// CHECK-NEXT: %[[NULL:.+]] = util.null : !hal.fence
// CHECK-NEXT: util.return %[[NULL]]
util.func public @signaled_at_once(%device: !hal.device) -> !hal.fence {
  %any = arith.constant -1 : i64
  %null = util.null : !hal.fence
  %unused = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  %fence = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  hal.device.queue.barrier<%device : !hal.device> affinity(%any) wait(%null) signal(%fence) flags("None")
  util.return %fence : !hal.fence
}

// -----

// ---- subspans go into offsets

// CHECK-LABEL: @ranges
util.func public @ranges(%cmd: !hal.command_buffer, %exe: !hal.executable, %buffer: !hal.buffer, %host: !util.buffer, %offset: index, %size: index) {
  // CHECK-NOT: subspan
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c0_i64 = arith.constant 0 : i64
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %pattern = arith.constant 7 : i32
  %part = hal.buffer.subspan<%buffer : !hal.buffer>[%offset, %c64] : !hal.buffer
  %host_part = util.buffer.subspan %host[%c64] : !util.buffer{%size} -> !util.buffer{%c16}
  // CHECK: %[[SUM:.+]] = arith.addi %arg4, %c16
  // CHECK: hal.command_buffer.fill_buffer{{.*}} target(%arg2 : !hal.buffer)[%[[SUM]], %c16]
  hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%part : !hal.buffer)[%c16, %c16] pattern(%pattern : i32) flags("None")
  // CHECK: hal.command_buffer.update_buffer{{.*}} source(%arg3 : !util.buffer{%arg5})[%c64] target(%arg2 : !hal.buffer)[%arg4]
  hal.command_buffer.update_buffer<%cmd : !hal.command_buffer> source(%host_part : !util.buffer{%c16})[%c0] target(%part : !hal.buffer)[%c0] length(%c16) flags("None")
  // CHECK: hal.command_buffer.copy_buffer{{.*}} source(%arg2 : !hal.buffer)[%arg4] target(%arg2 : !hal.buffer)[%c0]
  hal.command_buffer.copy_buffer<%cmd : !hal.command_buffer> source(%part : !hal.buffer)[%c0] target(%buffer : !hal.buffer)[%c0] length(%c16) flags("None")
  // A slot of the binding table is no buffer.
  // CHECK: (%c1 : index)[%c0, %c16],
  // CHECK-NEXT: (%arg2 : !hal.buffer)[%arg4, %c16]
  hal.command_buffer.dispatch<%cmd : !hal.command_buffer> target(%exe : !hal.executable)[%c0_i64] workgroups([%c1, %c1, %c1]) bindings([
    (%c1 : index)[%c0, %c16],
    (%part : !hal.buffer)[%c0, %c16]
  ]) flags("None")
  util.return
}

// CHECK-LABEL: @view
// CHECK-NEXT: %[[OFFSET:.+]] = arith.addi %arg1, %arg2
// CHECK-NEXT: hal.buffer_view.create buffer(%arg0 : !hal.buffer)[%[[OFFSET]], %arg2]
util.func public @view(%buffer: !hal.buffer, %offset: index, %size: index, %type: i32) -> !hal.buffer_view {
  %part = hal.buffer.subspan<%buffer : !hal.buffer>[%offset, %size] : !hal.buffer
  %view = hal.buffer_view.create buffer(%part : !hal.buffer)[%size, %size] shape([%size]) type(%type) encoding(%type) : !hal.buffer_view
  util.return %view : !hal.buffer_view
}

// -----

// ---- devices

// CHECK-LABEL: @recorded_for
// CHECK: hal.device.allocator<%arg0
util.func public @recorded_for(%device: !hal.device, %affinity: i64) -> (!hal.allocator, !hal.command_buffer) {
  %cmd = hal.command_buffer.create device(%device : !hal.device) mode(OneShot) categories("Transfer") affinity(%affinity) : !hal.command_buffer
  %same = hal.command_buffer.device<%cmd : !hal.command_buffer> : !hal.device
  %allocator = hal.device.allocator<%same : !hal.device> : !hal.allocator
  util.return %allocator, %cmd : !hal.allocator, !hal.command_buffer
}

// CHECK-LABEL: @no_choice
// CHECK-NEXT: %[[DEVICE:.+]], %[[QUEUES:.+]] = hal.allocator.select
// CHECK: util.return %arg0, %[[QUEUES]]
util.func public @no_choice(%device: !hal.device, %a: i64, %b: i64, %bits: i32) -> (!hal.device, i64) {
  %0, %1 = hal.allocator.select from([(%device, %a : !hal.device, i64), (%device, %b : !hal.device, i64)]) type(%bits) usage(%bits) : !hal.device, i64
  util.return %0, %1 : !hal.device, i64
}

// -----

// ---- tensors

// An import that takes the buffer over says more than where the tensor is.
// CHECK-LABEL: @consumed
// CHECK: hal.tensor.import consume
// CHECK: hal.tensor.export
util.func public @consumed(%view: !hal.buffer_view) -> !hal.buffer_view {
  %0 = hal.tensor.import consume %view : !hal.buffer_view -> tensor<4xf32>
  %1 = hal.tensor.export %0 : tensor<4xf32> -> !hal.buffer_view
  util.return %1 : !hal.buffer_view
}

// CHECK-LABEL: @known_size
// CHECK-DAG: %[[C3:.+]] = arith.constant 3 : index
// CHECK: hal.tensor.import %arg0 : !hal.buffer_view -> tensor<?x?xf32>{%[[C3]], %arg2}
util.func public @known_size(%view: !hal.buffer_view, %storage: !hal.buffer, %x: index, %y: index) -> tensor<?x?xf32> {
  %0 = hal.tensor.import %view : !hal.buffer_view -> tensor<?x?xf32>{%x, %x}
  %c3 = arith.constant 3 : index
  %1 = hal.tensor.alias %0 : tensor<?x?xf32>{%c3, %y} to %storage : !hal.buffer
  util.return %1 : tensor<?x?xf32>
}

// CHECK-LABEL: @transients
// CHECK-NEXT: hal.tensor.transients %arg0 : tensor<?xf32>{%arg1} from %arg3
// CHECK-NEXT: util.return
util.func public @transients(%0: tensor<?xf32>, %size: index, %inner: !hal.buffer, %outer: !hal.buffer) -> tensor<?xf32> {
  %1 = hal.tensor.transients %0 : tensor<?xf32>{%size} from %inner : !hal.buffer
  %2 = hal.tensor.transients %1 : tensor<?xf32>{%size} from %outer : !hal.buffer
  util.return %2 : tensor<?xf32>
}

// CHECK-LABEL: @barrier
// CHECK: %[[R:.+]]:2 = hal.tensor.barrier join(%arg0, %arg1 :
// CHECK: util.return %[[R]]#0, %[[R]]#0, %[[R]]#1
util.func public @barrier(%a: tensor<1xf32>, %b: tensor<2xf32>, %fence: !hal.fence) -> (tensor<1xf32>, tensor<1xf32>, tensor<2xf32>) {
  %0:3 = hal.tensor.barrier join(%a, %a, %b : tensor<1xf32>, tensor<1xf32>, tensor<2xf32>) => %fence : !hal.fence
  util.return %0#0, %0#1, %0#2 : tensor<1xf32>, tensor<1xf32>, tensor<2xf32>
}

// -----

// ---- executables

// CHECK-LABEL: @constants
hal.executable private @constants {
  hal.executable.variant public @variant target(#hal.executable.target<"backend", "format">) {
    // A condition that is always true goes, and with it the way to the fallback; others stay.
    // CHECK: hal.executable.export public @always ordinal(0) layout(#pipeline_layout)
    // CHECK-NEXT: hal.executable.export public @never ordinal(1) layout(#pipeline_layout) condition
    // CHECK: fallback(@always)
    hal.executable.export public @always ordinal(0) layout(#hal.pipeline.layout<bindings = []>) condition(%d: !hal.device) -> i1 {
      %true = arith.constant true
      hal.return %true : i1
    } fallback(@never)
    hal.executable.export public @never ordinal(1) layout(#hal.pipeline.layout<bindings = []>) condition(%d: !hal.device) -> i1 {
      %false = arith.constant false
      hal.return %false : i1
    } fallback(@always)
    // One block for all constants; the first of two values for a key holds; the device is taken where it is asked.
    // CHECK: hal.executable.constant.block(%[[DEVICE:.+]]: !hal.device) -> (i32, i32) as ("a", "b") {
    // CHECK: %[[ONE:.+]] = arith.constant 1 : i32
    // CHECK: %{{.+}}, %[[V:.+]] = hal.device.query<%[[DEVICE]]
    // CHECK: hal.return %[[ONE]], %[[V]] : i32, i32
    // CHECK-NOT: hal.executable.constant.block
    hal.executable.constant.block(%unused: !hal.device) -> i32 as "a" {
      %0 = arith.constant 1 : i32
      hal.return %0 : i32
    }
    hal.executable.constant.block(%device: !hal.device) -> (i32, i32) as ("b", "a") {
      %ok, %value = hal.device.query<%device : !hal.device> key("x" :: "y") : i1, i32 = 0 : i32
      %0 = arith.constant 2 : i32
      hal.return %value, %0 : i32, i32
    }
  }
}
