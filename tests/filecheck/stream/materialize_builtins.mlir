// RUN: pyrie opt --iree-stream-materialize-builtins %s | FileCheck %s

// CHECK: stream.executable private @__builtin_fill_i64
// CHECK: func.func @__builtin_fill_i64(%arg0: i64, %arg1: index, %arg2: !stream.binding)
// CHECK: linalg.yield %arg0 : i64

// CHECK-LABEL: @splat
util.func private @splat(%v: i64, %s: index) -> !stream.resource<*> {
  // CHECK: %[[N:.+]] = arith.divui %arg1, %c8
  // CHECK: stream.async.dispatch @__builtin_fill_i64::@__builtin_fill_i64[%[[N]]](%arg0, %[[N]]) : (i64, index) -> !stream.resource<*>{%arg1}
  %0 = stream.async.splat %v : i64 -> !stream.resource<*>{%s}
  util.return %0 : !stream.resource<*>
}

// CHECK-LABEL: @fill
util.func private @fill(%a: !stream.resource<*>, %v: i64, %s: index, %o: index, %e: index) -> !stream.resource<*> {
  %c16 = arith.constant 16 : index
  // CHECK: stream.async.dispatch @__builtin_fill_i64::@__builtin_fill_i64[%c2](%arg1, %c2, %arg0[%arg3 to %arg4 for %c16]) : (i64, index, !stream.resource<*>{%arg2}) -> %arg0{%arg2}
  %0 = stream.async.fill %v, %a[%o to %e for %c16] : i64 -> %a as !stream.resource<*>{%s}
  util.return %0 : !stream.resource<*>
}

// Shorter patterns are commands.
// CHECK-LABEL: @short
util.func private @short(%v: i32, %s: index) -> !stream.resource<*> {
  // CHECK: stream.async.splat
  %0 = stream.async.splat %v : i32 -> !stream.resource<*>{%s}
  util.return %0 : !stream.resource<*>
}
