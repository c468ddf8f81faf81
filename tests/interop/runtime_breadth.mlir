// One function for each thing at the boundary between arrays and a compiled module; the real compiler makes the module.

func.func @dynamic(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = arith.addf %x, %x : tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @rows(%x: tensor<?x4xf32>, %y: tensor<4x3xf32>) -> tensor<?x3xf32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

func.func @i1(%x: tensor<5xi1>, %y: tensor<5xi1>) -> tensor<5xi1> {
  %0 = arith.xori %x, %y : tensor<5xi1>
  return %0 : tensor<5xi1>
}

func.func @i8(%x: tensor<5xi8>, %y: tensor<5xi8>) -> tensor<5xi8> {
  %0 = arith.addi %x, %y : tensor<5xi8>
  return %0 : tensor<5xi8>
}

func.func @i16(%x: tensor<5xi16>, %y: tensor<5xi16>) -> tensor<5xi16> {
  %0 = arith.muli %x, %y : tensor<5xi16>
  return %0 : tensor<5xi16>
}

func.func @i64(%x: tensor<5xi64>, %y: tensor<5xi64>) -> tensor<5xi64> {
  %0 = arith.muli %x, %y : tensor<5xi64>
  return %0 : tensor<5xi64>
}

func.func @f16(%x: tensor<5xf16>, %y: tensor<5xf16>) -> tensor<5xf16> {
  %0 = arith.addf %x, %y : tensor<5xf16>
  return %0 : tensor<5xf16>
}

func.func @bf16(%x: tensor<5xbf16>, %y: tensor<5xbf16>) -> tensor<5xbf16> {
  %0 = arith.addf %x, %y : tensor<5xbf16>
  return %0 : tensor<5xbf16>
}

func.func @empty(%x: tensor<0x4xf32>) -> tensor<0x4xf32> {
  %0 = arith.addf %x, %x : tensor<0x4xf32>
  return %0 : tensor<0x4xf32>
}

func.func @several(%x: tensor<3xf32>, %y: tensor<2x2xi32>) -> (tensor<3xf32>, tensor<2x2xi32>, tensor<3xf32>, tensor<2x2xi32>) {
  %0 = arith.addf %x, %x : tensor<3xf32>
  %1 = arith.addi %y, %y : tensor<2x2xi32>
  return %0, %1, %0, %y : tensor<3xf32>, tensor<2x2xi32>, tensor<3xf32>, tensor<2x2xi32>
}

func.func @nothing() {
  return
}

func.func @constant() -> tensor<4xi32> {
  %0 = arith.constant dense<[1, -2, 3, -4]> : tensor<4xi32>
  return %0 : tensor<4xi32>
}

func.func @scalars(%a: i32, %b: i64, %c: f32) -> (i32, i64, f32) {
  %0 = arith.addi %a, %a : i32
  %1 = arith.muli %b, %b : i64
  %2 = arith.mulf %c, %c : f32
  return %0, %1, %2 : i32, i64, f32
}

func.func @collatz(%n: i64) -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %three = arith.constant 3 : i64
  %last, %steps = scf.while (%value = %n, %count = %zero) : (i64, i64) -> (i64, i64) {
    %more = arith.cmpi sgt, %value, %one : i64
    scf.condition(%more) %value, %count : i64, i64
  } do {
  ^bb0(%value: i64, %count: i64):
    %odd = arith.remsi %value, %two : i64
    %is_odd = arith.cmpi ne, %odd, %zero : i64
    %next = scf.if %is_odd -> i64 {
      %tripled = arith.muli %value, %three : i64
      %plus = arith.addi %tripled, %one : i64
      scf.yield %plus : i64
    } else {
      %half = arith.divsi %value, %two : i64
      scf.yield %half : i64
    }
    %counted = arith.addi %count, %one : i64
    scf.yield %next, %counted : i64, i64
  }
  return %steps : i64
}

func.func @large(%x: tensor<300x500xf32>) -> tensor<300x500xf32> {
  %0 = arith.addf %x, %x : tensor<300x500xf32>
  return %0 : tensor<300x500xf32>
}

func.func @reduce(%x: tensor<64x1000xf32>) -> tensor<64xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<64x1000xf32>, tensor<f32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
