// RUN: pyrie opt --iree-vm-deduplicate-rodata %s | FileCheck %s

vm.module @m {
  // CHECK: vm.rodata private @a
  vm.rodata private @a <alignment = 16> dense<1> : tensor<4xi8>
  // equal bytes with another alignment are kept
  // CHECK-NEXT: vm.rodata private @aligned
  vm.rodata private @aligned <alignment = 64> dense<1> : tensor<4xi8>
  // CHECK-NOT: vm.rodata
  vm.rodata private @b <alignment = 16> dense<1> : tensor<4xi8>
  vm.func private @f() -> (!vm.buffer, !vm.buffer) {
    // CHECK: vm.const.ref.rodata @a
    %0 = vm.const.ref.rodata @b : !vm.buffer
    // CHECK: vm.const.ref.rodata @aligned
    %1 = vm.const.ref.rodata @aligned : !vm.buffer
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }
}
