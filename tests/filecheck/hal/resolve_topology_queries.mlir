// RUN: pyrie opt --split-input-file --iree-hal-resolve-topology-queries %s | FileCheck %s
// RUN: pyrie opt --split-input-file --iree-hal-resolve-topology-queries --iree-hal-external-resources-mappable %s | FileCheck %s --check-prefix=MAPPABLE

// From one side is enough: @a reaches the memory of both, so a buffer can be shared.
// CHECK: stream.topology = #hal.device.topology<links = [(@a -> @b = {unified_memory = true, transparent_access = true}, {lanes = 4 : i32}), (@b -> @c = {})]>
module attributes {stream.topology = #hal.device.topology<links = [
    (@a -> @b = {transparent_access = true, unified_memory = true}, {lanes = 4 : i32}), (@b -> @c = {})]>} {
  util.global private @a = #hal.device.target<"a"> : !hal.device
  util.global private @b = #hal.device.target<"b"> : !hal.device
  util.global private @c = #hal.device.target<"c"> : !hal.device
  // CHECK-LABEL: @shared
  // CHECK: hal.memory_type<"HostVisible|DeviceVisible|DeviceLocal">
  // CHECK: hal.buffer_usage<{{.*}}MappingPersistent{{.*}}>
  util.func public @shared() -> (i32, i32) {
    %types, %usage = hal.allocator.resolve_memory_properties for(#hal.device.optimal<[#hal.device.affinity<@b>, #hal.device.affinity<@a>]>) lifetime(transient) : i32, i32
    util.return %types, %usage : i32, i32
  }
  // CHECK-LABEL: @out_of_reach
  // CHECK: hal.allocator.resolve_memory_properties
  util.func public @out_of_reach() -> (i32, i32) {
    %types, %usage = hal.allocator.resolve_memory_properties for(#hal.device.optimal<[#hal.device.affinity<@b>, #hal.device.affinity<@c>]>) lifetime(transient) : i32, i32
    util.return %types, %usage : i32, i32
  }
}

// -----

util.global private @a = #hal.device.target<"a"> : !hal.device
util.global private @b = #hal.device.select<[#hal.device.target<"a", {ordinal = 1 : index}>, #hal.device.fallback<@a>]> : !hal.device
util.global private @unknown = #hal.device.ordinal<1> : !hal.device
// CHECK-LABEL: @one_kind
// CHECK-NOT: Mapping
// CHECK: util.return
util.func public @one_kind() -> (i32, i32) {
  %types, %usage = hal.allocator.resolve_memory_properties for(#hal.device.optimal<[#hal.device.affinity<@a>, #hal.device.affinity<@b>]>) lifetime(transient) : i32, i32
  util.return %types, %usage : i32, i32
}
// CHECK-LABEL: @unknown_kind
// CHECK: hal.allocator.resolve_memory_properties
util.func public @unknown_kind() -> (i32, i32) {
  %types, %usage = hal.allocator.resolve_memory_properties for(#hal.device.optimal<[#hal.device.affinity<@a>, #hal.device.affinity<@unknown>]>) lifetime(transient) : i32, i32
  util.return %types, %usage : i32, i32
}
// CHECK-LABEL: @leaves
// CHECK: hal.memory_type<"DeviceVisible|DeviceLocal">
// CHECK-NOT: Mapping
// MAPPABLE-LABEL: @leaves
// MAPPABLE: hal.memory_type<"HostVisible|DeviceVisible|DeviceLocal">
// MAPPABLE: hal.buffer_usage<{{.*}}Mapping{{.*}}>
util.func public @leaves() -> (i32, i32) {
  %types, %usage = hal.allocator.resolve_memory_properties for(#hal.device.affinity<@a>) lifetime(external) : i32, i32
  util.return %types, %usage : i32, i32
}
