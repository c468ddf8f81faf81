// The first half of the result is ones, the second half is the first half of the input: work that depends on a size which calls choose.
// It needs no kernel, so that any runtime can do it. @later returns at once; its result is there when the second fence is signalled.

util.global private @device = #hal.device.target<"local"> : !hal.device

util.func private @work(%view: !hal.buffer_view, %wait: !hal.fence, %signal: !hal.fence) -> !hal.buffer_view {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %pool = arith.constant 0 : i64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %one = arith.constant 0x3F800000 : i32
  %rows = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
  %size = arith.muli %rows, %c16 : index
  %half = arith.divui %size, %c2 : index
  %input = hal.buffer_view.buffer<%view : !hal.buffer_view> : !hal.buffer
  %types = hal.memory_type<"DeviceVisible|DeviceLocal|HostVisible"> : i32
  %usage = hal.buffer_usage<"TransferSource|TransferTarget|Transfer|DispatchStorageRead|DispatchStorageWrite|DispatchStorage|MappingScoped"> : i32
  %ready = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  %output = hal.device.queue.alloca<%device : !hal.device> affinity(%any) wait(%wait) signal(%ready) pool(%pool) type(%types) usage(%usage) flags("None") : !hal.buffer{%size}
  %commands = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Transfer) affinity(%any) bindings(%c2) : !hal.command_buffer
    hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%c1 : index)[%c0, %size] pattern(%one : i32) flags("None")
    hal.command_buffer.execution_barrier<%cmd : !hal.command_buffer> source("Dispatch|Transfer|CommandRetire") target("CommandIssue|Dispatch|Transfer") flags("None")
    hal.command_buffer.copy_buffer<%cmd : !hal.command_buffer> source(%c0 : index)[%c0] target(%c1 : index)[%half] length(%half) flags("None")
    hal.command_buffer.execution_barrier<%cmd : !hal.command_buffer> source("Dispatch|Transfer|CommandRetire") target("CommandIssue|Dispatch|Transfer") flags("None")
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  hal.device.queue.execute.indirect<%device : !hal.device> affinity(%any) wait(%ready) signal(%signal) commands(%commands) bindings([
    (%input : !hal.buffer)[%c0, %size],
    (%output : !hal.buffer)[%c0, %size]
  ]) flags("None")
  %f32 = hal.element_type<f32> : i32
  %rows_first = hal.encoding_type<dense_row_major> : i32
  %result = hal.buffer_view.create buffer(%output : !hal.buffer)[%c0, %size] shape([%rows, %c4]) type(%f32) encoding(%rows_first) : !hal.buffer_view
  util.return %result : !hal.buffer_view
}

util.func public @main(%view: !hal.buffer_view) -> !hal.buffer_view attributes {iree.abi.stub, iree.reflection = {iree.abi.declaration = "sync func @main(%input0: tensor<?x4xf32>) -> (%output0: tensor<?x4xf32>)"}} {
  %device = util.global.load immutable @device : !hal.device
  %forever = arith.constant -1 : i32
  %none = util.null : !hal.fence
  %done = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  %result = util.call @work(%view, %none, %done) : (!hal.buffer_view, !hal.fence, !hal.fence) -> !hal.buffer_view
  %status = hal.fence.await until([%done]) timeout_millis(%forever) flags("None") : i32
  util.status.check_ok %status, "failed to wait on timepoint"
  util.return %result : !hal.buffer_view
}

util.func public @later(%view: !hal.buffer_view, %wait: !hal.fence, %signal: !hal.fence) -> !hal.buffer_view attributes {iree.abi.stub} {
  %result = util.call @work(%view, %wait, %signal) : (!hal.buffer_view, !hal.fence, !hal.fence) -> !hal.buffer_view
  util.return %result : !hal.buffer_view
}
