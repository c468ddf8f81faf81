; The native executor: what a single command does.

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
