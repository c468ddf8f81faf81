// RUN: pyrie opt --convert-elementwise-to-linalg %s | FileCheck %s

// CHECK-DAG: #[[$I:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$S:.+]] = affine_map<(d0, d1) -> ()>

// CHECK-LABEL: util.func public @sum
util.func public @sum(%a: tensor<4x?xf32>, %b: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // CHECK: %[[D:.+]] = tensor.dim %arg0
  // CHECK: %[[E:.+]] = tensor.empty(%[[D]]) : tensor<4x?xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[$I]], #[[$I]], #[[$I]]], {{.*}} ins(%arg0, %arg1 {{.*}} outs(%[[E]]
  // CHECK-NEXT: ^bb0(%in: f32, %in_0: f32, %out: f32):
  // CHECK-NEXT: arith.addf %in, %in_0 fastmath<contract> : f32
  %r = arith.addf %a, %b fastmath<contract> : tensor<4x?xf32>
  util.return %r : tensor<4x?xf32>
}

// CHECK-LABEL: util.func public @chosen
util.func public @chosen(%c: i1, %a: tensor<4x2xi32>, %b: tensor<4x2xi32>) -> tensor<4x2xi32> {
  // CHECK: linalg.generic {indexing_maps = [#[[$S]], #[[$I]], #[[$I]], #[[$I]]]{{.*}} ins(%arg0, %arg1, %arg2 : i1, tensor<4x2xi32>, tensor<4x2xi32>)
  %r = arith.select %c, %a, %b : tensor<4x2xi32>
  util.return %r : tensor<4x2xi32>
}

// CHECK-LABEL: util.func public @converted
util.func public @converted(%a: tensor<3xi8>) -> tensor<3xf32> {
  // CHECK: arith.sitofp %in : i8 to f32
  %r = arith.sitofp %a : tensor<3xi8> to tensor<3xf32>
  util.return %r : tensor<3xf32>
}
