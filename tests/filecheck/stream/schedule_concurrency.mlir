// RUN: pyrie opt --iree-stream-schedule-execution --iree-stream-schedule-concurrency %s | FileCheck %s

// CHECK-LABEL: @diamond
util.func private @diamond(%in: !stream.resource<external>, %s: index) -> !stream.resource<external> {
  %c0 = arith.constant 0 : index
  // CHECK: stream.async.execute
  // CHECK: %[[A:.+]] = stream.async.dispatch @ex::@a
  %a = stream.async.dispatch @ex::@a(%in[%c0 to %s for %s]) : (!stream.resource<external>{%s}) -> !stream.resource<transient>{%s}
  // CHECK: %[[BC:.+]]:2 = stream.async.concurrent with(%[[A]] as %[[X:.+]]: !stream.resource<transient>{%arg1})
  // CHECK-NEXT: stream.async.dispatch @ex::@b(%[[X]]
  // CHECK-NEXT: stream.async.dispatch @ex::@c(%[[X]]
  // CHECK-NEXT: stream.yield
  %b = stream.async.dispatch @ex::@b(%a[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<transient>{%s}
  %c = stream.async.dispatch @ex::@c(%a[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<transient>{%s}
  // CHECK: stream.async.dispatch @ex::@d(%[[BC]]#0{{.*}}%[[BC]]#1
  %d = stream.async.dispatch @ex::@d(%b[%c0 to %s for %s], %c[%c0 to %s for %s]) : (!stream.resource<transient>{%s}, !stream.resource<transient>{%s}) -> !stream.resource<external>{%s}
  util.return %d : !stream.resource<external>
}

// A write in place waits for those who read what it overwrites.
// CHECK-LABEL: @write_after_read
util.func private @write_after_read(%in: !stream.resource<transient>, %v: i8, %s: index) -> (!stream.resource<external>, !stream.resource<transient>) {
  %c0 = arith.constant 0 : index
  // CHECK-NOT: stream.async.concurrent
  // CHECK: stream.async.dispatch
  // CHECK-NEXT: stream.async.fill
  %a = stream.async.dispatch @ex::@a(%in[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<external>{%s}
  %b = stream.async.fill %v, %in[%c0 to %s for %s] : i8 -> %in as !stream.resource<transient>{%s}
  util.return %a, %b : !stream.resource<external>, !stream.resource<transient>
}
