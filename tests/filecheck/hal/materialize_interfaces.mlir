// RUN: pyrie opt --iree-hal-materialize-interfaces %s | FileCheck %s

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
