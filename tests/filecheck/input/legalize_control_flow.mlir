// RUN: pyrie opt --iree-stablehlo-legalize-control-flow %s | FileCheck %s

// A counter that a constant is added to, compared with a limit from outside: a counted loop.
// CHECK-LABEL: @counts
// CHECK-DAG:     %[[FROM:.+]] = arith.constant 0 : i32
// CHECK-DAG:     %[[TO:.+]] = tensor.extract %arg1[] : tensor<i32>
// CHECK-DAG:     %[[BY:.+]] = arith.constant 2 : i32
// CHECK:         scf.for %[[I:.+]] = %[[FROM]] to %[[TO]] step %[[BY]] iter_args(%{{.+}}, %[[X:.+]] = %arg0)
// CHECK:           tensor.from_elements %[[I]] : tensor<i32>
// CHECK:           scf.yield
func.func @counts(%x: tensor<4xf32>, %limit: tensor<i32>) -> tensor<4xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %two = stablehlo.constant dense<2> : tensor<i32>
  %r:2 = stablehlo.while(%i = %zero, %a = %x) : tensor<i32>, tensor<4xf32>
    cond {
      %c = stablehlo.compare LT, %i, %limit : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %c : tensor<i1>
    } do {
      %j = stablehlo.add %i, %two : tensor<i32>
      %b = stablehlo.add %a, %a : tensor<4xf32>
      stablehlo.return %j, %b : tensor<i32>, tensor<4xf32>
    }
  return %r#1 : tensor<4xf32>
}

// The step is not known to be positive: a general loop.
// CHECK-LABEL: @unknown_step
// CHECK-NOT:     scf.for
// CHECK:         scf.while
// CHECK:           scf.condition
// CHECK:           scf.yield
func.func @unknown_step(%limit: tensor<i32>, %step: tensor<i32>) -> tensor<i32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %r = stablehlo.while(%i = %zero) : tensor<i32>
    cond {
      %c = stablehlo.compare LT, %i, %limit : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %c : tensor<i1>
    } do {
      %j = stablehlo.add %i, %step : tensor<i32>
      stablehlo.return %j : tensor<i32>
    }
  return %r : tensor<i32>
}

// CHECK-LABEL: @branches
// CHECK:         %[[P:.+]] = tensor.extract %arg0[] : tensor<i1>
// CHECK:         scf.if %[[P]] -> (tensor<4xf32>) {
// CHECK-NEXT:      scf.yield %arg1
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.yield %arg2
func.func @branches(%p: tensor<i1>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.if"(%p) ({ stablehlo.return %a : tensor<4xf32> }, { stablehlo.return %b : tensor<4xf32> })
    : (tensor<i1>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: @cases
// CHECK:         %[[ZERO:.+]] = stablehlo.constant dense<0> : tensor<i32>
// CHECK:         stablehlo.compare EQ, %arg0, %[[ZERO]]
// CHECK:         scf.if
// CHECK:         } else {
// CHECK:           %[[ONE:.+]] = stablehlo.constant dense<1> : tensor<i32>
// CHECK:           stablehlo.compare EQ, %arg0, %[[ONE]]
// CHECK:           scf.if
func.func @cases(%n: tensor<i32>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%n) ({ stablehlo.return %a : tensor<4xf32> }, { stablehlo.return %b : tensor<4xf32> }, {
    %c = stablehlo.negate %a : tensor<4xf32>
    stablehlo.return %c : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
