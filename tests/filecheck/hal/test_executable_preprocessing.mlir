// RUN: pyrie opt --iree-codegen-test-executable-preprocessing %s | FileCheck %s

hal.executable private @e {
  // CHECK: hal.executable.variant public @with
  hal.executable.variant public @with target(<"llvm-cpu", "embedded-elf-x86_64", {replace_i64 = 5 : i64}>) {
    builtin.module {
      func.func @f() -> (i64, i32) {
        // CHECK: arith.constant 5 : i64
        %0 = arith.constant 1 : i64
        // CHECK: arith.constant 1 : i32
        %1 = arith.constant 1 : i32
        return %0, %1 : i64, i32
      }
    }
  }
  // CHECK: hal.executable.variant public @without
  hal.executable.variant public @without target(<"llvm-cpu", "embedded-elf-arm_64">) {
    builtin.module {
      func.func @f() -> i64 {
        // CHECK: arith.constant 1 : i64
        %0 = arith.constant 1 : i64
        return %0 : i64
      }
    }
  }
}
