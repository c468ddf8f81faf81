"""What `CommandBuffer.finalize` leaves behind: commands in stages, packed into a program, and the jobs that replay it.

A job belongs to one submission at a time; the recording itself never changes, so any number of replays may be in flight.
"""

from __future__ import annotations

import functools

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Binding, BufferRef
from pyrie.runtime.hal.executable import Kernel
from pyrie.runtime.hal.memory import Storage
from pyrie.runtime.hal.packing import Immediate, Job, Program, Reference
from pyrie.runtime.hal.replay import Command, Copy, Dispatch, Fill, HostedDispatch, Update, Workgroups
from pyrie.runtime.native import layout
from pyrie.runtime.native.executor import Executor, executor
from pyrie.runtime.native.kernels import SCRATCH
from pyrie.support import env
from pyrie.support.errors import DeviceError


class Recording:
    """Commands and everything about them that no submission changes."""

    __slots__ = (
        *("__dict__", "_dispatches", "_free", "_jobs_kept", "_references", "_required", "_retained", "_reuse", "_slot_count"),
        *("native", "stages"),
    )

    def __init__(self) -> None:
        self.stages: list[list[Command]] = [[]]
        self.native: Executor | None = None  # what replays it; None if Python does
        self._retained: list[Storage] = []  # of buffers recorded directly
        self._references: list[Reference] = []
        self._dispatches: list[Dispatch] = []
        self._required: dict[int, tuple[int, int]] = {}  # slot -> bytes it must have, access it must allow
        self._free: list[Job] = []
        self._jobs_kept = 0
        self._slot_count = 0
        self._reuse = True

    # Recording.

    def need(self, ref: BufferRef, access: int) -> None:
        """Notes what the binding at a slot must offer."""
        end, accesses = self._required.get(ref.slot, (0, 0))
        self._required[ref.slot] = max(end, ref.offset + max(ref.length, 0)), accesses | access

    def barrier(self) -> None:
        if self.stages[-1]:
            self.stages.append([])

    def fill(self, target: BufferRef, pattern: bytes) -> None:
        self.stages[-1].append(Fill(self._add(target), pattern))

    def update(self, data: bytes, target: BufferRef) -> None:
        self.stages[-1].append(Update(self._add(target), data))

    def copy(self, source: BufferRef, target: BufferRef) -> None:
        self.stages[-1].append(Copy(self._add(source), self._add(target)))

    def dispatch(self, kernel: Kernel, workgroups: Workgroups | BufferRef, constants: tuple[int, ...], bindings: list[BufferRef]) -> None:
        source = self._add(workgroups) if isinstance(workgroups, BufferRef) else None
        counts = (0, 0, 0) if isinstance(workgroups, BufferRef) else workgroups
        first = len(self._references)
        for binding in bindings:
            self._add(binding)
        command = (HostedDispatch if kernel.hosted else Dispatch)(kernel, counts, source, first, constants, len(self._dispatches))
        self._dispatches.append(command)
        self.stages[-1].append(command)

    def _add(self, ref: BufferRef) -> int:
        """Numbers a reference."""
        if ref.buffer is not None:
            self._retained.append(ref.buffer.live_storage())
            reference = Reference(layout.DIRECT, ref.buffer.address + ref.offset, ref.length)
        else:
            reference = Reference(ref.slot, ref.offset, max(ref.length, 0), ref.length == flags.WHOLE_BUFFER)
        self._references.append(reference)
        return len(self._references) - 1

    def finalize(self) -> None:
        """Settles who replays it."""
        if not self.stages[-1]:
            self.stages.pop()
        self._reuse = env.flag("PYRIE_MEMOIZE")
        self._slot_count = max(self._required, default=-1) + 1
        if not self._is_immediate and not any(dispatch.kernel.hosted for dispatch in self._dispatches):
            self.native = executor()

    @property
    def _is_immediate(self) -> bool:
        return not self._required and not self._dispatches

    @functools.cached_property
    def commands(self) -> list[Command]:
        return [command for stage in self.stages for command in stage]

    @functools.cached_property
    def program(self) -> Program:
        """The packed form, made when the first job is."""
        packed = [c.pack(after_barrier=i == 0 < s) for s, stage in enumerate(self.stages) for i, c in enumerate(stage)]
        needs = [self._required[s][0] + 1 if s in self._required else 0 for s in range(self._slot_count)]
        local_memory = max((d.kernel.local_memory for d in self._dispatches), default=0)
        return Program(packed, self._references, [d.state() for d in self._dispatches], needs, local_memory, self.native)

    # Jobs.

    def take_job(self) -> Job:
        """A job that is nobody else's until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            if self._is_immediate:
                return Immediate(self._references)
            self._jobs_kept += self._reuse
            return self.program.new_job()

    def give_job_back(self, job: Job) -> None:
        """Called exactly once for a job taken, when none of its commands runs any more."""
        if self._reuse:
            self._free.append(job)

    @property
    def packed_bytes(self) -> int:
        """Memory of the program and its jobs."""
        return self.program.size + self._jobs_kept * self.program.job_size if "program" in self.__dict__ else 0

    def bind(self, table: tuple[Binding, ...]) -> Replay:
        """Checks the table against what the commands need and makes one submission."""
        words = [0] * (2 * self._slot_count)
        storages: list[Storage] = []
        for slot, (end, access) in self._required.items():
            buffer, offset, length = table[slot] if slot < len(table) else (None, 0, 0)
            if buffer is None:
                raise _null_slot(slot)
            if access & ~buffer.access:
                buffer.require_access(access)
            if length == flags.WHOLE_BUFFER:
                length = buffer.length - offset
            if offset < 0 or length < 0 or offset + length > buffer.length or end > length:
                raise status.error(
                    status.OUT_OF_RANGE,
                    f"binding table slot {slot} covers {offset}..{offset + length} of a buffer of {buffer.length} bytes; "
                    f"the commands need {end} bytes",
                )
            storages.append(buffer.live_storage())
            words[2 * slot] = buffer.address + offset
            words[2 * slot + 1] = length
        job = self.take_job()
        job.set_slots(words)
        return Replay(self, job, storages)

    # Running.

    def run_in_python(self, job: Job) -> None:
        """Runs every command in order in this thread. Raises DeviceError."""
        job.bind()
        for command in self.commands:
            command.run(job, 0, command.tile_count(job))

    def failure(self, code: int) -> DeviceError:
        """The error that a replay's return code stands for."""
        if code < 0:
            slot, what = -code >> 2, -code & 3
            if what == layout.NULL_SLOT:
                return _null_slot(slot)
            return status.error(
                status.OUT_OF_RANGE, f"binding table slot {slot} is too short; the commands need {self._required[slot][0]} bytes"
            )
        command = self.commands[((code & ~layout.UNFIT) >> 32) - 1]
        if code & layout.UNFIT:
            return command.misfit()
        assert isinstance(command, Dispatch)
        return command.failure((code & 0xFFFFFFFF ^ 1 << 31) - (1 << 31))  # an int of C


class Replay:
    """One submission of a recording: its job, and the memory it may touch."""

    __slots__ = ("_storages", "job", "recording")

    def __init__(self, recording: Recording, job: Job, storages: list[Storage]):
        self.recording, self.job, self._storages = recording, job, storages

    def finish(self) -> None:
        """Lets go of the memory and of the job. Called exactly once, when no command runs any more."""
        self._storages = []
        self.recording.give_job_back(self.job)


def replay_here(job: Job) -> int:
    """Runs a native job in order in this thread. Short ones keep the interpreter lock: letting it go costs more than they take."""
    program = job.program
    native = program.native
    assert native is not None
    workgroup = SCRATCH.reserve(program.local_memory)
    if 0 < program.estimate.value < native.short_ticks:
        return native.replay_short(job.address, workgroup)
    return native.replay_serial(job.address, workgroup)


def _null_slot(slot: int) -> DeviceError:
    return status.error(status.INVALID_ARGUMENT, f"binding table slot {slot} is used but holds no buffer")
