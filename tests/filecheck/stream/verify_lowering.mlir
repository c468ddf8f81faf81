// RUN: pyrie opt --split-input-file --verify-diagnostics --iree-stream-verify-input --iree-stream-conversion --iree-stream-encode-host-tensors %s

util.func public @collective(%a: tensor<4xf32>, %c: !flow.channel) -> tensor<4xf32> {
  // expected-error @+1 {{exchanges data between devices}}
  %0 = flow.collective.all_reduce sum, f32, %a, %a, %c : (tensor<4xf32>, tensor<4xf32>, !flow.channel) -> %a as tensor<4xf32>
  util.return %0 : tensor<4xf32>
}

// -----

util.func public @workgroups(%a: tensor<4xf32>) {
  // expected-error @+1 {{cannot be scheduled}}
  %0 = flow.dispatch.workgroups(%a) : (tensor<4xf32>) -> tensor<4xf32> =
      (%x: !iree_tensor_ext.dispatch.tensor<readonly:tensor<4xf32>>, %y: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<4xf32>>) {
    flow.return
  }
  util.return
}

// -----

// expected-error @+1 {{takes or returns tensors and can be called from outside}}
util.func public @tensors(%a: tensor<4xf32>) -> tensor<4xf32> {
  util.return %a : tensor<4xf32>
}

// -----

util.func private @elsewhere(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{moves data to "other"}}
  %0 = flow.tensor.transfer %a : tensor<4xf32> to "other"
  util.return %0 : tensor<4xf32>
}

// -----

util.func private @on_host(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{cannot run on the host}}
  %0 = arith.addf %a, %a : tensor<4xf32>
  util.return %0 : tensor<4xf32>
}

// -----

util.func private @scattered(%a: tensor<4x4xf32>, %i: index) -> tensor<2x2xf32> {
  %c2 = arith.constant 2 : index
  // expected-error @+1 {{is not contiguous}}
  %0 = flow.tensor.slice %a[%i, %i for %c2, %c2] : tensor<4x4xf32> -> tensor<2x2xf32>
  util.return %0 : tensor<2x2xf32>
}
