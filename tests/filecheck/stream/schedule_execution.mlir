// RUN: pyrie opt --iree-stream-schedule-execution %s | FileCheck %s

// What the host does not wait for is submitted at once; ops that only look at results move behind it.
// CHECK-LABEL: @one_submission
util.func public @one_submission(%in: !stream.resource<external>, %s: index, %p: i1) -> (!hal.buffer_view, index) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[HOST:.+]] = arith.addi
  // CHECK: %[[R:.+]]:2, %[[T:.+]] = stream.async.execute with(%arg0 as %[[X:.+]]: !stream.resource<external>{%arg1}) -> (!stream.resource<external>{%arg1}, !stream.resource<external>{%arg1}) {
  // CHECK-NEXT: %[[A:.+]] = stream.async.dispatch @ex::@f(%[[X]]
  %a = stream.async.dispatch @ex::@f(%in[%c0 to %s for %s]) : (!stream.resource<external>{%s}) -> !stream.resource<external>{%s}
  %h = arith.addi %s, %s : index
  %view = stream.tensor.export %a : tensor<4xf32> in !stream.resource<external>{%s} -> !hal.buffer_view
  // CHECK-NEXT: %[[B:.+]] = stream.async.dispatch @ex::@g(%[[A]]
  %b = stream.async.dispatch @ex::@g(%a[%c0 to %s for %s]) : (!stream.resource<external>{%s}) -> !stream.resource<external>{%s}
  // CHECK-NEXT: stream.yield %[[A]], %[[B]]
  // CHECK: %[[W:.+]]:2 = stream.timepoint.await %[[T]] => %[[R]]#0, %[[R]]#1
  // CHECK: stream.tensor.export %[[W]]#0
  // CHECK: util.global.store %[[W]]#1
  util.global.store %b, @state : !stream.resource<external>
  util.return %view, %h : !hal.buffer_view, index
}
util.global private mutable @state : !stream.resource<external>

// A value the host reads and hands to later work parts the submissions.
// CHECK-LABEL: @two_submissions
util.func public @two_submissions(%in: !stream.resource<external>, %s: index) -> !stream.resource<external> {
  %c0 = arith.constant 0 : index
  // CHECK: stream.async.execute
  // CHECK: stream.async.load
  // CHECK: stream.async.execute
  %a = stream.async.transfer %in : !stream.resource<external>{%s} -> !stream.resource<staging>{%s}
  %v = stream.async.load %a[%c0] : !stream.resource<staging>{%s} -> i32
  %b = stream.async.splat %v : i32 -> !stream.resource<external>{%s}
  util.return %b : !stream.resource<external>
}

// A write in place is tied to what it captures.
// CHECK-LABEL: @in_place
util.func private @in_place(%a: !stream.resource<transient>, %v: i8, %s: index, %o: index, %e: index, %l: index) -> !stream.resource<transient> {
  // CHECK: stream.async.execute with(%arg0 as %{{.+}}: !stream.resource<transient>{%arg2}) -> %arg0{%arg2}
  %b = stream.async.fill %v, %a[%o to %e for %l] : i8 -> %a as !stream.resource<transient>{%s}
  util.return %b : !stream.resource<transient>
}
