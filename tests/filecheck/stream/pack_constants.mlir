// RUN: pyrie opt --iree-stream-pack-constants --cse %s | FileCheck %s

// CHECK: #composite_of_128b = #util.composite<128xi8, [
// CHECK-NEXT: dense<[1, 2, 3]> : tensor<3xi32>,
// CHECK-NEXT: dense<0> : vector<52xi8>,
// CHECK-NEXT: dense<4> : tensor<2xi32>,
// CHECK-NEXT: dense<0> : vector<56xi8>,
// CHECK-NEXT: ]>

// CHECK-LABEL: @constants
util.func public @constants() -> (!stream.resource<constant>, !stream.resource<constant>, !stream.timepoint) {
  %c8 = arith.constant 8 : index
  %c12 = arith.constant 12 : index
  // CHECK: %[[NOW:.+]] = stream.timepoint.immediate
  // CHECK: %[[OK:.+]], %[[MAPPED:.+]] = stream.resource.try_map %{{.+}}[%c0] : !util.buffer -> i1, !stream.resource<constant>{%c128}
  // CHECK: cf.cond_br %[[OK]], ^bb2(%[[NOW]], %[[MAPPED]] : !stream.timepoint, !stream.resource<constant>), ^bb1
  // CHECK: ^bb1:
  // CHECK: %[[MEMORY:.+]] = stream.resource.alloc uninitialized : !stream.resource<constant>{%c128}
  // CHECK: %[[FILE:.+]] = stream.file.constant %{{.+}}[%c0 for %c128]
  // CHECK: %[[READ:.+]] = stream.file.read : %[[FILE]][%{{.+}}], %[[MEMORY]][%c0], %c128
  // CHECK: cf.br ^bb2(%[[READ]], %[[MEMORY]]
  // CHECK: ^bb2(%[[T:.+]]: !stream.timepoint, %[[ALL:.+]]: !stream.resource<constant>):
  // CHECK: %[[A:.+]] = stream.resource.subview %[[ALL]][%c0] : !stream.resource<constant>{%c128} -> !stream.resource<constant>{%c12}
  // CHECK: %[[B:.+]] = stream.resource.subview %[[ALL]][%c64] : !stream.resource<constant>{%c128} -> !stream.resource<constant>{%c8}
  %0:2, %t = stream.resource.constants :
    !stream.resource<constant>{%c12} = dense<[1, 2, 3]> : tensor<3xi32>,
    !stream.resource<constant>{%c8} = dense<4> : tensor<2xi32>
    => !stream.timepoint
  // CHECK: util.return %[[A]], %[[B]], %[[T]]
  util.return %0#0, %0#1, %t : !stream.resource<constant>, !stream.resource<constant>, !stream.timepoint
}

// What the program will write is never mapped.
// CHECK-LABEL: @variable
util.func public @variable() -> (!stream.resource<variable>, !stream.timepoint) {
  %c12 = arith.constant 12 : index
  // CHECK-NOT: stream.resource.try_map
  // CHECK: stream.resource.alloc uninitialized : !stream.resource<variable>
  // CHECK: stream.file.read
  %0, %t = stream.resource.constants :
    !stream.resource<variable>{%c12} = dense<[1, 2, 3]> : tensor<3xi32>
    => !stream.timepoint
  util.return %0, %t : !stream.resource<variable>, !stream.timepoint
}
