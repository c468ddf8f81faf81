; What the executor needs of x86-64, and a function to ask the CPU what it can do.

target triple = "x86_64-unknown-linux-gnu"

; Tells the CPU that this is a loop that waits.
define internal void @pause() alwaysinline nounwind {
  call void asm sideeffect "pause", "~{memory}"()
  ret void
}

; A clock that ticks at a constant rate.
define internal i64 @ticks() alwaysinline nounwind {
  %halves = call { i32, i32 } asm sideeffect "rdtsc", "={ax},={dx}"()
  %low.narrow = extractvalue { i32, i32 } %halves, 0
  %high.narrow = extractvalue { i32, i32 } %halves, 1
  %low = zext i32 %low.narrow to i64
  %high = zext i32 %high.narrow to i64
  %shifted = shl i64 %high, 32
  %both = or i64 %shifted, %low
  ret i64 %both
}

; The number of the CPU that runs this, from the system call getcpu: `rdtscp` knows it too, but old and emulated CPUs lack that.
define internal i32 @processor() alwaysinline nounwind {
  %cpu = alloca i32
  store i32 0, ptr %cpu
  %result = call i64 asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},~{rcx},~{r11},~{memory}"(
      i64 309, ptr %cpu, i64 0, i64 0)
  %number = load i32, ptr %cpu
  ret i32 %number
}

; The futex system call, without a timeout.
define internal void @futex(ptr %word, i32 %operation, i32 %value) alwaysinline nounwind {
  %op = zext i32 %operation to i64
  %val = zext i32 %value to i64
  %result = call i64 asm sideeffect "syscall", "={rax},{rax},{rdi},{rsi},{rdx},{r10},{r8},{r9},~{rcx},~{r11},~{memory}"(
      i64 202, ptr %word, i64 %op, i64 %val, i64 0, i64 0, i64 0)
  ret void
}

; Writes eax, ebx, ecx, edx of one CPUID leaf.
define void @cpuid(i32 %leaf, i32 %subleaf, ptr %registers) nounwind {
  %all = call { i32, i32, i32, i32 } asm sideeffect "cpuid", "={ax},={bx},={cx},={dx},{ax},{cx}"(i32 %leaf, i32 %subleaf)
  %eax = extractvalue { i32, i32, i32, i32 } %all, 0
  %ebx = extractvalue { i32, i32, i32, i32 } %all, 1
  %ecx = extractvalue { i32, i32, i32, i32 } %all, 2
  %edx = extractvalue { i32, i32, i32, i32 } %all, 3
  %ebx.ptr = getelementptr i8, ptr %registers, i64 4
  %ecx.ptr = getelementptr i8, ptr %registers, i64 8
  %edx.ptr = getelementptr i8, ptr %registers, i64 12
  store i32 %eax, ptr %registers
  store i32 %ebx, ptr %ebx.ptr
  store i32 %ecx, ptr %ecx.ptr
  store i32 %edx, ptr %edx.ptr
  ret void
}
