// RUN: pyrie opt --iree-hal-outline-memoize-regions='lazy statistics' %s | FileCheck %s

// CHECK: module attributes {iree.reflection = {pyrie.memo = "lru", pyrie.memo.caches = "[\22lazy\22, \22device\22, false, 1, 1]"}}

util.global private @device : !hal.device

// The region runs when it is first needed: one slot without a key, and no initializer.
// CHECK:       util.global private mutable @__lazy_memoize_age_0_device = 0 : i64
// CHECK-NEXT:  util.global private mutable @__lazy_memoize_result_0_0_device : !hal.command_buffer
// CHECK-NEXT:  util.global private mutable @__lazy_memoize_result_1_0_device : index
// CHECK-NOT:   util.initializer
// CHECK-LABEL: util.func private @__lazy_memoize_miss_device
// CHECK:         util.call @__lazy_memoize_apply
// CHECK-NOT:     scf.index_switch
// CHECK:         util.global.store %{{.+}}, @__lazy_memoize_result_1_0_device
// CHECK-LABEL: util.func private @__lazy_memoize_lookup
// CHECK:         util.global.load @__lazy_memoize_age_0_device
// CHECK:         arith.cmpi ne
// CHECK-LABEL: util.func public @lazy
// CHECK:         util.call @__lazy_memoize_lookup
util.func public @lazy() -> (!hal.command_buffer, index) {
  %device = util.global.load immutable @device : !hal.device
  %any = arith.constant -1 : i64
  %r:2 = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer, index {
    %c7 = arith.constant 7 : index
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Dispatch) affinity(%any) : !hal.command_buffer
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd, %c7 : !hal.command_buffer, index
  }
  util.return %r#0, %r#1 : !hal.command_buffer, index
}

// What runtimes may ask, and how they have all forgotten.
// CHECK:       util.func public @__memo_stats() -> (i64, i64, i64)
// CHECK-NEXT:    util.global.load @__lazy_memoize_clock_device
// CHECK-NEXT:    util.global.load @__lazy_memoize_misses_device
// CHECK-NEXT:    util.global.load @__lazy_memoize_evictions_device
// CHECK:       util.func public @__memo_recordings() -> !hal.command_buffer
// CHECK-NEXT:    util.global.load @__lazy_memoize_result_0_0_device
// CHECK:       util.func public @__memo_reset()
// CHECK:         util.global.store %{{.+}}, @__lazy_memoize_age_0_device
