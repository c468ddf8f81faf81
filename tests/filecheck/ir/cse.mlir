// RUN: pyrie opt --cse %s | FileCheck %s

// Equal pure ops become one; what only the second of them fed goes with it.
// CHECK-LABEL: @twice
// CHECK:         %[[SUM:.+]] = arith.addi %arg0, %arg1 : index
// CHECK-NOT:     arith.addi
// CHECK:         util.return %[[SUM]], %[[SUM]] : index, index
util.func public @twice(%a: index, %b: index) -> (index, index) {
  %0 = arith.addi %a, %b : index
  %1 = arith.addi %a, %b : index
  util.return %0, %1 : index, index
}

// Operand order and attributes tell ops apart.
// CHECK-LABEL: @different
// CHECK-COUNT-2: arith.subi
// CHECK:         arith.constant 1 : index
// CHECK:         arith.constant 2 : index
util.func public @different(%a: index, %b: index) -> (index, index, index, index) {
  %0 = arith.subi %a, %b : index
  %1 = arith.subi %b, %a : index
  %2 = arith.constant 1 : index
  %3 = arith.constant 2 : index
  util.return %0, %1, %2, %3 : index, index, index, index
}

// A block sees what dominates it; its siblings do not see what it computes.
// CHECK-LABEL: @branches
// CHECK:         %[[ENTRY:.+]] = arith.muli
// CHECK:       ^bb1
// CHECK-NOT:     arith.muli
// CHECK:         arith.addi %[[ENTRY]]
// CHECK:       ^bb2
// CHECK:         arith.addi %[[ENTRY]]
util.func public @branches(%a: index, %p: i1) -> index {
  %0 = arith.muli %a, %a : index
  cf.cond_br %p, ^bb1, ^bb2
^bb1:
  %1 = arith.muli %a, %a : index
  %2 = arith.addi %1, %1 : index
  cf.br ^bb3(%2 : index)
^bb2:
  %3 = arith.addi %0, %0 : index
  cf.br ^bb3(%3 : index)
^bb3(%r: index):
  util.return %r : index
}

util.global private mutable @state : index

// A load may be shared until something writes.
// CHECK-LABEL: @loads
// CHECK:         %[[FIRST:.+]] = util.global.load @state
// CHECK-NEXT:    util.global.store
// CHECK-NEXT:    %[[SECOND:.+]] = util.global.load @state
// CHECK-NEXT:    util.return %[[FIRST]], %[[FIRST]], %[[SECOND]]
util.func public @loads(%a: index) -> (index, index, index) {
  %0 = util.global.load @state : index
  %1 = util.global.load @state : index
  util.global.store %a, @state : index
  %2 = util.global.load @state : index
  util.return %0, %1, %2 : index, index, index
}

// Ops with regions are equal if their bodies are, op by op.
// CHECK-LABEL: @regions
// CHECK:         scf.if
// CHECK-NOT:     scf.if
// CHECK:         util.return
util.func public @regions(%a: index, %p: i1) -> (index, index) {
  %0 = scf.if %p -> (index) {
    %2 = arith.addi %a, %a : index
    scf.yield %2 : index
  } else {
    scf.yield %a : index
  }
  %1 = scf.if %p -> (index) {
    %3 = arith.addi %a, %a : index
    scf.yield %3 : index
  } else {
    scf.yield %a : index
  }
  util.return %0, %1 : index, index
}
