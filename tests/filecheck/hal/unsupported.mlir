// RUN: not pyrie opt --iree-hal-conversion %s 2>&1 | FileCheck %s

// CHECK: 'stream.cmd.collective' cannot be recorded
// CHECK: supported: stream.cmd.fill, stream.cmd.copy, stream.cmd.dispatch
util.global private @device = #hal.device.target<"local"> : !hal.device
util.func public @f(%in: !stream.resource<external>, %size: index, %channel: !stream.channel) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%in as %x: !stream.resource<external>{%size}) {
    stream.cmd.collective<all_reduce with sum : f32>[%size] channel(%channel) {
      ro %x[%c0 for %size] : !stream.resource<external>{%size},
      wo %x[%c0 for %size] : !stream.resource<external>{%size}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
