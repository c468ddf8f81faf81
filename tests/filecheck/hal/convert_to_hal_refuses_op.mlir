// RUN: pyrie opt --split-input-file --verify-diagnostics --allow-unregistered-dialect --iree-hal-conversion %s | FileCheck %s

// An op nobody knows may not have a timepoint that is a fence from now on.
util.func public @unknown_op(%t: !stream.timepoint) {
  // expected-error @+1 {{failed to legalize operation 'some.op' that was explicitly marked illegal}}
  "some.op"(%t) : (!stream.timepoint) -> ()
  util.return
}

// -----

// It may have anything else.
// CHECK: util.func public @unknown_op_on_numbers
util.func public @unknown_op_on_numbers(%x: i32) {
  // CHECK: "some.op"(%arg0) : (i32) -> ()
  "some.op"(%x) : (i32) -> ()
  util.return
}

// -----

// Async ops are gone before this pass.
util.func public @async(%in: !stream.resource<external>, %size: index) -> !stream.resource<external> {
  // expected-error @+1 {{cannot be converted to the hal dialect}}
  %0 = stream.async.clone %in : !stream.resource<external>{%size} -> !stream.resource<external>{%size}
  util.return %0 : !stream.resource<external>
}

// -----

// A function that records commands is outside of the program.
// expected-error @+1 {{has a body}}
stream.cmd.func private @inside(%arg0: i32) {
  util.return
}

// -----

util.global private @device : !hal.device
util.func public @collective(%a: !stream.resource<external>, %channel: !stream.channel, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%a as %x: !stream.resource<external>{%n}) {
    // expected-error @+1 {{is a collective of 'i77'}}
    stream.cmd.collective<send : i77>[%n] channel(%channel) {
      ro %x[%c0 for %n] : !stream.resource<external>{%n}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

util.global private @device : !hal.device
util.func public @collective_of_two(%a: !stream.resource<external>, %channel: !stream.channel, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%a as %x: !stream.resource<external>{%n}) {
    // expected-error @+1 {{has 1 resources, which is not what all_gather takes}}
    stream.cmd.collective<all_gather : si8>[%n] channel(%channel) {
      ro %x[%c0 for %n] : !stream.resource<external>{%n}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

// Neither can they be recorded.
util.global private @device : !hal.device
util.func public @async_in_commands(%in: !stream.resource<external>, %size: index) -> !stream.timepoint {
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%in as %x: !stream.resource<external>{%size}) {
    // expected-error @+1 {{cannot be recorded}}
    %0 = stream.async.clone %x : !stream.resource<external>{%size} -> !stream.resource<external>{%size}
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

util.global private @device : !hal.device
util.func public @mapped(%host: !util.buffer) -> i1 {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  // expected-error @+1 {{has a resource of the unsupported lifetime 'transient'}}
  %ok, %r = stream.resource.try_map on(#hal.device.affinity<@device>) %host[%c0] : !util.buffer -> i1, !stream.resource<transient>{%c16}
  util.return %ok : i1
}

// -----

#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
hal.executable private @e {
  hal.executable.variant public @v target(#target) {
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>) count(%d: !hal.device) -> (index, index, index) {
      %c1 = arith.constant 1 : index
      hal.return %c1, %c1, %c1 : index, index, index
    }
  }
}
util.global private @device : !hal.device
util.func public @mismatched(%in: !stream.resource<external>, %size: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%in as %x: !stream.resource<external>{%size}) {
    // expected-error @+1 {{binds 2 resources to a kernel with 1 bindings}}
    stream.cmd.dispatch @e::@v::@f {
      ro %x[%c0 for %size] : !stream.resource<external>{%size},
      wo %x[%c0 for %size] : !stream.resource<external>{%size}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
