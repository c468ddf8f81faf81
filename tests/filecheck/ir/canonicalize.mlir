// RUN: pyrie opt --canonicalize %s | FileCheck %s

// Constants fold, are shared, and stand in front; what is unused goes.
// CHECK-LABEL: @constants
// CHECK-DAG:     %[[C2:.+]] = arith.constant 2 : index
// CHECK-DAG:     %[[C3:.+]] = arith.constant 3 : index
// CHECK-NOT:     arith.constant
// CHECK-NOT:     arith.muli
// CHECK:         %[[SUM:.+]] = arith.addi %arg0, %[[C3]]
// CHECK:         util.return %[[SUM]], %[[C2]], %[[C2]]
util.func public @constants(%a: index) -> (index, index, index) {
  %dead = arith.muli %a, %a : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = arith.addi %c1, %c2 : index
  %1 = arith.addi %a, %0 : index
  %c2_again = arith.constant 2 : index
  util.return %1, %c2, %c2_again : index, index, index
}

// Unreachable blocks go, blocks in a row join, arguments that are always the same value are that value.
// CHECK-LABEL: @blocks
// CHECK:         cf.cond_br %arg1, ^bb1, ^bb2(%arg0 : index)
// CHECK:       ^bb1:
// CHECK-NEXT:    %[[SUM:.+]] = arith.addi %arg0, %arg0
// CHECK-NEXT:    cf.br ^bb2(%[[SUM]] : index)
// CHECK:       ^bb2(%[[W:.+]]: index):
// CHECK-NEXT:    arith.addi %[[W]], %arg0
// CHECK-NEXT:    util.return
// CHECK-NOT:   ^bb3
util.func public @blocks(%a: index, %p: i1) -> index {
  cf.cond_br %p, ^bb1(%a : index), ^bb2(%a : index)
^bb1(%x: index):
  %y = arith.addi %x, %a : index
  cf.br ^bb3(%y, %a : index, index)
^bb2(%z: index):
  cf.br ^bb3(%z, %a : index, index)
^bb3(%w: index, %v: index):
  cf.br ^bb4
^bb4:
  %u = arith.addi %w, %v : index
  util.return %u : index
^bb5:
  cf.br ^bb5
}

// Ops with effects stay although nobody reads their results.
// CHECK-LABEL: @effects
// CHECK:         util.call @outside()
util.func private @outside() -> index
util.func public @effects() {
  %0 = util.call @outside() : () -> index
  util.return
}
