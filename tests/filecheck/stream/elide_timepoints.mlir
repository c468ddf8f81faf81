// RUN: pyrie opt --iree-stream-elide-timepoints %s | FileCheck %s

// CHECK-LABEL: @covered
util.func public @covered(%a: !stream.resource<external>, %s: index, %t: !stream.timepoint) -> !stream.timepoint {
  // CHECK: %[[X:.+]] = stream.cmd.execute await(%arg2)
  %0 = stream.cmd.execute await(%t) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  // CHECK: %[[Y:.+]] = stream.cmd.execute await(%[[X]])
  %1 = stream.cmd.execute await(%0) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  // The last covers the others.
  // CHECK-NOT: stream.timepoint.join
  %2 = stream.timepoint.join max(%t, %0, %1) => !stream.timepoint
  // CHECK: util.return %[[Y]]
  util.return %2 : !stream.timepoint
}

// CHECK-LABEL: @immediate
util.func public @immediate(%a: !stream.resource<external>, %s: index, %again: i1) -> !stream.timepoint {
  %now = stream.timepoint.immediate => !stream.timepoint
  cf.br ^bb1(%now : !stream.timepoint)
^bb1(%t: !stream.timepoint):
  // Immediate on every path.
  // CHECK: stream.cmd.execute with(
  %0 = stream.cmd.execute await(%t) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  cf.cond_br %again, ^bb1(%now : !stream.timepoint), ^bb2
^bb2:
  util.return %0 : !stream.timepoint
}

// A wait of the host may go when nobody reads what it waited for, so nothing relies on it.
// CHECK-LABEL: @host_waited
util.func public @host_waited(%a: !stream.resource<external>, %s: index, %t: !stream.timepoint) -> (!stream.resource<external>, !stream.timepoint) {
  %0 = stream.cmd.execute await(%t) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  %1 = stream.timepoint.await %0 => %a : !stream.resource<external>{%s}
  // CHECK: stream.timepoint.await
  // CHECK: stream.cmd.execute await(%arg2)
  %2 = stream.cmd.execute await(%t) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  util.return %1, %2 : !stream.resource<external>, !stream.timepoint
}

// Calls of functions that get and give immediate timepoints.
// CHECK-LABEL: util.func private @callee
util.func private @callee(%a: !stream.resource<external>, %s: index, %t: !stream.timepoint, %u: !stream.timepoint) -> (!stream.timepoint, !stream.timepoint) {
  // CHECK: stream.cmd.execute with(
  %0 = stream.cmd.execute await(%t) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  util.return %t, %u : !stream.timepoint, !stream.timepoint
}
// CHECK-LABEL: @caller
util.func public @caller(%a: !stream.resource<external>, %s: index, %u: !stream.timepoint) -> (!stream.timepoint, !stream.timepoint) {
  %now = stream.timepoint.immediate => !stream.timepoint
  // CHECK: util.call @callee
  %0:2 = util.call @callee(%a, %s, %now, %u) : (!stream.resource<external>, index, !stream.timepoint, !stream.timepoint) -> (!stream.timepoint, !stream.timepoint)
  // CHECK: stream.cmd.execute with(
  %1 = stream.cmd.execute await(%0#0) => with(%a as %x: !stream.resource<external>{%s}) {
  } => !stream.timepoint
  // CHECK: util.return %{{.+}}, %arg2
  util.return %1, %0#1 : !stream.timepoint, !stream.timepoint
}

// Nothing to drop: neither covers the other.
// CHECK-LABEL: @needed
util.func public @needed(%t: !stream.timepoint, %u: !stream.timepoint) -> !stream.timepoint {
  // CHECK: stream.timepoint.join max(%arg0, %arg1)
  %0 = stream.timepoint.join max(%t, %u) => !stream.timepoint
  util.return %0 : !stream.timepoint
}
