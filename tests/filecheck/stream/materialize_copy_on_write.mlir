// RUN: pyrie opt --iree-stream-materialize-copy-on-write %s | FileCheck %s

// CHECK-LABEL: @update
util.func private @update(%target: !stream.resource<*>, %update: !stream.resource<*>, %s: index, %u: index, %o: index, %e: index) -> !stream.resource<*> {
  // CHECK: %[[COPY:.+]] = stream.async.clone %arg0 : !stream.resource<*>{%arg2} -> !stream.resource<*>{%arg2}
  // CHECK: stream.async.update %arg1, %[[COPY]][%arg4 to %arg5] : {{.*}} -> %[[COPY]] as !stream.resource<*>{%arg2}
  %0 = stream.async.update %update, %target[%o to %e] : !stream.resource<*>{%u} -> %target as !stream.resource<*>{%s}
  util.return %0 : !stream.resource<*>
}

// Only the written operand of a dispatch is copied, also where the kernel reads the same value besides.
// CHECK-LABEL: @dispatch
util.func private @dispatch(%a: !stream.resource<*>, %b: !stream.resource<*>, %s: index) -> (!stream.resource<*>, !stream.resource<*>) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[COPY:.+]] = stream.async.clone %arg1
  // CHECK-NEXT: stream.async.dispatch @ex::@f(%arg0[%c0 to %arg2 for %arg2], %[[COPY]][%c0 to %arg2 for %arg2]) : {{.*}} -> %[[COPY]]{%arg2}
  %0 = stream.async.dispatch @ex::@f(%a[%c0 to %s for %s], %b[%c0 to %s for %s]) : (!stream.resource<*>{%s}, !stream.resource<*>{%s}) -> %b{%s}
  // CHECK: %[[SELF:.+]] = stream.async.clone %arg0
  // CHECK-NEXT: stream.async.dispatch @ex::@f(%[[SELF]][%c0 to %arg2 for %arg2], %arg0[%c0 to %arg2 for %arg2]) : {{.*}} -> %[[SELF]]{%arg2}
  %1 = stream.async.dispatch @ex::@f(%a[%c0 to %s for %s], %a[%c0 to %s for %s]) : (!stream.resource<*>{%s}, !stream.resource<*>{%s}) -> %a{%s}
  util.return %0, %1 : !stream.resource<*>, !stream.resource<*>
}
