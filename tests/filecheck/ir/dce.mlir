// RUN: pyrie opt --dce %s | FileCheck %s

// CHECK-LABEL: @chain
// CHECK-NEXT:    util.return %arg0
util.func public @chain(%a: index) -> index {
  %0 = arith.addi %a, %a : index
  %1 = arith.muli %0, %0 : index
  util.return %a : index
}

util.global private mutable @state : index

// A store is an effect, a load is none.
// CHECK-LABEL: @effects
// CHECK-NOT:     util.global.load
// CHECK:         util.global.store
// CHECK-NEXT:    util.return
util.func public @effects(%a: index) {
  %0 = util.global.load @state : index
  util.global.store %a, @state : index
  util.return
}
