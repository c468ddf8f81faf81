; The native executor: workers, their mailboxes, and how they sleep. The protocol and its proofs are in parallel.ll.

; Wakes the thread whose futex this is, if it sleeps; true if it did.
define internal i1 @rouse(ptr %asleep.at) nounwind {
entry:
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
  %asleep.at = getelementptr i8, ptr %worker, i64 $WORKER_ASLEEP
  %woken = call i1 @rouse(ptr %asleep.at)
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
  %returns.at = getelementptr i8, ptr %pool, i64 $POOL_RETURNS
  %arrival = atomicrmw add ptr %returns.at, i32 1 release
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
  call void @walk(ptr %job, ptr %program, ptr %pool, ptr %workgroup, i64 %first, i64 %count, i32 %epoch, i1 false)
  store atomic i64 0, ptr %worker seq_cst, align 8                    ; the last of the job; now it may go
  %return = atomicrmw add ptr %returns.at, i32 1 release
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
  %asleep.at = getelementptr i8, ptr %worker, i64 $WORKER_ASLEEP
  %woken = call i1 @rouse(ptr %asleep.at)
  br i1 %woken, label %done, label %continue

continue:
  %index.next = add i32 %index, 1
  br label %next

done:
  ret void
}
