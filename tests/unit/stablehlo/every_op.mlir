// One of every op of stablehlo and the common ones of chlo, in pretty text where there is one. Round-trips through the real iree-opt.
func.func @f(%x: tensor<4x8xf32>, %i: tensor<4xi32>, %s: tensor<i32>, %c: tensor<f32>, %p: tensor<4x8xi1>, %d: tensor<?x8xf32>, %sh: tensor<2xi32>) {
  %v = stablehlo.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %rsh = stablehlo.constant dense<[4, 8]> : tensor<2xi64>
  %sq = stablehlo.constant dense<1.0> : tensor<3x3xf32>
  %st = stablehlo.constant dense<1> : tensor<2xui64>
  %0 = stablehlo.add %x, %x : tensor<4x8xf32>
  %1 = stablehlo.exponential %x {foo = 1 : i32} : tensor<4x8xf32>
  %a1 = "stablehlo.exponential"(%x) <{result_accuracy = #stablehlo.result_accuracy<ulps = 4, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %a2 = "stablehlo.exponential"(%x) <{result_accuracy = #stablehlo.result_accuracy<mode = #stablehlo.result_accuracy_mode<DEFAULT>>}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = stablehlo.add %d, %d : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<4x8xf32>
  %3 = stablehlo.convert %x : (tensor<4x8xf32>) -> tensor<4x8xi32>
  %4 = stablehlo.convert %x : tensor<4x8xf32>
  %5 = stablehlo.is_finite %x : (tensor<4x8xf32>) -> tensor<4x8xi1>
  %6 = stablehlo.clamp %c, %x, %c : (tensor<f32>, tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %66 = stablehlo.clamp %x, %x, %x : tensor<4x8xf32>
  %7 = stablehlo.select %p, %x, %x : tensor<4x8xi1>, tensor<4x8xf32>
  %8 = stablehlo.compare LT, %x, %x, TOTALORDER : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>
  %9 = stablehlo.compare GE, %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>
  %10 = stablehlo.iota dim = 1 : tensor<4x8xi32>
  %11 = stablehlo.dynamic_iota %sh, dim = 0 : (tensor<2xi32>) -> tensor<?x?xf32>
  %12 = stablehlo.broadcast_in_dim %i, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
  %13 = stablehlo.dynamic_broadcast_in_dim %i, %sh, dims = [0] : (tensor<4xi32>, tensor<2xi32>) -> tensor<?x?xi32>
  %14 = stablehlo.dynamic_reshape %x, %sh : (tensor<4x8xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  %15 = stablehlo.reshape %x : (tensor<4x8xf32>) -> tensor<32xf32>
  %16 = stablehlo.transpose %x, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %17 = stablehlo.reverse %x, dims = [1] : tensor<4x8xf32>
  %18 = stablehlo.slice %x [0:2, 1:7:2] : (tensor<4x8xf32>) -> tensor<2x3xf32>
  %19 = stablehlo.dynamic_slice %x, %s, %s, sizes = [2, 3] : (tensor<4x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
  %20 = stablehlo.dynamic_update_slice %x, %19, %s, %s : (tensor<4x8xf32>, tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<4x8xf32>
  %21 = stablehlo.real_dynamic_slice %x, %sh, %sh, %sh : (tensor<4x8xf32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<?x?xf32>
  %22 = stablehlo.pad %x, %c, low = [1, 0], high = [0, -1], interior = [0, 1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<5x14xf32>
  %23 = stablehlo.dynamic_pad %x, %c, %sh, %sh, %sh : (tensor<4x8xf32>, tensor<f32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<?x?xf32>
  %24 = stablehlo.concatenate %x, %x, dim = 0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  %25 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  %26 = "stablehlo.scatter"(%x, %i, %x) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<4xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %27 = stablehlo.dot %x, %16, precision = [HIGHEST, DEFAULT] : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %28 = stablehlo.dot_general %x, %16, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %29 = stablehlo.dot_general %x, %x, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
  %30 = stablehlo.dot_general %x, %x, contracting_dims = [] x [] : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8x4x8xf32>
  %31 = stablehlo.reduce(%x init: %c) applies stablehlo.maximum across dimensions = [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
  %32:2 = stablehlo.reduce(%x init: %c), (%10 init: %s) across dimensions = [1] : (tensor<4x8xf32>, tensor<4x8xi32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xi32>)
   reducer(%a: tensor<f32>, %b: tensor<f32>) (%a3: tensor<i32>, %b2: tensor<i32>) {
    %q = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %w = stablehlo.select %q, %a, %b : tensor<i1>, tensor<f32>
    stablehlo.return %w, %a3 : tensor<f32>, tensor<i32>
  }
  %im = stablehlo.constant dense<1.0> : tensor<1x8x8x4xf32>
  %k = stablehlo.constant dense<1.0> : tensor<3x3x4x16xf32>
  %33 = stablehlo.convolution(%im, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [2, 1], pad = [[1, 1], [0, 1]], lhs_dilate = [1, 2], rhs_dilate = [1, 1], reverse = [false, true]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision HIGH>]} : (tensor<1x8x8x4xf32>, tensor<3x3x4x16xf32>) -> tensor<1x4x14x16xf32>
  %34 = stablehlo.convolution(%im, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<3x3x4x16xf32>) -> tensor<1x6x6x16xf32>
  %35 = "stablehlo.reduce_window"(%im, %c) <{window_dimensions = array<i64: 1, 2, 2, 1>, window_strides = array<i64: 1, 2, 2, 1>, padding = dense<0> : tensor<4x2xi64>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %q = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %q : tensor<f32>
  }) : (tensor<1x8x8x4xf32>, tensor<f32>) -> tensor<1x4x4x4xf32>
  %36:2 = "stablehlo.sort"(%x, %10) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %a3: tensor<i32>, %b2: tensor<i32>):
    %q = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  }) : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<4x8xf32>, tensor<4x8xi32>)
  %37 = stablehlo.get_dimension_size %d, dim = 0 : (tensor<?x8xf32>) -> tensor<i32>
  %38 = stablehlo.composite "my.op" %x, %x {composite_attributes = {a = 1 : i64}, decomposition = @g, version = 1 : i32} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %39 = stablehlo.custom_call @foo(%x) {backend_config = "bar", has_side_effect = true, api_version = 2 : i32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %40 = "stablehlo.batch_norm_inference"(%im, %v, %v, %v, %v) <{epsilon = 1.0e-5 : f32, feature_index = 3 : i64}> : (tensor<1x8x8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x8x8x4xf32>
  %41 = stablehlo.rng %c, %c, %rsh, distribution = NORMAL : (tensor<f32>, tensor<f32>, tensor<2xi64>) -> tensor<4x8xf32>
  %42 = stablehlo.reduce_precision %x, format = e5m10 : tensor<4x8xf32>
  %43 = stablehlo.bitcast_convert %x : (tensor<4x8xf32>) -> tensor<4x8xi32>
  %44 = stablehlo.optimization_barrier %x : tensor<4x8xf32>
  %45:2 = stablehlo.optimization_barrier %x, %c : tensor<4x8xf32>, tensor<f32>
  %46 = "stablehlo.map"(%x) <{dimensions = array<i64: 0, 1>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %47 = stablehlo.broadcast %c, sizes = [4] : (tensor<f32>) -> tensor<4xf32>
  %48 = "stablehlo.select_and_scatter"(%im, %35, %c) <{window_dimensions = array<i64: 1, 2, 2, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %q = stablehlo.compare GE, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  }, {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %q = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %q : tensor<f32>
  }) : (tensor<1x8x8x4xf32>, tensor<1x4x4x4xf32>, tensor<f32>) -> tensor<1x8x8x4xf32>
  %49 = "stablehlo.case"(%s) ({
    stablehlo.return %x : tensor<4x8xf32>
  }, {
    stablehlo.return %0 : tensor<4x8xf32>
  }) : (tensor<i32>) -> tensor<4x8xf32>
  %50 = stablehlo.complex %x, %x : tensor<4x8xcomplex<f32>>
  %51 = stablehlo.real %50 : (tensor<4x8xcomplex<f32>>) -> tensor<4x8xf32>
  %52 = chlo.broadcast_add %x, %c : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %53 = chlo.erf %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %54 = chlo.broadcast_compare %x, %c {comparison_direction = #chlo<comparison_direction LT>} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xi1>
  %55 = chlo.broadcast_select %p, %x, %c : (tensor<4x8xi1>, tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %56, %57 = chlo.top_k(%x, k = 2) : tensor<4x8xf32> -> (tensor<4x2xf32>, tensor<4x2xi32>)
  %58 = stablehlo.constant {foo = 1 : i32} dense<1> : tensor<i32>
  %59 = stablehlo.while(%n = %s) : tensor<i32> attributes {a = 1 : i32}
    cond {
      %q = stablehlo.compare LT, %n, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %q : tensor<i1>
    } do {
      stablehlo.return %n : tensor<i32>
    }
  %60 = stablehlo.set_dimension_size %x, %s, dim = 0 : (tensor<4x8xf32>, tensor<i32>) -> tensor<?x8xf32, #stablehlo.bounds<4, ?>>
  %61 = stablehlo.cholesky %sq, lower = true : tensor<3x3xf32>
  %62, %63 = stablehlo.rng_bit_generator %st, algorithm = DEFAULT : (tensor<2xui64>) -> (tensor<2xui64>, tensor<2x2xui32>)
  %64 = stablehlo.fft %50, type = FFT, length = [8] : (tensor<4x8xcomplex<f32>>) -> tensor<4x8xcomplex<f32>>
  %65 = stablehlo.einsum %x, %x, config = "ab,ab->a" : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
  return
}
func.func private @g(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  return %x : tensor<4x8xf32>
}
