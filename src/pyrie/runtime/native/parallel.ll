; The native executor: replays a program in several threads. This is the protocol; claims.ll and workers.ll are its two halves.
;
; The *driver* is the thread that called `replay_parallel`. It resets the job's claims for a new *epoch* and walks the commands; when it
; comes to one of several claims it puts the job into the mailboxes of workers that have nothing to do. A worker that finds it walks
; the commands too. A walker takes runs of tiles ("claims") by compare-and-swap on `epoch << 32 | taken`, and counts those that ended
; in `epoch << 32 | done`. At a barrier it waits until the work before it is done, however few threads do it. If that takes long, the
; driver sleeps, and a worker goes back to where it waits for anything (`park`), to be invited again; so whoever ends a command has
; at most one thread to wake, and a chain of commands of one claim wakes nobody.
;
; Why it cannot deadlock. A wait is only ever for a claim that some thread has taken and is executing, or for a thread between two
; instructions of `@open_grid`; whoever executes a claim waits for nothing. No walker waits for a worker to arrive, and claims of a
; replay that failed are taken and counted like others, only not run. Workers sleep nowhere but in `park`.
;
; Why a late worker does no harm. It may still walk epoch e when the driver has finished e and begun e + 1, or has handed the job
; back. Every claim of e was taken by then, so it can only look: its compare-and-swaps expect e in the upper half and fail, its waits
; see another epoch, or end for want of patience. An epoch comes back after 2^32 replays, more than a thread can sleep through between
; two instructions.
;
; Why the job is still mapped then. A mailbox holds `job | WORKER_TOOK` from before the worker's first look at the job until after
; its last, and Python frees no job that is in a mailbox (`keep_while_watched`). Before a driver returns it takes back the invitations
; that nobody took; so a mailbox without the job after its replay will not hold it before its next replay, which needs the job alive.
;
; Why results do not depend on the threads. Claims are disjoint, workgroups of a dispatch are independent, barriers order the rest.
;
; Memory orders. What a claim wrote is published by the release half of the addition to `done`, and taken by the acquire load of
; `done` at the barrier. The reset of an epoch is published by the release store of the epoch and by the swap into the mailbox. Falling
; asleep needs sequential consistency: a sleeper sets its flag and then looks once more; whoever has news for it posts them and then
; looks at the flag. One of the two sees the other.

; Runs the commands [first, count) with the help of the pool's workers.
define internal i64 @replay_together(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %count) nounwind {
  %size.at = getelementptr i8, ptr %pool, i64 $POOL_SIZE
  %size = load i32, ptr %size.at
  %epoch = call i32 @begin_epoch(ptr %job, ptr %program, i64 %first, i64 %count, i32 %size)
  call void @walk(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %count, i32 %epoch, i1 true)
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
