; The native executor, first part: binding. The executor replays packed programs, whose memory layout.py describes; `$$NAME` stands
; for a constant of that file. The parts make one module: binding.ll, commands.ll, serial.ll, claims.ll, workers.ll, parallel.ll. They are
; common to all architectures; `@pause`, `@ticks`, `@processor` and `@futex` come from x86_64.ll or aarch64.ll. Nothing here calls
; anything but kernels, the C library's memmove and memset by addresses found in commands, and the system for futexes.

; Computes the pointers of references to slots, unless no slot changed since the job's last replay. Returns 0, or which slot is unfit.
define internal i64 @bind(ptr %job) nounwind "no-jump-tables"="true" {
entry:
  %program = load ptr, ptr %job
  %slots.at = getelementptr i8, ptr %job, i64 $JOB_SLOTS
  %bound.at = getelementptr i8, ptr %job, i64 $JOB_BOUND
  %slots = load ptr, ptr %slots.at
  %bound = load ptr, ptr %bound.at
  %count.at = getelementptr i8, ptr %program, i64 $PROGRAM_SLOT_COUNT
  %count.narrow = load i32, ptr %count.at
  %count = zext i32 %count.narrow to i64
  %words = shl i64 %count, 1
  br label %compare

compare:
  %word = phi i64 [ 0, %entry ], [ %word.next, %compare.word ]
  %all.same = icmp eq i64 %word, %words
  br i1 %all.same, label %fit, label %compare.word

compare.word:
  %new.at = getelementptr i64, ptr %slots, i64 %word
  %old.at = getelementptr i64, ptr %bound, i64 %word
  %new = load i64, ptr %new.at
  %old = load i64, ptr %old.at
  %word.next = add i64 %word, 1
  %same = icmp eq i64 %new, %old
  br i1 %same, label %compare, label %check.start

check.start:
  %needs.at = getelementptr i8, ptr %program, i64 $PROGRAM_NEEDS
  %needs = load ptr, ptr %needs.at
  br label %check

check:
  %slot = phi i64 [ 0, %check.start ], [ %slot.next, %check.good ]
  %offset = shl i64 %slot, 4
  %address.at = getelementptr i8, ptr %slots, i64 %offset
  %length.at = getelementptr i8, ptr %address.at, i64 8
  %need.at = getelementptr i64, ptr %needs, i64 %slot
  %address = load i64, ptr %address.at
  %length = load i64, ptr %length.at
  %need = load i64, ptr %need.at
  %is.null = icmp eq i64 %address, 0
  %length.plus = add i64 %length, 1
  %have = select i1 %is.null, i64 0, i64 %length.plus
  %unfit = icmp ult i64 %have, %need
  br i1 %unfit, label %refuse, label %check.good

check.good:
  %slot.next = add i64 %slot, 1
  %checked = icmp eq i64 %slot.next, %count
  br i1 %checked, label %references.start, label %check

refuse:
  %what = select i1 %is.null, i64 $NULL_SLOT, i64 $SHORT_SLOT
  %slot.shifted = shl i64 %slot, 2
  %which = or i64 %slot.shifted, %what
  %refusal = sub i64 0, %which
  ret i64 %refusal

references.start:
  %reference.count.at = getelementptr i8, ptr %program, i64 $PROGRAM_REFERENCE_COUNT
  %reference.count.narrow = load i32, ptr %reference.count.at
  %reference.count = zext i32 %reference.count.narrow to i64
  %references.at = getelementptr i8, ptr %program, i64 $PROGRAM_REFERENCES
  %references = load ptr, ptr %references.at
  %pointers.at = getelementptr i8, ptr %job, i64 $JOB_POINTERS
  %pointers = load ptr, ptr %pointers.at
  %lengths.at = getelementptr i8, ptr %job, i64 $JOB_LENGTHS
  %lengths = load ptr, ptr %lengths.at
  br label %reference

reference:
  %r = phi i64 [ 0, %references.start ], [ %r.next, %reference.next ]
  %more = icmp ult i64 %r, %reference.count
  br i1 %more, label %reference.look, label %remember

reference.look:
  %reference.offset = shl i64 %r, 4
  %reference.at = getelementptr i8, ptr %references, i64 %reference.offset
  %r.slot = load i32, ptr %reference.at
  %is.direct = icmp eq i32 %r.slot, $DIRECT
  br i1 %is.direct, label %reference.next, label %reference.slot

reference.slot:
  %flags.at = getelementptr i8, ptr %reference.at, i64 $REFERENCE_FLAGS
  %flags = load i32, ptr %flags.at
  %into.at = getelementptr i8, ptr %reference.at, i64 $REFERENCE_OFFSET
  %into = load i64, ptr %into.at
  %r.slot.wide = zext i32 %r.slot to i64
  %r.slot.offset = shl i64 %r.slot.wide, 4
  %r.slot.at = getelementptr i8, ptr %slots, i64 %r.slot.offset
  %base = load i64, ptr %r.slot.at
  %pointer = add i64 %base, %into
  %pointer.at = getelementptr i64, ptr %pointers, i64 %r
  store i64 %pointer, ptr %pointer.at
  %is.open = icmp eq i32 %flags, $TO_THE_END
  br i1 %is.open, label %reference.open, label %reference.next

reference.open:
  %r.length.at = getelementptr i8, ptr %r.slot.at, i64 8
  %slot.length = load i64, ptr %r.length.at
  %rest = sub i64 %slot.length, %into
  %own.length.at = getelementptr i64, ptr %lengths, i64 %r
  store i64 %rest, ptr %own.length.at
  br label %reference.next

reference.next:
  %r.next = add i64 %r, 1
  br label %reference

remember:
  %m = phi i64 [ 0, %reference ], [ %m.next, %remember.word ]
  %remembered = icmp eq i64 %m, %words
  br i1 %remembered, label %fit, label %remember.word

remember.word:
  %from.at = getelementptr i64, ptr %slots, i64 %m
  %to.at = getelementptr i64, ptr %bound, i64 %m
  %kept = load i64, ptr %from.at
  store i64 %kept, ptr %to.at
  %m.next = add i64 %m, 1
  br label %remember

fit:
  ret i64 0
}
