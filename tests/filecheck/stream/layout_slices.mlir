// RUN: pyrie opt --iree-stream-layout-slices %s | FileCheck %s

// Slices that live at the same time lie beside each other; later ones reuse the place. All offsets are multiples of 64.
// CHECK-LABEL: @static
util.func public @static() -> (index, index, index, index) {
  %c100 = arith.constant 100 : index
  %c200 = arith.constant 200 : index
  // CHECK-NOT: stream.resource.pack
  %0:4 = stream.resource.pack slices({
    [0, 1] = %c100,
    [1, 2] = %c200,
    [3, 4] = %c100
  }) : index
  // CHECK: util.return %c384, %c256, %c0, %c0
  util.return %0#0, %0#1, %0#2, %0#3 : index, index, index, index
}

// Slices of one dynamic size take turns in a lane of that size.
// CHECK-LABEL: @dynamic
util.func public @dynamic(%s: index, %t: index) -> (index, index, index, index, index) {
  %c64 = arith.constant 64 : index
  // CHECK: %[[LANE:.+]] = util.align %arg0, %c64
  // CHECK: %[[END:.+]] = arith.addi %c64{{.*}}, %[[LANE]]
  // CHECK: %[[OTHER:.+]] = util.align %arg1, %c64
  // CHECK: %[[TOTAL:.+]] = arith.addi %[[END]], %[[OTHER]]
  %0:5 = stream.resource.pack slices({
    [0, 4] = %c64,
    [0, 1] = %s,
    [2, 3] = %s,
    [1, 2] = %t
  }) : index
  // CHECK: util.return %[[TOTAL]], %c0, %c64{{.*}}, %c64{{.*}}, %[[END]]
  util.return %0#0, %0#1, %0#2, %0#3, %0#4 : index, index, index, index, index
}
