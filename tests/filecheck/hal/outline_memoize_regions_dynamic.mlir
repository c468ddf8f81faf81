// RUN: pyrie opt --split-input-file --iree-hal-outline-memoize-regions='memoize-dynamic=2 minimum-dispatches=1' %s | FileCheck %s

util.global private @__dev : !hal.device
util.global private @exe : !hal.executable

// Four numbers are captured, but all are computed from one, which becomes the key; the arithmetic moves into the region.
// CHECK-LABEL: util.func private @__run_memoize_apply
// CHECK-SAME:  (%{{.+}}: !hal.device, %{{.+}}: i64, %{{.+}}: !hal.executable, %[[N:.+]]: index) -> !hal.command_buffer
// CHECK-SAME:  #util.inline.never
// CHECK:         %[[SIZE:.+]] = arith.muli %[[N]]
// CHECK:         hal.command_buffer.create {{.*}} mode("None")
// CHECK:         hal.command_buffer.dispatch{{.*}} workgroups([%[[N]],
// CHECK:           [%{{.+}}, %[[SIZE]]]

// CHECK: util.global private mutable @__run_memoize_clock_dev = 0 : i64
// CHECK: util.global private mutable @__run_memoize_misses_dev = 0 : i64
// CHECK: util.global private mutable @__run_memoize_evictions_dev = 0 : i64
// CHECK: util.global private mutable @__run_memoize_age_0_dev = 0 : i64
// CHECK: util.global private mutable @__run_memoize_key_0_0_dev = 0 : index
// CHECK: util.global private mutable @__run_memoize_result_0_0_dev : !hal.command_buffer
// CHECK: util.global private mutable @__run_memoize_age_1_dev = 0 : i64
// CHECK-NOT: util.initializer

// A miss calls apply first and fills the oldest slot.
// CHECK-LABEL: util.func private @__run_memoize_miss_dev
// CHECK-SAME:  (%[[NOW:.+]]: i64, %[[D:.+]]: !hal.device, %[[A:.+]]: i64, %[[E:.+]]: !hal.executable, %[[K:.+]]: index)
// CHECK-NEXT:    %[[NEW:.+]] = util.call @__run_memoize_apply(%[[D]], %[[A]], %[[E]], %[[K]])
// CHECK:         %[[OLDER:.+]] = arith.cmpi slt, %[[AGE1:.+]], %[[AGE0:.+]] : i64
// CHECK:         %[[SLOT:.+]] = arith.select %[[OLDER]]
// CHECK:         %[[AGE:.+]] = arith.select %[[OLDER]], %[[AGE1]], %[[AGE0]] : i64
// CHECK:         arith.cmpi ne, %[[AGE]]
// CHECK:         util.global.store %{{.+}}, @__run_memoize_evictions_dev
// CHECK:         scf.index_switch %[[SLOT]]
// CHECK-NEXT:    case 1 {
// CHECK-NEXT:      util.global.store %[[NOW]], @__run_memoize_age_1_dev
// CHECK-NEXT:      util.global.store %[[K]], @__run_memoize_key_0_1_dev
// CHECK-NEXT:      util.global.store %[[NEW]], @__run_memoize_result_0_1_dev
// CHECK:         default {
// CHECK-NEXT:      util.global.store %[[NOW]], @__run_memoize_age_0_dev
// CHECK:         util.return %[[NEW]]

// A hit makes its slot the youngest; a device that is not known is recorded for and nothing is kept.
// CHECK-LABEL: util.func private @__run_memoize_lookup
// CHECK-SAME:  (%[[D:.+]]: !hal.device, %[[A:.+]]: i64, %[[E:.+]]: !hal.executable, %[[K:.+]]: index)
// CHECK-SAME:  inlining_policy = #util.inline.never
// CHECK-SAME:  pyrie.memo = "lookup", pyrie.memo.region = "run"
// CHECK:         %[[DEV:.+]] = util.global.load immutable @__dev
// CHECK:         %[[IS:.+]] = util.cmp.eq %[[D]], %[[DEV]]
// CHECK:         scf.if %[[IS]]
// CHECK:           %[[NOW:.+]] = arith.addi
// CHECK:           util.global.store %[[NOW]], @__run_memoize_clock_dev
// CHECK:           %[[USED:.+]] = arith.cmpi ne
// CHECK:           %[[KEY:.+]] = util.global.load @__run_memoize_key_0_0_dev
// CHECK:           %[[SAME:.+]] = arith.cmpi eq, %[[KEY]], %[[K]] : index
// CHECK:           %[[HIT:.+]] = arith.andi %[[USED]], %[[SAME]]
// CHECK:           scf.if %[[HIT]]
// CHECK-NEXT:        util.global.store %[[NOW]], @__run_memoize_age_0_dev
// CHECK-NEXT:        util.global.load @__run_memoize_result_0_0_dev
// CHECK:           } else {
// CHECK:             util.global.load @__run_memoize_key_0_1_dev
// CHECK:             util.call @__run_memoize_miss_dev(%[[NOW]], %[[D]], %[[A]], %[[E]], %[[K]])
// CHECK:         } else {
// CHECK-NEXT:      util.call @__run_memoize_apply(%[[D]], %[[A]], %[[E]], %[[K]])

// CHECK-LABEL: util.func public @run(%{{.+}}: index
util.func public @run(%n: index, %before: !hal.fence, %after: !hal.fence, %data: !hal.buffer) {
  %device = util.global.load immutable @__dev : !hal.device
  %exe = util.global.load immutable @exe : !hal.executable
  %any = arith.constant -1 : i64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : i64
  %id = arith.constant 0 : i64
  %size = arith.muli %n, %c4 : index
  %wide = arith.index_castui %n : index to i64
  %low = arith.trunci %wide : i64 to i32
  %shifted = arith.shrui %wide, %c32 : i64
  %high = arith.trunci %shifted : i64 to i32
  // CHECK-NOT: hal.device.memoize
  // CHECK: util.call @__run_memoize_lookup(%{{.+}}, %{{.+}}, %exe, %arg0) : (!hal.device, i64, !hal.executable, index) -> !hal.command_buffer
  %commands = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode(OneShot) categories(Dispatch) affinity(%any) bindings(%c1) : !hal.command_buffer
    hal.command_buffer.dispatch<%cmd : !hal.command_buffer> target(%exe : !hal.executable)[%id]
        workgroups([%n, %c1, %c1]) constants([%low, %high]) bindings([(%c0 : index)[%c0, %size]]) flags("None")
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  hal.device.queue.execute.indirect<%device : !hal.device> affinity(%any) wait(%before) signal(%after) commands(%commands) bindings([(%data : !hal.buffer)[%c0, %size]]) flags("None")
  util.return
}

// -----

// Each device has a cache; so has each value of a queue that is not known, if the region uses it.

util.global private @a = #hal.device.target<"local", {ordinal = 0 : index}> : !hal.device
util.global private @b = #hal.device.target<"local", {ordinal = 1 : index}> : !hal.device

// CHECK-LABEL: util.func private @__two_memoize_apply
// CHECK-DAG: util.global private mutable @__two_memoize_key_0_0_a = 0 : i64
// CHECK-DAG: util.global private mutable @__two_memoize_key_1_0_a = 0 : i32
// CHECK-DAG: util.global private mutable @__two_memoize_key_2_0_a = 0 : i32
// CHECK-DAG: util.global private mutable @__two_memoize_result_1_1_b : f32
// CHECK-LABEL: util.func private @__two_memoize_lookup
// CHECK-SAME: (%{{.+}}: !hal.device, %[[QUEUE:.+]]: i64, %[[FLAG:.+]]: i1, %[[X:.+]]: f32) -> (i64, f32)
// CHECK:        %[[WIDE:.+]] = arith.extui %[[FLAG]] : i1 to i32
// CHECK:        %[[BITS:.+]] = arith.bitcast %[[X]] : f32 to i32
// CHECK:        arith.cmpi eq, %{{.+}}, %[[QUEUE]] : i64
// CHECK:        arith.cmpi eq, %{{.+}}, %[[WIDE]] : i32
// CHECK:        arith.cmpi eq, %{{.+}}, %[[BITS]] : i32
// CHECK:        util.call @__two_memoize_miss_a
// CHECK:        util.global.load immutable @b
// CHECK:        util.call @__two_memoize_miss_b
// CHECK:        util.call @__two_memoize_apply
util.func public @two(%which: i1, %queue: i64, %x: f32, %flag: i1) -> (i64, f32) {
  %a = util.global.load immutable @a : !hal.device
  %b = util.global.load immutable @b : !hal.device
  %device = arith.select %which, %a, %b : !hal.device
  %r:2 = hal.device.memoize<%device : !hal.device> affinity(%queue) -> i64, f32 {
    %one = arith.constant 1.0 : f32
    %y = arith.select %flag, %x, %one : f32
    hal.return %queue, %y : i64, f32
  }
  util.return %r#0, %r#1 : i64, f32
}

// -----

// What cannot be a key is recorded where it is used, for one submission.

util.global private @device : !hal.device

// CHECK-LABEL: util.func public @captures_a_buffer
// CHECK-NOT:     util.call
// CHECK:         hal.command_buffer.create {{.*}} mode(OneShot)
// CHECK:         hal.device.queue.execute
util.func public @captures_a_buffer(%n: index, %buffer: !hal.buffer, %before: !hal.fence, %after: !hal.fence) {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %zero = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %commands = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Transfer) affinity(%any) : !hal.command_buffer
    hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%buffer : !hal.buffer)[%c0, %n] pattern(%zero : i32) flags("None")
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  hal.device.queue.execute<%device : !hal.device> affinity(%any) wait(%before) signal(%after) commands(%commands) flags("None")
  util.return
}

// Not so where the recording outlives the place: then it may be submitted more than once.
// CHECK-LABEL: util.func private @__returns_memoize_apply
// CHECK:         hal.command_buffer.create {{.*}} mode("None")
// CHECK-LABEL: util.func public @returns
// CHECK:         util.call @__returns_memoize_apply
util.func public @returns(%n: index, %buffer: !hal.buffer) -> !hal.command_buffer {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %zero = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %commands = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Transfer) affinity(%any) : !hal.command_buffer
    hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%buffer : !hal.buffer)[%c0, %n] pattern(%zero : i32) flags("None")
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  util.return %commands : !hal.command_buffer
}

// -----

// A recording without dispatches costs less to make than to look for.

util.global private @device : !hal.device

// CHECK-LABEL: util.func public @too_few
// CHECK-NOT:     util.call
// CHECK:         hal.command_buffer.create {{.*}} mode(OneShot)
util.func public @too_few(%n: index, %buffer: !hal.buffer, %before: !hal.fence, %after: !hal.fence) {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %zero = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %commands = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Transfer) affinity(%any) bindings(%c1) : !hal.command_buffer
    hal.command_buffer.fill_buffer<%cmd : !hal.command_buffer> target(%c0 : index)[%c0, %n] pattern(%zero : i32) flags("None")
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  hal.device.queue.execute.indirect<%device : !hal.device> affinity(%any) wait(%before) signal(%after) commands(%commands) bindings([(%buffer : !hal.buffer)[%c0, %n]]) flags("None")
  util.return
}
