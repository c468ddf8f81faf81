; The native executor: replays a program in this thread.

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
