// RUN: pyrie opt --split-input-file --iree-hal-conversion %s | FileCheck %s

// Of two variants the device's format and the first one's condition choose; a condition may branch.

#arm = #hal.executable.target<"llvm-cpu", "embedded-elf-aarch64">
#x86 = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#layout = #hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer>]>
util.global private @device : !hal.device
// CHECK: hal.executable private @e
hal.executable private @e {
  hal.executable.variant public @arm target(#arm) {
    // CHECK: hal.executable.condition
    hal.executable.condition(%d: !hal.device) -> i1 {
      %ok, %value = hal.device.query<%d : !hal.device> key("cpu" :: "wide") : i1, i1
      cf.cond_br %ok, ^known, ^unknown
    ^known:
      hal.return %value : i1
    ^unknown:
      hal.return %ok : i1
    }
    // CHECK: hal.executable.export public @f
    // CHECK-NOT: count
    hal.executable.export public @f ordinal(0) layout(#layout) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %x = arith.ceildivui %w, %c4 : index
      hal.return %x, %c1, %c1 : index, index, index
    }
  }
  hal.executable.variant public @x86 target(#x86) {
    hal.executable.export public @g ordinal(0) layout(#layout) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c2 = arith.constant 2 : index
      hal.return %w, %c2, %c2 : index, index, index
    }
  }
}
// CHECK-LABEL: util.func public @variants
util.func public @variants(%out: !stream.resource<external>, %w: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c7 = arith.constant 7 : i32
  // CHECK: %[[CMD:.+]] = hal.command_buffer.create
  // CHECK: %[[DEVICE:.+]] = hal.command_buffer.device<%[[CMD]] : !hal.command_buffer> : !hal.device
  // CHECK: %{{.+}}, %[[ARM:.+]] = hal.device.query<%[[DEVICE]] : !hal.device> key("hal.executable.format" :: "embedded-elf-aarch64") : i1, i1 = false
  // CHECK: %[[MET:.+]] = scf.execute_region -> i1 {
  // CHECK:   hal.device.query<%[[DEVICE]] : !hal.device> key("cpu" :: "wide")
  // CHECK:   cf.cond_br
  // CHECK:   scf.yield
  // CHECK:   scf.yield
  // CHECK: %[[FIRST:.+]] = arith.andi %[[ARM]], %[[MET]]
  // CHECK: %{{.+}}, %[[SECOND:.+]] = hal.device.query<%[[DEVICE]] : !hal.device> key("hal.executable.format" :: "embedded-elf-x86_64")
  // CHECK: %[[NONE:.+]] = arith.constant -1 : index
  // CHECK: %[[ELSE:.+]] = arith.select %[[SECOND]], %{{.+}}, %[[NONE]]
  // CHECK: %[[WHICH:.+]] = arith.select %[[FIRST]], %{{.+}}, %[[ELSE]]
  // CHECK: scf.index_switch %[[WHICH]]
  // CHECK: case 0 {
  // CHECK:   hal.executable.lookup device(%[[DEVICE]] : !hal.device) executable(@e)
  // CHECK:   function(@e::@arm::@f)
  // CHECK:   %[[X:.+]] = arith.ceildivui %arg1
  // CHECK:   hal.command_buffer.dispatch<%[[CMD]] {{.*}} workgroups([%[[X]], %{{.+}}]) constants([%c7_i32])
  // CHECK: case 1 {
  // CHECK:   function(@e::@x86::@g)
  // CHECK:   hal.command_buffer.dispatch<%[[CMD]] {{.*}} workgroups([%arg1, %[[Y:.+]], %[[Y]]])
  // CHECK: default {
  // CHECK-NOT: hal.command_buffer.dispatch
  // CHECK: hal.command_buffer.execution_barrier
  %t = stream.cmd.execute once on(#hal.device.affinity<@device>) with(%out as %b: !stream.resource<external>{%c64}) {
    stream.cmd.dispatch {@e::@arm::@f, @e::@x86::@g}[%w](%c7 : i32) {
      wo %b[%c0 for %c64] : !stream.resource<external>{%c64}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

// An export that needs something of the workload names the one that runs otherwise.

#layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>
util.global private @device : !hal.device
// CHECK: hal.executable private @e
hal.executable private @e {
  hal.executable.variant public @v target(#hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">) {
    // CHECK: hal.executable.export public @even
    // CHECK-NOT: condition
    // CHECK-NOT: fallback
    hal.executable.export public @even ordinal(0) layout(#layout) condition(%d: !hal.device, %w: index) -> i1 {
      %c0 = arith.constant 0 : index
      %c2 = arith.constant 2 : index
      %rest = arith.remui %w, %c2 : index
      %is_even = arith.cmpi eq, %rest, %c0 : index
      hal.return %is_even : i1
    } fallback(@any) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c10 = arith.constant 10 : index
      hal.return %w, %c10, %c10 : index, index, index
    }
    hal.executable.export public @any ordinal(1) layout(#layout) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c20 = arith.constant 20 : index
      hal.return %c20, %w, %w : index, index, index
    }
  }
}
// CHECK-LABEL: util.func public @fallback
util.func public @fallback(%out: !stream.resource<external>, %w: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  // CHECK: %[[REST:.+]] = arith.remui %arg1
  // CHECK: %[[EVEN:.+]] = arith.cmpi eq, %[[REST]]
  // CHECK: %[[RUN:.+]]:4 = scf.if %[[EVEN]] -> (i64, index, index, index) {
  // CHECK:   %[[F:.+]] = hal.executable.lookup.function {{.*}} function(@e::@v::@even)
  // CHECK:   %[[TEN:.+]] = arith.constant 10
  // CHECK:   scf.yield %[[F]], %arg1, %[[TEN]], %[[TEN]]
  // CHECK: } else {
  // CHECK:   %[[G:.+]] = hal.executable.lookup.function {{.*}} function(@e::@v::@any)
  // CHECK:   %[[TWENTY:.+]] = arith.constant 20
  // CHECK:   scf.yield %[[G]], %[[TWENTY]], %arg1, %arg1
  // CHECK: hal.command_buffer.dispatch<{{.*}}[%[[RUN]]#0] workgroups([%[[RUN]]#1, %[[RUN]]#2, %[[RUN]]#3])
  %t = stream.cmd.execute once on(#hal.device.affinity<@device>) with(%out as %b: !stream.resource<external>{%c64}) {
    stream.cmd.dispatch @e::@v::@even[%w] {
      wo %b[%c0 for %c64] : !stream.resource<external>{%c64}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

// Without a count region each point of the workload is a workgroup.

hal.executable private @e {
  hal.executable.variant public @v target(#hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">) {
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = []>)
  }
}
// CHECK-LABEL: util.func public @counted
util.func public @counted(%d: !hal.device, %x: index, %y: index) -> (index, index, index, index, index, index) {
  // CHECK: %[[ONE:.+]] = arith.constant 1 : index
  %a:3 = hal.executable.calculate_workgroups device(%d : !hal.device) target(@e::@v::@f) workload([%x, %y]) : index, index, index
  // CHECK: %[[XY:.+]] = arith.muli %arg1, %arg2
  // CHECK: %[[XYX:.+]] = arith.muli %[[XY]], %arg1
  // CHECK: %[[ALL:.+]] = arith.muli %[[XYX]], %arg2
  %b:3 = hal.executable.calculate_workgroups device(%d : !hal.device) target(@e::@v::@f) workload([%x, %y, %x, %y]) : index, index, index
  // CHECK: util.return %arg1, %arg2, %[[ONE]], %[[ALL]],
  util.return %a#0, %a#1, %a#2, %b#0, %b#1, %b#2 : index, index, index, index, index, index
}

// -----

// A count that branches is a region of its own where it is dispatched.

hal.executable private @e {
  hal.executable.variant public @v target(#hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">) {
    hal.executable.export public @f ordinal(0) layout(#hal.pipeline.layout<bindings = []>) count(%d: !hal.device, %w: index) -> (index, index, index) {
      %c1 = arith.constant 1 : index
      %ok, %wide = hal.device.query<%d : !hal.device> key("cpu" :: "wide") : i1, i1
      cf.cond_br %wide, ^wide, ^narrow
    ^wide:
      hal.return %c1, %w, %c1 : index, index, index
    ^narrow:
      hal.return %w, %c1, %c1 : index, index, index
    }
  }
}
// CHECK-LABEL: util.func public @branching_count
util.func public @branching_count(%d: !hal.device, %w: index) -> (index, index, index) {
  // CHECK: %[[COUNT:.+]]:3 = scf.execute_region -> (index, index, index) {
  // CHECK: hal.device.query<%arg0 : !hal.device>
  // CHECK: cf.cond_br
  // CHECK: scf.yield %[[ONE:.+]], %arg1, %[[ONE]]
  // CHECK: scf.yield %arg1, %[[ONE]], %[[ONE]]
  // CHECK: util.return %[[COUNT]]#0, %[[COUNT]]#1, %[[COUNT]]#2
  %count:3 = hal.executable.calculate_workgroups device(%d : !hal.device) target(@e::@v::@f) workload([%w]) : index, index, index
  util.return %count#0, %count#1, %count#2 : index, index, index
}
