// RUN: pyrie opt --iree-vm-annotate-functions %s | FileCheck %s

vm.module @m {
  vm.import private @wait(%x : i32 ...) -> i32 attributes {vm.yield}
  // CHECK: vm.func private @plain(%arg0: i32) -> i32 {
  vm.func private @plain(%a: i32) -> i32 {
    vm.return %a : i32
  }
  // CHECK: vm.func private @fails(%arg0: i32) attributes {vm.unwind}
  vm.func private @fails(%a: i32) {
    vm.fail %a, "no"
  }
  // CHECK: vm.func private @waits(%arg0: i32) -> i32 attributes {vm.unwind, vm.yield}
  vm.func private @waits(%a: i32) -> i32 {
    vm.call.variadic.yieldable @wait(%a) <segment_sizes = dense<1> : vector<1xi16>, segment_types = [i32]> : (i32) -> ^bb1 (i32)
  ^bb1(%0: i32):
    vm.return %0 : i32
  }
  // CHECK: vm.func private @calls(%arg0: i32) -> i32 attributes {vm.unwind, vm.yield}
  vm.func private @calls(%a: i32) -> i32 {
    %0 = vm.call @waits(%a) : (i32) -> i32
    vm.return %0 : i32
  }
}
