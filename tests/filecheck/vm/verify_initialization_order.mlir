// RUN: not pyrie opt --iree-util-verify-initialization-order %s 2>&1 | FileCheck %s

util.global private @first : index
util.func private @through() -> index {
  // CHECK: an initializer reads @second, which is initialized later
  %0 = util.global.load immutable @second : index
  util.return %0 : index
}
util.initializer {
  %0 = util.call @through() : () -> index
  util.global.store %0, @first : index
  util.return
}
util.global private @second : index
util.initializer {
  %c1 = arith.constant 1 : index
  util.global.store %c1, @second : index
  util.return
}
