// RUN: pyrie opt --allow-unregistered-dialect --iree-stream-pack-dispatch-operands --canonicalize --cse --iree-stream-fold-uniform-operands --cse %s | FileCheck %s

stream.executable private @ex {
  stream.executable.export public @f
  builtin.module {
    // CHECK: func.func @f(%arg0: !stream.binding, %arg1: !stream.binding, %arg2: i32, %arg3: i32)
    // CHECK: %[[N:.+]] = arith.index_castui
    // CHECK: %[[B:.+]] = arith.trunci %c7_i32
    // CHECK: "test.use"(%[[N]], %[[B]], %[[N]]
    func.func @f(%n: index, %in: !stream.binding, %b: i8, %m: index, %out: !stream.binding) {
      "test.use"(%n, %b, %m, %in, %out) : (index, i8, index, !stream.binding, !stream.binding) -> ()
      return
    }
  }
}

// CHECK-LABEL: @host
util.func public @host(%a: !stream.resource<external>, %s: index, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %c7 = arith.constant 7 : i8
  %t = stream.cmd.execute with(%a as %x: !stream.resource<external>{%s}) {
    // CHECK: stream.cmd.dispatch @ex::@f(%{{[^:]+}} : i32, i32) {
    stream.cmd.dispatch @ex::@f(%n, %c7, %n : index, i8, index) {
      ro %x[%c16 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
    // CHECK: stream.cmd.dispatch @ex::@f(%{{[^:]+}} : i32, i32) {
    stream.cmd.dispatch @ex::@f(%s, %c7, %s : index, i8, index) {
      ro %x[%c0 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
