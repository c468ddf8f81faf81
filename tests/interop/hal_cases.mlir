// Host programs of many shapes for tests/interop/test_hal_phases.py: dynamic and empty tensors, small and wide integers, state, loops, constants.
util.global private mutable @state = dense<1.0> : tensor<4xf32>
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x10xf32> {
  %w = arith.constant dense<0.01> : tensor<64x10xf32>
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %d = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%d) : tensor<?x10xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<?x10xf32>) -> tensor<?x10xf32>
  %m = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x10xf32>) outs(%f : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %m : tensor<?x10xf32>
}
func.func @two(%x: tensor<?x?xi8>, %y: tensor<?x?xf32>) -> (tensor<?x?xi8>, tensor<?x?xf32>) {
  %a = arith.addi %x, %x : tensor<?x?xi8>
  %b = arith.mulf %y, %y : tensor<?x?xf32>
  return %a, %b : tensor<?x?xi8>, tensor<?x?xf32>
}
func.func @identity(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }
func.func @scalars(%x: tensor<i1>, %y: tensor<f32>) -> (tensor<i1>, tensor<f32>) {
  %t = arith.constant dense<true> : tensor<i1>
  %0 = arith.xori %x, %t : tensor<i1>
  %c = tensor.extract %x[] : tensor<i1>
  %r = scf.if %c -> tensor<f32> { %q = arith.addf %y, %y : tensor<f32>  scf.yield %q : tensor<f32> } else { scf.yield %y : tensor<f32> }
  return %0, %r : tensor<i1>, tensor<f32>
}
func.func @accumulate(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = util.global.load @state : tensor<4xf32>
  %n = arith.addf %s, %x : tensor<4xf32>
  util.global.store %n, @state : tensor<4xf32>
  return %n : tensor<4xf32>
}
func.func @loop(%n: tensor<i64>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : i64
  %k = tensor.extract %n[] : tensor<i64>
  %r = scf.for %i = %c0 to %k step %c1 iter_args(%a = %x) -> tensor<3xf32> : i64 {
    %b = arith.addf %a, %x : tensor<3xf32>
    scf.yield %b : tensor<3xf32>
  }
  return %r : tensor<3xf32>
}
func.func @splat() -> tensor<1024xi64> {
  %c = arith.constant dense<7> : tensor<1024xi64>
  return %c : tensor<1024xi64>
}
func.func @const() -> (tensor<3xi16>, tensor<2x2xf32>) {
  %c = arith.constant dense<[1,2,3]> : tensor<3xi16>
  %d = arith.constant dense<[[1.0,2.0],[3.0,4.0]]> : tensor<2x2xf32>
  return %c, %d : tensor<3xi16>, tensor<2x2xf32>
}
