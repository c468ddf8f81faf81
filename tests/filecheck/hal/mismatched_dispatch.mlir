// RUN: not pyrie opt --iree-hal-materialize-interfaces %s 2>&1 | FileCheck %s

// CHECK: gives 1 resources and 0 operands to a kernel that takes 2 and 0
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
util.global private @device = #hal.device.target<"local", [#target]> : !hal.device
stream.executable private @e {
  stream.executable.export public @f workgroups() -> (index, index, index) {
    %c1 = arith.constant 1 : index
    stream.return %c1, %c1, %c1 : index, index, index
  }
  builtin.module {
    func.func @f(%in: !stream.binding, %out: !stream.binding) {
      return
    }
  }
}
util.func public @main(%size: index, %in: !stream.resource<external>) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %t = stream.cmd.execute on(#hal.device.affinity<@device>) with(%in as %a: !stream.resource<external>{%size}) {
    stream.cmd.dispatch @e::@f {
      ro %a[%c0 for %size] : !stream.resource<external>{%size}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
