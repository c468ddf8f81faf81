// Stores one 64-bit pattern in every element of a resource: commands fill with at most 32 bits.
stream.executable private @__builtin_fill_i64 {
  stream.executable.export public @__builtin_fill_i64 workgroups(%elements: index) -> (index, index, index) {
    %columns, %rows, %planes = iree_tensor_ext.dispatch.workgroup_count_from_slice(%elements)
    stream.return %columns, %rows, %planes : index, index, index
  }
  builtin.module {
    func.func @__builtin_fill_i64(%pattern: i64, %length: index, %resource: !stream.binding) {
      %start = arith.constant 0 : index
      %elements = iree_tensor_ext.dispatch.workload.ordinal %length, 0 : index
      %shape = tensor.empty(%elements) : tensor<?xi64>
      %filled = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%shape : tensor<?xi64>) {
      ^bb0(%old: i64):
        linalg.yield %pattern : i64
      } -> tensor<?xi64>
      %target = stream.binding.subspan %resource[%start] : !stream.binding -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xi64>>{%elements}
      iree_tensor_ext.dispatch.tensor.store %filled, %target, offsets = [0], sizes = [%elements], strides = [1]
          : tensor<?xi64> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<?xi64>>{%elements}
      return
    }
  }
}
