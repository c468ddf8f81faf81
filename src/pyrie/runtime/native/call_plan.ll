; One call of an exported function whose work is known (pyrie.runtime.plan): checks the arguments, puts addresses where the recordings look
; for them, replays. Architecture-independent; linked into the image of each.
;
; The arguments are numpy arrays, read through their C structure, which numpy keeps stable (PyArrayObject_fields; plan.py checks the offsets
; before any plan is made):      8 type*    16 data*    24 rank (i32)    32 dimensions*    56 descriptor*    64 flags (i32)
; They arrive in a Python tuple:                                         16 size            24 items
; Tuple and results lie in a Python list that belongs to the plan, so that a call passes one pointer only: passing objects takes ctypes
; longer than all of this.
;
; struct plan, 8 bytes a field:   0 arguments*   8 their count   16 fixups*   24 their count   32 jobs*   40 their count
;   48 addresses* (one an argument, then one a result)   56 run (replay_serial or replay_parallel)   64 pool* or null   72 workgroup state*
;   80 ndarray type*   88 PyEval_SaveThread   96 PyEval_RestoreThread   104 ticks of work from which on the lock is released
;   112 result count   120 calls   128 what a failed job returned   136 items of the list*: the tuple, then the results
; struct argument, 48 bytes:      0 descriptor*   8 rank   16 dimensions*   24 bytes   32 address bits that must be zero   40 copy* or null
; struct fixup, 24 bytes:         0 slot*         8 index into addresses      16 offset
;
; Returns 0; 1 if the arguments are others than the plan's; 2 | argument << 8 if that one needs memory for a copy; 3 | job << 8 if a job failed.
; Nothing has run in the first two cases. Python objects are read before the interpreter lock may be released, never after.

define i64 @call_plan(ptr %plan) nounwind {
entry:
  %items.p = getelementptr i8, ptr %plan, i64 136
  %items = load ptr, ptr %items.p
  %arguments = load ptr, ptr %items
  %count.p = getelementptr i8, ptr %plan, i64 8
  %count = load i64, ptr %count.p
  %specs = load ptr, ptr %plan
  %addresses.p = getelementptr i8, ptr %plan, i64 48
  %addresses = load ptr, ptr %addresses.p
  %ndarray.p = getelementptr i8, ptr %plan, i64 80
  %ndarray = load ptr, ptr %ndarray.p
  %given.p = getelementptr i8, ptr %arguments, i64 16
  %given = load i64, ptr %given.p
  %right.count = icmp eq i64 %given, %count
  br i1 %right.count, label %next.argument, label %differs

next.argument:
  %i = phi i64 [ 0, %entry ], [ %i.next, %argument.done ]
  %more = icmp ult i64 %i, %count
  br i1 %more, label %argument, label %next.result.first

argument:
  %item.at = shl i64 %i, 3
  %item.offset = add i64 %item.at, 24
  %item.p = getelementptr i8, ptr %arguments, i64 %item.offset
  %array = load ptr, ptr %item.p
  %spec.at = mul i64 %i, 48
  %spec = getelementptr i8, ptr %specs, i64 %spec.at
  %type.p = getelementptr i8, ptr %array, i64 8
  %type = load ptr, ptr %type.p
  %is.array = icmp eq ptr %type, %ndarray
  br i1 %is.array, label %check.descriptor, label %differs

check.descriptor:
  %descriptor.p = getelementptr i8, ptr %array, i64 56
  %descriptor = load ptr, ptr %descriptor.p
  %wanted.descriptor = load ptr, ptr %spec
  %same.descriptor = icmp eq ptr %descriptor, %wanted.descriptor
  %rank.p = getelementptr i8, ptr %array, i64 24
  %rank.narrow = load i32, ptr %rank.p
  %rank = zext i32 %rank.narrow to i64
  %wanted.rank.p = getelementptr i8, ptr %spec, i64 8
  %wanted.rank = load i64, ptr %wanted.rank.p
  %same.rank = icmp eq i64 %rank, %wanted.rank
  %flags.p = getelementptr i8, ptr %array, i64 64
  %flags = load i32, ptr %flags.p
  %needed = and i32 %flags, 257 ; C-contiguous, aligned
  %dense = icmp eq i32 %needed, 257
  %same.0 = and i1 %same.descriptor, %same.rank
  %same.1 = and i1 %same.0, %dense
  br i1 %same.1, label %check.shape, label %differs

check.shape:
  %shape.p = getelementptr i8, ptr %array, i64 32
  %shape = load ptr, ptr %shape.p
  %wanted.shape.p = getelementptr i8, ptr %spec, i64 16
  %wanted.shape = load ptr, ptr %wanted.shape.p
  br label %next.size

next.size:
  %d = phi i64 [ 0, %check.shape ], [ %d.next, %size ]
  %more.sizes = icmp ult i64 %d, %rank
  br i1 %more.sizes, label %size, label %place

size:
  %size.p = getelementptr i64, ptr %shape, i64 %d
  %size.value = load i64, ptr %size.p
  %wanted.size.p = getelementptr i64, ptr %wanted.shape, i64 %d
  %wanted.size = load i64, ptr %wanted.size.p
  %d.next = add i64 %d, 1
  %same.size = icmp eq i64 %size.value, %wanted.size
  br i1 %same.size, label %next.size, label %differs

place:
  %data.p = getelementptr i8, ptr %array, i64 16
  %data = load i64, ptr %data.p
  %mask.p = getelementptr i8, ptr %spec, i64 32
  %mask = load i64, ptr %mask.p
  %low = and i64 %data, %mask
  %in.place = icmp eq i64 %low, 0
  br i1 %in.place, label %argument.done, label %copy

copy:
  %copy.p = getelementptr i8, ptr %spec, i64 40
  %copy.to = load ptr, ptr %copy.p
  %has.copy = icmp ne ptr %copy.to, null
  br i1 %has.copy, label %copy.start, label %needs.copy

copy.start:
  %bytes.p = getelementptr i8, ptr %spec, i64 24
  %bytes = load i64, ptr %bytes.p
  %copy.from = inttoptr i64 %data to ptr
  %whole = and i64 %bytes, -32
  br label %next.chunk

next.chunk:
  %c = phi i64 [ 0, %copy.start ], [ %c.next, %chunk ]
  %more.chunks = icmp ult i64 %c, %whole
  br i1 %more.chunks, label %chunk, label %next.byte

chunk:
  %chunk.from = getelementptr i8, ptr %copy.from, i64 %c
  %chunk.to = getelementptr i8, ptr %copy.to, i64 %c
  %chunk.value = load <32 x i8>, ptr %chunk.from, align 1
  store <32 x i8> %chunk.value, ptr %chunk.to, align 1
  %c.next = add i64 %c, 32
  br label %next.chunk

next.byte:
  %b = phi i64 [ %whole, %next.chunk ], [ %b.next, %byte ]
  %more.bytes = icmp ult i64 %b, %bytes
  br i1 %more.bytes, label %byte, label %copied

byte:
  %byte.from = getelementptr i8, ptr %copy.from, i64 %b
  %byte.to = getelementptr i8, ptr %copy.to, i64 %b
  %byte.value = load i8, ptr %byte.from
  store i8 %byte.value, ptr %byte.to
  %b.next = add i64 %b, 1
  br label %next.byte

copied:
  %copy.address = ptrtoint ptr %copy.to to i64
  br label %argument.done

argument.done:
  %address = phi i64 [ %data, %place ], [ %copy.address, %copied ]
  %address.p = getelementptr i64, ptr %addresses, i64 %i
  store i64 %address, ptr %address.p
  %i.next = add i64 %i, 1
  br label %next.argument

next.result.first:
  %result.count.p = getelementptr i8, ptr %plan, i64 112
  %result.count = load i64, ptr %result.count.p
  br label %next.result

next.result:
  %r = phi i64 [ 0, %next.result.first ], [ %r.next, %result ]
  %more.results = icmp ult i64 %r, %result.count
  br i1 %more.results, label %result, label %fix

result:
  %item.number = add i64 %r, 1
  %result.p = getelementptr ptr, ptr %items, i64 %item.number
  %result.array = load ptr, ptr %result.p
  %result.data.p = getelementptr i8, ptr %result.array, i64 16
  %result.data = load i64, ptr %result.data.p
  %result.index = add i64 %count, %r
  %result.address.p = getelementptr i64, ptr %addresses, i64 %result.index
  store i64 %result.data, ptr %result.address.p
  %r.next = add i64 %r, 1
  br label %next.result

fix:
  %fixups.p = getelementptr i8, ptr %plan, i64 16
  %fixups = load ptr, ptr %fixups.p
  %fixup.count.p = getelementptr i8, ptr %plan, i64 24
  %fixup.count = load i64, ptr %fixup.count.p
  br label %next.fixup

next.fixup:
  %f = phi i64 [ 0, %fix ], [ %f.next, %fixup ]
  %more.fixups = icmp ult i64 %f, %fixup.count
  br i1 %more.fixups, label %fixup, label %run

fixup:
  %fixup.at = mul i64 %f, 24
  %fixup.p = getelementptr i8, ptr %fixups, i64 %fixup.at
  %slot = load ptr, ptr %fixup.p
  %source.p = getelementptr i8, ptr %fixup.p, i64 8
  %source = load i64, ptr %source.p
  %fixup.offset.p = getelementptr i8, ptr %fixup.p, i64 16
  %fixup.offset = load i64, ptr %fixup.offset.p
  %base.p = getelementptr i64, ptr %addresses, i64 %source
  %base = load i64, ptr %base.p
  %slot.address = add i64 %base, %fixup.offset
  store i64 %slot.address, ptr %slot
  %f.next = add i64 %f, 1
  br label %next.fixup

run:
  %jobs.p = getelementptr i8, ptr %plan, i64 32
  %jobs = load ptr, ptr %jobs.p
  %job.count.p = getelementptr i8, ptr %plan, i64 40
  %job.count = load i64, ptr %job.count.p
  %run.p = getelementptr i8, ptr %plan, i64 56
  %function = load ptr, ptr %run.p
  %pool.p = getelementptr i8, ptr %plan, i64 64
  %pool = load ptr, ptr %pool.p
  %workgroup.p = getelementptr i8, ptr %plan, i64 72
  %workgroup = load ptr, ptr %workgroup.p
  %calls.p = getelementptr i8, ptr %plan, i64 120
  %calls = load i64, ptr %calls.p
  %calls.next = add i64 %calls, 1
  store i64 %calls.next, ptr %calls.p
  %longest.p = getelementptr i8, ptr %plan, i64 104
  %longest = load i64, ptr %longest.p
  br label %next.estimate

; The lock is kept if the jobs are known to take less than that together.
next.estimate:
  %e = phi i64 [ 0, %run ], [ %e.next, %estimate.known ]
  %sum = phi i64 [ 0, %run ], [ %sum.next, %estimate.known ]
  %more.estimates = icmp ult i64 %e, %job.count
  br i1 %more.estimates, label %estimate, label %next.job.first

estimate:
  %estimated.p = getelementptr ptr, ptr %jobs, i64 %e
  %estimated = load ptr, ptr %estimated.p
  %program.p = getelementptr i8, ptr %estimated, i64 $JOB_PROGRAM
  %program = load ptr, ptr %program.p
  %ticks.p = getelementptr i8, ptr %program, i64 $PROGRAM_ESTIMATE
  %ticks = load i64, ptr %ticks.p
  %e.next = add i64 %e, 1
  %sum.next = add i64 %sum, %ticks
  %is.unknown = icmp eq i64 %ticks, 0
  %is.long = icmp uge i64 %sum.next, %longest
  %lets.go = or i1 %is.unknown, %is.long
  br i1 %lets.go, label %release, label %estimate.known

estimate.known:
  br label %next.estimate

release:
  %save.p = getelementptr i8, ptr %plan, i64 88
  %save = load ptr, ptr %save.p
  %saved = call ptr %save()
  br label %next.job.first

next.job.first:
  %thread = phi ptr [ null, %next.estimate ], [ %saved, %release ]
  br label %next.job

next.job:
  %j = phi i64 [ 0, %next.job.first ], [ %j.next, %job.done ]
  %more.jobs = icmp ult i64 %j, %job.count
  br i1 %more.jobs, label %job, label %finished

job:
  %job.p = getelementptr ptr, ptr %jobs, i64 %j
  %job.value = load ptr, ptr %job.p
  %alone = icmp eq ptr %pool, null
  br i1 %alone, label %job.serial, label %job.parallel

job.serial:
  %serial.code = call i64 %function(ptr %job.value, ptr %workgroup)
  br label %job.done

job.parallel:
  %parallel.code = call i64 %function(ptr %job.value, ptr %pool, ptr %workgroup)
  br label %job.done

job.done:
  %job.code = phi i64 [ %serial.code, %job.serial ], [ %parallel.code, %job.parallel ]
  %j.next = add i64 %j, 1
  %succeeded = icmp eq i64 %job.code, 0
  br i1 %succeeded, label %next.job, label %failed

failed:
  %failure.p = getelementptr i8, ptr %plan, i64 128
  store i64 %job.code, ptr %failure.p
  %failed.job = shl i64 %j, 8
  %failed.code = or i64 %failed.job, 3
  br label %finished

finished:
  %code = phi i64 [ 0, %next.job ], [ %failed.code, %failed ]
  %released = icmp ne ptr %thread, null
  br i1 %released, label %restore, label %done

restore:
  %restore.p = getelementptr i8, ptr %plan, i64 96
  %restore.function = load ptr, ptr %restore.p
  call void %restore.function(ptr %thread)
  br label %done

done:
  ret i64 %code

differs:
  ret i64 1

needs.copy:
  %needing = shl i64 %i, 8
  %needing.code = or i64 %needing, 2
  ret i64 %needing.code
}
