"""Where everything lies in the memory that Python code and the native executor share.

The executor's LLVM text names these constants as `$NAME`; `scripts/generate_machine_code.py` puts their values in, so that text and Python
cannot disagree. All numbers are little-endian, all sizes are in bytes.

    program   what no replay changes (but for an estimate of its duration): commands, references, what each slot must offer
    job       the memory of one replay of a program; pooled, and used by one replay at a time
    pool      the workers of a device, each with a mailbox
"""

from __future__ import annotations

import struct

CACHE_LINE = 64

# Program header. What slot `i` must offer is a u64: 0 if no command uses it, else the bytes it needs, plus 1.
PROGRAM_COMMAND_COUNT = 0  # u32
PROGRAM_REFERENCE_COUNT = 4  # u32
PROGRAM_SLOT_COUNT = 8  # u32
PROGRAM_DISPATCH_COUNT = 12  # u32
PROGRAM_COMMANDS = 16  # pointer
PROGRAM_REFERENCES = 24  # pointer
PROGRAM_NEEDS = 32  # pointer
PROGRAM_LOCAL_MEMORY = 40  # u64: most bytes of local memory that a kernel asks for
PROGRAM_FIRST_WIDE = 48  # u32: index of the first command of more than one tile; the command count if there is none
PROGRAM_ESTIMATE = 64  # u64, on another cache line as it changes: ticks of a serial replay; 0 if unknown
PROGRAM_REPLAYS = 72  # u64: parallel replays so far
PROGRAM_SIZE = 128
PROGRAM_HEADER = struct.Struct("<IIIIQQQQI76x")

# References: bytes that a command reads or writes. Their lengths are in the job.
REFERENCE_SLOT = 0  # u32
REFERENCE_FLAGS = 4  # u32
REFERENCE_OFFSET = 8  # u64: from where the slot begins; the address itself if direct
REFERENCE_SIZE = 16
REFERENCE = struct.Struct("<IIQ")
DIRECT = 0xFFFFFFFF  # the slot of a reference to a buffer that was known when recording
TO_THE_END = 1  # flag: as long as what the slot holds behind the offset

# Commands.
COMMAND_KIND = 0  # u32
COMMAND_AFTER_BARRIER = 4  # u32: 1 if all commands before it must have ended
COMMAND_FUNCTION = 8  # pointer: the kernel, or the C library's memmove or memset
COMMAND_ENVIRONMENT = 16  # pointer: the kernel's
COMMAND_TILES = 24  # u32: workgroups; 1 for transfers
COMMAND_STATE = 28  # u32: offset of the dispatch state among those of the job
COMMAND_TARGET = 32  # u32: reference written; that of the workgroup counts, of an indirect dispatch
COMMAND_SOURCE = 36  # u32: reference read by a copy
COMMAND_DATA = 40  # u64: a fill's pattern, repeated to 8 bytes; address of an update's bytes
COMMAND_LENGTH = 48  # u64: bytes of a fill's pattern or of an update
COMMAND_SIZE = 64
COMMAND = struct.Struct("<IIQQIIIIQQ8x")
DISPATCH, INDIRECT, COPY, UPDATE, FILL = range(5)

# Job header.
JOB_PROGRAM = 0  # pointer
JOB_SLOTS = 8  # pointer: {u64 address, u64 length} a slot, written by whoever submits the job
JOB_POINTERS = 16  # pointer: u64 a reference
JOB_LENGTHS = 24  # pointer: u64 a reference
JOB_STATES = 32  # pointer: 48 bytes a dispatch
JOB_CLAIMS = 40  # pointer: CLAIM_SIZE bytes a command
JOB_BOUND = 48  # pointer: the slots as they were when pointers and lengths were computed
JOB_EPOCH = 64  # u32: which parallel replay of the job this is
JOB_THREADS = 68  # u32: for how many threads the tiles are cut
JOB_STATUS = 72  # u64: what the first command to fail makes the replay return
JOB_FIRST = 80  # u32: the first command of this epoch; those before it ran in the driver
JOB_ASLEEP = 128  # u32: the driver's futex: 1 while it sleeps or is about to
JOB_SIZE = 192
JOB_HEADER = struct.Struct("<QQQQQQQ136x")
SLOT_SIZE = 16
STATE_SIZE = 48
STATE_WORKGROUPS = 12  # u32 x, u32 y, u16 z

# Claims: how far a command is, in claims; a claim is a run of tiles that one thread takes at a time.
CLAIM_NEXT = 0  # u64: epoch << 32 | claims taken from the back << 16 | from the front; or epoch << 32 | one of the two marks below
CLAIM_DONE = 8  # u64: epoch << 32 | claims that have ended
CLAIM_COUNT = 16  # u32
CLAIM_TILES = 20  # u32
CLAIM_STEP = 24  # u32: tiles a claim
CLAIM_SIZE = 64
CLOSED = 0xFFFFFFFF  # an indirect dispatch whose workgroup counts were not read yet
OPENING = 0xFFFFFFFE  # a thread reads them
CLAIMS_A_THREAD = 8  # few enough to be cheap, many enough to balance when a worker comes late; times all threads below 65535

# Pool header; then one worker after the other.
POOL_WORKERS = 0  # u32: threads there are
POOL_SIZE = 4  # u32: threads there may be in one replay, its driver included
POOL_PENDING = 8  # u32: Python jobs queued that no worker has set out for
POOL_RETURNS = 12  # u32: how often a worker came to look for something to do
POOL_SMALL = 16  # u64: ticks below which a replay is not worth a wake-up
DOUBT = 3  # programs below POOL_SMALL << DOUBT may be smaller than they seem ...
RECHECK = 31  # ... and so of their replays whose number has these bits one is run alone
POOL_HEADER_SIZE = 64

# Workers.
WORKER_MAIL = 0  # u64: 0, or the job it is invited to; plus WORKER_TOOK once it looks at that job
WORKER_ASLEEP = 8  # u32: its futex: 1 while it sleeps or is about to
WORKER_CPU = 12  # i32: where it is pinned, or -1
WORKER_WORKGROUP = 16  # pointer: its workgroup state
WORKER_NEEDS = 24  # u64: bytes of local memory that a job had for want of which it did not help
WORKER_SIZE = 64
WORKER_TOOK = 1
NOT_THERE = 2  # mail of a worker that cannot be invited yet

# Workgroup state.
WORKGROUP_ID = 0  # u32 x, u32 y, u16 z
WORKGROUP_LOCAL_SIZE = 24  # u32

SPINS = 1000  # looks at a word before sleeping

# What `park` returns.
QUEUED, STARVED = 1, 2  # a Python job is queued; more local memory is needed

# What a replay returns: 0; command + 1 << 32 | code of the kernel; or one of these.
UNFIT = 1 << 62  # with command + 1 << 32: the command itself cannot run (a fill that does not fit, too many workgroups)
NULL_SLOT, SHORT_SLOT = 1, 2  # -(slot << 2 | this)
