// RUN: pyrie opt --split-input-file --verify-diagnostics %s | FileCheck %s

// Less of a shape may be known where a tensor is loaded.
// CHECK: util.global.load @tensor : tensor<?xf32>
util.global private mutable @tensor : tensor<4xf32>
util.func public @f() {
  %0 = util.global.load @tensor : tensor<?xf32>
  util.return
}

// -----

util.func public @f() {
  // expected-error@+1 {{undefined global: @nowhere}}
  %0 = util.global.load @nowhere : i32
  util.return
}

// -----

util.global private @number : i32
util.func public @f() {
  // expected-error@+1 {{global "number" is 'i32' but load is 'i64'}}
  %0 = util.global.load @number : i64
  util.return
}

// -----

util.global private @number : i32
util.initializer {
  %0 = arith.constant 1 : i64
  // expected-error@+1 {{global "number" is 'i32' but store is 'i64'}}
  util.global.store %0, @number : i64
  util.return
}

// -----

util.global private mutable @number : i32
util.func public @f() {
  // expected-error@+1 {{is marked as immutable but the global "number" is mutable}}
  %0 = util.global.load immutable @number : i32
  util.return
}
