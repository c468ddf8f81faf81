// RUN: pyrie opt --resolve-ranked-shaped-type-result-dims %s | FileCheck %s

// CHECK-LABEL: util.func public @sizes(%arg0: index, %arg1: index
util.func public @sizes(%n: index, %m: index, %t: tensor<?xf32>) -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = hal.interface.binding.subspan layout(<bindings = [#hal.pipeline.binding<storage_buffer>]>) binding(0) : memref<?x8x?xf32>{%n, %m}
  %d0 = memref.dim %0, %c0 : memref<?x8x?xf32>
  %d1 = memref.dim %0, %c1 : memref<?x8x?xf32>
  %d2 = memref.dim %0, %c2 : memref<?x8x?xf32>
  // Nobody says how large an argument is.
  // CHECK: %[[C8:.+]] = arith.constant 8 : index
  // CHECK: %[[DIM:.+]] = tensor.dim %arg2, %c0
  %d3 = tensor.dim %t, %c0 : tensor<?xf32>
  // CHECK: util.return %arg0, %[[C8]], %arg1, %[[DIM]]
  util.return %d0, %d1, %d2, %d3 : index, index, index, index
}
