; The native executor, part two: replays a packed program in several threads.
;
; The *driver* is the thread that called `replay_parallel`. It resets the job's claims for a new *epoch*, puts the job into the
; mailboxes of some workers, and walks the commands; an invited worker walks them too if it happens to come in time. A walker takes
; runs of tiles ("claims") by compare-and-swap on `epoch << 32 | next`, and counts those that ended in `epoch << 32 | done`. At a
; barrier it waits until the work before it is done, however few threads do it.
;
; Why it cannot deadlock. A wait is only ever for a claim that some thread has taken and is executing, or for a thread between two
; instructions of `@open_grid`; whoever executes a claim waits for nothing. No walker waits for a worker to arrive, and claims of a
; replay that failed are taken and counted like others, only not run.
;
; Why a late worker does no harm. It may still walk epoch e when the driver has finished e and begun e + 1, or has handed the job
; back. Every claim of e was taken by then, so it can only look: its compare-and-swaps expect e in the upper half and fail, its waits
; see another epoch and end. An epoch comes back after 2^32 replays, more than a thread can sleep through between two instructions.
; Should it sleep at a barrier of e, whose words were reset under its eyes, the end of e + 1 wakes it.
;
; Why the job is still mapped then. A mailbox holds `job | WORKER_TOOK` from before the worker's first look at the job until after
; its last, and Python frees no job that is in a mailbox (`keep_while_watched`). Before a driver returns it takes back the invitations
; that nobody took; so a mailbox without the job after its replay will not hold it before its next replay, which needs the job alive.
;
; Why results do not depend on the threads. Claims are disjoint, workgroups of a dispatch are independent, barriers order the rest.
;
; Memory orders. What a claim wrote is published by the release half of the addition to `done`, and taken by the acquire load of
; `done` at the barrier. The reset of an epoch is published by the release store of the epoch and by the swap into the mailbox. Waits
; are of the two-flag kind, which need sequential consistency: a sleeper counts itself and then looks at the word once more; whoever
; changes the word then looks for sleepers. One of the two sees the other.

; -------------------------------------------------------------------------------------------------------- 4 parallel replay

; Waits for a word of a job to differ from what was seen: a thousand looks, then asleep until some command of the job ends. May
; return early.
define internal void @await_change(ptr %job, ptr %word, i64 %seen) nounwind {
entry:
  %event.at = getelementptr i8, ptr %job, i64 $JOB_EVENT
  %sleepers.at = getelementptr i8, ptr %job, i64 $JOB_SLEEPERS
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
  br i1 %patient, label %look, label %count

count:
  %event = load atomic i32, ptr %event.at acquire, align 4
  %before = atomicrmw add ptr %sleepers.at, i32 1 seq_cst
  %last.look = load atomic i64, ptr %word seq_cst, align 8
  %came = icmp ne i64 %last.look, %seen
  br i1 %came, label %leave, label %sleep

sleep:
  call void @futex(ptr %event.at, i32 128, i32 %event)
  br label %leave

leave:
  %after = atomicrmw sub ptr %sleepers.at, i32 1 seq_cst
  br label %done

done:
  ret void
}

; Wakes whoever sleeps in `@await_change` of this job, after a word was changed by a sequentially consistent operation.
define internal void @announce(ptr %job) nounwind {
entry:
  %sleepers.at = getelementptr i8, ptr %job, i64 $JOB_SLEEPERS
  %sleepers = load atomic i32, ptr %sleepers.at seq_cst, align 4
  %any = icmp ne i32 %sleepers, 0
  br i1 %any, label %wake, label %done

wake:
  %event.at = getelementptr i8, ptr %job, i64 $JOB_EVENT
  %before = atomicrmw add ptr %event.at, i32 1 seq_cst
  call void @futex(ptr %event.at, i32 129, i32 2147483647)
  br label %done

done:
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

; Waits until all claims of the commands [first, end) are done. False if the epoch is over.
define internal i1 @await_commands(ptr %job, ptr %all.claims, i64 %first, i64 %end, i32 %epoch) nounwind {
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
  call void @await_change(ptr %job, ptr %done.at, i64 %done)
  br label %look

complete:
  %index.next = add i64 %index, 1
  br label %next

all:
  ret i1 true

over:
  ret i1 false
}

; Walks the commands [first, end) of an epoch and does what is left of them. Returns when no claim is left to take, or at once when
; the epoch is over; what others have taken may still be running.
define internal void @walk(ptr %job, ptr %program, ptr %workgroup, i64 %first, i64 %end, i32 %epoch) nounwind {
entry:
  %commands.at = getelementptr i8, ptr %program, i64 $PROGRAM_COMMANDS
  %commands = load ptr, ptr %commands.at
  %all.claims.at = getelementptr i8, ptr %job, i64 $JOB_CLAIMS
  %all.claims = load ptr, ptr %all.claims.at
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  %epoch.wide = zext i32 %epoch to i64
  %nothing = shl i64 %epoch.wide, 32
  %closed = or i64 %nothing, $CLOSED
  %opening = or i64 %nothing, $OPENING
  br label %next

next:
  %index = phi i64 [ %first, %entry ], [ %index.next, %exhausted ]
  %stage = phi i64 [ %first, %entry ], [ %stage.now, %exhausted ]     ; where the commands since the last barrier begin
  %more = icmp ult i64 %index, %end
  br i1 %more, label %command, label %leave

command:
  %offset = shl i64 %index, 6
  %command.at = getelementptr i8, ptr %commands, i64 %offset
  %claims = getelementptr i8, ptr %all.claims, i64 %offset
  %count.at = getelementptr i8, ptr %claims, i64 $CLAIM_COUNT
  %done.at = getelementptr i8, ptr %claims, i64 $CLAIM_DONE
  %barrier.at = getelementptr i8, ptr %command.at, i64 $COMMAND_AFTER_BARRIER
  %barrier = load i32, ptr %barrier.at
  %has.barrier = icmp ne i32 %barrier, 0
  br i1 %has.barrier, label %wait, label %look

wait:
  %in.time = call i1 @await_commands(ptr %job, ptr %all.claims, i64 %stage, i64 %index, i32 %epoch)
  br i1 %in.time, label %look, label %leave

look:
  %stage.now = phi i64 [ %stage, %command ], [ %index, %wait ], [ %stage.now, %finished ], [ %stage.now, %lost ], [ %stage.now, %opened ]
  %claim = load atomic i64, ptr %claims acquire, align 8
  %claim.epoch.wide = lshr i64 %claim, 32
  %claim.epoch = trunc i64 %claim.epoch.wide to i32
  %current = icmp eq i32 %claim.epoch, %epoch
  br i1 %current, label %choose, label %leave

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
  br i1 %mine, label %open.grid, label %opened

open.grid:
  call void @open_grid(ptr %job, ptr %command.at, ptr %claims, i64 %index, i64 %nothing)
  br label %opened

await.open:
  call void @await_change(ptr %job, ptr %claims, i64 %opening)
  br label %opened

opened:
  br label %look

open:
  %count = load atomic i32, ptr %count.at acquire, align 4
  %left = icmp ult i32 %number, %count
  br i1 %left, label %take, label %exhausted

take:
  %claim.next = add i64 %claim, 1
  %take.swap = cmpxchg ptr %claims, i64 %claim, i64 %claim.next acquire monotonic
  %taken = extractvalue { i64, i1 } %take.swap, 1
  br i1 %taken, label %execute, label %lost

lost:
  br label %look

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
  %number.wide = zext i32 %number to i64
  %begin = mul i64 %number.wide, %step
  %begin.next = add i64 %begin, %step
  %is.last = icmp ugt i64 %begin.next, %tiles
  %stop = select i1 %is.last, i64 %tiles, i64 %begin.next
  %code = call i64 @run_command(ptr %job, ptr %command.at, ptr %workgroup, i64 %begin, i64 %stop)
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
  br i1 %is.complete, label %tell, label %finished

tell:
  call void @announce(ptr %job)
  br label %finished

finished:
  br label %look

exhausted:
  %index.next = add i64 %index, 1
  br label %next

leave:
  ret void
}

; Wakes a worker if it sleeps; true if it did.
define internal i1 @rouse(ptr %worker) nounwind {
entry:
  %asleep.at = getelementptr i8, ptr %worker, i64 $WORKER_ASLEEP
  %asleep = load atomic i32, ptr %asleep.at seq_cst, align 4
  %sleeps = icmp ne i32 %asleep, 0
  br i1 %sleeps, label %claim, label %awake

claim:
  %swap = cmpxchg ptr %asleep.at, i32 1, i32 0 seq_cst seq_cst
  %mine = extractvalue { i32, i1 } %swap, 1
  br i1 %mine, label %wake, label %awake

wake:
  call void @futex(ptr %asleep.at, i32 129, i32 1)
  ret i1 true

awake:
  ret i1 false
}

; Invites workers on other CPUs than this thread's, as many as may help.
define internal void @invite(ptr %job, ptr %pool) nounwind {
entry:
  %here = call i32 @processor()
  %count = load i32, ptr %pool
  %size.at = getelementptr i8, ptr %pool, i64 $POOL_SIZE
  %size = load i32, ptr %size.at
  %workers = getelementptr i8, ptr %pool, i64 $POOL_HEADER_SIZE
  %job.word = ptrtoint ptr %job to i64
  br label %next

next:
  %index = phi i32 [ 0, %entry ], [ %index.next, %continue ]
  %threads = phi i32 [ 1, %entry ], [ %threads.next, %continue ]      ; of this replay
  %more = icmp ult i32 %index, %count
  %room = icmp ult i32 %threads, %size
  %go.on = and i1 %more, %room
  br i1 %go.on, label %look, label %done

look:
  %index.wide = zext i32 %index to i64
  %offset = shl i64 %index.wide, 6
  %worker = getelementptr i8, ptr %workers, i64 %offset
  %cpu.at = getelementptr i8, ptr %worker, i64 $WORKER_CPU
  %cpu = load i32, ptr %cpu.at
  %is.here = icmp eq i32 %cpu, %here
  br i1 %is.here, label %continue, label %post

post:
  %swap = cmpxchg ptr %worker, i64 0, i64 %job.word seq_cst seq_cst
  %posted = extractvalue { i64, i1 } %swap, 1
  br i1 %posted, label %wake, label %continue

wake:
  %woken = call i1 @rouse(ptr %worker)
  br label %continue

continue:
  %invited = phi i32 [ 0, %look ], [ 0, %post ], [ 1, %wake ]
  %threads.next = add i32 %threads, %invited
  %index.next = add i32 %index, 1
  br label %next

done:
  ret void
}

; Takes back the invitations that no worker took.
define internal void @retract(ptr %job, ptr %pool) nounwind {
entry:
  %count = load i32, ptr %pool
  %workers = getelementptr i8, ptr %pool, i64 $POOL_HEADER_SIZE
  %job.word = ptrtoint ptr %job to i64
  br label %next

next:
  %index = phi i32 [ 0, %entry ], [ %index.next, %continue ]
  %more = icmp ult i32 %index, %count
  br i1 %more, label %look, label %done

look:
  %index.wide = zext i32 %index to i64
  %offset = shl i64 %index.wide, 6
  %worker = getelementptr i8, ptr %workers, i64 %offset
  %mail = load atomic i64, ptr %worker monotonic, align 8
  %is.there = icmp eq i64 %mail, %job.word
  br i1 %is.there, label %take, label %continue

take:
  %swap = cmpxchg ptr %worker, i64 %job.word, i64 0 seq_cst seq_cst
  br label %continue

continue:
  %index.next = add i32 %index, 1
  br label %next

done:
  ret void
}

; Runs the commands [first, count) with the help of the pool's workers.
define internal i64 @replay_together(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %count) nounwind {
  %size.at = getelementptr i8, ptr %pool, i64 $POOL_SIZE
  %size = load i32, ptr %size.at
  %epoch = call i32 @begin_epoch(ptr %job, ptr %program, i64 %first, i64 %count, i32 %size)
  call void @invite(ptr %job, ptr %pool)
  call void @walk(ptr %job, ptr %program, ptr %workgroup, i64 %first, i64 %count, i32 %epoch)
  %claims.at = getelementptr i8, ptr %job, i64 $JOB_CLAIMS
  %claims = load ptr, ptr %claims.at
  %all = call i1 @await_commands(ptr %job, ptr %claims, i64 %first, i64 %count, i32 %epoch)
  call void @announce(ptr %job)
  call void @retract(ptr %job, ptr %pool)
  %status.at = getelementptr i8, ptr %job, i64 $JOB_STATUS
  %status = load atomic i64, ptr %status.at acquire, align 8
  ret i64 %status
}

; Binds the job's slots and runs every command, with the help of the pool's workers where that pays: not before the first command of
; more than one tile, and not for a program that is short when run alone.
;
; How long a program takes alone is known from replays alone. The first replay begins alone and calls for help when it has taken too
; long to be short. A parallel replay of t threads that takes p says that a serial one takes t * p at most. Cold caches can make a
; short program look longer than it is, so one that is not surely long is run alone again every now and then.
define i64 @replay_parallel(ptr %job, ptr %pool, ptr %workgroup) nounwind {
entry:
  %refusal = call i64 @bind(ptr %job)
  %bound = icmp eq i64 %refusal, 0
  br i1 %bound, label %consider, label %refuse

refuse:
  ret i64 %refusal

consider:
  %program = load ptr, ptr %job
  %count.narrow = load i32, ptr %program
  %count = zext i32 %count.narrow to i64
  %wide.at = getelementptr i8, ptr %program, i64 $PROGRAM_FIRST_WIDE
  %wide.narrow = load i32, ptr %wide.at
  %wide = zext i32 %wide.narrow to i64
  %estimate.at = getelementptr i8, ptr %program, i64 $PROGRAM_ESTIMATE
  %estimate = load atomic i64, ptr %estimate.at monotonic, align 8
  %small.at = getelementptr i8, ptr %pool, i64 $POOL_SMALL
  %small = load i64, ptr %small.at
  %doubtful = shl i64 %small, $DOUBT
  %workers = load i32, ptr %pool
  %size.at = getelementptr i8, ptr %pool, i64 $POOL_SIZE
  %size.narrow = load i32, ptr %size.at
  %size = zext i32 %size.narrow to i64
  %is.narrow = icmp eq i64 %wide, %count
  %no.workers = icmp eq i32 %workers, 0
  %no.room = icmp ult i64 %size, 2
  %nobody = or i1 %no.workers, %no.room
  %useless = or i1 %nobody, %is.narrow
  br i1 %useless, label %alone, label %consider.estimate

consider.estimate:
  %start = call i64 @ticks()
  %is.known = icmp ne i64 %estimate, 0
  br i1 %is.known, label %consider.size, label %probe

consider.size:
  %is.small = icmp ult i64 %estimate, %small
  br i1 %is.small, label %alone, label %consider.doubt

consider.doubt:
  %replays.at = getelementptr i8, ptr %program, i64 $PROGRAM_REPLAYS
  %replays = load atomic i64, ptr %replays.at monotonic, align 8
  %replays.next = add i64 %replays, 1
  store atomic i64 %replays.next, ptr %replays.at monotonic, align 8
  %bits = and i64 %replays, $RECHECK
  %is.turn = icmp eq i64 %bits, $RECHECK
  %is.doubtful = icmp ult i64 %estimate, %doubtful
  %recheck = and i1 %is.turn, %is.doubtful
  br i1 %recheck, label %alone, label %begin

alone:
  %alone.result = call i64 @replay_alone(ptr %job, ptr %program, ptr %workgroup)
  ret i64 %alone.result

begin:
  %begin.result = call i64 @run_serial(ptr %job, ptr %program, ptr %workgroup, i64 0, i64 %wide)
  %begin.good = icmp eq i64 %begin.result, 0
  br i1 %begin.good, label %together, label %failed

probe:
  %index = phi i64 [ 0, %consider.estimate ], [ %index.next, %probe.look ]
  %index.next = add i64 %index, 1
  %probe.result = call i64 @run_serial(ptr %job, ptr %program, ptr %workgroup, i64 %index, i64 %index.next)
  %probe.good = icmp eq i64 %probe.result, 0
  br i1 %probe.good, label %probe.look, label %failed

probe.look:
  %now = call i64 @ticks()
  %elapsed = sub i64 %now, %start
  %is.end = icmp eq i64 %index.next, %count
  %is.long = icmp uge i64 %elapsed, %doubtful
  %stop.probing = or i1 %is.end, %is.long
  br i1 %stop.probing, label %probe.done, label %probe

probe.done:
  br i1 %is.end, label %probe.learn, label %together

probe.learn:
  call void @learn(ptr %program, i64 %elapsed)
  ret i64 0

failed:
  %failure = phi i64 [ %begin.result, %begin ], [ %probe.result, %probe ]
  ret i64 %failure

together:
  %first = phi i64 [ %wide, %begin ], [ %index.next, %probe.done ]
  %result = call i64 @replay_together(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %count)
  %good = icmp eq i64 %result, 0
  br i1 %good, label %measure, label %done

measure:
  %stop = call i64 @ticks()
  %duration = sub i64 %stop, %start
  %bound.most = mul i64 %duration, %size
  %estimate.less = sub i64 %estimate, 1
  %is.news = icmp ule i64 %bound.most, %estimate.less                 ; true as well if the estimate is 0, unknown
  br i1 %is.news, label %note, label %done

note:
  %noted = or i64 %bound.most, 1
  store atomic i64 %noted, ptr %estimate.at monotonic, align 8
  br label %done

done:
  ret i64 %result
}

; ----------------------------------------------------------------------------------------------------------------- 5 workers

; Where a worker waits for something to do, helping with jobs it is invited to. Returns QUEUED when it has taken on one of the Python
; jobs queued, or STARVED when a job needs more local memory than it has, as the worker's `needs` says; the job goes on without it.
;
; Falling asleep is a two-flag wait as well: the worker sets `asleep` and looks once more; whoever has something for it posts that
; and then looks at `asleep`.
define i32 @park(ptr %worker, ptr %pool) nounwind {
entry:
  %arrived = cmpxchg ptr %worker, i64 $NOT_THERE, i64 0 seq_cst seq_cst
  %asleep.at = getelementptr i8, ptr %worker, i64 $WORKER_ASLEEP
  %workgroup.at = getelementptr i8, ptr %worker, i64 $WORKER_WORKGROUP
  %needs.at = getelementptr i8, ptr %worker, i64 $WORKER_NEEDS
  %pending.at = getelementptr i8, ptr %pool, i64 $POOL_PENDING
  br label %look

look:
  %spins = phi i64 [ 0, %entry ], [ %spins.next, %spin ], [ 0, %again ]
  %mail = load atomic i64, ptr %worker acquire, align 8
  %has.mail = icmp ne i64 %mail, 0
  br i1 %has.mail, label %take.mail, label %look.pending

take.mail:
  %took = or i64 %mail, $WORKER_TOOK
  %mail.swap = cmpxchg ptr %worker, i64 %mail, i64 %took seq_cst seq_cst
  %mail.mine = extractvalue { i64, i1 } %mail.swap, 1
  br i1 %mail.mine, label %help, label %again

help:
  %job = inttoptr i64 %mail to ptr
  %program = load ptr, ptr %job
  %memory.at = getelementptr i8, ptr %program, i64 $PROGRAM_LOCAL_MEMORY
  %memory.needed = load i64, ptr %memory.at
  %workgroup = load ptr, ptr %workgroup.at
  %memory.size.at = getelementptr i8, ptr %workgroup, i64 $WORKGROUP_LOCAL_SIZE
  %memory.size.narrow = load i32, ptr %memory.size.at
  %memory.size = zext i32 %memory.size.narrow to i64
  %enough = icmp uge i64 %memory.size, %memory.needed
  br i1 %enough, label %walk, label %starve

walk:
  %count.narrow = load i32, ptr %program
  %count = zext i32 %count.narrow to i64
  %epoch.at = getelementptr i8, ptr %job, i64 $JOB_EPOCH
  %epoch = load atomic i32, ptr %epoch.at acquire, align 4
  %first.at = getelementptr i8, ptr %job, i64 $JOB_FIRST
  %first.narrow = load atomic i32, ptr %first.at monotonic, align 4
  %first = zext i32 %first.narrow to i64
  call void @walk(ptr %job, ptr %program, ptr %workgroup, i64 %first, i64 %count, i32 %epoch)
  store atomic i64 0, ptr %worker seq_cst, align 8
  br label %again

starve:
  store i64 %memory.needed, ptr %needs.at
  store atomic i64 0, ptr %worker seq_cst, align 8
  ret i32 $STARVED

look.pending:
  %pending = load atomic i32, ptr %pending.at acquire, align 4
  %has.pending = icmp ne i32 %pending, 0
  br i1 %has.pending, label %take.pending, label %spin

take.pending:
  %pending.less = sub i32 %pending, 1
  %pending.swap = cmpxchg ptr %pending.at, i32 %pending, i32 %pending.less seq_cst seq_cst
  %pending.mine = extractvalue { i32, i1 } %pending.swap, 1
  br i1 %pending.mine, label %queued, label %again

queued:
  ret i32 $QUEUED

spin:
  call void @pause()
  %spins.next = add i64 %spins, 1
  %patient = icmp ult i64 %spins.next, $SPINS
  br i1 %patient, label %look, label %announce.sleep

announce.sleep:
  %was = atomicrmw xchg ptr %asleep.at, i32 1 seq_cst
  %last.mail = load atomic i64, ptr %worker seq_cst, align 8
  %last.pending = load atomic i32, ptr %pending.at seq_cst, align 4
  %no.mail = icmp eq i64 %last.mail, 0
  %no.pending = icmp eq i32 %last.pending, 0
  %nothing = and i1 %no.mail, %no.pending
  br i1 %nothing, label %sleep, label %awake

sleep:
  call void @futex(ptr %asleep.at, i32 128, i32 1)
  br label %awake

awake:
  store atomic i32 0, ptr %asleep.at seq_cst, align 4
  br label %again

again:
  br label %look
}

; Says that one more Python job is queued, and wakes a worker if one sleeps. If none does, one that is awake or busy will look before
; it falls asleep.
define void @notify(ptr %pool) nounwind {
entry:
  %count = load i32, ptr %pool
  %workers = getelementptr i8, ptr %pool, i64 $POOL_HEADER_SIZE
  %pending.at = getelementptr i8, ptr %pool, i64 $POOL_PENDING
  %before = atomicrmw add ptr %pending.at, i32 1 seq_cst
  br label %next

next:
  %index = phi i32 [ 0, %entry ], [ %index.next, %continue ]
  %more = icmp ult i32 %index, %count
  br i1 %more, label %look, label %done

look:
  %index.wide = zext i32 %index to i64
  %offset = shl i64 %index.wide, 6
  %worker = getelementptr i8, ptr %workers, i64 %offset
  %woken = call i1 @rouse(ptr %worker)
  br i1 %woken, label %done, label %continue

continue:
  %index.next = add i32 %index, 1
  br label %next

done:
  ret void
}
