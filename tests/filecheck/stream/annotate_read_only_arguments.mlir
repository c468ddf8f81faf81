// RUN: pyrie opt --pyrie-stream-annotate-read-only-arguments %s | FileCheck %s

// CHECK-LABEL: util.func public @reads
// CHECK-SAME:  iree.abi.declaration = "f", pyrie.arguments = "read-only"
util.func public @reads(%view: !hal.buffer_view) attributes {iree.reflection = {iree.abi.declaration = "f"}} {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %in = stream.tensor.import %view : !hal.buffer_view -> tensor<f32> in !stream.resource<external>{%c4}
  %out = stream.resource.alloc uninitialized : !stream.resource<external>{%c4}
  %done = stream.cmd.execute with(%in as %a: !stream.resource<external>{%c4}, %out as %b: !stream.resource<external>{%c4}) {
    stream.cmd.copy %a[%c0], %b[%c0], %c4 : !stream.resource<external>{%c4} -> !stream.resource<external>{%c4}
  } => !stream.timepoint
  %ready = stream.timepoint.await %done => %out : !stream.resource<external>{%c4}
  util.return
}

// CHECK-LABEL: util.func public @writes
// CHECK-NOT:   read-only
util.func public @writes(%view: !hal.buffer_view) attributes {iree.reflection = {iree.abi.declaration = "f"}} {
  %c0 = arith.constant 0 : index
  %c0_i8 = arith.constant 0 : i8
  %c4 = arith.constant 4 : index
  %in = stream.tensor.import %view : !hal.buffer_view -> tensor<f32> in !stream.resource<external>{%c4}
  %done = stream.cmd.execute with(%in as %a: !stream.resource<external>{%c4}) {
    stream.cmd.fill %c0_i8, %a[%c0 for %c4] : i8 -> !stream.resource<external>{%c4}
  } => !stream.timepoint
  %ready = stream.timepoint.await %done => %in : !stream.resource<external>{%c4}
  util.return
}

// CHECK-LABEL: util.func public @exports
// CHECK-NOT:   read-only
util.func public @exports(%view: !hal.buffer_view) -> !hal.buffer_view attributes {iree.reflection = {iree.abi.declaration = "f"}} {
  %c4 = arith.constant 4 : index
  %in = stream.tensor.import %view : !hal.buffer_view -> tensor<f32> in !stream.resource<external>{%c4}
  %out = stream.tensor.export %in : tensor<f32> in !stream.resource<external>{%c4} -> !hal.buffer_view
  util.return %out : !hal.buffer_view
}

// CHECK-LABEL: util.func public @hands_back
// CHECK-NOT:   read-only
util.func public @hands_back(%view: !hal.buffer_view) -> !hal.buffer_view attributes {iree.reflection = {iree.abi.declaration = "f"}} {
  %c4 = arith.constant 4 : index
  %in = stream.tensor.import %view : !hal.buffer_view -> tensor<f32> in !stream.resource<external>{%c4}
  util.return %view : !hal.buffer_view
}
