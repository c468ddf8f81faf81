// RUN: pyrie opt --inline %s | FileCheck %s

// CHECK-NOT: @square
util.func private @square(%a: index) -> index {
  %0 = arith.muli %a, %a : index
  util.return %0 : index
}

// CHECK-LABEL: util.func private @kept
util.func private @kept(%a: index) -> index attributes {inlining_policy = #util.inline.never} {
  util.return %a : index
}

// CHECK-LABEL: util.func private @recursive
util.func private @recursive(%a: index) -> index {
  %0 = util.call @recursive(%a) : (index) -> index
  util.return %0 : index
}

// CHECK-NOT: @choose
util.func private @choose(%p: i1, %a: index, %b: index) -> index {
  cf.cond_br %p, ^bb1, ^bb2
^bb1:
  util.return %a : index
^bb2:
  util.return %b : index
}

// CHECK-LABEL: @straight
// CHECK:         %[[SQUARE:.+]] = arith.muli %arg0, %arg0
// CHECK-NEXT:    %[[AGAIN:.+]] = arith.muli %[[SQUARE]], %[[SQUARE]]
// CHECK-NEXT:    %[[KEPT:.+]] = util.call @kept(%[[AGAIN]])
// CHECK-NEXT:    %[[LOOP:.+]] = util.call @recursive(%[[KEPT]])
// CHECK-NEXT:    util.return %[[LOOP]]
util.func public @straight(%a: index) -> index {
  %0 = util.call @square(%a) : (index) -> index
  %1 = util.call @square(%0) : (index) -> index
  %2 = util.call @kept(%1) : (index) -> index
  %3 = util.call @recursive(%2) : (index) -> index
  util.return %3 : index
}

// CHECK-LABEL: @blocks
// CHECK:         cf.cond_br %arg0, ^bb1, ^bb2
// CHECK:       ^bb1:
// CHECK-NEXT:    cf.br ^bb3(%arg1 : index)
// CHECK:       ^bb2:
// CHECK-NEXT:    cf.br ^bb3(%arg2 : index)
// CHECK:       ^bb3(%[[R:.+]]: index):
// CHECK-NEXT:    %[[SUM:.+]] = arith.addi %[[R]], %[[R]]
// CHECK-NEXT:    util.return %[[SUM]]
util.func public @blocks(%p: i1, %a: index, %b: index) -> index {
  %0 = util.call @choose(%p, %a, %b) : (i1, index, index) -> index
  %1 = arith.addi %0, %0 : index
  util.return %1 : index
}
