// RUN: pyrie opt --iree-vm-hoist-inlined-rodata %s | FileCheck %s

vm.module @m {
  // CHECK: vm.rodata private @name <alignment = 1> "text"
  // CHECK-NOT: vm.rodata
  // CHECK: vm.func private @f
  vm.func private @f() -> (!vm.buffer, !vm.buffer) {
    // CHECK-NEXT: %[[A:.+]] = vm.const.ref.rodata @name : !vm.buffer
    // CHECK-NEXT: %[[B:.+]] = vm.const.ref.rodata @name : !vm.buffer
    %0 = vm.rodata.inline "name" <alignment = 1> : !vm.buffer = "text"
    %1 = vm.rodata.inline "other" <alignment = 1> : !vm.buffer = "text"
    // CHECK-NEXT: vm.return %[[A]], %[[B]]
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }
}
