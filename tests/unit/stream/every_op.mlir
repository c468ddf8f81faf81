// Every kind of op of the stream dialect, as the real tool prints it.
module {
  util.func private @resource(%arg0: index, %arg1: !util.buffer, %arg2: !stream.timepoint, %arg3: i64) {
    %c0 = arith.constant 0 : index
    %0 = stream.resource.alloc uninitialized : !stream.resource<variable>{%arg0}
    %result, %result_timepoint = stream.resource.alloca uninitialized await(%arg2) => !stream.resource<transient>{%arg0} => !stream.timepoint
    %result_0, %result_timepoint_1 = stream.resource.alloca uninitialized indeterminate : !stream.resource<staging>{%arg0} => !stream.timepoint
    %1 = stream.resource.dealloca origin await(%result_timepoint) => %result : !stream.resource<transient>{%arg0} => !stream.timepoint
    stream.resource.retain %0 : !stream.resource<variable>{%arg0}
    %is_terminal = stream.resource.release %0 : !stream.resource<variable>{%arg0}
    %is_terminal_2 = stream.resource.is_terminal %0 : !stream.resource<variable>{%arg0}
    %2 = stream.resource.size %0 : !stream.resource<variable>
    %did_map, %result_3 = stream.resource.try_map %arg1[%c0] : !util.buffer -> i1, !stream.resource<constant>{%arg0}
    %3 = stream.resource.load %result_0[%c0] : !stream.resource<staging>{%arg0} -> i32
    stream.resource.store %3, %result_0[%c0] : i32 -> !stream.resource<staging>{%arg0}
    %4:3 = stream.resource.pack slices({
      [0, 1] = %arg0,
      [1, 2] = %arg0
    }) : index
    %results:2, %result_timepoint_4 = stream.resource.constants : 
      !stream.resource<constant>{%arg0} = dense<1> : tensor<4xi32>,
      !stream.resource<constant>{%arg0} = dense<2> : tensor<4xi32>
      => !stream.timepoint
    %5 = stream.resource.subview %0[%c0] : !stream.resource<variable>{%arg0} -> !stream.resource<variable>{%arg0}
    %file = stream.file.constant %arg1[%c0 for %arg0] : !util.buffer{%arg0} -> !stream.file
    %6 = stream.file.read await(%arg2) => %file[%arg3], %0[%c0], %arg0 : !stream.file -> !stream.resource<variable>{%arg0} => !stream.timepoint
    %7 = stream.file.write : %0[%c0], %file[%arg3], %arg0 : !stream.resource<variable>{%arg0} -> !stream.file => !stream.timepoint
    util.return
  }
  util.func private @tensor(%arg0: index, %arg1: !stream.resource<*>, %arg2: f32, %arg3: !stream.resource<staging>, %arg4: !hal.buffer_view) {
    %c0 = arith.constant 0 : index
    %0 = stream.tensor.sizeof tensor<?x4xf32>{%arg0} : index
    %1 = stream.tensor.import consume %arg4 : !hal.buffer_view -> tensor<?x4xf32>{%arg0} in !stream.resource<external>{%0}
    %2 = stream.tensor.export %1 : tensor<?x4xf32>{%arg0} in !stream.resource<external>{%0} -> !hal.buffer_view
    %empty = stream.tensor.empty : tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}
    %cst = stream.tensor.constant : tensor<4xi32> in !stream.resource<constant> = dense<1> : tensor<4xi32>
    %3 = stream.tensor.splat %arg2 : f32 -> tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}
    %4 = stream.tensor.clone %arg1 : tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0} -> tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}
    %5 = stream.tensor.encode %arg1 : tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0} -> tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}
    %6 = stream.tensor.slice %arg1[%c0, %c0 for %arg0, %arg0] : tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0} -> tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}
    %7 = stream.tensor.fill %arg2, %arg1[%c0, %c0 for %arg0, %arg0] : f32 -> tensor<?x4xf32>{%arg0} in %arg1 as !stream.resource<*>{%0}
    %8 = stream.tensor.update %6, %7[%c0, %c0] : tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0} -> tensor<?x4xf32>{%arg0} in %7 as !stream.resource<*>{%0}
    %9 = stream.tensor.load %arg3[%c0] : tensor<4xf32> in !stream.resource<staging>{%0} -> f32
    %10 = stream.tensor.store %9, %arg3[%c0] : f32 -> tensor<4xf32> in %arg3 as !stream.resource<staging>{%0}
    stream.tensor.trace "key" = [
      %arg3 : tensor<?xf32>{%arg0} in !stream.resource<staging>{%0},
      %arg3 : tensor<4xf32> in !stream.resource<staging>{%0}
    ]
    %11:2 = stream.tensor.dispatch @ex::@f[%arg0](%arg1, %arg2, %8) : (tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}, f32, tensor<?x4xf32>{%arg0} in !stream.resource<*>{%0}) -> (tensor<4xf32> in !stream.resource<*>{%0}, tensor<?x4xf32>{%arg0} in %8{%0})
    util.return
  }
  util.func private @async(%arg0: index, %arg1: !stream.resource<*>, %arg2: i32, %arg3: !stream.resource<staging>, %arg4: !stream.timepoint) {
    %c0 = arith.constant 0 : index
    %0 = stream.async.alloca : !stream.resource<*>{%arg0}
    %cst = stream.async.constant : !stream.resource<constant>{%arg0} = dense<1> : tensor<4xi32>
    %1 = stream.async.splat %arg2 : i32 -> !stream.resource<*>{%arg0}
    %2 = stream.async.clone %1 : !stream.resource<*>{%arg0} -> !stream.resource<*>{%arg0}
    %3 = stream.async.slice %2[%c0 to %arg0] : !stream.resource<*>{%arg0} -> !stream.resource<*>{%arg0}
    %4 = stream.async.fill %arg2, %3[%c0 to %arg0 for %arg0] : i32 -> %3 as !stream.resource<*>{%arg0}
    %5 = stream.async.update %2, %4[%c0 to %arg0] : !stream.resource<*>{%arg0} -> %4 as !stream.resource<*>{%arg0}
    %6 = stream.async.copy %2[%c0 to %arg0], %5[%c0 to %arg0], %arg0 : !stream.resource<*>{%arg0} -> %5 as !stream.resource<*>{%arg0}
    %7 = stream.async.barrier %6 : !stream.resource<*>{%arg0}
    %8 = stream.async.transfer %7 : !stream.resource<*>{%arg0} -> !stream.resource<staging>{%arg0}
    %9 = stream.async.cast %cst : !stream.resource<constant>{%arg0} -> !stream.resource<*>{%arg0}
    %10 = stream.async.load %8[%c0] : !stream.resource<staging>{%arg0} -> i32
    %11 = stream.async.store %10, %8[%c0] : i32 -> %8 as !stream.resource<staging>{%arg0}
    %12:2 = stream.async.dispatch {@ex::@f, @ex::@g}[%arg0](%arg2, %7[%c0 to %arg0 for %arg0]) : (i32, !stream.resource<*>{%arg0}) -> (%7{%arg0}, !stream.resource<external>{%arg0})
    %results:2, %result_timepoint = stream.async.execute await(%arg4) => with(%9 as %arg5: !stream.resource<*>{%arg0}, %2 as %arg6: !stream.resource<*>{%arg0}) -> (%2{%arg0}, !stream.resource<*>{%arg0}) {
      %13 = stream.async.concurrent with(%arg5 as %arg7: !stream.resource<*>{%arg0}) -> !stream.resource<*>{%arg0} {
        %14 = stream.async.clone %arg7 : !stream.resource<*>{%arg0} -> !stream.resource<*>{%arg0}
        stream.yield %14 : !stream.resource<*>{%arg0}
      }
      stream.yield %arg6, %13 : !stream.resource<*>{%arg0}, !stream.resource<*>{%arg0}
    } => !stream.timepoint
    util.return
  }
  util.func private @cmd(%arg0: index, %arg1: !stream.resource<external>, %arg2: i32, %arg3: !stream.timepoint) {
    %c0 = arith.constant 0 : index
    %0 = stream.cmd.execute once await(%arg3) => with(%arg1 as %arg4: !stream.resource<external>{%arg0}, %arg1 as %arg5: !stream.resource<external>{%arg0}) {
      stream.cmd.invalidate %arg4[%c0 for %arg0] : !stream.resource<external>{%arg0}
      stream.cmd.fill %arg2, %arg4[%c0 for %arg0] : i32 -> !stream.resource<external>{%arg0}
      stream.cmd.concurrent {
        stream.cmd.copy %arg4[%c0], %arg5[%c0], %arg0 : !stream.resource<external>{%arg0} -> !stream.resource<external>{%arg0}
        stream.cmd.serial {
          stream.cmd.dispatch @ex::@f[%arg0](%arg2 : i32) {
            ro %arg4[%c0 for %arg0] : !stream.resource<external>{%arg0},
            rw %arg5[%c0 for %arg0] : !stream.resource<external>{%arg0}
          }
        }
      }
      stream.cmd.dispatch @ex::@g {
        wo %arg4[%c0 for %arg0] : !stream.resource<external>{%arg0}
      }
      stream.cmd.discard %arg5[%c0 for %arg0] : !stream.resource<external>{%arg0}
      stream.cmd.flush %arg4[%c0 for %arg0] : !stream.resource<external>{%arg0}
    } => !stream.timepoint
    util.return
  }
  util.func private @timepoint(%arg0: !hal.fence, %arg1: !stream.resource<external>, %arg2: index) -> !hal.fence {
    %0 = stream.timepoint.immediate => !stream.timepoint
    %1 = stream.timepoint.import %arg0 : (!hal.fence) => !stream.timepoint
    %2 = stream.timepoint.join max(%0, %1) => !stream.timepoint
    %result, %result_timepoint = stream.timepoint.barrier %arg1 : !stream.resource<external>{%arg2} => !stream.timepoint
    %3:2 = stream.timepoint.await sync %2 => %result, %arg1 : !stream.resource<external>{%arg2}, !stream.resource<external>{%arg2}
    stream.timepoint.chain_external %result_timepoint => (%arg0 : !hal.fence)
    %4 = stream.timepoint.export %result_timepoint => (!hal.fence)
    %channel = stream.channel.create : !stream.channel
    %channel_0 = stream.channel.split %channel, %arg2, %arg2 : !stream.channel -> !stream.channel
    %ccl_rank = stream.channel.rank %channel_0 : index
    %ccl_count = stream.channel.count %channel_0 : index
    util.return %4 : !hal.fence
  }
  stream.cmd.func private @record(%arg0[%arg1 for %arg2]: !stream.resource<*> {custom.name = "x"}, %arg3: i32) -> (i32, f32)
  stream.cmd.func private @nothing()
  util.func public @calls(%arg0: !stream.resource<external>, %arg1: index, %arg2: i32) -> !stream.timepoint {
    %c0 = arith.constant 0 : index
    %0 = stream.cmd.execute with(%arg0 as %arg3: !stream.resource<external>{%arg1}) {
      %1:2 = stream.cmd.call @record(rw %arg3[%c0 for %arg1], %arg2) : (!stream.resource<external>{%arg1}, i32) -> (i32, f32)
    } => !stream.timepoint
    util.return %0 : !stream.timepoint
  }
}

