; The runtime's own native code for x86-64. `scripts/generate_machine_code.py` compiles it into x86_64.py, which is committed,
; so that a runtime without LLVM can run it. Each function is position-independent and calls nothing but its arguments.

target triple = "x86_64-unknown-linux-gnu"

; Runs the workgroups [begin, end) of a dispatch, x fastest, in order, until a kernel returns something other than 0; returns that.
; The ids of the last workgroup run stay in the workgroup state.
define i32 @run_workgroups(ptr %kernel, ptr %environment, ptr %dispatch, ptr %workgroup, i64 %begin, i64 %end) nounwind {
entry:
  %any = icmp ult i64 %begin, %end
  br i1 %any, label %start, label %done

start:
  %count_x.ptr = getelementptr i8, ptr %dispatch, i64 12
  %count_y.ptr = getelementptr i8, ptr %dispatch, i64 16
  %count_x = load i32, ptr %count_x.ptr
  %count_y = load i32, ptr %count_y.ptr
  %size_x = zext i32 %count_x to i64
  %size_y = zext i32 %count_y to i64
  %first_row = udiv i64 %begin, %size_x
  %first_x.wide = urem i64 %begin, %size_x
  %first_z.wide = udiv i64 %first_row, %size_y
  %first_y.wide = urem i64 %first_row, %size_y
  %first_x = trunc i64 %first_x.wide to i32
  %first_y = trunc i64 %first_y.wide to i32
  %first_z = trunc i64 %first_z.wide to i32
  %y.ptr = getelementptr i8, ptr %workgroup, i64 4
  %z.ptr = getelementptr i8, ptr %workgroup, i64 8
  br label %loop

loop:
  %index = phi i64 [ %begin, %start ], [ %next_index, %advance ]
  %x = phi i32 [ %first_x, %start ], [ %next_x, %advance ]
  %y = phi i32 [ %first_y, %start ], [ %next_y, %advance ]
  %z = phi i32 [ %first_z, %start ], [ %next_z, %advance ]
  %z.narrow = trunc i32 %z to i16
  store i32 %x, ptr %workgroup
  store i32 %y, ptr %y.ptr
  store i16 %z.narrow, ptr %z.ptr
  %code = call i32 %kernel(ptr %environment, ptr %dispatch, ptr %workgroup)
  %failed = icmp ne i32 %code, 0
  br i1 %failed, label %done, label %advance

advance:
  %next_index = add i64 %index, 1
  %x.plus = add i32 %x, 1
  %x.wraps = icmp eq i32 %x.plus, %count_x
  %next_x = select i1 %x.wraps, i32 0, i32 %x.plus
  %x.carry = zext i1 %x.wraps to i32
  %y.plus = add i32 %y, %x.carry
  %y.wraps = icmp eq i32 %y.plus, %count_y
  %next_y = select i1 %y.wraps, i32 0, i32 %y.plus
  %y.carry = zext i1 %y.wraps to i32
  %next_z = add i32 %z, %y.carry
  %more = icmp ult i64 %next_index, %end
  br i1 %more, label %loop, label %done

done:
  %result = phi i32 [ 0, %entry ], [ %code, %loop ], [ 0, %advance ]
  ret i32 %result
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
