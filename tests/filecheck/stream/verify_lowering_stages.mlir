// RUN: not pyrie opt --iree-stream-verify-lowering-to-tensors %s 2>&1 | FileCheck %s --check-prefix=TENSORS
// RUN: not pyrie opt --iree-stream-verify-lowering-to-async-resources %s 2>&1 | FileCheck %s --check-prefix=RESOURCES
// RUN: not pyrie opt --iree-stream-verify-lowering-to-async %s 2>&1 | FileCheck %s --check-prefix=ASYNC
// RUN: not pyrie opt --iree-stream-verify-lowering-to-cmd %s 2>&1 | FileCheck %s --check-prefix=CMD

util.func public @leftovers(%v: i32, %s: index) {
  // TENSORS: 'flow.tensor.splat' still handles a tensor
  %0 = flow.tensor.splat %v : tensor<4xi32>
  // RESOURCES: 'stream.tensor.splat' still handles a tensor
  %1 = stream.tensor.splat %v : i32 -> tensor<4xi32> in !stream.resource<transient>{%s}
  // ASYNC: 'stream.async.splat' has a resource of unknown lifetime
  // CMD: 'stream.async.splat' still has value semantics
  %2 = stream.async.splat %v : i32 -> !stream.resource<*>{%s}
  util.optimization_barrier %0 : tensor<4xi32>
  util.optimization_barrier %1 : !stream.resource<transient>
  util.optimization_barrier %2 : !stream.resource<*>
  util.return
}
