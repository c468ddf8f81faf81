// RUN: pyrie opt --iree-flow-annotate-dispatches %s | FileCheck %s

// CHECK: flow.executable private @f_dispatch_0 {
// CHECK: flow.executable.export public @f_dispatch_0_matmul_DxDx8_f32
// CHECK: func.func @f_dispatch_0_matmul_DxDx8_f32
flow.executable private @f_dispatch_0 {
  flow.executable.export public @f_dispatch_0
  builtin.module {
    func.func @f_dispatch_0(%a: tensor<?x8xf32>, %b: tensor<8x?xf32>, %c: tensor<?x?xf32>) {
      %m = linalg.matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x?xf32>) outs(%c : tensor<?x?xf32>) -> tensor<?x?xf32>
      return
    }
  }
}
// CHECK: flow.executable.export public @f_dispatch_1_elementwise_transpose_4x8_f32xi1
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
flow.executable private @f_dispatch_1 {
  flow.executable.export public @f_dispatch_1
  builtin.module {
    func.func @f_dispatch_1(%a: tensor<8x4xf32>, %b: tensor<4x8xi1>) {
      %m = linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<8x4xf32>) outs(%b : tensor<4x8xi1>) {
      ^bb0(%x: f32, %o: i1):
        %0 = arith.cmpf ogt, %x, %x : f32
        linalg.yield %0 : i1
      } -> tensor<4x8xi1>
      return
    }
  }
}
// CHECK-LABEL: util.func public @f
// CHECK: flow.dispatch @f_dispatch_0::@f_dispatch_0_matmul_DxDx8_f32(
util.func public @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = flow.dispatch @f_dispatch_0::@f_dispatch_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
  util.return %r : tensor<4xf32>
}
