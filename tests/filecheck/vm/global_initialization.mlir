// RUN: pyrie opt --iree-vm-global-initialization %s | FileCheck %s

vm.module @m {
  // CHECK: vm.global.i32 private mutable @x : i32
  vm.global.i32 private @x = 4 : i32
  // CHECK: vm.global.i64 private mutable @zero : i64
  vm.global.i64 private @zero : i64
  // CHECK-NOT: vm.initializer
  vm.initializer {
    %c5 = vm.const.i64 5
    vm.global.store.i64 %c5, @zero : i64
    vm.return
  }
  vm.initializer {
    %c6 = vm.const.i32 6
    vm.global.store.i32 %c6, @x : i32
    vm.return
  }
  // CHECK: vm.export @__init
  // CHECK: vm.func private @__init()
  // CHECK: %c4 = vm.const.i32 4
  // CHECK: vm.global.store.i32 %c4, @x
  // CHECK: vm.global.store.i64 %c5, @zero
  // CHECK: vm.global.store.i32 %c6, @x
  // CHECK: vm.return
}
