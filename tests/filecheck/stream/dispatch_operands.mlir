// RUN: pyrie opt --allow-unregistered-dialect --iree-stream-annotate-dispatch-arguments %s | FileCheck %s --check-prefix=ALIGN
// RUN: pyrie opt --allow-unregistered-dialect --iree-stream-pack-dispatch-operands %s | FileCheck %s --check-prefix=PACK
// RUN: pyrie opt --allow-unregistered-dialect --iree-stream-pack-dispatch-operands --canonicalize --cse --iree-stream-fold-uniform-operands --cse %s | FileCheck %s --check-prefix=FOLD

stream.executable private @ex {
  stream.executable.export public @f
  builtin.module {
    // ALIGN: func.func @f(%arg0: index, %arg1: !stream.binding {stream.alignment = 16 : index}, %arg2: i8, %arg3: index, %arg4: !stream.binding {stream.alignment = 64 : index})
    // PACK: func.func @f(%arg0: !stream.binding, %arg1: !stream.binding, %arg2: i32, %arg3: i32, %arg4: i32, %arg5: i32, %arg6: i32)
    // PACK: %[[B:.+]] = arith.trunci %arg4 : i32 to i8
    // PACK: %[[LOW:.+]] = arith.extui %arg2 : i32 to i64
    // PACK: %[[HIGH:.+]] = arith.extui %arg3 : i32 to i64
    // PACK: %[[UP:.+]] = arith.shli %[[HIGH]], %c32_i64
    // PACK: %[[WIDE:.+]] = arith.ori %[[LOW]], %[[UP]]
    // PACK: %[[N:.+]] = arith.index_castui %[[WIDE]] : i64 to index
    // PACK: "test.use"(%[[N]], %[[B]],
    // FOLD: func.func @f(%arg0: !stream.binding, %arg1: !stream.binding, %arg2: i32, %arg3: i32)
    // FOLD: %[[N:.+]] = arith.index_castui
    // FOLD: %[[B:.+]] = arith.trunci %c7_i32
    // FOLD: "test.use"(%[[N]], %[[B]], %[[N]]
    func.func @f(%n: index, %in: !stream.binding, %b: i8, %m: index, %out: !stream.binding) {
      "test.use"(%n, %b, %m, %in, %out) : (index, i8, index, !stream.binding, !stream.binding) -> ()
      return
    }
  }
}

// PACK-LABEL: @host
// FOLD-LABEL: @host
util.func public @host(%a: !stream.resource<external>, %s: index, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %c7 = arith.constant 7 : i8
  // PACK: %[[L:.+]] = arith.index_castui %arg2 : index to i64
  // PACK: arith.trunci %[[L]] : i64 to i32
  // PACK: arith.shrui %[[L]], %c32_i64
  // PACK: arith.extui %c7_i8 : i8 to i32
  %t = stream.cmd.execute with(%a as %x: !stream.resource<external>{%s}) {
    // PACK: stream.cmd.dispatch @ex::@f(%{{[^:]+}} : i32, i32, i32, i32, i32) {
    // FOLD: stream.cmd.dispatch @ex::@f(%{{[^:]+}} : i32, i32) {
    stream.cmd.dispatch @ex::@f(%n, %c7, %n : index, i8, index) {
      ro %x[%c16 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
    // FOLD: stream.cmd.dispatch @ex::@f(%{{[^:]+}} : i32, i32) {
    stream.cmd.dispatch @ex::@f(%s, %c7, %s : index, i8, index) {
      ro %x[%c0 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}
