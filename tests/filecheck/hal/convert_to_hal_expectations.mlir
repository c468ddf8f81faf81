// RUN: pyrie opt --iree-hal-conversion %s | FileCheck %s

util.global private @device = #hal.device.target<"local"> : !hal.device
// CHECK-LABEL: util.func public @expects
util.func public @expects(%a: !stream.resource<external>, %b: !stream.resource<external>) {
  %c12 = arith.constant 12 : index
  // CHECK: %[[A:.+]] = hal.buffer_view.create buffer(%arg0 : !hal.buffer)
  %0 = stream.tensor.export on(#hal.device.affinity<@device>) %a : tensor<3xf32> in !stream.resource<external>{%c12} -> tensor<3xf32>
  // CHECK: %[[B:.+]] = hal.buffer_view.create buffer(%arg1 : !hal.buffer)
  %1 = stream.tensor.export on(#hal.device.affinity<@device>) %b : tensor<3xf32> in !stream.resource<external>{%c12} -> tensor<3xf32>
  %device = util.global.load immutable @device : !hal.device
  // CHECK: check.expect_almost_eq<%{{.+}}>(%[[A]], %[[B]], atol {{.+}}) : !hal.buffer_view
  check.expect_almost_eq<%device>(%0, %1, atol 1.000000e-02) : tensor<3xf32>
  util.return
}
