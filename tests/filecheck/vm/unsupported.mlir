// RUN: not pyrie opt --iree-vm-conversion %s 2>&1 | FileCheck %s

util.func public @f(%t: tensor<4xf32>) -> tensor<4xf32> {
  util.return %t : tensor<4xf32>
}
// CHECK: the VM has no values of type tensor<4xf32>
// CHECK: tensors become buffer views
