// RUN: pyrie opt --symbol-dce %s | FileCheck %s

// CHECK-NOT: @unused
// CHECK:     util.global private @by_initializer
// CHECK-NOT: @only_each_other
// CHECK:     util.func private @called
// CHECK:     util.func public @entry
util.global private @unused : index
util.global private @by_initializer : index
util.initializer {
  %c1 = arith.constant 1 : index
  util.global.store %c1, @by_initializer : index
  util.return
}
util.func private @only_each_other_0() {
  util.call @only_each_other_1() : () -> ()
  util.return
}
util.func private @only_each_other_1() {
  util.call @only_each_other_0() : () -> ()
  util.return
}
util.func private @called() {
  util.return
}
util.func public @entry() {
  util.call @called() : () -> ()
  util.return
}
