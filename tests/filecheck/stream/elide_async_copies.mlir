// RUN: pyrie opt --iree-stream-elide-async-copies %s | FileCheck %s

// The source is not used again: write into it.
// CHECK-LABEL: @last_use
util.func private @last_use(%v: i8, %s: index, %o: index, %e: index, %l: index) -> !stream.resource<*> {
  // CHECK: %[[A:.+]] = stream.async.splat
  %a = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  // CHECK-NOT: stream.async.clone
  %c = stream.async.clone %a : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  // CHECK: stream.async.fill %arg0, %[[A]]
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  util.return %f : !stream.resource<*>
}

// The source is needed behind the copy.
// CHECK-LABEL: @used_later
util.func private @used_later(%v: i8, %s: index, %o: index, %e: index, %l: index) -> (!stream.resource<*>, !stream.resource<*>) {
  %a = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  // CHECK: stream.async.clone
  %c = stream.async.clone %a : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  util.return %f, %a : !stream.resource<*>, !stream.resource<*>
}

// The argument belongs to the caller.
// CHECK-LABEL: @argument
util.func private @argument(%a: !stream.resource<*>, %v: i8, %s: index, %o: index, %e: index, %l: index) -> !stream.resource<*> {
  // CHECK: stream.async.clone
  %c = stream.async.clone %a : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  util.return %f : !stream.resource<*>
}

// So it does when it comes round a transfer, or was exported before.
// CHECK-LABEL: @escaped
util.func private @escaped(%v: i8, %s: index, %o: index, %e: index, %l: index) -> (!hal.buffer_view, !stream.resource<*>) {
  %a = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  %t = stream.async.transfer %a : !stream.resource<*>{%s} -> !stream.resource<external>{%s}
  %view = stream.tensor.export %t : tensor<4xi8> in !stream.resource<external>{%s} -> !hal.buffer_view
  // CHECK: stream.async.clone
  %c = stream.async.clone %a : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  util.return %view, %f : !hal.buffer_view, !stream.resource<*>
}

// A loop that carries nothing but what it writes needs no copy.
// CHECK-LABEL: @loop
util.func private @loop(%v: i8, %s: index, %o: index, %e: index, %l: index, %again: i1) -> !stream.resource<*> {
  %a = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  cf.br ^bb1(%a : !stream.resource<*>)
^bb1(%x: !stream.resource<*>):
  // CHECK-NOT: stream.async.clone
  %c = stream.async.clone %x : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  // CHECK: stream.async.fill
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  cf.cond_br %again, ^bb1(%f : !stream.resource<*>), ^bb2
^bb2:
  util.return %f : !stream.resource<*>
}

// One whose start value is used behind it does.
// CHECK-LABEL: @loop_keeps_start
util.func private @loop_keeps_start(%v: i8, %s: index, %o: index, %e: index, %l: index, %again: i1) -> (!stream.resource<*>, !stream.resource<*>) {
  %a = stream.async.splat %v : i8 -> !stream.resource<*>{%s}
  cf.br ^bb1(%a : !stream.resource<*>)
^bb1(%x: !stream.resource<*>):
  // CHECK: stream.async.clone
  %c = stream.async.clone %x : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  %f = stream.async.fill %v, %c[%o to %e for %l] : i8 -> %c as !stream.resource<*>{%s}
  cf.cond_br %again, ^bb1(%f : !stream.resource<*>), ^bb2
^bb2:
  util.return %f, %a : !stream.resource<*>, !stream.resource<*>
}

// Two values that are only read may be one.
// CHECK-LABEL: @read_only
util.func private @read_only(%a: !stream.resource<*>, %s: index) -> (!stream.resource<*>, !stream.resource<*>) {
  // CHECK-NOT: stream.async.clone
  %c = stream.async.clone %a : !stream.resource<*>{%s} -> !stream.resource<*>{%s}
  // CHECK: util.return %arg0, %arg0
  util.return %a, %c : !stream.resource<*>, !stream.resource<*>
}
