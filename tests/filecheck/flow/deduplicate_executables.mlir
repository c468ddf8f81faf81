// RUN: pyrie opt --iree-flow-deduplicate-executables %s | FileCheck %s

// CHECK: flow.executable private @first
flow.executable private @first {
  flow.executable.export public @first_entry
  builtin.module {
    func.func @first_entry(%a: tensor<4xf32>) {
      %0 = arith.addf %a, %a : tensor<4xf32>
      return
    }
  }
}
// CHECK-NOT: flow.executable private @same
flow.executable private @same {
  flow.executable.export public @same_entry
  builtin.module {
    func.func @same_entry(%a: tensor<4xf32>) {
      %0 = arith.addf %a, %a : tensor<4xf32>
      return
    }
  }
}
// CHECK: flow.executable private @other
flow.executable private @other {
  flow.executable.export public @other_entry
  builtin.module {
    func.func @other_entry(%a: tensor<4xf32>) {
      %0 = arith.mulf %a, %a : tensor<4xf32>
      return
    }
  }
}
// CHECK-LABEL: util.func public @f
// CHECK: flow.dispatch @first::@first_entry(%arg0)
// CHECK: flow.dispatch @first::@first_entry(
// CHECK: flow.dispatch @other::@other_entry(
util.func public @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = flow.dispatch @first::@first_entry(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = flow.dispatch @same::@same_entry(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = flow.dispatch @other::@other_entry(%1) : (tensor<4xf32>) -> tensor<4xf32>
  util.return %2 : tensor<4xf32>
}
