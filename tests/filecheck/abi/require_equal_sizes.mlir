// RUN: pyrie opt --pyrie-abi-require-equal-sizes %s | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// What each call requires of two arguments, the import of the second compares; the sizes are one from there on.
// CHECK-LABEL: util.func public @arguments
// CHECK: %[[M:.+]] = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
// CHECK-NOT: hal.buffer_view.dim<%arg1
// CHECK: hal.tensor.import %arg1 "y (its dimension 0 must equal dimension 0 of x{{.*}})" : !hal.buffer_view -> tensor<?xf32>{%[[M]]}
// CHECK-NOT: cf.assert
// CHECK: hal.tensor.export %{{.+}} "output0" : tensor<?xf32>{%[[M]]}
util.func public @arguments(%a: !hal.buffer_view, %b: !hal.buffer_view) -> !hal.buffer_view {
  %m = hal.buffer_view.dim<%a : !hal.buffer_view>[0] : index
  %x = hal.tensor.import %a "x" : !hal.buffer_view -> tensor<?xf32>{%m}
  %n = hal.buffer_view.dim<%b : !hal.buffer_view>[0] : index
  %y = hal.tensor.import %b "y" : !hal.buffer_view -> tensor<?xf32>{%n}
  %e = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %1 = hal.tensor.export %0 "output0" : tensor<?xf32>{%n} -> !hal.buffer_view
  util.return %1 : !hal.buffer_view
}

// A number is what the import compares with too.
// CHECK-LABEL: util.func public @number
// CHECK: %[[C:.+]] = arith.constant 7 : index
// CHECK: hal.tensor.import %arg0 "x (its dimension 0 must equal 7{{.*}})" : !hal.buffer_view -> tensor<?xf32>{%[[C]]}
util.func public @number(%a: !hal.buffer_view) -> tensor<7xf32> {
  %m = hal.buffer_view.dim<%a : !hal.buffer_view>[0] : index
  %x = hal.tensor.import %a "x" : !hal.buffer_view -> tensor<?xf32>{%m}
  %0 = tensor.cast %x : tensor<?xf32> to tensor<7xf32>
  util.return %0 : tensor<7xf32>
}

// Other sizes are compared in front of the op: once, and not where what came before implies it.
// CHECK-LABEL: util.func private @values
// CHECK: %[[A:.+]] = tensor.dim %arg0
// CHECK: %[[B:.+]] = tensor.dim %arg1
// CHECK: %[[SAME:.+]] = arith.cmpi eq, %{{.+}}, %{{.+}} : index
// CHECK: cf.assert %[[SAME]], "{{.*}}dimension 0 of operand 1 must be equal to dimension 0 of operand 0"
// CHECK: linalg.generic
// CHECK-NOT: cf.assert
util.func private @values(%x: tensor<?xf32>, %y: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%m) : tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%y, %0 : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.mulf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  util.return %0, %1 : tensor<?xf32>, tensor<?xf32>
}

// What a branch requires is required in the branch only.
// CHECK-LABEL: util.func public @branch
// CHECK: hal.tensor.import %arg1 "y" : !hal.buffer_view -> tensor<?xf32>{%{{.+}}}
// CHECK: scf.if
// CHECK: cf.assert %{{.+}}, "{{.*}}dimension 0 of 'y' must be equal to dimension 0 of 'x'"
util.func public @branch(%a: !hal.buffer_view, %b: !hal.buffer_view, %c: i1) -> tensor<?xf32> {
  %m = hal.buffer_view.dim<%a : !hal.buffer_view>[0] : index
  %x = hal.tensor.import %a "x" : !hal.buffer_view -> tensor<?xf32>{%m}
  %n = hal.buffer_view.dim<%b : !hal.buffer_view>[0] : index
  %y = hal.tensor.import %b "y" : !hal.buffer_view -> tensor<?xf32>{%n}
  %r = scf.if %c -> (tensor<?xf32>) {
    %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
    scf.yield %0 : tensor<?xf32>
  } else {
    scf.yield %x : tensor<?xf32>
  }
  util.return %r : tensor<?xf32>
}

// Slices end inside of the whole; a size computed from the whole's is taken to.
// CHECK-LABEL: util.func private @slices
// CHECK: %[[END:.+]] = arith.constant 10 : index
// CHECK: %[[FITS:.+]] = arith.cmpi ule, %[[END]], %{{.+}} : index
// CHECK: cf.assert %[[FITS]], "{{.*}}10 must be at most dimension 0 of operand 0"
// CHECK: tensor.extract_slice %arg0[2] [8] [1]
// CHECK-NOT: cf.assert
// CHECK: tensor.extract_slice %arg0[1]
util.func private @slices(%x: tensor<?xf32>) -> (tensor<8xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tensor.extract_slice %x[2] [8] [1] : tensor<?xf32> to tensor<8xf32>
  %m = tensor.dim %x, %c0 : tensor<?xf32>
  %rest = arith.subi %m, %c1 : index
  %1 = tensor.extract_slice %x[1] [%rest] [1] : tensor<?xf32> to tensor<?xf32>
  util.return %0, %1 : tensor<8xf32>, tensor<?xf32>
}

// Products: 2 x n expanded to n x 2 needs no check, to n x m it does. Of what a front end asserted, the implied goes.
// CHECK-LABEL: util.func private @products
// CHECK-NOT: cf.assert
// CHECK: tensor.expand_shape
// CHECK: arith.muli
// CHECK: cf.assert
// CHECK-SAME: dimension 0 of operand 0 must be equal to the product of [?, ?]
// CHECK: tensor.expand_shape
util.func private @products(%x: tensor<2x?xf32>, %m: index) -> (tensor<?x2xf32>, tensor<?x?xf32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c1 : tensor<2x?xf32>
  %twice = arith.muli %n, %c2 : index
  %half = arith.divui %twice, %c2 : index
  %same = arith.cmpi eq, %half, %n : index
  cf.assert %same, "twice"
  %flat = tensor.collapse_shape %x [[0, 1]] : tensor<2x?xf32> into tensor<?xf32>
  %0 = tensor.expand_shape %flat [[0, 1]] output_shape [%n, 2] : tensor<?xf32> into tensor<?x2xf32>
  %1 = tensor.expand_shape %flat [[0, 1]] output_shape [%n, %m] : tensor<?xf32> into tensor<?x?xf32>
  util.return %0, %1 : tensor<?x2xf32>, tensor<?x?xf32>
}
