// RUN: pyrie opt --iree-dispatch-creation-convert-tensor-to-flow %s | FileCheck %s

// CHECK-LABEL: util.func public @reshapes
util.func public @reshapes(%x: tensor<?x8xf32>, %n: index) -> tensor<?x2x4xf32> {
  // CHECK-DAG: %[[D:.+]] = tensor.dim %arg0
  // CHECK-DAG: %[[T:.+]] = arith.muli %[[D]], %c8
  // CHECK: %[[C:.+]] = flow.tensor.reshape %arg0 : tensor<?x8xf32>{%[[D]]} -> tensor<?xf32>{%[[T]]}
  // CHECK: flow.tensor.reshape %[[C]] : tensor<?xf32>{%{{.+}}} -> tensor<?x2x4xf32>{%arg1}
  %c = tensor.collapse_shape %x [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
  %e = tensor.expand_shape %c [[0, 1, 2]] output_shape [%n, 2, 4] : tensor<?xf32> into tensor<?x2x4xf32>
  util.return %e : tensor<?x2x4xf32>
}

// CHECK-LABEL: util.func public @elements
util.func public @elements(%x: tensor<4xi32>, %i: index, %v: i32) -> (i32, tensor<4xi32>, tensor<3xi32>, tensor<7xi32>) {
  // CHECK: flow.tensor.load %arg0[%arg1] : tensor<4xi32>
  // CHECK: flow.tensor.store %arg2, %arg0[%arg1] : tensor<4xi32>
  // CHECK: %[[S:.+]] = flow.tensor.splat %arg2 : tensor<3xi32>
  // CHECK: flow.tensor.store %{{.+}}, %[[S]][%c2]
  // CHECK: flow.tensor.splat %arg2 : tensor<7xi32>
  %a = tensor.extract %x[%i] : tensor<4xi32>
  %b = tensor.insert %v into %x[%i] : tensor<4xi32>
  %c = tensor.from_elements %v, %v, %a : tensor<3xi32>
  %e = tensor.empty() : tensor<7xi32>
  %f = linalg.fill ins(%v : i32) outs(%e : tensor<7xi32>) -> tensor<7xi32>
  util.return %a, %b, %c, %f : i32, tensor<4xi32>, tensor<3xi32>, tensor<7xi32>
}

// A slice of whole rows is one range of bytes; a slice of columns is a kernel.
// CHECK-LABEL: util.func public @slices
util.func public @slices(%x: tensor<6x8xf32>, %y: tensor<2x8xf32>, %z: tensor<6x2xf32>, %i: index) -> (tensor<2x8xf32>, tensor<6x2xf32>, tensor<6x8xf32>, tensor<6x8xf32>) {
  // CHECK: flow.tensor.slice %arg0[%arg3, %c0 for %c2{{.*}}, %c8] : tensor<6x8xf32> -> tensor<2x8xf32>
  // CHECK: flow.dispatch.region
  // CHECK:   tensor.extract_slice
  // CHECK: flow.tensor.update %arg1, %arg0[%arg3, %c0{{.*}}] : tensor<2x8xf32> -> %arg0 as tensor<6x8xf32>
  // CHECK: flow.dispatch.region
  // CHECK:   tensor.insert_slice
  %a = tensor.extract_slice %x[%i, 0] [2, 8] [1, 1] : tensor<6x8xf32> to tensor<2x8xf32>
  %b = tensor.extract_slice %x[0, %i] [6, 2] [1, 1] : tensor<6x8xf32> to tensor<6x2xf32>
  %c = tensor.insert_slice %y into %x[%i, 0] [2, 8] [1, 1] : tensor<2x8xf32> into tensor<6x8xf32>
  %d = tensor.insert_slice %z into %x[0, %i] [6, 2] [1, 1] : tensor<6x2xf32> into tensor<6x8xf32>
  util.return %a, %b, %c, %d : tensor<2x8xf32>, tensor<6x2xf32>, tensor<6x8xf32>, tensor<6x8xf32>
}
