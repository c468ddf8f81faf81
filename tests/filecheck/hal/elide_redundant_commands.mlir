// RUN: pyrie opt --iree-hal-elide-redundant-commands %s | FileCheck %s

// CHECK-LABEL: @barriers
util.func private @barriers(%c: !hal.command_buffer, %other: !hal.command_buffer) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 0 : i8
  // CHECK: execution_barrier<%arg0 : !hal.command_buffer> source(Dispatch) target(CommandIssue)
  hal.command_buffer.execution_barrier<%c : !hal.command_buffer> source(Dispatch) target(CommandIssue) flags("None")
  // another command buffer does not count
  // CHECK-NEXT: execution_barrier<%arg1
  hal.command_buffer.execution_barrier<%other : !hal.command_buffer> source(Dispatch) target(CommandIssue) flags("None")
  // CHECK-NOT: execution_barrier<%arg0 : !hal.command_buffer> source(Dispatch) target(CommandIssue)
  hal.command_buffer.execution_barrier<%c : !hal.command_buffer> source(Dispatch) target(CommandIssue) flags("None")
  // more stages are not covered
  // CHECK-NEXT: execution_barrier<%arg0 : !hal.command_buffer> source("Dispatch|Transfer") target(CommandIssue)
  hal.command_buffer.execution_barrier<%c : !hal.command_buffer> source("Dispatch|Transfer") target(CommandIssue) flags("None")
  // CHECK-NEXT: fill_buffer
  hal.command_buffer.fill_buffer<%c : !hal.command_buffer> target(%c0 : index)[%c0, %c4] pattern(%v : i8) flags("None")
  // CHECK-NEXT: execution_barrier<%arg0
  hal.command_buffer.execution_barrier<%c : !hal.command_buffer> source(Dispatch) target(CommandIssue) flags("None")
  util.return
}
