// A counter that survives between calls: `%n` is added to a global, the running total comes back.
util.global private mutable @total = dense<0> : tensor<i32>

func.func @add(%n: tensor<i32>) -> tensor<i32> {
  %old = util.global.load @total : tensor<i32>
  %new = stablehlo.add %old, %n : tensor<i32>
  util.global.store %new, @total : tensor<i32>
  return %new : tensor<i32>
}

func.func @reset() {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  util.global.store %zero, @total : tensor<i32>
  return
}
