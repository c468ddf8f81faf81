// RUN: pyrie opt --split-input-file --iree-hal-materialize-interfaces %s | FileCheck %s

// CHECK: #[[LAYOUT:.+]] = #hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer, "ReadOnly|Indirect">, #hal.pipeline.binding<storage_buffer, Indirect>], flags = Indirect>
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#device = #hal.device.target<"local", [#target]> : !hal.device
util.global private @device = #device

// CHECK: hal.executable private @e
// CHECK: hal.executable.variant public @embedded_elf_x86_64 target(#executable_target_embedded_elf_x86_64)
stream.executable private @e {
  // CHECK: hal.executable.export public @f ordinal(0) layout(#[[LAYOUT]]) count(%{{.+}}: !hal.device, %[[W:.+]]: index) -> (index, index, index)
  stream.executable.export public @f workgroups(%w: index) -> (index, index, index) {
    %c1 = arith.constant 1 : index
    // CHECK: hal.return %[[W]],
    stream.return %w, %c1, %c1 : index, index, index
  }
  builtin.module {
    // CHECK: func.func @f()
    func.func @f(%n: i32, %in: !stream.binding {stream.alignment = 64 : index}, %out: !stream.binding) {
      %c0 = arith.constant 0 : index
      // CHECK: hal.interface.constant.load layout(#[[LAYOUT]]) ordinal(0) : i32
      %i = arith.index_castui %n : i32 to index
      // CHECK: hal.interface.binding.subspan layout(#[[LAYOUT]]) binding(0) alignment(64) offset(%c0) flags("ReadOnly|Indirect") : memref<?xf32>
      %0 = stream.binding.subspan %in[%c0] : !stream.binding -> memref<?xf32>{%i}
      // CHECK: hal.interface.binding.subspan layout(#[[LAYOUT]]) binding(1) {{.*}}flags(Indirect) : memref<?xf32>
      %1 = stream.binding.subspan %out[%c0] : !stream.binding -> memref<?xf32>{%i}
      return
    }
  }
}
util.func public @main(%size: index, %n: i32, %in: !stream.resource<external>, %out: !stream.resource<external>) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  // CHECK: stream.cmd.dispatch @e::@embedded_elf_x86_64::@f
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%in as %a: !stream.resource<external>{%size}, %out as %b: !stream.resource<external>{%size}) {
    stream.cmd.dispatch @e::@f[%size](%n : i32) {
      ro %a[%c0 for %size] : !stream.resource<external>{%size},
      wo %b[%c0 for %size] : !stream.resource<external>{%size}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

// -----

// Code is made for where it runs; the order of variants is that of their names.
util.global private @two = #hal.device.target<"local", [
  #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">, #hal.executable.target<"llvm-cpu", "embedded-elf-arm_64">
]> : !hal.device
util.global private @one = #hal.device.target<"local", [#hal.executable.target<"llvm-cpu", "embedded-elf-riscv_64">]> : !hal.device
util.global private @either = #hal.device.select<[#hal.device.fallback<@two> : !hal.device]> : !hal.device

// CHECK: hal.executable private @only_one
// CHECK-NEXT: hal.executable.variant public @embedded_elf_riscv_64
// CHECK-NOT: hal.executable.variant
stream.executable private @only_one attributes {hal.executable.objects = #hal.executable.objects<{#hal.executable.target<"llvm-cpu", "embedded-elf-riscv_64"> = [#hal.executable.object<{path = "a.o"}>]}>} {
  // CHECK: hal.executable.export public @f ordinal(0) {{.*}}workgroup_size = [8 : index, 1 : index, 1 : index]
  stream.executable.export public @f attributes {any = #iree_codegen.export_config<workgroup_size = [8]>}
  builtin.module {
    // CHECK: func.func @f() {
    func.func @f(%a: !stream.binding) {
      // CHECK-NOT: workgroup.size
      // CHECK: %[[SIZE:.+]] = arith.constant 8 : index
      // CHECK-NEXT: util.optimization_barrier %[[SIZE]]
      %size = stream.dispatch.workgroup.size[0] : index
      util.optimization_barrier %size : index
      return
    }
  }
}
// CHECK: hal.executable private @by_hand
// CHECK-NEXT: hal.executable.variant public @embedded_elf_arm_64 {{.*}}objects([#hal.executable.object<{path = "b.o"}>])
// CHECK-NEXT: hal.executable.export public @f layout
// CHECK: hal.executable.variant public @embedded_elf_x86_64
// CHECK-NOT: objects
// CHECK: }
hal.executable.source private @by_hand attributes {objects = #hal.executable.objects<{#hal.executable.target<"llvm-cpu", "embedded-elf-arm_64"> = [#hal.executable.object<{path = "b.o"}>]}>} {
  hal.executable.export public @f layout(#hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer>]>)
}
// CHECK-LABEL: util.func public @on_one
util.func public @on_one(%r: !stream.resource<transient>, %n: index) -> !stream.timepoint attributes {stream.affinity = #hal.device.affinity<@one>} {
  %c0 = arith.constant 0 : index
  %0 = stream.cmd.execute with(%r as %in: !stream.resource<transient>{%n}) {
    // CHECK: stream.cmd.dispatch @only_one::@embedded_elf_riscv_64::@f {
    stream.cmd.dispatch @only_one::@f {
      rw %in[%c0 for %n] : !stream.resource<transient>{%n}
    }
  } => !stream.timepoint
  util.return %0 : !stream.timepoint
}
// CHECK-LABEL: util.func public @on_fallback
util.func public @on_fallback(%r: !stream.resource<transient>, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %0 = stream.cmd.execute on(#hal.device.affinity<@either>) with(%r as %in: !stream.resource<transient>{%n}) {
    // CHECK: stream.cmd.dispatch {@by_hand::@embedded_elf_arm_64::@f, @by_hand::@embedded_elf_x86_64::@f} {
    stream.cmd.dispatch @by_hand::@f {
      rw %in[%c0 for %n] : !stream.resource<transient>{%n}
    }
  } => !stream.timepoint
  util.return %0 : !stream.timepoint
}
