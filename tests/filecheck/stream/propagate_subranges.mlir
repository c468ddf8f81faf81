// RUN: pyrie opt --iree-util-propagate-subranges --cse %s | FileCheck %s

// CHECK: util.global private @a : !stream.resource<constant>
// CHECK-NOT: util.global private @b
util.global private @a : !stream.resource<constant>
util.global private @b : !stream.resource<constant>

// CHECK: util.initializer
util.initializer {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  // CHECK: %[[ALL:.+]], %[[T:.+]] = stream.resource.alloca
  %all, %t = stream.resource.alloca uninitialized : !stream.resource<constant>{%c128} => !stream.timepoint
  %0 = stream.resource.subview %all[%c0] : !stream.resource<constant>{%c128} -> !stream.resource<constant>{%c16}
  %1 = stream.resource.subview %all[%c64] : !stream.resource<constant>{%c128} -> !stream.resource<constant>{%c16}
  // CHECK: %[[READY:.+]] = stream.timepoint.await sync %[[T]] => %[[ALL]] : !stream.resource<constant>{%c128}
  %2:2 = stream.timepoint.await sync %t => %0, %1 : !stream.resource<constant>{%c16}, !stream.resource<constant>{%c16}
  // CHECK: util.global.store %[[READY]], @a
  // CHECK-NOT: util.global.store
  util.global.store %2#0, @a : !stream.resource<constant>
  util.global.store %2#1, @b : !stream.resource<constant>
  util.return
}

// CHECK-LABEL: @use
util.func public @use(%out: !stream.resource<external>, %s: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  // CHECK: %[[ALL:.+]] = util.global.load immutable @a
  // CHECK-NOT: util.global.load
  %a = util.global.load immutable @a : !stream.resource<constant>
  %b = util.global.load immutable @b : !stream.resource<constant>
  // CHECK: stream.cmd.execute with(%[[ALL]] as %[[X:.+]]: !stream.resource<constant>{%c128}, %arg0 as %[[O:.+]]:
  %t = stream.cmd.execute with(%a as %x: !stream.resource<constant>{%c16}, %b as %y: !stream.resource<constant>{%c16}, %out as %o: !stream.resource<external>{%s}) {
    // CHECK: stream.cmd.dispatch
    stream.cmd.dispatch @ex::@f {
      // CHECK-NEXT: ro %[[X]][%c0 for %c16] : !stream.resource<constant>{%c128},
      // CHECK-NEXT: ro %[[X]][%c64 for %c16] : !stream.resource<constant>{%c128},
      ro %x[%c0 for %c16] : !stream.resource<constant>{%c16},
      ro %y[%c0 for %c16] : !stream.resource<constant>{%c16},
      wo %o[%c0 for %s] : !stream.resource<external>{%s}
    }
    // CHECK: stream.cmd.copy %[[X]][%c68], %[[O]][%c0], %c4
    stream.cmd.copy %y[%c4], %o[%c0], %c4 : !stream.resource<constant>{%c16} -> !stream.resource<external>{%s}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
