module {
  util.func private @q(%arg0: !hal.device, %arg1: i64, %arg2: !hal.fence, %arg3: !hal.fence, %arg4: !hal.buffer, %arg5: index, %arg6: i32, %arg7: !hal.file, %arg8: !hal.command_buffer, %arg9: !util.buffer, %arg10: !hal.allocator, %arg11: !hal.buffer_view, %arg12: !hal.executable, %arg13: !hal.channel) {
    hal.device.queue.copy<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) source(%arg4 : !hal.buffer)[%arg5] target(%arg4 : !hal.buffer)[%arg5] length(%arg5) flags("None")
    hal.device.queue.update<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) source(%arg9 : !util.buffer)[%arg5] target(%arg4 : !hal.buffer)[%arg5] length(%arg5) flags("None")
    hal.device.queue.read<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) source(%arg7 : !hal.file)[%arg1] target(%arg4 : !hal.buffer)[%arg5] length(%arg5) flags("None")
    hal.device.queue.write<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) source(%arg4 : !hal.buffer)[%arg5] target(%arg7 : !hal.file)[%arg1] length(%arg5) flags("None")
    hal.device.queue.fill<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) target(%arg4 : !hal.buffer)[%arg5] length(%arg5) pattern(%arg6 : i32) flags("None")
    hal.device.queue.barrier<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) flags("None")
    hal.device.queue.execute<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) commands(%arg8) flags("None")
    hal.device.queue.execute.indirect<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) commands(%arg8) bindings([
      (%arg4 : !hal.buffer)[%arg5, %arg5]
    ]) flags("None")
    hal.device.queue.flush<%arg0 : !hal.device> affinity(%arg1)
    %transient_buffer = hal.device.queue.alloca<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) pool(%arg1) type(%arg6) usage(%arg6) flags(IndeterminateLifetime) : !hal.buffer{%arg5}
    hal.device.queue.dealloca<%arg0 : !hal.device> affinity(%arg1) wait(%arg2) signal(%arg3) buffer(%transient_buffer : !hal.buffer) flags(PreferOrigin)
    %memory_file = hal.ex.file.from_memory device(%arg0 : !hal.device) affinity(%arg1) access("Read|Write") buffer(%arg9 : !util.buffer)[%arg5 for %arg5] flags(%arg6) : !hal.file
    %did_import, %mapped = hal.allocator.import<%arg10 : !hal.allocator> source(%arg9 : !util.buffer)[%arg5, %arg5] affinity(%arg1) type(%arg6) usage(%arg6) : i1, !hal.buffer
    %buffer = hal.allocator.allocate<%arg10 : !hal.allocator> affinity(%arg1) type(%arg6) usage(%arg6) : !hal.buffer{%arg5}
    %device, %queue_affinity = hal.allocator.select from([
      (%arg0, %arg1 : !hal.device, i64),
      (%arg0, %arg1 : !hal.device, i64)
    ]) type(%arg6) usage(%arg6) : !hal.device, i64
    %0 = hal.buffer_view.dim<%arg11 : !hal.buffer_view>[1] : index
    %1 = hal.buffer_view.rank<%arg11 : !hal.buffer_view> : index
    %2 = hal.buffer_view.element_type<%arg11 : !hal.buffer_view> : i32
    hal.buffer_view.trace "k" = %arg11, %arg11 : !hal.buffer_view, !hal.buffer_view
    %exe = hal.executable.lookup device(%arg0 : !hal.device) executable(@x) : !hal.executable
    %executable = hal.executable.create device(%arg0 : !hal.device) affinity(%arg1) target(@x::@y) constants([%arg6, %arg6]) : !hal.executable
    hal.command_buffer.dispatch.indirect<%arg8 : !hal.command_buffer> target(%arg12 : !hal.executable)[%arg1] workgroups(%arg4 : !hal.buffer)[%arg5] constants([%arg6]) bindings([
      (%arg5 : index)[%arg5, %arg5]
    ]) flags("None")
    hal.command_buffer.update_buffer<%arg8 : !hal.command_buffer> source(%arg9 : !util.buffer{%arg5})[%arg5] target(%arg4 : !hal.buffer)[%arg5] length(%arg5) flags("None")
    hal.command_buffer.copy_buffer<%arg8 : !hal.command_buffer> source(%arg5 : index)[%arg5] target(%arg4 : !hal.buffer)[%arg5] length(%arg5) flags("None")
    hal.command_buffer.collective<%arg8 : !hal.command_buffer> channel(%arg13 : !hal.channel) op(<all_reduce with sum : f32>) send(%arg4 : !hal.buffer)[%arg5, %arg5] recv(%arg5 : index)[%arg5, %arg5] count(%arg5)
    hal.command_buffer.begin_debug_group<%arg8 : !hal.command_buffer> label("x")
    hal.command_buffer.end_debug_group<%arg8 : !hal.command_buffer>
    %3 = hal.command_buffer.device<%arg8 : !hal.command_buffer> : !hal.device
    %ccl_rank, %ccl_count = hal.channel.rank_and_count<%arg13 : !hal.channel> : i32, i32
    %channel = hal.channel.split<%arg13 : !hal.channel> color(%arg6) key(%arg6) flags("None") : !hal.channel
    %channel_0 = hal.channel.create device(%arg0 : !hal.device) affinity(%arg1) flags("None") id(%arg9) group(%arg9) rank(%arg6) count(%arg6) : !hal.channel
    %4 = hal.fence.query<%arg2 : !hal.fence> : i32
    hal.fence.signal<%arg2 : !hal.fence>
    hal.fence.fail<%arg2 : !hal.fence> status(%arg6)
    %length = hal.buffer.length<%arg4 : !hal.buffer> : index
    hal.buffer.allocation.preserve<%arg4 : !hal.buffer>
    %was_terminal = hal.buffer.allocation.discard<%arg4 : !hal.buffer> : i1
    %is_terminal = hal.buffer.allocation.is_terminal<%arg4 : !hal.buffer> : i1
    %memory_types, %buffer_usage = hal.allocator.resolve_memory_properties for(#hal.device.affinity<@d>) lifetime(transient) : i32, i32
    %ordinal = hal.executable.export.ordinal target(@x::@y::@z) : index
    %buffer_1 = util.buffer.slice %arg9[%arg5] : !util.buffer{%arg5} -> !util.buffer{%arg5}
    util.buffer.dealloc %arg9 : !util.buffer{%arg5}
    %5 = util.buffer.hash %arg9[%arg5 for %arg5] : !util.buffer{%arg5} -> i64
    %buffer_size = util.buffer.size %arg9 : !util.buffer
    util.scf.unreachable "no"
    %workgroup_count_y = hal.interface.workgroup.count[1] : index
    %fence = hal.fence.join at([%arg2, %arg3]) flags("None") -> !hal.fence
    util.unreachable "never"
  }
  util.func private @i(%arg0: memref<4096xi8>, %arg1: i32, %arg2: f32, %arg3: memref<4x4xf32>, %arg4: index) {
    %0 = hal.instrument.workgroup[%arg0 : memref<4096xi8>] dispatch(%arg1) : index
    hal.instrument.print[%arg0 : memref<4096xi8> for %0] "plain"
    hal.instrument.print[%arg0 : memref<4096xi8> for %0] "%d %f" * (%arg1, %arg2 : i32, f32)
    %1 = hal.instrument.value[%arg0 : memref<4096xi8> for %0] 3 : i8 = %arg2 : f32
    %2 = hal.instrument.memory.load[%arg0 : memref<4096xi8> for %0] %arg3[%arg4, %arg4], %arg2 : memref<4x4xf32>, f32
    %3 = hal.instrument.memory.store[%arg0 : memref<4096xi8> for %0] %arg3[%arg4, %arg4], %arg2 : memref<4x4xf32>, f32
    util.return
  }
}

