// RUN: pyrie opt --iree-vm-conversion %s | FileCheck %s

// CHECK-LABEL: vm.func private @expects
util.func public @expects(%b: i1) {
  // An expectation is tested only where the module that reports it is there.
  // CHECK: %[[THERE:.+]] = vm.import.resolved @check.expect_true : i32
  // CHECK: vm.cond_br %[[THERE]], ^[[CALL:.+]], ^[[ON:[a-z0-9]+]]
  // CHECK: ^[[CALL]]:
  // CHECK: vm.call @check.expect_true(%arg0) : (i32) -> ()
  // CHECK: vm.br ^[[ON]]
  // CHECK: ^[[ON]]:
  check.expect_true(%b) : i1
  // CHECK: vm.return
  util.return
}
// CHECK: vm.import private optional @check.expect_true(%operand : i32)
