// Small functions over the tensor-level dialects; each is run by the interpreter, by the real compiler, and by the real compiler behind
// our global-optimization, dispatch-creation and flow.
#i1 = affine_map<(d0) -> (d0)>
#i2 = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
#t2 = affine_map<(d0, d1) -> (d1, d0)>

util.func public @matmul_bias_relu(%a: tensor<5x7xf32>, %b: tensor<7x6xf32>, %c: tensor<6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5x6xf32>) -> tensor<5x6xf32>
  %m = linalg.matmul ins(%a, %b : tensor<5x7xf32>, tensor<7x6xf32>) outs(%f : tensor<5x6xf32>) -> tensor<5x6xf32>
  %r = linalg.generic {indexing_maps = [#i2, #col, #i2], iterator_types = ["parallel", "parallel"]} ins(%m, %c : tensor<5x6xf32>, tensor<6xf32>) outs(%e : tensor<5x6xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    %p = arith.maximumf %s, %zero : f32
    linalg.yield %p : f32
  } -> tensor<5x6xf32>
  util.return %r : tensor<5x6xf32>
}

util.func public @matmul_of_transposed(%a: tensor<5x7xf32>, %b: tensor<6x7xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %et = tensor.empty() : tensor<7x6xf32>
  %t = linalg.transpose ins(%b : tensor<6x7xf32>) outs(%et : tensor<7x6xf32>) permutation = [1, 0]
  %e = tensor.empty() : tensor<5x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5x6xf32>) -> tensor<5x6xf32>
  %m = linalg.matmul ins(%a, %t : tensor<5x7xf32>, tensor<7x6xf32>) outs(%f : tensor<5x6xf32>) -> tensor<5x6xf32>
  util.return %m : tensor<5x6xf32>
}

util.func public @layer_norm(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %e1 = tensor.empty() : tensor<4xf32>
  %e2 = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#i2, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %d = linalg.generic {indexing_maps = [#i2, #row, #i2], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %b, %n : f32
    %1 = arith.subf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %q = linalg.generic {indexing_maps = [#i2, #i2], iterator_types = ["parallel", "parallel"]} ins(%d : tensor<4x8xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  %v = linalg.reduce { arith.addf } ins(%q : tensor<4x8xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  %r = linalg.generic {indexing_maps = [#i2, #row, #col, #i2], iterator_types = ["parallel", "parallel"]} ins(%d, %v, %g : tensor<4x8xf32>, tensor<4xf32>, tensor<8xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.divf %b, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %a, %2 : f32
    %4 = arith.mulf %3, %c : f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  util.return %r : tensor<4x8xf32>
}

util.func public @argmax(%x: tensor<3x9xf32>) -> (tensor<3xf32>, tensor<3xi32>) {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i32
  %ev = tensor.empty() : tensor<3xf32>
  %ei = tensor.empty() : tensor<3xi32>
  %fv = linalg.fill ins(%low : f32) outs(%ev : tensor<3xf32>) -> tensor<3xf32>
  %fi = linalg.fill ins(%zero : i32) outs(%ei : tensor<3xi32>) -> tensor<3xi32>
  %r:2 = linalg.generic {indexing_maps = [#i2, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x9xf32>) outs(%fv, %fi : tensor<3xf32>, tensor<3xi32>) {
  ^bb0(%a: f32, %v: f32, %i: i32):
    %k = linalg.index 1 : index
    %ki = arith.index_cast %k : index to i32
    %more = arith.cmpf ogt, %a, %v : f32
    %nv = arith.select %more, %a, %v : f32
    %ni = arith.select %more, %ki, %i : i32
    linalg.yield %nv, %ni : f32, i32
  } -> (tensor<3xf32>, tensor<3xi32>)
  util.return %r#0, %r#1 : tensor<3xf32>, tensor<3xi32>
}

util.func public @convolution(%x: tensor<1x9x9x3xf32>, %k: tensor<3x3x3x4xf32>) -> tensor<1x4x4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %r = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%x, %k : tensor<1x9x9x3xf32>, tensor<3x3x3x4xf32>) outs(%f : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  util.return %r : tensor<1x4x4x4xf32>
}

util.func public @pooling(%x: tensor<1x6x6x2xf32>) -> (tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %w = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x3x3x2xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %fm = linalg.fill ins(%low : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %s = linalg.pooling_nhwc_sum {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%x, %w : tensor<1x6x6x2xf32>, tensor<2x2xf32>) outs(%fs : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %m = linalg.pooling_nhwc_max {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%x, %w : tensor<1x6x6x2xf32>, tensor<2x2xf32>) outs(%fm : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  util.return %s, %m : tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>
}

util.func public @softmax(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e1 = tensor.empty() : tensor<3xf32>
  %e2 = tensor.empty() : tensor<3x5xf32>
  %fl = linalg.fill ins(%low : f32) outs(%e1 : tensor<3xf32>) -> tensor<3xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%e1 : tensor<3xf32>) -> tensor<3xf32>
  %m = linalg.reduce { arith.maximumf } ins(%x : tensor<3x5xf32>) outs(%fl : tensor<3xf32>) dimensions = [1]
  %p = linalg.generic {indexing_maps = [#i2, #row, #i2], iterator_types = ["parallel", "parallel"]} ins(%x, %m : tensor<3x5xf32>, tensor<3xf32>) outs(%e2 : tensor<3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x5xf32>
  %s = linalg.reduce { arith.addf } ins(%p : tensor<3x5xf32>) outs(%fz : tensor<3xf32>) dimensions = [1]
  %r = linalg.generic {indexing_maps = [#i2, #row, #i2], iterator_types = ["parallel", "parallel"]} ins(%p, %s : tensor<3x5xf32>, tensor<3xf32>) outs(%e2 : tensor<3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<3x5xf32>
  util.return %r : tensor<3x5xf32>
}

util.func public @movement(%x: tensor<4x6xf32>, %y: tensor<2x6xf32>) -> (tensor<8x8xf32>, tensor<6x4xf32>, tensor<2x3xf32>, tensor<2x12xf32>) {
  %pad = arith.constant 7.0 : f32
  %c = tensor.concat dim(0) %x, %y : (tensor<4x6xf32>, tensor<2x6xf32>) -> tensor<6x6xf32>
  %p = tensor.pad %c low[0, 1] high[2, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %pad : f32
  } : tensor<6x6xf32> to tensor<8x8xf32>
  %e = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x6xf32>) outs(%e : tensor<6x4xf32>) permutation = [1, 0]
  %s = tensor.extract_slice %x[1, 1] [2, 3] [1, 2] : tensor<4x6xf32> to tensor<2x3xf32>
  %q = tensor.collapse_shape %x [[0, 1]] : tensor<4x6xf32> into tensor<24xf32>
  %r = tensor.expand_shape %q [[0, 1]] output_shape [2, 12] : tensor<24xf32> into tensor<2x12xf32>
  util.return %p, %t, %s, %r : tensor<8x8xf32>, tensor<6x4xf32>, tensor<2x3xf32>, tensor<2x12xf32>
}

util.func public @gather_rows(%x: tensor<5x3xf32>, %i: tensor<4xi32>) -> tensor<4x3xf32> {
  %e = tensor.empty() : tensor<4x3xf32>
  %r = linalg.generic {indexing_maps = [#row, #i2], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<4xi32>) outs(%e : tensor<4x3xf32>) {
  ^bb0(%a: i32, %o: f32):
    %row = arith.index_cast %a : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %x[%row, %j] : tensor<5x3xf32>
    linalg.yield %v : f32
  } -> tensor<4x3xf32>
  util.return %r : tensor<4x3xf32>
}

util.func public @dynamic_chain(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e2 = tensor.empty(%n) : tensor<?x4xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %s = linalg.generic {indexing_maps = [#i2, #i2, #i2], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e2 : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = math.absf %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.reduce { arith.addf } ins(%s : tensor<?x4xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  %c = tensor.concat dim(0) %s, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  util.return %c, %r : tensor<?x4xf32>, tensor<?xf32>
}

util.func public @loop(%x: tensor<4xf32>, %n: tensor<i32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ni = tensor.extract %n[] : tensor<i32>
  %nx = arith.index_cast %ni : i32 to index
  %e = tensor.empty() : tensor<4xf32>
  %r = scf.for %i = %c0 to %nx step %c1 iter_args(%a = %x) -> (tensor<4xf32>) {
    %s = linalg.generic {indexing_maps = [#i1, #i1, #i1], iterator_types = ["parallel"]} ins(%a, %x : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.addf %p, %q : f32
      linalg.yield %0 : f32
    } -> tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }
  util.return %r : tensor<4xf32>
}

util.func public @integers(%a: tensor<16xi32>, %b: tensor<16xi32>) -> (tensor<16xi32>, tensor<16xi32>, tensor<16xi32>, tensor<16xi8>, tensor<16xi64>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xi32>
  %e8 = tensor.empty() : tensor<16xi8>
  %e64 = tensor.empty() : tensor<16xi64>
  %ef = tensor.empty() : tensor<16xf32>
  %r:6 = linalg.generic {indexing_maps = [#i1, #i1, #i1, #i1, #i1, #i1, #i1, #i1], iterator_types = ["parallel"]} ins(%a, %b : tensor<16xi32>, tensor<16xi32>) outs(%e, %e, %e, %e8, %e64, %ef : tensor<16xi32>, tensor<16xi32>, tensor<16xi32>, tensor<16xi8>, tensor<16xi64>, tensor<16xf32>) {
  ^bb0(%x: i32, %y: i32, %o0: i32, %o1: i32, %o2: i32, %o3: i8, %o4: i64, %o5: f32):
    %c7 = arith.constant 7 : i32
    %c1 = arith.constant 1 : i32
    %m = arith.muli %x, %y : i32
    %s = arith.subi %m, %y : i32
    %d0 = arith.ori %y, %c1 : i32
    %d = arith.remsi %x, %d0 : i32
    %q = arith.divui %x, %d0 : i32
    %x1 = arith.xori %s, %q : i32
    %sh = arith.andi %y, %c7 : i32
    %l = arith.shli %x, %sh : i32
    %u = arith.shrui %l, %c1 : i32
    %v = arith.shrsi %l, %sh : i32
    %w = arith.addi %u, %v : i32
    %mx = arith.maxui %w, %x : i32
    %t8 = arith.trunci %s : i32 to i8
    %w64 = arith.extui %x : i32 to i64
    %p64 = arith.extsi %y : i32 to i64
    %z64 = arith.muli %w64, %p64 : i64
    %f = arith.sitofp %mx : i32 to f32
    linalg.yield %x1, %d, %mx, %t8, %z64, %f : i32, i32, i32, i8, i64, f32
  } -> (tensor<16xi32>, tensor<16xi32>, tensor<16xi32>, tensor<16xi8>, tensor<16xi64>, tensor<16xf32>)
  util.return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : tensor<16xi32>, tensor<16xi32>, tensor<16xi32>, tensor<16xi8>, tensor<16xi64>, tensor<16xf32>
}

util.func public @floats(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xi32>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %ei = tensor.empty() : tensor<16xi32>
  %r:5 = linalg.generic {indexing_maps = [#i1, #i1, #i1, #i1, #i1, #i1, #i1], iterator_types = ["parallel"]} ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%e, %e, %e, %ei, %e : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xi32>, tensor<16xf32>) {
  ^bb0(%x: f32, %y: f32, %o0: f32, %o1: f32, %o2: f32, %o3: i32, %o4: f32):
    %m = arith.maximumf %x, %y : f32
    %n = arith.minimumf %x, %y : f32
    %d = arith.divf %m, %n : f32
    %fl = math.floor %x : f32
    %ce = math.ceil %y : f32
    %s = arith.subf %fl, %ce : f32
    %c = arith.cmpf ult, %x, %y : f32
    %z = arith.select %c, %s, %d : f32
    %i = arith.bitcast %x : f32 to i32
    %g = math.copysign %y, %x : f32
    linalg.yield %d, %s, %z, %i, %g : f32, f32, f32, i32, f32
  } -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xi32>, tensor<16xf32>)
  util.return %r#0, %r#1, %r#2, %r#3, %r#4 : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xi32>, tensor<16xf32>
}

util.func public @transcendentals(%a: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %r:4 = linalg.generic {indexing_maps = [#i1, #i1, #i1, #i1, #i1], iterator_types = ["parallel"]} ins(%a : tensor<16xf32>) outs(%e, %e, %e, %e : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  ^bb0(%x: f32, %o0: f32, %o1: f32, %o2: f32, %o3: f32):
    %0 = math.exp %x : f32
    %1 = math.tanh %x : f32
    %2 = math.erf %x : f32
    %3 = math.sqrt %0 : f32
    linalg.yield %0, %1, %2, %3 : f32, f32, f32, f32
  } -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
  util.return %r#0, %r#1, %r#2, %r#3 : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}
