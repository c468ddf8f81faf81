// Programs for the stream phase: one function each, so that one compile serves them all. `test_stream_phase.py` holds the inputs.

util.global private mutable @state = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
util.global private mutable @steps = dense<0> : tensor<i64>

// A dynamic batch of matrix products and a clamp.
func.func @batch_matmul_relu(%a: tensor<?x?x8xf32>, %b: tensor<?x8x16xf32>) -> tensor<?x?x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %a, %c0 : tensor<?x?x8xf32>
  %m = tensor.dim %a, %c1 : tensor<?x?x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%n, %m) : tensor<?x?x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %product = linalg.batch_matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<?x8x16xf32>) outs(%start : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %result = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%product : tensor<?x?x16xf32>) outs(%empty : tensor<?x?x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.maximumf %x, %zero : f32
    linalg.yield %y : f32
  } -> tensor<?x?x16xf32>
  return %result : tensor<?x?x16xf32>
}

// Dimensions that are computed, and one that is returned as a value.
func.func @dimension_arithmetic(%a: tensor<?x?xf32>) -> (tensor<?xf32>, tensor<?x?xf32>, tensor<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %a, %c0 : tensor<?x?xf32>
  %m = tensor.dim %a, %c1 : tensor<?x?xf32>
  %count = arith.muli %n, %m : index
  %flat = tensor.collapse_shape %a [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>
  %exp = math.exp %flat : tensor<?xf32>
  %two = arith.constant 2.0 : f32
  %padded = tensor.pad %a low[0, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %two : f32
  } : tensor<?x?xf32> to tensor<?x?xf32>
  %number = arith.index_cast %count : index to i32
  %scalar = tensor.from_elements %number : tensor<i32>
  return %exp, %padded, %scalar : tensor<?xf32>, tensor<?x?xf32>, tensor<i32>
}

// One value computed, joined with another, cut again; one result returned twice.
func.func @concatenate_and_slice(%a: tensor<2x4xf32>, %b: tensor<3x4xf32>) -> (tensor<5x4xf32>, tensor<2x4xf32>, tensor<5x4xf32>) {
  %sum = stablehlo.add %a, %a : tensor<2x4xf32>
  %joined = stablehlo.concatenate %sum, %b, dim = 0 : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  %part = stablehlo.slice %joined [1:3, 0:4] : (tensor<5x4xf32>) -> tensor<2x4xf32>
  return %joined, %part, %joined : tensor<5x4xf32>, tensor<2x4xf32>, tensor<5x4xf32>
}

// A write in place of which the overwritten value is still needed.
func.func @pad_and_update(%a: tensor<2x4xf32>, %i: tensor<i32>) -> (tensor<6x4xf32>, tensor<6x4xf32>, tensor<2x4xf32>) {
  %fill = stablehlo.constant dense<0.5> : tensor<f32>
  %padded = stablehlo.pad %a, %fill, low = [1, 0], high = [3, 0], interior = [0, 0] : (tensor<2x4xf32>, tensor<f32>) -> tensor<6x4xf32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %updated = stablehlo.dynamic_update_slice %padded, %a, %i, %zero : (tensor<6x4xf32>, tensor<2x4xf32>, tensor<i32>, tensor<i32>) -> tensor<6x4xf32>
  %part = stablehlo.dynamic_slice %updated, %i, %zero, sizes = [2, 4] : (tensor<6x4xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  return %padded, %updated, %part : tensor<6x4xf32>, tensor<6x4xf32>, tensor<2x4xf32>
}

// A loop that writes into what it carries, and carries the value from before the write as well.
func.func @update_in_loop(%a: tensor<8x4xf32>, %n: tensor<i32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %loop:3 = stablehlo.while(%i = %zero, %now = %a, %before = %a) : tensor<i32>, tensor<8x4xf32>, tensor<8x4xf32>
   cond {
    %more = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %more : tensor<i1>
  } do {
    %row = stablehlo.dynamic_slice %now, %i, %zero, sizes = [1, 4] : (tensor<8x4xf32>, tensor<i32>, tensor<i32>) -> tensor<1x4xf32>
    %exp = stablehlo.exponential %row : tensor<1x4xf32>
    %next = stablehlo.dynamic_update_slice %now, %exp, %i, %zero : (tensor<8x4xf32>, tensor<1x4xf32>, tensor<i32>, tensor<i32>) -> tensor<8x4xf32>
    %j = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %j, %next, %now : tensor<i32>, tensor<8x4xf32>, tensor<8x4xf32>
  }
  return %loop#1, %loop#2 : tensor<8x4xf32>, tensor<8x4xf32>
}

// Mutable globals in a loop.
func.func @advance_state(%n: tensor<i32>) -> (tensor<4xf32>, tensor<i64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %count = tensor.extract %n[] : tensor<i32>
  %end = arith.index_cast %count : i32 to index
  scf.for %i = %c0 to %end step %c1 {
    %old = util.global.load @state : tensor<4xf32>
    %new = stablehlo.add %old, %old : tensor<4xf32>
    util.global.store %new, @state : tensor<4xf32>
    %step = util.global.load @steps : tensor<i64>
    %one = stablehlo.constant dense<1> : tensor<i64>
    %next = stablehlo.add %step, %one : tensor<i64>
    util.global.store %next, @steps : tensor<i64>
  }
  %state = util.global.load @state : tensor<4xf32>
  %steps = util.global.load @steps : tensor<i64>
  return %state, %steps : tensor<4xf32>, tensor<i64>
}

// A function called twice, which hands one argument back.
func.func private @add_row(%a: tensor<?x4xf32>, %f: tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>) attributes {noinline} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x4xf32>
  %empty = tensor.empty(%n) : tensor<?x4xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%a, %f : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %z = arith.addf %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<?x4xf32>
  return %sum, %f : tensor<?x4xf32>, tensor<4xf32>
}

func.func @calls(%a: tensor<?x4xf32>, %f: tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) {
  %first:2 = call @add_row(%a, %f) : (tensor<?x4xf32>, tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>)
  %g = stablehlo.add %first#1, %f : tensor<4xf32>
  %second:2 = call @add_row(%first#0, %g) : (tensor<?x4xf32>, tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>)
  return %second#0, %second#1, %first#0 : tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>
}

// Sizes of zero, known and not.
func.func @nothing(%a: tensor<?x4xf32>, %b: tensor<0x4xf32>) -> (tensor<?x4xf32>, tensor<0x4xf32>, tensor<4xf32>) {
  %0 = arith.addf %a, %a : tensor<?x4xf32>
  %1 = arith.addf %b, %b : tensor<0x4xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.reduce {arith.addf} ins(%0 : tensor<?x4xf32>) outs(%start : tensor<4xf32>) dimensions = [0]
  return %0, %1, %sum : tensor<?x4xf32>, tensor<0x4xf32>, tensor<4xf32>
}

// Element types, constants of each, and fills of 64 bits.
func.func @element_types(%a: tensor<4xi64>, %b: tensor<4xbf16>, %c: tensor<4xi1>, %d: tensor<4xi8>)
    -> (tensor<4xi64>, tensor<4xbf16>, tensor<4xi1>, tensor<4xi8>, tensor<4xi64>, tensor<6xi64>, tensor<4xi1>) {
  %0 = stablehlo.add %a, %a : tensor<4xi64>
  %1 = stablehlo.add %b, %b : tensor<4xbf16>
  %2 = stablehlo.not %c : tensor<4xi1>
  %3 = stablehlo.add %d, %d : tensor<4xi8>
  %4 = stablehlo.constant dense<1234567890123> : tensor<4xi64>
  %fill = stablehlo.constant dense<-7> : tensor<i64>
  %5 = stablehlo.pad %a, %fill, low = [1], high = [1], interior = [0] : (tensor<4xi64>, tensor<i64>) -> tensor<6xi64>
  %6 = stablehlo.constant dense<[true, false, true, true]> : tensor<4xi1>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<4xi64>, tensor<4xbf16>, tensor<4xi1>, tensor<4xi8>, tensor<4xi64>, tensor<6xi64>, tensor<4xi1>
}

// An argument returned as it came, one result twice, and a choice between an argument and a constant.
func.func @pass_through(%a: tensor<4xf32>, %c: tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %negated = stablehlo.negate %a : tensor<4xf32>
  %chosen = "stablehlo.if"(%c) ({
    stablehlo.return %a : tensor<4xf32>
  }, {
    %constant = stablehlo.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    stablehlo.return %constant : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %a, %negated, %negated, %chosen : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
