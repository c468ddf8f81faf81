// RUN: pyrie opt --iree-stream-encode-host-tensors %s | FileCheck %s

// CHECK-LABEL: @sizes
util.func public @sizes(%d: index, %e: index) -> (index, index, index) {
  %0 = stream.tensor.sizeof tensor<2x3xf32> : index
  // CHECK: %[[A:.+]] = arith.muli %arg0, %c12
  // CHECK: %[[B:.+]] = arith.muli %arg1, %[[A]]
  %1 = stream.tensor.sizeof tensor<?x3x?xf32>{%d, %e} : index
  // i1 takes a byte.
  %2 = stream.tensor.sizeof tensor<7xi1> : index
  // CHECK: util.return %c24, %[[B]], %c7
  util.return %0, %1, %2 : index, index, index
}

// CHECK-LABEL: @patterns
util.func private @patterns(%s: index, %f: f32, %b: i1) -> (!stream.resource<*>, !stream.resource<*>, !stream.resource<*>, !stream.resource<*>) {
  // A constant is filled in the shortest pattern.
  // CHECK: stream.async.splat %c0_i8 : i8
  %zero = arith.constant 0.0 : f32
  %0 = stream.tensor.splat %zero : f32 -> tensor<4xf32> in !stream.resource<*>{%s}
  // CHECK: stream.async.splat %c257_i32 : i32
  %wide = arith.constant 257 : i32
  %1 = stream.tensor.splat %wide : i32 -> tensor<4xi32> in !stream.resource<*>{%s}
  // CHECK: %[[BITS:.+]] = arith.bitcast %arg1 : f32 to i32
  // CHECK: stream.async.splat %[[BITS]] : i32
  %2 = stream.tensor.splat %f : f32 -> tensor<4xf32> in !stream.resource<*>{%s}
  // CHECK: %[[BYTE:.+]] = arith.extui %arg2 : i1 to i8
  // CHECK: stream.async.splat %[[BYTE]] : i8
  %3 = stream.tensor.splat %b : i1 -> tensor<16xi1> in !stream.resource<*>{%s}
  util.return %0, %1, %2, %3 : !stream.resource<*>, !stream.resource<*>, !stream.resource<*>, !stream.resource<*>
}

// CHECK-LABEL: @ranges
util.func private @ranges(%r: !stream.resource<*>, %u: !stream.resource<*>, %s: index, %i: index) -> (!stream.resource<*>, !stream.resource<*>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  // CHECK: %[[ROW:.+]] = arith.muli %arg3, %c4
  // CHECK: %[[OFFSET:.+]] = arith.muli %[[ROW]], %c4
  // CHECK: %[[END:.+]] = arith.addi %[[OFFSET]], %c16
  // CHECK: stream.async.slice %arg0[%[[OFFSET]] to %[[END]]]
  %0 = stream.tensor.slice %r[%i, %c0 for %c1, %c4] : tensor<8x4xf32> in !stream.resource<*>{%s} -> tensor<1x4xf32> in !stream.resource<*>{%c16}
  // CHECK: stream.async.update %arg1, %arg0[%c0 to %c16]
  %1 = stream.tensor.update %u, %r[%c0, %c0] : tensor<1x4xf32> in !stream.resource<*>{%c16} -> tensor<8x4xf32> in %r as !stream.resource<*>{%s}
  util.return %0, %1 : !stream.resource<*>, !stream.resource<*>
}

// CHECK-LABEL: @constant
util.func private @constant() -> !stream.resource<constant> {
  // CHECK: stream.async.constant : !stream.resource<constant>{%c3} = dense<[1, 0, 1]> : tensor<3xi8>
  %0 = stream.tensor.constant : tensor<3xi1> in !stream.resource<constant> = dense<[true, false, true]> : tensor<3xi1>
  util.return %0 : !stream.resource<constant>
}
