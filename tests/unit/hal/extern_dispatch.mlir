#executable_target_x = #hal.executable.target<"llvm-cpu", "x">
#executable_target_y = #hal.executable.target<"vmvx", "y">
#pipeline_layout = #hal.pipeline.layout<constants = 2, bindings = [#hal.pipeline.binding<storage_buffer>]>
#pipeline_layout1 = #hal.pipeline.layout<bindings = []>
module {
  util.func private @dynamic(%arg0: tensor<?x4xf32>, %arg1: index, %arg2: f32) -> (tensor<?x4xf32>, tensor<2xi8>) {
    %0:2 = hal.dispatch.extern "gemm"(%arg0, %arg2) : (tensor<?x4xf32>{%arg1}, f32) -> (tensor<?x4xf32>{%arg1}, tensor<2xi8>) count(%arg3: !hal.device) -> (index, index, index) {
      %c1 = arith.constant 1 : index
      hal.return %c1, %c1, %c1 : index, index, index
    } layout(#pipeline_layout) objects({
      #executable_target_x if(%arg3: !hal.device) -> i1 {
        %true = arith.constant true
        hal.return %true : i1
      } ordinal(7) = [#hal.executable.object<{path = "gemm.o"}>, #hal.executable.object<{path = "more.o"}>],
      #executable_target_y ordinal(0) = []
    }) <workgroup_size = [8 : index, 1 : index, 1 : index], subgroup_size = 8> attributes {seen = "once"}
    %1 = hal.dispatch.extern "in_place"[%arg1, %arg1](%arg0) : (tensor<?x4xf32>{%arg1}) -> %arg0{%arg1} count(%arg3: !hal.device, %arg4: index, %arg5: index) -> (index, index, index) {
      hal.return %arg4, %arg5, %arg5 : index, index, index
    } layout(#pipeline_layout1) objects({
      #executable_target_x ordinal(1) = [#hal.executable.object<{path = "place.o"}>]
    })
    util.return %1, %0#1 : tensor<?x4xf32>, tensor<2xi8>
  }
}

