// RUN: pyrie opt --iree-flow-outline-constants %s | FileCheck %s

util.global private @device : !hal.device

// What is made of one element is filled, not read: it stays.
// CHECK-LABEL: util.func public @splats
// CHECK: arith.constant dense<2.500000e+00> : tensor<16xf32>
// CHECK: flow.tensor.constant dense<7> : tensor<3xi8>
// CHECK: arith.constant 4 : index
util.func public @splats() {
  %0 = arith.constant dense<2.5> : tensor<16xf32>
  %1 = flow.tensor.constant dense<7> : tensor<3xi8>
  %2 = arith.constant 4 : index
  util.return
}

// Globals stand in front of the function that had the constants, in their order, under names of their own.
// CHECK: util.global private @__constant_tensor_2xi16 <inlining_policy = #util.inline.never> = dense<[5, 6]> : tensor<2xi16>
// CHECK-NEXT: util.global private @__constant_tensor_2xi16_0 <inlining_policy = #util.inline.never> = dense<[8, 9]> : tensor<2xi16>
// CHECK-NEXT: util.func public @distinct() -> (tensor<2xi16>, tensor<2xi16>)
util.func public @distinct() -> (tensor<2xi16>, tensor<2xi16>) {
  // CHECK-NEXT: %[[A:.+]] = util.global.load immutable @__constant_tensor_2xi16 : tensor<2xi16>
  %0 = arith.constant dense<[5, 6]> : tensor<2xi16>
  // CHECK-NEXT: %[[B:.+]] = util.global.load immutable @__constant_tensor_2xi16_0 : tensor<2xi16>
  %1 = flow.tensor.constant dense<[8, 9]> : tensor<2xi16>
  // CHECK-NEXT: util.return %[[A]], %[[B]]
  util.return %0, %1 : tensor<2xi16>, tensor<2xi16>
}

// A parameter is named after its scope and key, and leaves initializers too.
// CHECK: util.global private @__parameter_encoder_layer_0_weight_tensor_4xf32 <inlining_policy = #util.inline.never> = #flow.parameter.named<"encoder"::"layer.0/weight"> : tensor<4xf32>
// CHECK-NEXT: util.global private @__parameter_bias_tensor_4xf32 <inlining_policy = #util.inline.never> = #flow.parameter.named<"bias"> : tensor<4xf32>
// CHECK-NEXT: util.initializer {
// CHECK-NEXT: util.global.load immutable @__parameter_encoder_layer_0_weight_tensor_4xf32
// CHECK-NEXT: util.global.load immutable @__parameter_bias_tensor_4xf32
util.initializer {
  %0 = flow.tensor.constant #flow.parameter.named<"encoder"::"layer.0/weight"> : tensor<4xf32>
  %1 = flow.tensor.constant #flow.parameter.named<"bias"> : tensor<4xf32>
  util.return
}

// The affinity of the function is that of its constants, wherever they stand in it.
// CHECK: util.global private @__constant_tensor_3xi1 <inlining_policy = #util.inline.never> {stream.affinity = #hal.device.affinity<@device>} = dense<[true, false, true]> : tensor<3xi1>
// CHECK-NEXT: util.func public @placed
util.func public @placed(%c: i1) attributes {other.note = 1 : i32, stream.affinity = #hal.device.affinity<@device>} {
  scf.if %c {
    // CHECK: scf.if
    // CHECK-NEXT: util.global.load immutable @__constant_tensor_3xi1
    %0 = arith.constant dense<[true, false, true]> : tensor<3xi1>
  }
  util.return
}
