// RUN: not pyrie opt --iree-hal-conversion %s 2>&1 | FileCheck %s

// CHECK: has the affinity #hal.device.promise<@a>: failed to resolve it, only HAL device affinities are supported
// CHECK: supported: #hal.device.affinity
util.func public @f(%in: !stream.resource<external>, %size: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  %t = stream.cmd.execute on(#hal.device.promise<@a>) with(%in as %x: !stream.resource<external>{%size}) {
    stream.cmd.fill %p, %x[%c0 for %size] : i32 -> !stream.resource<external>{%size}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
