#map = affine_map<(d0)[s0] -> (d0 * 4 + s0)>
#map1 = affine_map<(d0) -> (d0, 4)>
module {
  func.func @f(%arg0: tensor<4x8xf32>, %arg1: tensor<8x16xf32>, %arg2: tensor<4x16xf32>, %arg3: index, %arg4: tensor<?x8xf32>, %arg5: f32, %arg6: i32, %arg7: i1, %arg8: tensor<4x8xi1>, %arg9: tensor<1x8x8x3xf32>, %arg10: tensor<3x3x3x4xf32>, %arg11: tensor<1x3x3x4xf32>) -> tensor<?x?xf32> {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %0 = tensor.empty() : tensor<8x4xf32>
    %1 = tensor.empty() : tensor<4xf32>
    %transposed = linalg.transpose ins(%arg0 : tensor<4x8xf32>) outs(%0 : tensor<8x4xf32>) permutation = [1, 0] 
    %reduced = linalg.reduce { arith.addf } ins(%arg0 : tensor<4x8xf32>) outs(%1 : tensor<4xf32>) dimensions = [1] 
    %reduced_0 = linalg.reduce ins(%arg0 : tensor<4x8xf32>) outs(%1 : tensor<4xf32>) dimensions = [1] 
      (%in: f32, %init: f32) {
        %29 = arith.mulf %in, %in : f32
        %30 = arith.addf %29, %init : f32
        linalg.yield %30 : f32
      }
    %broadcasted = linalg.broadcast ins(%reduced : tensor<4xf32>) outs(%arg0 : tensor<4x8xf32>) dimensions = [1] 
    %mapped = linalg.map { arith.addf } ins(%arg0, %broadcasted : tensor<4x8xf32>, tensor<4x8xf32>) outs(%arg0 : tensor<4x8xf32>)
    %2 = linalg.fill ins(%arg5 : f32) outs(%arg0 : tensor<4x8xf32>) -> tensor<4x8xf32>
    %3 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%arg9, %arg10 : tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) outs(%arg11 : tensor<1x3x3x4xf32>) -> tensor<1x3x3x4xf32>
    %4 = tensor.empty() : tensor<1x1x8x4xf32>
    %pack = linalg.pack %arg0 padding_value(%arg5 : f32) outer_dims_perm = [0, 1] inner_dims_pos = [1, 0] inner_tiles = [8, 4] into %4 : tensor<4x8xf32> -> tensor<1x1x8x4xf32>
    %unpack = linalg.unpack %pack outer_dims_perm = [0, 1] inner_dims_pos = [1, 0] inner_tiles = [8, 4] into %arg0 : tensor<1x1x8x4xf32> -> tensor<4x8xf32>
    %5 = linalg.elementwise <exp> ins(%arg0 : tensor<4x8xf32>) outs(%arg0 : tensor<4x8xf32>) -> tensor<4x8xf32>
    %6 = linalg.elementwise <add> ins(%arg0, %5 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%arg0 : tensor<4x8xf32>) -> tensor<4x8xf32>
    %7 = arith.select %arg7, %arg0, %6 : tensor<4x8xf32>
    %8 = arith.select %arg8, %arg0, %6 : tensor<4x8xi1>, tensor<4x8xf32>
    %9 = arith.cmpf olt, %arg0, %6 : tensor<4x8xf32>
    %10 = arith.cmpi slt, %arg3, %c0 : index
    %11 = arith.addi %arg3, %c4 overflow<nsw, nuw> : index
    %12 = arith.addf %arg5, %arg5 fastmath<reassoc,nnan> : f32
    %13 = affine.apply #map(%arg3)[%11]
    %14 = affine.min #map1(%arg3)
    %15:2 = affine.delinearize_index %arg3 into (4, 8) : index, index
    %16 = affine.linearize_index disjoint [%15#0, %15#1] by (4, 8) : index
    %dim = tensor.dim %arg4, %c0 : tensor<?x8xf32>
    %extracted = tensor.extract %arg0[%c0, %arg3] : tensor<4x8xf32>
    %inserted = tensor.insert %extracted into %arg0[%c0, %arg3] : tensor<4x8xf32>
    %extracted_slice = tensor.extract_slice %arg4[0, %arg3] [%dim, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
    %inserted_slice = tensor.insert_slice %extracted_slice into %arg4[0, %arg3] [%dim, 4] [1, 1] : tensor<?x4xf32> into tensor<?x8xf32>
    %expanded = tensor.expand_shape %arg4 [[0], [1, 2]] output_shape [%dim, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %arg4 [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
    %padded = tensor.pad %arg4 low[0, %arg3] high[1, 2] {
    ^bb0(%arg12: index, %arg13: index):
      tensor.yield %arg5 : f32
    } : tensor<?x8xf32> to tensor<?x?xf32>
    %generated = tensor.generate %arg3 {
    ^bb0(%arg12: index):
      tensor.yield %arg5 : f32
    } : tensor<?xf32>
    %concat = tensor.concat dim(0) %arg0, %arg0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %from_elements = tensor.from_elements %arg3, %arg3 : tensor<2xindex>
    %reshape = tensor.reshape %arg4(%from_elements) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x?xf32>
    %splat = tensor.splat %arg5[%arg3] : tensor<?xf32>
    %cast = tensor.cast %arg4 : tensor<?x8xf32> to tensor<?x?xf32>
    %17 = math.isnan %arg5 : f32
    %18 = math.fma %arg5, %arg5, %arg5 : f32
    %19 = math.ctlz %arg6 : i32
    %20 = arith.index_cast %arg6 : i32 to index
    %21 = arith.index_castui %arg6 : i32 to index
    %22:2 = scf.while (%arg12 = %arg3, %arg13 = %arg0) : (index, tensor<4x8xf32>) -> (index, tensor<4x8xf32>) {
      scf.condition(%arg7) %arg12, %arg13 : index, tensor<4x8xf32>
    } do {
    ^bb0(%arg12: index, %arg13: tensor<4x8xf32>):
      scf.yield %arg12, %arg13 : index, tensor<4x8xf32>
    }
    %23 = scf.if %arg7 -> (index) {
      scf.yield %arg3 : index
    } else {
      scf.yield %c0 : index
    }
    %24 = scf.forall (%arg12, %arg13) in (4, %arg3) shared_outs(%arg14 = %arg0) -> (tensor<4x8xf32>) {
      %extracted_slice_1 = tensor.extract_slice %arg0[%arg12, %arg13] [1, 1] [1, 1] : tensor<4x8xf32> to tensor<1x1xf32>
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %extracted_slice_1 into %arg14[%arg12, %arg13] [1, 1] [1, 1] : tensor<1x1xf32> into tensor<4x8xf32>
      }
    } {mapping = []}
    %25 = scf.index_switch %arg3 -> index 
    case 2 {
      scf.yield %c0 : index
    }
    default {
      scf.yield %c4 : index
    }
    %26 = scf.execute_region -> index {
      scf.yield %c4 : index
    }
    %27 = arith.bitcast %arg5 : f32 to i32
    %true = arith.constant true
    %cst = arith.constant dense<[1, 2]> : tensor<2xi32>
    %c5_i32 = arith.constant 5 : i32
    cf.assert %arg7, "message"
    cf.cond_br %arg7, ^bb1(%arg3 : index), ^bb2
  ^bb1(%28: index):  // pred: ^bb0
    cf.br ^bb2
  ^bb2:  // 2 preds: ^bb0, ^bb1
    cf.br ^bb3
  ^bb3:  // pred: ^bb2
    return %reshape : tensor<?x?xf32>
  }
}
