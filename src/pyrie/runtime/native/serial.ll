; The native executor, part one: replays a packed program in this thread. The text is common to all architectures; `@pause`, `@ticks`,
; `@processor` and `@futex` come from x86_64.ll or aarch64.ll. `$$NAME` stands for a constant of layout.py, where the memory is
; described. Nothing here calls anything but kernels, and the C library's memmove and memset by addresses found in commands.
;
; Contents:  1 binding   2 single commands   3 serial replay;  in parallel.ll:  4 parallel replay   5 workers

; ---------------------------------------------------------------------------------------------------------------- 1 binding

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

; --------------------------------------------------------------------------------------------------------- 2 single commands

; Runs the workgroups [begin, end) of a dispatch, x fastest, in order, until a kernel returns something other than 0; returns that.
; The ids of the last workgroup run stay in the workgroup state.
define internal i32 @run_tiles(ptr %kernel, ptr %environment, ptr %dispatch, ptr %workgroup, i64 %begin, i64 %end) nounwind {
entry:
  %any = icmp ult i64 %begin, %end
  br i1 %any, label %start, label %done

start:
  %count_x.at = getelementptr i8, ptr %dispatch, i64 $STATE_WORKGROUPS
  %count_y.at = getelementptr i8, ptr %count_x.at, i64 4
  %count_x = load i32, ptr %count_x.at
  %count_y = load i32, ptr %count_y.at
  %y.at = getelementptr i8, ptr %workgroup, i64 4
  %z.at = getelementptr i8, ptr %workgroup, i64 8
  %from.zero = icmp eq i64 %begin, 0
  br i1 %from.zero, label %loop, label %divide

divide:
  %size_x = zext i32 %count_x to i64
  %size_y = zext i32 %count_y to i64
  %row = udiv i64 %begin, %size_x
  %x.wide = urem i64 %begin, %size_x
  %z.wide = udiv i64 %row, %size_y
  %y.wide = urem i64 %row, %size_y
  %first_x = trunc i64 %x.wide to i32
  %first_y = trunc i64 %y.wide to i32
  %first_z = trunc i64 %z.wide to i32
  br label %loop

loop:
  %index = phi i64 [ %begin, %divide ], [ 0, %start ], [ %next_index, %advance ]
  %x = phi i32 [ %first_x, %divide ], [ 0, %start ], [ %next_x, %advance ]
  %y = phi i32 [ %first_y, %divide ], [ 0, %start ], [ %next_y, %advance ]
  %z = phi i32 [ %first_z, %divide ], [ 0, %start ], [ %next_z, %advance ]
  %z.narrow = trunc i32 %z to i16
  store i32 %x, ptr %workgroup
  store i32 %y, ptr %y.at
  store i16 %z.narrow, ptr %z.at
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

; The same, for Python.
define i32 @run_workgroups(ptr %kernel, ptr %environment, ptr %dispatch, ptr %workgroup, i64 %begin, i64 %end) nounwind {
  %code = call i32 @run_tiles(ptr %kernel, ptr %environment, ptr %dispatch, ptr %workgroup, i64 %begin, i64 %end)
  ret i32 %code
}

; The address of a reference, whose number is in a field of a command.
define internal ptr @pointer(ptr %job, ptr %field) alwaysinline nounwind {
  %pointers.at = getelementptr i8, ptr %job, i64 $JOB_POINTERS
  %pointers = load ptr, ptr %pointers.at
  %reference = load i32, ptr %field
  %wide = zext i32 %reference to i64
  %at = getelementptr i64, ptr %pointers, i64 %wide
  %pointer = load ptr, ptr %at
  ret ptr %pointer
}

; Its length.
define internal i64 @length(ptr %job, ptr %field) alwaysinline nounwind {
  %lengths.at = getelementptr i8, ptr %job, i64 $JOB_LENGTHS
  %lengths = load ptr, ptr %lengths.at
  %reference = load i32, ptr %field
  %wide = zext i32 %reference to i64
  %at = getelementptr i64, ptr %lengths, i64 %wide
  %length = load i64, ptr %at
  ret i64 %length
}

; The dispatch state of a command.
define internal ptr @state(ptr %job, ptr %command) alwaysinline nounwind {
  %states.at = getelementptr i8, ptr %job, i64 $JOB_STATES
  %states = load ptr, ptr %states.at
  %offset.at = getelementptr i8, ptr %command, i64 $COMMAND_STATE
  %offset = load i32, ptr %offset.at
  %wide = zext i32 %offset to i64
  %state = getelementptr i8, ptr %states, i64 %wide
  ret ptr %state
}

; Repeats 8 bytes over a length that is a multiple of 2: 64 bytes at a time, then 8, 4, 2.
define internal void @repeat(ptr %target, i64 %length, i64 %pattern) nounwind {
entry:
  %one = insertelement <8 x i64> poison, i64 %pattern, i64 0
  %line = shufflevector <8 x i64> %one, <8 x i64> poison, <8 x i32> zeroinitializer
  %lines.end = and i64 %length, -64
  %words.end = and i64 %length, -8
  br label %lines

lines:
  %l = phi i64 [ 0, %entry ], [ %l.next, %lines.store ]
  %more.lines = icmp ult i64 %l, %lines.end
  br i1 %more.lines, label %lines.store, label %words

lines.store:
  %l.at = getelementptr i8, ptr %target, i64 %l
  store <8 x i64> %line, ptr %l.at, align 1
  %l.next = add i64 %l, 64
  br label %lines

words:
  %w = phi i64 [ %lines.end, %lines ], [ %w.next, %words.store ]
  %more.words = icmp ult i64 %w, %words.end
  br i1 %more.words, label %words.store, label %tail

words.store:
  %w.at = getelementptr i8, ptr %target, i64 %w
  store i64 %pattern, ptr %w.at, align 1
  %w.next = add i64 %w, 8
  br label %words

tail:
  %four = and i64 %length, 4
  %has.four = icmp ne i64 %four, 0
  %tail.at = getelementptr i8, ptr %target, i64 %words.end
  br i1 %has.four, label %tail.four, label %tail.two

tail.four:
  %pattern.four = trunc i64 %pattern to i32
  store i32 %pattern.four, ptr %tail.at, align 1
  br label %tail.two

tail.two:
  %two = and i64 %length, 2
  %has.two = icmp ne i64 %two, 0
  br i1 %has.two, label %tail.store, label %done

tail.store:
  %pattern.two = trunc i64 %pattern to i16
  %last.at = getelementptr i8, ptr %tail.at, i64 %four
  store i16 %pattern.two, ptr %last.at, align 1
  br label %done

done:
  ret void
}

; Runs the tiles [begin, end) of a command. Returns 0, a kernel's code, or UNFIT.
define internal i64 @run_command(ptr %job, ptr %command, ptr %workgroup, i64 %begin, i64 %end) nounwind "no-jump-tables"="true" {
entry:
  %kind = load i32, ptr %command
  %function.at = getelementptr i8, ptr %command, i64 $COMMAND_FUNCTION
  %function = load ptr, ptr %function.at
  %target.at = getelementptr i8, ptr %command, i64 $COMMAND_TARGET
  %source.at = getelementptr i8, ptr %command, i64 $COMMAND_SOURCE
  %data.at = getelementptr i8, ptr %command, i64 $COMMAND_DATA
  %length.at = getelementptr i8, ptr %command, i64 $COMMAND_LENGTH
  switch i32 %kind, label %dispatch [
    i32 $COPY, label %copy
    i32 $UPDATE, label %update
    i32 $FILL, label %fill
  ]

dispatch:
  %environment.at = getelementptr i8, ptr %command, i64 $COMMAND_ENVIRONMENT
  %environment = load ptr, ptr %environment.at
  %state = call ptr @state(ptr %job, ptr %command)
  %code = call i32 @run_tiles(ptr %function, ptr %environment, ptr %state, ptr %workgroup, i64 %begin, i64 %end)
  %code.wide = zext i32 %code to i64
  ret i64 %code.wide

copy:
  %copy.to = call ptr @pointer(ptr %job, ptr %target.at)
  %copy.from = call ptr @pointer(ptr %job, ptr %source.at)
  %to.length = call i64 @length(ptr %job, ptr %target.at)
  %from.length = call i64 @length(ptr %job, ptr %source.at)
  %to.shorter = icmp ult i64 %to.length, %from.length
  %copy.length = select i1 %to.shorter, i64 %to.length, i64 %from.length
  %copied = call ptr %function(ptr %copy.to, ptr %copy.from, i64 %copy.length)
  ret i64 0

update:
  %update.to = call ptr @pointer(ptr %job, ptr %target.at)
  %bytes = load ptr, ptr %data.at
  %update.length = load i64, ptr %length.at
  %updated = call ptr %function(ptr %update.to, ptr %bytes, i64 %update.length)
  ret i64 0

fill:
  %fill.to = call ptr @pointer(ptr %job, ptr %target.at)
  %fill.length = call i64 @length(ptr %job, ptr %target.at)
  %pattern = load i64, ptr %data.at
  %pattern.length = load i64, ptr %length.at
  %pattern.mask = sub i64 %pattern.length, 1
  %left.over = and i64 %fill.length, %pattern.mask
  %fits = icmp eq i64 %left.over, 0
  br i1 %fits, label %fill.fits, label %unfit

fill.fits:
  %is.byte = icmp eq i64 %pattern.length, 1
  br i1 %is.byte, label %fill.bytes, label %fill.pattern

fill.bytes:
  %pattern.narrow = trunc i64 %pattern to i32
  %byte = and i32 %pattern.narrow, 255
  %filled = call ptr %function(ptr %fill.to, i32 %byte, i64 %fill.length)
  ret i64 0

fill.pattern:
  call void @repeat(ptr %fill.to, i64 %fill.length, i64 %pattern)
  ret i64 0

unfit:
  ret i64 $UNFIT
}

; Reads the workgroup counts of an indirect dispatch, notes them in its dispatch state, and returns how many tiles they make;
; -1 if that is more than 2^32 - 1, or z more than 2^16 - 1.
define internal i64 @read_grid(ptr %job, ptr %command) nounwind {
  %counts.at = getelementptr i8, ptr %command, i64 $COMMAND_TARGET
  %counts = call ptr @pointer(ptr %job, ptr %counts.at)
  %y.at = getelementptr i8, ptr %counts, i64 4
  %z.at = getelementptr i8, ptr %counts, i64 8
  %x = load i32, ptr %counts, align 1
  %y = load i32, ptr %y.at, align 1
  %z = load i32, ptr %z.at, align 1
  %z.narrow = trunc i32 %z to i16
  %state = call ptr @state(ptr %job, ptr %command)
  %state.x = getelementptr i8, ptr %state, i64 $STATE_WORKGROUPS
  %state.y = getelementptr i8, ptr %state.x, i64 4
  %state.z = getelementptr i8, ptr %state.x, i64 8
  store i32 %x, ptr %state.x
  store i32 %y, ptr %state.y
  store i16 %z.narrow, ptr %state.z
  %x.wide = zext i32 %x to i64
  %y.wide = zext i32 %y to i64
  %z.wide = zext i32 %z to i64
  %layer = mul i64 %x.wide, %y.wide
  %all = mul i64 %layer, %z.wide
  %layer.over = icmp ugt i64 %layer, 4294967295
  %all.over = icmp ugt i64 %all, 4294967295
  %z.over = icmp ugt i64 %z.wide, 65535
  %some.over = or i1 %layer.over, %all.over
  %over = or i1 %some.over, %z.over
  %tiles = select i1 %over, i64 -1, i64 %all
  ret i64 %tiles
}

; ----------------------------------------------------------------------------------------------------------- 3 serial replay

; Runs the commands [first, end) in order. Returns 0, or what the first that fails makes the replay return.
define internal i64 @run_serial(ptr %job, ptr %program, ptr %workgroup, i64 %first, i64 %end) nounwind "no-jump-tables"="true" {
entry:
  %commands.at = getelementptr i8, ptr %program, i64 $PROGRAM_COMMANDS
  %commands = load ptr, ptr %commands.at
  %workgroup.z = getelementptr i8, ptr %workgroup, i64 8
  br label %next

next:
  %index = phi i64 [ %first, %entry ], [ %index.next, %good ]
  %more = icmp ult i64 %index, %end
  br i1 %more, label %look, label %done

look:
  %offset = shl i64 %index, 6
  %command = getelementptr i8, ptr %commands, i64 %offset
  %kind = load i32, ptr %command
  %tiles.at = getelementptr i8, ptr %command, i64 $COMMAND_TILES
  %tiles.narrow = load i32, ptr %tiles.at
  %tiles = zext i32 %tiles.narrow to i64
  switch i32 %kind, label %run [
    i32 $DISPATCH, label %dispatch
    i32 $INDIRECT, label %indirect
  ]

dispatch:
  %is.single = icmp eq i32 %tiles.narrow, 1
  br i1 %is.single, label %single, label %run

single:
  %function.at = getelementptr i8, ptr %command, i64 $COMMAND_FUNCTION
  %function = load ptr, ptr %function.at
  %environment.at = getelementptr i8, ptr %command, i64 $COMMAND_ENVIRONMENT
  %environment = load ptr, ptr %environment.at
  %state = call ptr @state(ptr %job, ptr %command)
  store i64 0, ptr %workgroup
  store i16 0, ptr %workgroup.z
  %single.code = call i32 %function(ptr %environment, ptr %state, ptr %workgroup)
  %single.wide = zext i32 %single.code to i64
  br label %test

indirect:
  %grid = call i64 @read_grid(ptr %job, ptr %command)
  %over = icmp eq i64 %grid, -1
  br i1 %over, label %test, label %run

run:
  %count = phi i64 [ %tiles, %look ], [ %tiles, %dispatch ], [ %grid, %indirect ]
  %run.code = call i64 @run_command(ptr %job, ptr %command, ptr %workgroup, i64 0, i64 %count)
  br label %test

test:
  %code = phi i64 [ %single.wide, %single ], [ $UNFIT, %indirect ], [ %run.code, %run ]
  %failed = icmp ne i64 %code, 0
  br i1 %failed, label %fail, label %good

good:
  %index.next = add i64 %index, 1
  br label %next

fail:
  %result = call i64 @result(i64 %index, i64 %code)
  ret i64 %result

done:
  ret i64 0
}

; What a replay returns when a command fails.
define internal i64 @result(i64 %index, i64 %code) alwaysinline nounwind {
  %plus = add i64 %index, 1
  %shifted = shl i64 %plus, 32
  %result = or i64 %shifted, %code
  ret i64 %result
}

; Learns what a serial replay takes. Whatever disturbs a measurement makes it longer, so a shorter one is believed at once, and a longer
; one moves the estimate by an eighth, at most of four times the estimate. Races between replays lose a measurement, no more.
define internal void @learn(ptr %program, i64 %duration) alwaysinline nounwind {
  %at = getelementptr i8, ptr %program, i64 $PROGRAM_ESTIMATE
  %old = load atomic i64, ptr %at monotonic, align 8
  %old.less = sub i64 %old, 1
  %is.believed = icmp ule i64 %duration, %old.less                    ; true as well if the old estimate is 0, unknown
  %most = shl i64 %old, 2
  %disturbed = icmp ugt i64 %duration, %most
  %sample = select i1 %disturbed, i64 %most, i64 %duration
  %difference = sub i64 %sample, %old
  %step = lshr i64 %difference, 3
  %moved = add i64 %old, %step
  %chosen = select i1 %is.believed, i64 %duration, i64 %moved
  %new = or i64 %chosen, 1
  store atomic i64 %new, ptr %at monotonic, align 8
  ret void
}

; Runs every command in order in this thread, and learns how long that takes.
define internal i64 @replay_alone(ptr %job, ptr %program, ptr %workgroup) nounwind {
  %start = call i64 @ticks()
  %count.at = getelementptr i8, ptr %program, i64 $PROGRAM_COMMAND_COUNT
  %count.narrow = load i32, ptr %count.at
  %count = zext i32 %count.narrow to i64
  %result = call i64 @run_serial(ptr %job, ptr %program, ptr %workgroup, i64 0, i64 %count)
  %good = icmp eq i64 %result, 0
  br i1 %good, label %measure, label %done

measure:
  %stop = call i64 @ticks()
  %duration = sub i64 %stop, %start
  call void @learn(ptr %program, i64 %duration)
  br label %done

done:
  ret i64 %result
}

; Binds the job's slots and runs every command in order in this thread.
define i64 @replay_serial(ptr %job, ptr %workgroup) nounwind {
  %refusal = call i64 @bind(ptr %job)
  %bound = icmp eq i64 %refusal, 0
  br i1 %bound, label %run, label %refuse

run:
  %program = load ptr, ptr %job
  %result = call i64 @replay_alone(ptr %job, ptr %program, ptr %workgroup)
  ret i64 %result

refuse:
  ret i64 %refusal
}

; The clock that estimates are in, for Python to calibrate.
define i64 @clock() nounwind {
  %now = call i64 @ticks()
  ret i64 %now
}
