// RUN: pyrie opt --iree-vm-convert-to-yieldable-calls %s | FileCheck %s

vm.module @m {
  vm.func private @waits(%a: i32) -> i32 attributes {vm.yield} {
    vm.return %a : i32
  }
  // CHECK-LABEL: vm.func private @calls
  vm.func private @calls(%a: i32) -> i32 attributes {vm.yield} {
    // CHECK: vm.call.yieldable @waits(%arg0) : (i32) -> ^[[ON:.+]] (i32)
    // CHECK: ^[[ON]](%[[R:.+]]: i32):
    %0 = vm.call @waits(%a) : (i32) -> i32
    // CHECK: %[[S:.+]] = vm.add.i32 %[[R]], %arg0
    %1 = vm.add.i32 %0, %a : i32
    vm.return %1 : i32
  }
}
