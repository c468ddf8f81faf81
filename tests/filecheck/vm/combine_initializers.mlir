// RUN: pyrie opt --iree-util-combine-initializers --canonicalize %s | FileCheck %s

// CHECK: util.global private @a
util.global private @a : index
// CHECK-NOT: util.initializer
util.initializer {
  %c1 = arith.constant 1 : index
  util.global.store %c1, @a : index
  util.return
}
// CHECK: util.global private @b
util.global private @b : index
// CHECK: util.initializer {
util.initializer {
  // CHECK: util.global.store %c1, @a
  // CHECK: %[[A:.+]] = util.global.load @a
  // CHECK: util.global.store %[[A]], @b
  %0 = util.global.load @a : index
  util.global.store %0, @b : index
  util.return
}
