// RUN: pyrie opt --iree-stream-schedule-execution --iree-stream-propagate-timepoints %s | FileCheck %s

// CHECK: util.global private mutable @state__timepoint = #stream.timepoint<immediate> : !stream.timepoint
// CHECK: util.global private mutable @state : !stream.resource<variable>
util.global private mutable @state : !stream.resource<variable>

// CHECK-LABEL: @advance
util.func public @advance(%s: index) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[READY:.+]] = util.global.load @state__timepoint
  // CHECK: %[[OLD:.+]] = util.global.load @state :
  %0 = util.global.load @state : !stream.resource<variable>
  // CHECK: %[[NEW:.+]], %[[DONE:.+]] = stream.async.execute await(%[[READY]]) => with(%[[OLD]] as
  %1 = stream.async.dispatch @ex::@f(%0[%c0 to %s for %s]) : (!stream.resource<variable>{%s}) -> !stream.resource<variable>{%s}
  // CHECK-NOT: stream.timepoint.await
  // CHECK: util.global.store %[[NEW]], @state :
  // CHECK: util.global.store %[[DONE]], @state__timepoint
  util.global.store %1, @state : !stream.resource<variable>
  util.return
}

// Through a loop and out of it; the host waits where it looks.
// CHECK-LABEL: @loop
util.func public @loop(%v: i8, %s: index, %again: i1) -> !hal.buffer_view {
  %c0 = arith.constant 0 : index
  // CHECK: %[[A:.+]], %[[T:.+]] = stream.async.execute with()
  %0 = stream.async.splat %v : i8 -> !stream.resource<external>{%s}
  // CHECK: cf.br ^bb1(%[[A]], %[[T]] : !stream.resource<external>, !stream.timepoint)
  cf.br ^bb1(%0 : !stream.resource<external>)
// CHECK: ^bb1(%[[X:.+]]: !stream.resource<external>, %[[TX:.+]]: !stream.timepoint):
^bb1(%1: !stream.resource<external>):
  // CHECK: %[[B:.+]], %[[TB:.+]] = stream.async.execute await(%[[TX]]) => with(%[[X]] as
  %2 = stream.async.dispatch @ex::@f(%1[%c0 to %s for %s]) : (!stream.resource<external>{%s}) -> !stream.resource<external>{%s}
  // CHECK: cf.cond_br %arg2, ^bb1(%[[B]], %[[TB]] : {{.*}}), ^bb2
  cf.cond_br %again, ^bb1(%2 : !stream.resource<external>), ^bb2
^bb2:
  // CHECK: %[[W:.+]] = stream.timepoint.await %[[TB]] => %[[B]]
  // CHECK: stream.tensor.export %[[W]]
  %3 = stream.tensor.export %2 : tensor<4xi8> in !stream.resource<external>{%s} -> !hal.buffer_view
  util.return %3 : !hal.buffer_view
}

// Through private functions.
// CHECK-LABEL: util.func private @callee
// CHECK-SAME: (%arg0: !stream.resource<transient>, %arg1: !stream.timepoint, %arg2: index) -> (!stream.resource<transient>, !stream.timepoint)
util.func private @callee(%a: !stream.resource<transient>, %s: index) -> !stream.resource<transient> {
  %c0 = arith.constant 0 : index
  // CHECK: stream.async.execute await(%arg1) =>
  %0 = stream.async.dispatch @ex::@f(%a[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<transient>{%s}
  util.return %0 : !stream.resource<transient>
}
// CHECK-LABEL: @caller
util.func public @caller(%v: i8, %s: index) {
  %c0 = arith.constant 0 : index
  %0 = stream.async.splat %v : i8 -> !stream.resource<transient>{%s}
  // CHECK: %[[R:.+]]:2 = util.call @callee(%{{.+}}, %{{.+}}, %arg1) : (!stream.resource<transient>, !stream.timepoint, index) -> (!stream.resource<transient>, !stream.timepoint)
  %1 = util.call @callee(%0, %s) : (!stream.resource<transient>, index) -> !stream.resource<transient>
  // CHECK: stream.async.execute await(%[[R]]#1) => with(%[[R]]#0
  %2 = stream.async.dispatch @ex::@f(%1[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<variable>{%s}
  util.global.store %2, @state : !stream.resource<variable>
  util.return
}

// Work that overwrites waits for work that reads.
// CHECK-LABEL: @write_after_read
util.func public @write_after_read(%a: !stream.resource<transient>, %v: i8, %s: index) -> (i8, !stream.resource<transient>) {
  %c0 = arith.constant 0 : index
  // CHECK: %{{.+}}, %[[READ:.+]] = stream.async.execute
  %0 = stream.async.transfer %a : !stream.resource<transient>{%s} -> !stream.resource<staging>{%s}
  %1 = stream.async.load %0[%c0] : !stream.resource<staging>{%s} -> i8
  // CHECK: stream.async.execute await(%[[READ]]) =>
  %2 = stream.async.fill %1, %a[%c0 to %s for %s] : i8 -> %a as !stream.resource<transient>{%s}
  util.return %1, %2 : i8, !stream.resource<transient>
}
