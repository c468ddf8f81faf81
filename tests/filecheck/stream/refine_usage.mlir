// RUN: pyrie opt --iree-stream-refine-usage %s | FileCheck %s

util.global private mutable @state : !stream.resource<variable>

// Inputs and results belong to the caller; what is between them does not.
// CHECK-LABEL: @io
util.func public @io(%view: !hal.buffer_view, %s: index) -> !hal.buffer_view {
  %c0 = arith.constant 0 : index
  // CHECK: %[[IN:.+]] = stream.tensor.import
  %0 = stream.tensor.import %view : !hal.buffer_view -> tensor<4xf32> in !stream.resource<external>{%s}
  // CHECK-NOT: stream.async.transfer
  %1 = stream.async.transfer %0 : !stream.resource<external>{%s} -> !stream.resource<*>{%s}
  // CHECK: %[[A:.+]] = stream.async.dispatch @ex::@f(%[[IN]]{{.*}} -> !stream.resource<transient>
  %2 = stream.async.dispatch @ex::@f(%1[%c0 to %s for %s]) : (!stream.resource<*>{%s}) -> !stream.resource<*>{%s}
  // CHECK: %[[B:.+]] = stream.async.dispatch @ex::@f(%[[A]]{{.*}} -> !stream.resource<external>
  %3 = stream.async.dispatch @ex::@f(%2[%c0 to %s for %s]) : (!stream.resource<*>{%s}) -> !stream.resource<*>{%s}
  %4 = stream.async.transfer %3 : !stream.resource<*>{%s} -> !stream.resource<external>{%s}
  // CHECK: stream.tensor.export %[[B]]
  %5 = stream.tensor.export %4 : tensor<4xf32> in !stream.resource<external>{%s} -> !hal.buffer_view
  util.return %5 : !hal.buffer_view
}

// A value cannot both be state and be given away: one of them is a copy.
// CHECK-LABEL: @conflict
util.func public @conflict(%v: i8, %s: index) -> !hal.buffer_view {
  // CHECK: %[[A:.+]] = stream.async.splat {{.*}} -> !stream.resource<external>
  %0 = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  %1 = stream.async.transfer %0 : !stream.resource<*>{%s} -> !stream.resource<external>{%s}
  %2 = stream.tensor.export %1 : tensor<4xi8> in !stream.resource<external>{%s} -> !hal.buffer_view
  // CHECK: %[[COPY:.+]] = stream.async.transfer %[[A]] : !stream.resource<external>{%arg1} -> !stream.resource<variable>{%arg1}
  %3 = stream.async.transfer %0 : !stream.resource<*>{%s} -> !stream.resource<variable>{%s}
  // CHECK: util.global.store %[[COPY]], @state
  util.global.store %3, @state : !stream.resource<variable>
  util.return %2 : !hal.buffer_view
}

// Reading on the host needs a copy into staging memory.
// CHECK-LABEL: @read
util.func public @read(%v: i8, %s: index) -> i8 {
  %c0 = arith.constant 0 : index
  // CHECK: stream.async.splat {{.*}} -> !stream.resource<transient>
  %0 = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  // CHECK: stream.async.transfer {{.*}} -> !stream.resource<staging>
  %1 = stream.async.transfer %0 : !stream.resource<*>{%s} -> !stream.resource<staging>{%s}
  %2 = stream.async.load %1[%c0] : !stream.resource<staging>{%s} -> i8
  util.return %2 : i8
}

// Lifetimes go through branches, calls and returns; where two sides disagree, the edge copies.
// CHECK-LABEL: util.func private @callee
// CHECK-SAME: (%arg0: !stream.resource<external>, %arg1: index) -> !stream.resource<external>
util.func private @callee(%a: !stream.resource<*>, %s: index) -> !stream.resource<*> {
  util.return %a : !stream.resource<*>
}
// CHECK-LABEL: @caller
util.func public @caller(%view: !hal.buffer_view, %s: index, %c: i1) -> !hal.buffer_view {
  %0 = stream.tensor.import %view : !hal.buffer_view -> tensor<4xi8> in !stream.resource<external>{%s}
  %1 = stream.async.transfer %0 : !stream.resource<external>{%s} -> !stream.resource<*>{%s}
  // CHECK: util.call @callee({{.*}}) : (!stream.resource<external>, index) -> !stream.resource<external>
  %2 = util.call @callee(%1, %s) : (!stream.resource<*>, index) -> !stream.resource<*>
  // CHECK: %[[STATE:.+]] = util.global.load @state
  %3 = util.global.load @state : !stream.resource<variable>
  %4 = stream.async.transfer %3 : !stream.resource<variable>{%s} -> !stream.resource<*>{%s}
  // CHECK: %[[COPY:.+]] = stream.async.transfer %[[STATE]] : !stream.resource<variable>{%arg1} -> !stream.resource<external>{%arg1}
  // CHECK: cf.cond_br %arg2, ^bb1(%{{.+}} : !stream.resource<external>), ^bb1(%[[COPY]] : !stream.resource<external>)
  cf.cond_br %c, ^bb1(%2 : !stream.resource<*>), ^bb1(%4 : !stream.resource<*>)
^bb1(%5: !stream.resource<*>):
  %6 = stream.async.transfer %5 : !stream.resource<*>{%s} -> !stream.resource<external>{%s}
  %7 = stream.tensor.export %6 : tensor<4xi8> in !stream.resource<external>{%s} -> !hal.buffer_view
  util.return %7 : !hal.buffer_view
}
