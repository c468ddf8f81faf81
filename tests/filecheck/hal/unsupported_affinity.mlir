// RUN: not pyrie opt --iree-hal-conversion %s 2>&1 | FileCheck %s

// CHECK: has the affinity #hal.device.optimal
// CHECK: supported: #hal.device.affinity<@device> of one device
util.global private @a = #hal.device.target<"local"> : !hal.device
util.global private @b = #hal.device.target<"local"> : !hal.device
util.func public @f(%in: !stream.resource<external>, %size: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %p = arith.constant 7 : i32
  %t = stream.cmd.execute on(#hal.device.optimal<[#hal.device.affinity<@a>, #hal.device.affinity<@b>]>) with(%in as %x: !stream.resource<external>{%size}) {
    stream.cmd.fill %p, %x[%c0 for %size] : i32 -> !stream.resource<external>{%size}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
