#executable_target_embedded_elf_x86_64 = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#pipeline_layout = #hal.pipeline.layout<constants = 3, bindings = [#hal.pipeline.binding<storage_buffer>], flags = Indirect>
#pipeline_layout1 = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer, ReadOnly>]>
module {
  func.func @f(%arg0: tensor<2xf32>, %arg1: tensor<2xf32>, %arg2: i1, %arg3: !hal.device, %arg4: !hal.buffer, %arg5: index, %arg6: i32, %arg7: i32, %arg8: i64) {
    check.expect_almost_eq(%arg0, %arg1, atol 0.00999999977) : tensor<2xf32>
    check.expect_eq_const(%arg0, dense<1.000000e+00> : tensor<2xf32>) : tensor<2xf32>
    check.expect_almost_eq_const(%arg0, dense<1.000000e+00> : tensor<2xf32>, atol 2.000000e-04, rtol 1.000000e-03) : tensor<2xf32>
    check.expect_true(%arg2) : i1
    %0:2 = util.assume.int 
        %arg6[<umin = 0, umax = 16>, <umin = 4, udiv = 2>], 
        %arg7<umax = 3>
      : i32, i32
    %1 = util.assume.int %arg5<umin = 4, umax = 8, udiv = 4> : index
    %2 = util.switch index from [%arg5, %arg5] at %arg5 else %arg5 : index
    %3 = util.sizeof tensor<4xf32>
    %min, %max = util.range.extents [%arg5 for %arg5], [%arg5 for %1] : index
    %4 = util.align %arg5, %1 : index
    %5 = util.list.create %arg5 : !util.list<?>
    util.list.set %5[%arg5], %arg6 : i32 -> !util.list<?>
    %6 = util.list.get %5[%arg5] : !util.list<?> -> i32
    %7 = util.list.construct [%arg6 : i32, %arg7 : i32] : !util.list<i32>
    %8 = util.list.size %7 : !util.list<i32>
    %buffer = util.buffer.alloc uninitialized : !util.buffer{%arg5}
    %buffer_span = util.buffer.subspan %buffer[%arg5] : !util.buffer{%arg5} -> !util.buffer{%arg5}
    util.buffer.copy %buffer[%arg5], %buffer_span[%arg5], %arg5 : !util.buffer{%arg5} -> !util.buffer{%arg5}
    %9 = util.buffer.load %buffer[%arg5 for %arg5] : !util.buffer{%arg5} -> i32
    util.buffer.store %9, %buffer[%arg5 for %arg5] : i32 -> !util.buffer{%arg5}
    util.buffer.fill %arg6, %buffer[%arg5 for %arg5] : i32 -> !util.buffer{%arg5}
    %10 = util.buffer.compare %buffer[%arg5], %buffer_span[%arg5], %arg5 : !util.buffer{%arg5}, !util.buffer{%arg5}
    %itoa = util.string.itoa %arg5 : index -> !util.buffer
    %a_NN = util.string.format "a.{}{}"(%arg5, %itoa) : (index, !util.buffer) -> !util.buffer
    %11 = util.unfoldable_constant 4 : i32
    %12 = util.optimization_barrier %11 : i32
    %13 = util.cast %arg4 : !hal.buffer to !util.object
    %14 = util.cmp.ne %arg6, %arg7 : i32
    %device_n = hal.devices.get %arg5 : !hal.device
    %buffer_0 = hal.buffer.subspan<%arg4 : !hal.buffer>[%arg5, %arg5] : !hal.buffer
    %15 = hal.buffer.load<%buffer_0 : !hal.buffer>[%arg5] : i32
    hal.buffer.store<%buffer_0 : !hal.buffer>[%arg5] value(%15 : i32)
    %device, %queue_affinity = hal.device.resolve on(#hal.device.affinity<@d, [0, 2]>) : !hal.device, i64
    %cmd = hal.command_buffer.create device(%arg3 : !hal.device) mode("OneShot|AllowInlineExecution") categories(Transfer) affinity(%arg8) bindings(%arg5) : !hal.command_buffer
    hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%arg4 : !hal.buffer)[%arg5, %arg5] pattern(%arg6 : i32) flags("None")
    %workgroup_id_x = hal.interface.workgroup.id[0] upper_bound 3 : index
    %16 = hal.interface.constant.load layout(#pipeline_layout) ordinal(1) : i32
    %workgroup_x, %workgroup_y, %workgroup_z = hal.executable.calculate_workgroups device(%arg3 : !hal.device) target(@ex::@v::@f) workload([%arg5, %arg5]) : index, index, index
    hal.return
  }
  util.global private mutable @g : i32
  util.func public @h(%arg0: tensor<4xf32>, %arg1: index {x.y}) -> (%arg0, index {u.v}) attributes {inlining_policy = #util.inline.always} {
    %ptr_g = util.global.address @g : !util.ptr<i32>
    %0 = util.global.load.indirect %ptr_g : !util.ptr<i32> -> i32
    util.global.store.indirect %0, %ptr_g : i32 -> !util.ptr<i32>
    %1:2 = util.call @h(%arg0, %arg1) : (tensor<4xf32>, index) -> (%arg0, index)
    util.return %1#0, %arg1 : tensor<4xf32>, index
  }
  util.func private @ext(%arg0: i32, %arg1: !util.list<?>) -> i32
  util.func private @m(%arg0: tensor<?xf32>, %arg1: index, %arg2: !hal.buffer_view, %arg3: !hal.fence) -> !hal.buffer_view {
    %0 = hal.tensor.import on(#hal.device.promise<@dd>) wait(%arg3) => %arg2 "in" : !hal.buffer_view -> tensor<?xf32>{%arg1}
    %1 = hal.tensor.alias wait(%arg3) => %0 : tensor<?xf32>{%arg1} to %arg2 : !hal.buffer_view
    %2 = hal.tensor.barrier join(%1 : tensor<?xf32>) => %arg3 : !hal.fence
    %3 = hal.tensor.export %2 "out" : tensor<?xf32>{%arg1} -> !hal.buffer_view
    util.return %3 : !hal.buffer_view
  }
  hal.executable.source private @src {
    hal.executable.export public @f ordinal(0) layout(#pipeline_layout1) count(%arg0: !hal.device, %arg1: index) -> (index, index, index) {
      hal.return %arg1, %arg1, %arg1 : index, index, index
    }
  }
  hal.executable private @ex {
    hal.executable.variant public @v target(#executable_target_embedded_elf_x86_64) {
      hal.executable.condition(%arg0: !hal.device) -> i1 {
        %true = arith.constant true
        hal.return %true : i1
      }
      hal.executable.constant.block(%arg0: !hal.device) -> (i32, i32) as ("a", "b") {
        %c1_i32 = arith.constant 1 : i32
        hal.return %c1_i32, %c1_i32 : i32, i32
      }
      builtin.module {
      }
    }
  }
}

