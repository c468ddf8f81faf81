; The native executor: how threads share the tiles of a program's commands. The protocol and its proofs are in parallel.ll.

; Waits for a word of a job to differ from what was seen, for a thousand looks. After that the driver sleeps until some command ends,
; and a worker gives up: false. May return early.
define internal i1 @await_change(ptr %job, ptr %word, i64 %seen, i1 %is.driver) nounwind {
entry:
  br label %look

look:
  %spins = phi i64 [ 0, %entry ], [ %spins.next, %spin ]
  %now = load atomic i64, ptr %word acquire, align 8
  %changed = icmp ne i64 %now, %seen
  br i1 %changed, label %done, label %spin

spin:
  call void @pause()
  %spins.next = add i64 %spins, 1
  %patient = icmp ult i64 %spins.next, $SPINS
  br i1 %patient, label %look, label %tired

tired:
  br i1 %is.driver, label %announce.sleep, label %give.up

announce.sleep:
  %asleep.at = getelementptr i8, ptr %job, i64 $JOB_ASLEEP
  %was = atomicrmw xchg ptr %asleep.at, i32 1 seq_cst
  %last.look = load atomic i64, ptr %word seq_cst, align 8
  %came = icmp ne i64 %last.look, %seen
  br i1 %came, label %awake, label %sleep

sleep:
  call void @futex(ptr %asleep.at, i32 128, i32 1)
  br label %awake

awake:
  store atomic i32 0, ptr %asleep.at seq_cst, align 4
  br label %done

done:
  ret i1 true

give.up:
  ret i1 false
}

; Wakes the driver if it sleeps, after a word of the job was changed by a sequentially consistent operation.
define internal void @announce(ptr %job) nounwind {
  %asleep.at = getelementptr i8, ptr %job, i64 $JOB_ASLEEP
  %woken = call i1 @rouse(ptr %asleep.at)
  ret void
}

; Cuts the tiles of a command into claims for a number of threads.
define internal void @cut(ptr %claims, i64 %tiles, i64 %threads) nounwind {
  %most = mul i64 %threads, $CLAIMS_A_THREAD
  %tiles.up = add i64 %tiles, %most
  %tiles.round = sub i64 %tiles.up, 1
  %step.or.none = udiv i64 %tiles.round, %most
  %none = icmp eq i64 %step.or.none, 0
  %step = select i1 %none, i64 1, i64 %step.or.none
  %step.less = sub i64 %step, 1
  %count.round = add i64 %tiles, %step.less
  %count = udiv i64 %count.round, %step
  %count.narrow = trunc i64 %count to i32
  %tiles.narrow = trunc i64 %tiles to i32
  %step.narrow = trunc i64 %step to i32
  %count.at = getelementptr i8, ptr %claims, i64 $CLAIM_COUNT
  %tiles.at = getelementptr i8, ptr %claims, i64 $CLAIM_TILES
  %step.at = getelementptr i8, ptr %claims, i64 $CLAIM_STEP
  store atomic i32 %count.narrow, ptr %count.at release, align 4
  store atomic i32 %tiles.narrow, ptr %tiles.at monotonic, align 4
  store atomic i32 %step.narrow, ptr %step.at monotonic, align 4
  ret void
}

; Resets the claims of the commands [first, end) and begins the next epoch, which it returns. How tiles are cut is kept from the
; replay before, unless the number of threads is another; then those of all commands are cut. `next` is reset before that: a late walker that saw the new count with the
; old `next` could take a claim.
define internal i32 @begin_epoch(ptr %job, ptr %program, i64 %first, i64 %end, i32 %threads) nounwind {
entry:
  %epoch.at = getelementptr i8, ptr %job, i64 $JOB_EPOCH
  %epoch.old = load i32, ptr %epoch.at
  %epoch = add i32 %epoch.old, 1
  %epoch.wide = zext i32 %epoch to i64
  %nothing = shl i64 %epoch.wide, 32
  %closed = or i64 %nothing, $CLOSED
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  store atomic i64 0, ptr %status.at monotonic, align 8
  %first.at = getelementptr i8, ptr %job, i64 $JOB_FIRST
  %first.narrow = trunc i64 %first to i32
  store atomic i32 %first.narrow, ptr %first.at monotonic, align 4
  %threads.at = getelementptr i8, ptr %job, i64 $JOB_THREADS
  %threads.old = load i32, ptr %threads.at
  store i32 %threads, ptr %threads.at
  %threads.wide = zext i32 %threads to i64
  %must.cut = icmp ne i32 %threads, %threads.old
  %from = select i1 %must.cut, i64 0, i64 %first
  %commands.at = getelementptr i8, ptr %program, i64 $PROGRAM_COMMANDS
  %commands = load ptr, ptr %commands.at
  %all.claims.at = getelementptr i8, ptr %job, i64 $JOB_CLAIMS
  %all.claims = load ptr, ptr %all.claims.at
  br label %next

next:
  %index = phi i64 [ %from, %entry ], [ %index.next, %reset ]
  %more = icmp ult i64 %index, %end
  br i1 %more, label %look, label %publish

look:
  %offset = shl i64 %index, 6
  %command = getelementptr i8, ptr %commands, i64 %offset
  %claims = getelementptr i8, ptr %all.claims, i64 %offset
  %kind = load i32, ptr %command
  %is.indirect = icmp eq i32 %kind, $INDIRECT
  %start = select i1 %is.indirect, i64 %closed, i64 %nothing
  store atomic i64 %start, ptr %claims release, align 8
  br i1 %must.cut, label %cut, label %reset

cut:
  %tiles.at = getelementptr i8, ptr %command, i64 $COMMAND_TILES
  %tiles.narrow = load i32, ptr %tiles.at
  %tiles = zext i32 %tiles.narrow to i64
  call void @cut(ptr %claims, i64 %tiles, i64 %threads.wide)
  br label %reset

reset:
  %done.at = getelementptr i8, ptr %claims, i64 $CLAIM_DONE
  store atomic i64 %nothing, ptr %done.at release, align 8
  %index.next = add i64 %index, 1
  br label %next

publish:
  store atomic i32 %epoch, ptr %epoch.at release, align 4
  ret i32 %epoch
}

; Notes that the replay has failed; the first failure stays.
define internal void @fail(ptr %job, i64 %index, i64 %code) nounwind {
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  %status = call i64 @result(i64 %index, i64 %code)
  %swapped = cmpxchg ptr %status.at, i64 0, i64 %status seq_cst seq_cst
  ret void
}

; Reads the workgroup counts of an indirect dispatch, in the one thread that changed `next` from CLOSED to OPENING, and lets its
; claims be taken.
define internal void @open_grid(ptr %job, ptr %command, ptr %claims, i64 %index, i64 %nothing) nounwind {
entry:
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  %status = load atomic i64, ptr %status.at acquire, align 8
  %good = icmp eq i64 %status, 0
  br i1 %good, label %read, label %open

read:
  %grid = call i64 @read_grid(ptr %job, ptr %command)
  %over = icmp eq i64 %grid, -1
  br i1 %over, label %refuse, label %open

refuse:
  call void @fail(ptr %job, i64 %index, i64 $UNFIT)
  br label %open

open:
  %tiles = phi i64 [ 0, %entry ], [ %grid, %read ], [ 0, %refuse ]
  %threads.at = getelementptr i8, ptr %job, i64 $JOB_THREADS
  %threads.narrow = load i32, ptr %threads.at
  %threads = zext i32 %threads.narrow to i64
  call void @cut(ptr %claims, i64 %tiles, i64 %threads)
  %before = atomicrmw xchg ptr %claims, i64 %nothing seq_cst
  call void @announce(ptr %job)
  ret void
}

; Waits until all claims of the commands [first, end) are done. False if the epoch is over, or a worker gives up.
define internal i1 @await_commands(ptr %job, ptr %all.claims, i64 %first, i64 %end, i32 %epoch, i1 %is.driver) nounwind {
entry:
  br label %next

next:
  %index = phi i64 [ %first, %entry ], [ %index.next, %complete ]
  %more = icmp ult i64 %index, %end
  br i1 %more, label %command, label %all

command:
  %offset = shl i64 %index, 6
  %claims = getelementptr i8, ptr %all.claims, i64 %offset
  %done.at = getelementptr i8, ptr %claims, i64 $CLAIM_DONE
  %count.at = getelementptr i8, ptr %claims, i64 $CLAIM_COUNT
  br label %look

look:
  %done = load atomic i64, ptr %done.at acquire, align 8
  %done.epoch.wide = lshr i64 %done, 32
  %done.epoch = trunc i64 %done.epoch.wide to i32
  %current = icmp eq i32 %done.epoch, %epoch
  br i1 %current, label %compare, label %over

compare:
  %done.count = trunc i64 %done to i32
  %count = load atomic i32, ptr %count.at monotonic, align 4
  %is.complete = icmp eq i32 %done.count, %count
  br i1 %is.complete, label %complete, label %wait

wait:
  %goes.on = call i1 @await_change(ptr %job, ptr %done.at, i64 %done, i1 %is.driver)
  br i1 %goes.on, label %look, label %over

complete:
  %index.next = add i64 %index, 1
  br label %next

all:
  ret i1 true

over:
  ret i1 false
}

; Takes claims of a command and runs them until none is left to take; what others have taken may still be running. False if the
; epoch is over, or a worker gives up. The driver takes claims from the front and workers from the back: when the program is replayed
; again, each finds in its cache what it used before.
define internal i1 @take_claims(ptr %job, ptr %command, ptr %claims, ptr %workgroup, i64 %index, i32 %epoch, i1 %is.driver) nounwind {
entry:
  %count.at = getelementptr i8, ptr %claims, i64 $CLAIM_COUNT
  %done.at = getelementptr i8, ptr %claims, i64 $CLAIM_DONE
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  %epoch.wide = zext i32 %epoch to i64
  %nothing = shl i64 %epoch.wide, 32
  %closed = or i64 %nothing, $CLOSED
  %opening = or i64 %nothing, $OPENING
  br label %look

look:
  %claim = load atomic i64, ptr %claims acquire, align 8
  %claim.epoch.wide = lshr i64 %claim, 32
  %claim.epoch = trunc i64 %claim.epoch.wide to i32
  %current = icmp eq i32 %claim.epoch, %epoch
  br i1 %current, label %choose, label %over

choose:
  %number = trunc i64 %claim to i32
  %is.marked = icmp uge i32 %number, $OPENING
  br i1 %is.marked, label %marked, label %open

marked:
  %is.closed = icmp eq i32 %number, $CLOSED
  br i1 %is.closed, label %try.open, label %await.open

try.open:
  %open.swap = cmpxchg ptr %claims, i64 %closed, i64 %opening seq_cst seq_cst
  %mine = extractvalue { i64, i1 } %open.swap, 1
  br i1 %mine, label %open.grid, label %look

open.grid:
  call void @open_grid(ptr %job, ptr %command, ptr %claims, i64 %index, i64 %nothing)
  br label %look

await.open:
  %goes.on = call i1 @await_change(ptr %job, ptr %claims, i64 %opening, i1 %is.driver)
  br i1 %goes.on, label %look, label %over

open:
  %count = load atomic i32, ptr %count.at acquire, align 4
  %front = and i32 %number, 65535
  %back = lshr i32 %number, 16
  %both = add i32 %front, %back
  %left = icmp ult i32 %both, %count
  br i1 %left, label %take, label %exhausted

take:
  %one = select i1 %is.driver, i64 1, i64 65536
  %claim.next = add i64 %claim, %one
  %take.swap = cmpxchg ptr %claims, i64 %claim, i64 %claim.next acquire monotonic
  %taken = extractvalue { i64, i1 } %take.swap, 1
  br i1 %taken, label %execute, label %look

execute:
  %status = load atomic i64, ptr %status.at monotonic, align 8
  %good = icmp eq i64 %status, 0
  br i1 %good, label %run, label %count.done

run:
  %step.at = getelementptr i8, ptr %claims, i64 $CLAIM_STEP
  %tiles.at = getelementptr i8, ptr %claims, i64 $CLAIM_TILES
  %step.narrow = load i32, ptr %step.at
  %tiles.narrow = load i32, ptr %tiles.at
  %step = zext i32 %step.narrow to i64
  %tiles = zext i32 %tiles.narrow to i64
  %from.end = sub i32 %count, %back
  %last = sub i32 %from.end, 1
  %mine.number = select i1 %is.driver, i32 %front, i32 %last
  %number.wide = zext i32 %mine.number to i64
  %begin = mul i64 %number.wide, %step
  %begin.next = add i64 %begin, %step
  %is.last = icmp ugt i64 %begin.next, %tiles
  %stop = select i1 %is.last, i64 %tiles, i64 %begin.next
  %code = call i64 @run_command(ptr %job, ptr %command, ptr %workgroup, i64 %begin, i64 %stop)
  %failed = icmp ne i64 %code, 0
  br i1 %failed, label %note, label %count.done

note:
  call void @fail(ptr %job, i64 %index, i64 %code)
  br label %count.done

count.done:
  %done = atomicrmw add ptr %done.at, i64 1 seq_cst
  %done.count = trunc i64 %done to i32
  %done.now = add i32 %done.count, 1
  %is.complete = icmp eq i32 %done.now, %count
  br i1 %is.complete, label %tell, label %look

tell:
  call void @announce(ptr %job)
  br label %look

exhausted:
  ret i1 true

over:
  ret i1 false
}

; Walks the commands [first, end) of an epoch and does what is left of them; the driver returns when all of it is done. On its way it
; invites workers to commands of several claims, if any has come back for something to do since it did so last.
define internal void @walk(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %end, i32 %epoch, i1 %is.driver) nounwind {
entry:
  %commands.at = getelementptr i8, ptr %program, i64 $PROGRAM_COMMANDS
  %commands = load ptr, ptr %commands.at
  %all.claims.at = getelementptr i8, ptr %job, i64 $JOB_CLAIMS
  %all.claims = load ptr, ptr %all.claims.at
  %returns.at = getelementptr i8, ptr %pool, i64 $POOL_RETURNS
  %returns.first = load atomic i32, ptr %returns.at monotonic, align 4
  %never = xor i32 %returns.first, -1
  br label %next

next:
  %index = phi i64 [ %first, %entry ], [ %index.next, %exhausted ]
  %stage = phi i64 [ %first, %entry ], [ %stage.now, %exhausted ]     ; where the commands since the last barrier begin
  %seen = phi i32 [ %never, %entry ], [ %seen.now, %exhausted ]       ; workers' returns at the last invitation
  %more = icmp ult i64 %index, %end
  br i1 %more, label %command, label %end.reached

command:
  %offset = shl i64 %index, 6
  %command.at = getelementptr i8, ptr %commands, i64 %offset
  %claims = getelementptr i8, ptr %all.claims, i64 %offset
  %barrier.at = getelementptr i8, ptr %command.at, i64 $COMMAND_AFTER_BARRIER
  %barrier = load i32, ptr %barrier.at
  %has.barrier = icmp ne i32 %barrier, 0
  br i1 %has.barrier, label %wait, label %arrive

wait:
  %in.time = call i1 @await_commands(ptr %job, ptr %all.claims, i64 %stage, i64 %index, i32 %epoch, i1 %is.driver)
  br i1 %in.time, label %arrive, label %leave

arrive:
  %stage.now = phi i64 [ %stage, %command ], [ %index, %wait ]
  br i1 %is.driver, label %consider, label %take

consider:
  %count.at = getelementptr i8, ptr %claims, i64 $CLAIM_COUNT
  %count = load atomic i32, ptr %count.at monotonic, align 4
  %is.wide = icmp ugt i32 %count, 1
  %returns = load atomic i32, ptr %returns.at monotonic, align 4
  %is.news = icmp ne i32 %returns, %seen
  %calls = and i1 %is.wide, %is.news
  br i1 %calls, label %call.help, label %take

call.help:
  call void @invite(ptr %job, ptr %pool)
  br label %take

take:
  %seen.now = phi i32 [ %seen, %arrive ], [ %seen, %consider ], [ %returns, %call.help ]
  %goes.on = call i1 @take_claims(ptr %job, ptr %command.at, ptr %claims, ptr %workgroup, i64 %index, i32 %epoch, i1 %is.driver)
  br i1 %goes.on, label %exhausted, label %leave

exhausted:
  %index.next = add i64 %index, 1
  br label %next

end.reached:
  br i1 %is.driver, label %finish, label %leave

finish:
  %all = call i1 @await_commands(ptr %job, ptr %all.claims, i64 %first, i64 %end, i32 %epoch, i1 true)
  br label %leave

leave:
  ret void
}
