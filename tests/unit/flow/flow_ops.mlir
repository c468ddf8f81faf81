// Every kind of op of the flow dialect, as the real tool prints it.
module {
  flow.executable private @ex {
    flow.executable.export public @e workgroups(%arg0: index) -> (index, index, index) {
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%arg0)
      flow.return %x, %y, %z : index, index, index
    }
    flow.executable.export private @e as("other") 
    builtin.module {
      func.func @e(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<4x?xf32>>, %arg1: index, %arg2: !iree_tensor_ext.dispatch.tensor<readwrite:tensor<4x?xf32>>) {
        %0 = iree_tensor_ext.dispatch.workload.ordinal %arg1, 0 : index
        %1 = flow.dispatch.tie_shape %arg0 : !iree_tensor_ext.dispatch.tensor<readonly:tensor<4x?xf32>>{%0}
        %2 = iree_tensor_ext.dispatch.tensor.load %1, offsets = [0, %0], sizes = [4, %0], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<4x?xf32>>{%0} -> tensor<4x?xf32>
        %3 = iree_tensor_ext.compute_barrier.start %2 : tensor<4x?xf32>{%0} -> tensor<4x?xf32>
        %4 = iree_tensor_ext.compute_barrier.end %3 : tensor<4x?xf32>{%0} -> tensor<4x?xf32>
        %5 = iree_tensor_ext.bitcast %4 : tensor<4x?xf32>{%0} -> tensor<4x?xi32>{%0}
        iree_tensor_ext.dispatch.tensor.store %4, %arg2, offsets = [0, 0], sizes = [4, %0], strides = [1, 1] : tensor<4x?xf32> -> !iree_tensor_ext.dispatch.tensor<readwrite:tensor<4x?xf32>>{%0}
        %workgroup_id_0 = flow.dispatch.workgroup.id[0] : index
        %workgroup_count_1 = flow.dispatch.workgroup.count[1] : index
        %workgroup_size_2 = flow.dispatch.workgroup.size[2] : index
        return
      }
    }
  }
  util.func private @f(%arg0: tensor<4x?xf32>, %arg1: index, %arg2: f32, %arg3: tensor<4xf32>) {
    %0 = flow.dispatch @ex::@e[%arg1](%arg0, %arg1) : (tensor<4x?xf32>{%arg1}, index) -> tensor<4x?xf32>{%arg1}
    %1:2 = flow.dispatch {@ex::@e, @ex::@other}[%arg1](%arg0, %arg1) : (tensor<4x?xf32>{%arg1}, index) -> (tensor<4x?xf32>{%arg1}, %arg0 as tensor<?x5xf32>{%arg1})
    %2 = flow.dispatch @ex::@e[%arg1](%arg0, %arg1) : (tensor<4x?xf32>{%arg1}, index) -> %arg0{%arg1}
    %3 = flow.tensor.load %arg0[%arg1, %arg1] : tensor<4x?xf32>{%arg1}
    %4 = flow.tensor.store %arg2, %arg0[%arg1, %arg1] : tensor<4x?xf32>{%arg1}
    %5 = flow.tensor.splat %arg2 : tensor<4x?xf32>{%arg1}
    %6 = flow.tensor.update %arg0, %5[%arg1, %arg1] : tensor<4x?xf32>{%arg1} -> %5 as tensor<4x?xf32>{%arg1}
    %7 = flow.tensor.slice %arg0[%arg1, %arg1 for %arg1, %arg1] : tensor<4x?xf32>{%arg1} -> tensor<?x?xf32>{%arg1, %arg1}
    %8 = flow.tensor.reshape %arg0 : tensor<4x?xf32>{%arg1} -> tensor<?xf32>{%arg1}
    %9 = flow.tensor.bitcast %arg0 : tensor<4x?xf32>{%arg1} -> tensor<4x?xi32>{%arg1}
    %10 = flow.tensor.alloca : tensor<?xf32>{%arg1}
    %11 = flow.tensor.empty : tensor<?xf32>{%arg1}
    %12 = flow.tensor.clone %arg0 : tensor<4x?xf32>{%arg1}
    %13 = flow.tensor.constant dense<1.000000e+00> : tensor<4xf32>
    %14 = flow.tensor.dynamic_constant dense<1.000000e+00> : tensor<4xf32> -> tensor<?xf32>
    %15 = flow.tensor.tie_shape %arg0 : tensor<4x?xf32>{%arg1}
    %16 = flow.tensor.encode %arg0 : tensor<4x?xf32>{%arg1} -> tensor<4x?xf32>{%arg1}
    flow.tensor.trace "x" = [%arg0 : tensor<4x?xf32>{%arg1}, %13 : tensor<4xf32>]
    %17 = flow.dispatch.workgroups[%arg1](%arg0, %arg1) : (tensor<4x?xf32>{%arg1}, index) -> tensor<4x?xf32>{%arg1} =
        (%arg4: !iree_tensor_ext.dispatch.tensor<readonly:tensor<4x?xf32>>, %arg5: index, %arg6: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<4x?xf32>>) {
      flow.return
    } count(%arg4: index) -> (index, index, index) {
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%arg4)
      flow.return %x, %y, %z : index, index, index
    }
    %18 = flow.dispatch.region[%arg1] -> (tensor<4x?xf32>{%arg1}) {
      flow.return %arg0 : tensor<4x?xf32>
    } count(%arg4: index) -> (index, index, index) {
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice(%arg4)
      flow.return %x, %y, %z : index, index, index
    }
    %19 = flow.tensor.transfer %13 : tensor<4xf32> to "x"
    %20 = flow.tensor.barrier %13 : tensor<4xf32> on "x"
    %default_channel = flow.channel.default : !flow.channel
    %channel = flow.channel.split %default_channel, %arg1, %arg1 : !flow.channel -> !flow.channel
    %channel_rank = flow.channel.rank %channel : index
    %channel_count = flow.channel.count %channel : index
    %21 = flow.collective.all_reduce sum, f32, %arg3, %13, %default_channel : (tensor<4xf32>, tensor<4xf32>, !flow.channel) -> %arg3 as tensor<4xf32>
    %22 = flow.collective.all_gather f32, %arg3, %13, %default_channel : (tensor<4xf32>, tensor<4xf32>, !flow.channel) -> %arg3 as tensor<4xf32>
    util.return
  }
}

