// RUN: pyrie opt --iree-hal-repeat-dispatches=count=3 %s | FileCheck %s

// CHECK-LABEL: util.func public @records
util.func public @records(%c: !hal.command_buffer, %e: !hal.executable, %b: !hal.buffer, %n: i1) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0 : i64
  %c1 = arith.constant 1 : index
  // Nested ones too; between two there is a barrier, behind the last there is none.
  scf.if %n {
    // CHECK: hal.command_buffer.dispatch
    // CHECK: hal.command_buffer.execution_barrier<%{{.+}} : !hal.command_buffer> source("Dispatch|CommandRetire") target("CommandIssue|Dispatch")
    // CHECK-NEXT: hal.command_buffer.dispatch
    // CHECK: hal.command_buffer.execution_barrier
    // CHECK-NEXT: hal.command_buffer.dispatch
    // CHECK-NOT: hal.command_buffer.
    hal.command_buffer.dispatch<%c : !hal.command_buffer> target(%e : !hal.executable)[%f] workgroups([%c1, %c1, %c1]) bindings([(%b : !hal.buffer)[%c0, %c1]]) flags(None)
  }
  util.return
}
