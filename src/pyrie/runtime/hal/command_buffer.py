"""Command buffers: recorded once, immutable after `finalize`, replayed any number of times."""

from __future__ import annotations

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Binding, BufferRef
from pyrie.runtime.hal.executable import Executable, Kernel
from pyrie.runtime.hal.packing import Job
from pyrie.runtime.hal.recording import Recording, Replay
from pyrie.runtime.hal.replay import MOST_WORKGROUPS

MAX_WORKGROUPS = (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFF)
MAX_BINDINGS = 255  # what the dispatch state can count
PATTERN_LENGTHS = (1, 2, 4, 8)


class CommandBuffer:
    """A recording of device work, replayed by submission to a queue.

    Recorded once, then immutable; keeps alive each buffer recorded directly. Slots name buffers of the binding table given at
    submission; ranges are checked there. Raises DeviceError INVALID_ARGUMENT, OUT_OF_RANGE, FAILED_PRECONDITION.
    """

    __slots__ = ("_debug_depth", "_one_shot_used", "_recording", "binding_capacity", "categories", "is_final", "mode")

    def __init__(self, mode: int = 0, categories: int = flags.CATEGORY_TRANSFER | flags.CATEGORY_DISPATCH, binding_capacity: int = 0):
        if binding_capacity < 0:
            raise status.error(status.INVALID_ARGUMENT, f"binding capacity {binding_capacity} is negative")
        self.mode, self.categories, self.binding_capacity = mode, categories, binding_capacity
        self.is_final = False
        self._recording = Recording()
        self._debug_depth = 0
        self._one_shot_used = False

    # Recording.

    def begin_debug_group(self, label: str) -> None:
        self._require(0)
        self._debug_depth += 1

    def end_debug_group(self) -> None:
        self._require(0)
        self._debug_depth -= 1

    def barrier(self) -> None:
        """What was recorded before completes before what is recorded after begins."""
        self._require(0)
        self._recording.barrier()

    def fill(self, target: BufferRef, pattern: bytes) -> None:
        """Repeats `pattern` (1, 2, 4 or 8 bytes) over the target."""
        self._require(flags.CATEGORY_TRANSFER)
        if len(pattern) not in PATTERN_LENGTHS:
            raise status.error(status.INVALID_ARGUMENT, f"a fill pattern has 1, 2, 4 or 8 bytes, not {len(pattern)}")
        if target.offset % len(pattern) or (target.length != flags.WHOLE_BUFFER and target.length % len(pattern)):
            raise status.error(
                status.INVALID_ARGUMENT,
                f"offset {target.offset} and length {target.length} are no multiples of the {len(pattern)}-byte pattern",
            )
        self._recording.fill(self._ref(target, flags.ACCESS_WRITE), pattern)

    def update(self, data: bytes, target: BufferRef) -> None:
        """Overwrites the target with bytes captured now."""
        self._require(flags.CATEGORY_TRANSFER)
        self._recording.update(data, self._ref(target._replace(length=len(data)), flags.ACCESS_WRITE))

    def copy(self, source: BufferRef, target: BufferRef) -> None:
        self._require(flags.CATEGORY_TRANSFER)
        self._recording.copy(self._ref(source, flags.ACCESS_READ), self._ref(target, flags.ACCESS_WRITE))

    def dispatch(
        self,
        executable: Executable,
        function: int,
        workgroups: tuple[int, int, int],
        constants: tuple[int, ...],
        bindings: tuple[BufferRef, ...],
    ) -> None:
        """Runs a kernel over a grid of workgroups."""
        kernel = self._kernel(executable, function, constants, bindings)
        if any(not 0 <= n <= most for n, most in zip(workgroups, MAX_WORKGROUPS, strict=True)):
            raise status.error(status.OUT_OF_RANGE, f"workgroup count {workgroups} is above {MAX_WORKGROUPS}")
        x, y, z = workgroups
        if x * y * max(z, 1) > MOST_WORKGROUPS:
            raise status.error(status.OUT_OF_RANGE, f"workgroup count {workgroups} makes more than {MOST_WORKGROUPS} workgroups")
        self._recording.dispatch(kernel, workgroups, constants, [self._ref(b, flags.ACCESS_READ) for b in bindings])

    def dispatch_indirect(
        self, executable: Executable, function: int, workgroups: BufferRef, constants: tuple[int, ...], bindings: tuple[BufferRef, ...]
    ) -> None:
        """Runs a kernel over a grid whose size three 32-bit integers in a buffer say when its turn comes."""
        kernel = self._kernel(executable, function, constants, bindings)
        source = self._ref(workgroups._replace(length=12), flags.ACCESS_READ)
        self._recording.dispatch(kernel, source, constants, [self._ref(b, flags.ACCESS_READ) for b in bindings])

    def finalize(self) -> None:
        """Ends recording; from here on the command buffer never changes."""
        self._require(0)
        if self._debug_depth:
            raise status.error(status.FAILED_PRECONDITION, f"{self._debug_depth} debug groups are still open")
        self._recording.finalize()
        self.is_final = True

    # Replaying.

    def bind(self, table: tuple[Binding, ...]) -> Replay:
        """Checks a binding table and makes the state of one submission. Raises DeviceError."""
        self._begin_submission()
        return self._recording.bind(table)

    @property
    def is_native(self) -> bool:
        """Whether machine code replays it, so that `take_job` is of use; otherwise Python does."""
        return self._recording.native is not None

    def take_job(self) -> Job:
        """A job for one submission whose slots the caller fills itself; it checks access, and sees to it that buffers live."""
        self._begin_submission()
        return self._recording.take_job()

    def give_job_back(self, job: Job) -> None:
        """Ends a submission begun with `take_job`."""
        self._recording.give_job_back(job)

    def raise_for(self, code: int) -> None:
        """Raises the DeviceError that a replay's return code stands for; 0 stands for none."""
        if code:
            raise self._recording.failure(code)

    @property
    def packed_bytes(self) -> int:
        """Memory of the packed program and its jobs."""
        return self._recording.packed_bytes

    def _begin_submission(self) -> None:
        if not self.is_final:
            raise status.error(status.FAILED_PRECONDITION, "the command buffer is still being recorded")
        if self.mode & flags.MODE_ONE_SHOT:
            if self._one_shot_used:
                raise status.error(status.FAILED_PRECONDITION, "a one-shot command buffer was submitted twice")
            self._one_shot_used = True

    # Checks.

    def _require(self, category: int) -> None:
        if self.is_final:
            raise status.error(status.FAILED_PRECONDITION, "the command buffer is final; nothing more can be recorded")
        if category & ~self.categories:
            raise status.error(status.FAILED_PRECONDITION, "the command buffer was not created for commands of this category")

    def _kernel(self, executable: Executable, function: int, constants: tuple[int, ...], bindings: tuple[BufferRef, ...]) -> Kernel:
        self._require(flags.CATEGORY_DISPATCH)
        kernel = executable.kernel(function)
        if len(constants) != kernel.constant_count or len(bindings) != kernel.binding_count:
            raise status.error(
                status.INVALID_ARGUMENT,
                f"kernel '{kernel.name}' takes {kernel.constant_count} constants and {kernel.binding_count} bindings, "
                f"not {len(constants)} and {len(bindings)}",
            )
        return kernel

    def _ref(self, ref: BufferRef, access: int) -> BufferRef:
        """Checks what can be checked now; ranges of direct buffers are made absolute."""
        if ref.buffer is not None:
            ref.buffer.require_access(access)
            offset, length = ref.buffer.range(ref.offset, ref.length)
            return BufferRef(ref.buffer, 0, offset, length)
        if not 0 <= ref.slot < self.binding_capacity:
            raise status.error(status.OUT_OF_RANGE, f"binding slot {ref.slot} is outside the binding capacity of {self.binding_capacity}")
        if ref.offset < 0 or ref.length < flags.WHOLE_BUFFER:
            raise status.error(status.OUT_OF_RANGE, f"offset {ref.offset} and length {ref.length} of slot {ref.slot} are negative")
        self._recording.need(ref, access)
        return ref
