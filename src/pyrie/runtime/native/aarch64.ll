; What the executor needs of 64-bit ARM. LLVM can be built without an assembler for it, so instructions that have no intrinsic
; stand here as numbers: prologue data of a function is what runs first when the function is called, and these return themselves.

target triple = "aarch64-unknown-linux-gnu"

declare void @llvm.aarch64.isb(i32)

; Tells the CPU that this is a loop that waits: a pipeline flush pauses longer than `yield`, which most cores ignore.
define internal void @pause() alwaysinline nounwind {
  call void @llvm.aarch64.isb(i32 15)
  ret void
}

; mrs x0, cntvct_el0; ret.
define internal i64 @read_counter() noinline nounwind prologue [2 x i32] [ i32 u0xd53be040, i32 u0xd65f03c0 ] {
  ret i64 0
}

; A clock that ticks at a constant rate: the virtual counter, which user code may read.
define internal i64 @ticks() alwaysinline nounwind {
  %now = call i64 @read_counter()
  ret i64 %now
}

; mov x8, #168; svc #0; ret: the system call getcpu.
define internal i64 @call_getcpu(ptr %cpu, ptr %node, ptr %unused) noinline nounwind
    prologue [3 x i32] [ i32 u0xd2801508, i32 u0xd4000001, i32 u0xd65f03c0 ] {
  ret i64 0
}

; mov x8, #98; svc #0; ret: the system call futex.
define internal i64 @call_futex(ptr %word, i64 %operation, i64 %value, i64 %timeout, i64 %other, i64 %mask) noinline nounwind
    prologue [3 x i32] [ i32 u0xd2800c48, i32 u0xd4000001, i32 u0xd65f03c0 ] {
  ret i64 0
}

; The number of the CPU that runs this.
define internal i32 @processor() alwaysinline nounwind {
  %cpu = alloca i32
  store i32 0, ptr %cpu
  %result = call i64 @call_getcpu(ptr %cpu, ptr null, ptr null)
  %number = load volatile i32, ptr %cpu
  ret i32 %number
}

; The futex system call, without a timeout.
define internal void @futex(ptr %word, i32 %operation, i32 %value) alwaysinline nounwind {
  %op = zext i32 %operation to i64
  %val = zext i32 %value to i64
  %result = call i64 @call_futex(ptr %word, i64 %op, i64 %val, i64 0, i64 0, i64 0)
  ret void
}
