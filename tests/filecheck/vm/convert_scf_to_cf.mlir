// RUN: pyrie opt --convert-scf-to-cf %s | FileCheck %s

// CHECK-LABEL: util.func public @chooses
util.func public @chooses(%c: i1, %a: i32, %b: i32) -> i32 {
  // CHECK: cf.cond_br %arg0, ^[[THEN:.+]], ^[[ELSE:.+]]
  %r = scf.if %c -> i32 {
    // CHECK: ^[[THEN]]:
    // CHECK: cf.br ^[[NEXT:.+]](%arg1 : i32)
    scf.yield %a : i32
  } else {
    // CHECK: ^[[ELSE]]:
    // CHECK: cf.br ^[[NEXT]](%arg2 : i32)
    scf.yield %b : i32
  }
  // CHECK: ^[[NEXT]](%[[R:.+]]: i32):
  // CHECK: util.return %[[R]]
  util.return %r : i32
}

// CHECK-LABEL: util.func public @counts
util.func public @counts(%n: index, %x: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: cf.br ^[[TEST:.+]](%c0, %arg1 : index, i32)
  // CHECK: ^[[TEST]](%[[I:.+]]: index, %[[ACC:.+]]: i32):
  // CHECK: %[[MORE:.+]] = arith.cmpi slt, %[[I]], %arg0 : index
  // CHECK: cf.cond_br %[[MORE]], ^[[BODY:.+]], ^[[END:[a-z0-9]+]]
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (i32) {
    // CHECK: ^[[BODY]]:
    // CHECK: %[[SUM:.+]] = arith.addi %[[ACC]], %arg1 : i32
    %s = arith.addi %acc, %x : i32
    // CHECK: %[[NEXT:.+]] = arith.addi %[[I]], %c1 : index
    // CHECK: cf.br ^[[TEST]](%[[NEXT]], %[[SUM]] : index, i32)
    scf.yield %s : i32
  }
  // CHECK-NOT: scf.
  util.return %r : i32
}

// CHECK-LABEL: @region
util.func public @region(%c: i1, %a: i32, %b: i32) -> i32 {
  // CHECK: cf.br ^[[IN:.+]]
  // CHECK: ^[[IN]]:
  // CHECK: cf.cond_br %{{.+}}, ^[[LEFT:.+]], ^[[RIGHT:.+]]
  // CHECK: ^[[LEFT]]:
  // CHECK: cf.br ^[[REST:.+]](%{{.+}} : i32)
  // CHECK: ^[[RIGHT]]:
  // CHECK: cf.br ^[[REST]](%{{.+}} : i32)
  // CHECK: ^[[REST]](%[[R:.+]]: i32):
  // CHECK: util.return %[[R]] : i32
  %r = scf.execute_region -> i32 {
    cf.cond_br %c, ^left, ^right
  ^left:
    scf.yield %a : i32
  ^right:
    scf.yield %b : i32
  }
  // CHECK-NOT: scf.
  util.return %r : i32
}

// Kernels keep their loops.
hal.executable private @e {
  // CHECK: hal.executable.variant
  hal.executable.variant public @v target(#hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">) {
    builtin.module {
      func.func @f(%n: index) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        // CHECK: scf.for
        scf.for %i = %c0 to %n step %c1 {
        }
        return
      }
    }
  }
}
