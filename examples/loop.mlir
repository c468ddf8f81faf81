// Control flow round dispatches: a `while` whose body calls a private function, an `if`, two results, one argument handed back.
func.func private @step(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %y = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %t = stablehlo.tanh %y : tensor<4x8xf32>
  return %t : tensor<4x8xf32>
}

func.func @iterate(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %steps: tensor<i32>) -> (tensor<4x8xf32>, tensor<f32>, tensor<8x8xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %start = func.call @step(%x, %w) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %i, %last = stablehlo.while(%n = %zero, %state = %start) : tensor<i32>, tensor<4x8xf32>
    cond {
      %more = stablehlo.compare LT, %n, %steps : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %more : tensor<i1>
    } do {
      %next = stablehlo.add %n, %one : tensor<i32>
      %stepped = func.call @step(%state, %w) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      stablehlo.return %next, %stepped : tensor<i32>, tensor<4x8xf32>
    }
  %init = stablehlo.constant dense<0.0> : tensor<f32>
  %sum = stablehlo.reduce(%last init: %init) applies stablehlo.add across dimensions = [0, 1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<f32>
  %positive = stablehlo.compare GT, %sum, %init : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %result = "stablehlo.if"(%positive) ({
    %doubled = stablehlo.add %last, %last : tensor<4x8xf32>
    stablehlo.return %doubled : tensor<4x8xf32>
  }, {
    %negated = stablehlo.negate %last : tensor<4x8xf32>
    stablehlo.return %negated : tensor<4x8xf32>
  }) : (tensor<i1>) -> tensor<4x8xf32>
  return %result, %sum, %w : tensor<4x8xf32>, tensor<f32>, tensor<8x8xf32>
}
