// Structured ops beyond linalg, as the real tool prints them.
#map = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3)>
#map1 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d4, d3)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d4, d2)>
#map3 = affine_map<(d0, d1, d2, d3, d4) -> ()>
#map4 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2)>
module {
  func.func @f(%arg0: tensor<2x4x8xf32>, %arg1: tensor<2x4x8xf32>, %arg2: tensor<2x4x8xf32>, %arg3: f32, %arg4: tensor<4x1xi32>, %arg5: tensor<4x8xf32>, %arg6: tensor<16x8xf32>) {
    %0 = iree_linalg_ext.attention <indexing_maps = [#map, #map1, #map2, #map3, #map4]> ins(%arg0, %arg1, %arg2, %arg3 : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, f32) outs(%arg0 : tensor<2x4x8xf32>) {
    ^bb0(%arg7: f32):
      iree_linalg_ext.yield %arg7 : f32
    } -> tensor<2x4x8xf32>
    %1 = iree_linalg_ext.scatter dimension_map = [0] unique_indices(true) ins(%arg5, %arg4 : tensor<4x8xf32>, tensor<4x1xi32>) outs(%arg6 : tensor<16x8xf32>) {
    ^bb0(%arg7: f32, %arg8: f32):
      iree_linalg_ext.yield %arg7 : f32
    } -> tensor<16x8xf32>
    %2 = iree_linalg_ext.sort dimension(0) outs(%arg6 : tensor<16x8xf32>) {
    ^bb0(%arg7: f32, %arg8: f32):
      %3 = arith.cmpf ogt, %arg7, %arg8 : f32
      iree_linalg_ext.yield %3 : i1
    } -> tensor<16x8xf32>
    return
  }
}

