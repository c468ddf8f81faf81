// RUN: pyrie opt --iree-stream-schedule-allocation %s | FileCheck %s

// CHECK-LABEL: @chain
util.func public @chain(%in: !stream.resource<external>, %s: index, %t: !stream.timepoint) -> (!stream.resource<external>, !stream.timepoint) {
  %c0 = arith.constant 0 : index
  // The result has memory of its own.
  // CHECK: %[[OUT:.+]], %[[T0:.+]] = stream.resource.alloca uninitialized await(%arg2) => !stream.resource<external>{%arg1}
  // What stays inside shares a slab by the steps in which it lives.
  // CHECK: %[[PACK:.+]]:4 = stream.resource.pack slices({
  // CHECK-NEXT: [0, 1] = %arg1,
  // CHECK-NEXT: [1, 2] = %arg1,
  // CHECK-NEXT: [1, 2] = %arg1
  // CHECK: %[[SLAB:.+]], %[[T1:.+]] = stream.resource.alloca uninitialized await(%arg2) => !stream.resource<transient>{%[[PACK]]#0}
  // CHECK: %[[READY:.+]] = stream.timepoint.join max(%[[T0]], %[[T1]])
  // CHECK: %[[DONE:.+]] = stream.cmd.execute await(%[[READY]]) => with(%arg0 as %[[I:.+]]: !stream.resource<external>{%arg1}, %[[OUT]] as %[[O:.+]]: !stream.resource<external>{%arg1}, %[[SLAB]] as %[[S:.+]]: !stream.resource<transient>{%[[PACK]]#0}) {
  %r, %done = stream.async.execute await(%t) => with(%in as %x: !stream.resource<external>{%s}) -> !stream.resource<external>{%s} {
    // CHECK-NEXT: stream.cmd.dispatch @ex::@a {
    // CHECK-NEXT:   ro %[[I]][%c0 for %arg1] : !stream.resource<external>{%arg1},
    // CHECK-NEXT:   wo %[[S]][%[[PACK]]#1 for %arg1] : !stream.resource<transient>{%[[PACK]]#0}
    %a = stream.async.dispatch @ex::@a(%x[%c0 to %s for %s]) : (!stream.resource<external>{%s}) -> !stream.resource<transient>{%s}
    // CHECK: stream.cmd.concurrent {
    %bc:2 = stream.async.concurrent with(%a as %y: !stream.resource<transient>{%s}) -> (!stream.resource<transient>{%s}, !stream.resource<transient>{%s}) {
      // CHECK: stream.cmd.dispatch @ex::@b
      %b = stream.async.dispatch @ex::@b(%y[%c0 to %s for %s]) : (!stream.resource<transient>{%s}) -> !stream.resource<transient>{%s}
      // CHECK: stream.cmd.copy %[[S]][%[[PACK]]#1], %[[S]][%[[PACK]]#3], %arg1
      %c = stream.async.clone %y : !stream.resource<transient>{%s} -> !stream.resource<transient>{%s}
      stream.yield %b, %c : !stream.resource<transient>{%s}, !stream.resource<transient>{%s}
    }
    // CHECK: stream.cmd.dispatch @ex::@d {
    // CHECK: wo %[[O]][%c0 for %arg1]
    %d = stream.async.dispatch @ex::@d(%bc#0[%c0 to %s for %s], %bc#1[%c0 to %s for %s]) : (!stream.resource<transient>{%s}, !stream.resource<transient>{%s}) -> !stream.resource<external>{%s}
    stream.yield %d : !stream.resource<external>{%s}
  } => !stream.timepoint
  // CHECK: %[[FREED:.+]] = stream.resource.dealloca await(%[[DONE]]) => %[[SLAB]]
  // CHECK: util.return %[[OUT]], %[[FREED]]
  util.return %r, %done : !stream.resource<external>, !stream.timepoint
}

// A result tied to a capture is the capture.
// CHECK-LABEL: @in_place
util.func public @in_place(%a: !stream.resource<transient>, %v: i8, %s: index, %o: index, %l: index) -> (!stream.resource<transient>, !stream.timepoint) {
  // CHECK-NOT: stream.resource.alloca
  // CHECK: %[[DONE:.+]] = stream.cmd.execute with(%arg0 as %[[X:.+]]:
  // CHECK-NEXT: stream.cmd.fill %arg1, %[[X]][%arg3 for %arg4] : i8 -> !stream.resource<transient>{%arg2}
  %r, %done = stream.async.execute with(%a as %x: !stream.resource<transient>{%s}) -> %a{%s} {
    %b = stream.async.fill %v, %x[%o to %s for %l] : i8 -> %x as !stream.resource<transient>{%s}
    stream.yield %b : !stream.resource<transient>{%s}
  } => !stream.timepoint
  // CHECK: util.return %arg0, %[[DONE]]
  util.return %r, %done : !stream.resource<transient>, !stream.timepoint
}

// Work of an initializer runs once; constants are gathered.
// CHECK: util.initializer
util.initializer {
  %c4 = arith.constant 4 : index
  %v = arith.constant 1 : i8
  // CHECK: %[[C:.+]]:2, %[[T:.+]] = stream.resource.constants :
  // CHECK-NEXT: !stream.resource<constant>{%c4} = dense<1> : tensor<i32>,
  // CHECK-NEXT: !stream.resource<constant>{%c4} = dense<2> : tensor<i32>
  // CHECK: %[[W:.+]]:2 = stream.timepoint.await sync %[[T]] => %[[C]]#0, %[[C]]#1
  %0 = stream.async.constant : !stream.resource<constant>{%c4} = dense<1> : tensor<i32>
  // CHECK: util.global.store %[[W]]#0, @x
  util.global.store %0, @x : !stream.resource<constant>
  %1 = stream.async.constant : !stream.resource<constant>{%c4} = dense<2> : tensor<i32>
  // CHECK: util.global.store %[[W]]#1, @y
  util.global.store %1, @y : !stream.resource<constant>
  // CHECK: stream.cmd.execute once
  %r, %done = stream.async.execute with() -> !stream.resource<constant>{%c4} {
    %s = stream.async.splat %v : i8 -> !stream.resource<constant>{%c4}
    stream.yield %s : !stream.resource<constant>{%c4}
  } => !stream.timepoint
  %w = stream.timepoint.await %done => %r : !stream.resource<constant>{%c4}
  util.global.store %w, @z : !stream.resource<constant>
  util.return
}

// So are those of an initializer that branches, in its entry.
// CHECK: util.initializer
util.initializer {
  // CHECK: %[[C:.+]]:2, %[[T:.+]] = stream.resource.constants :
  // CHECK-NEXT: !stream.resource<constant>{%c4} = dense<3> : tensor<i32>,
  // CHECK-NEXT: !stream.resource<constant>{%c8} = dense<[4, 5]> : tensor<2xi32>
  // CHECK: %[[W:.+]]:2 = stream.timepoint.await sync %[[T]] => %[[C]]#0, %[[C]]#1
  // CHECK: cf.cond_br
  %c4 = arith.constant 4 : index
  %0 = stream.async.constant : !stream.resource<constant>{%c4} = dense<3> : tensor<i32>
  util.global.store %0, @x : !stream.resource<constant>
  %device_count = hal.devices.count : index
  %many = arith.cmpi sgt, %device_count, %c4 : index
  cf.cond_br %many, ^bb1, ^bb2
^bb1:
  %c8 = arith.constant 8 : index
  %1 = stream.async.constant : !stream.resource<constant>{%c8} = dense<[4, 5]> : tensor<2xi32>
  // CHECK: util.global.store %[[W]]#1, @y
  util.global.store %1, @y : !stream.resource<constant>
  cf.br ^bb2
^bb2:
  util.return
}
util.global private @x : !stream.resource<constant>
util.global private @y : !stream.resource<constant>
util.global private @z : !stream.resource<constant>

// Host reads.
// CHECK-LABEL: @load
util.func public @load(%a: !stream.resource<staging>, %s: index) -> i32 {
  %c0 = arith.constant 0 : index
  // CHECK: stream.resource.load %arg0[%c0] : !stream.resource<staging>{%arg1} -> i32
  %0 = stream.async.load %a[%c0] : !stream.resource<staging>{%s} -> i32
  util.return %0 : i32
}
