"""What `CommandBuffer.finalize` leaves behind: commands in stages, and the packed memory that a replay hands to kernels.

One packed block holds, for all dispatches together: binding pointers, binding lengths, constants, dispatch states. A block belongs
to one submission at a time; the recording itself never changes, so any number of replays may be in flight.

    binding pointers  u64 each, all references of all commands in order
    binding lengths   u64 each, the same
    constants         u32 each
    dispatch states   48 bytes each, pointing into the parts above
"""

from __future__ import annotations

import ctypes
import struct

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Binding, BufferRef
from pyrie.runtime.hal.executable import Kernel
from pyrie.runtime.hal.memory import Storage, array_over
from pyrie.runtime.native.kernels import DISPATCH_STATE, SCRATCH, WORKGROUP_COUNTS, WORKGROUP_COUNTS_OFFSET, run_workgroups
from pyrie.support import env
from pyrie.support.shape import align

Workgroups = tuple[int, int, int]
BYTES = np.dtype(np.uint8)


class Command:
    """One unit of work: `tile_count` independent tiles, of which `run` does a range."""

    __slots__ = ()

    def tile_count(self, replay: Replay) -> int:
        return 1

    def run(self, replay: Replay, begin: int, end: int) -> None:
        raise NotImplementedError


class Recording:
    """Commands and everything about them that no submission changes."""

    __slots__ = (
        *("_constants", "_constants_offset", "_dispatches", "_free", "_lengths", "_offsets", "_open_lengths", "_pointers", "_required"),
        *("_retained", "_reuse", "_size", "_slots", "_states_offset", "stages"),
    )

    def __init__(self) -> None:
        self.stages: list[list[Command]] = [[]]
        self._retained: list[Storage] = []  # of buffers recorded directly
        self._slots: list[int] = []  # of each reference: its slot, or -1 for one recorded directly
        self._offsets: list[int] = []  # of each reference: offset in its slot, or its address
        self._lengths: list[int] = []
        self._open_lengths: list[int] = []  # references whose length is that of the slot
        self._constants: list[int] = []
        self._dispatches: list[Dispatch] = []
        self._required: dict[int, tuple[int, int]] = {}  # slot -> bytes it must have, access it must allow
        self._free: list[ctypes.Array[ctypes.c_char]] = []

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
        first = len(self._slots)
        for binding in bindings:
            self._add(binding)
        command = (HostedDispatch if kernel.hosted else Dispatch)(
            kernel, counts, source, first, len(self._constants), constants, len(self._dispatches)
        )
        self._constants += constants
        self._dispatches.append(command)
        self.stages[-1].append(command)

    def _add(self, ref: BufferRef) -> int:
        """Numbers a reference."""
        index = len(self._slots)
        if ref.buffer is not None:
            self._retained.append(ref.buffer.live_storage())
        elif ref.length == flags.WHOLE_BUFFER:
            self._open_lengths.append(index)
        self._slots.append(ref.slot if ref.buffer is None else -1)
        self._offsets.append(ref.offset if ref.buffer is None else ref.buffer.address + ref.offset)
        self._lengths.append(max(ref.length, 0))
        return index

    def finalize(self) -> None:
        """Lays the packed block out."""
        if not self.stages[-1]:
            self.stages.pop()
        references = len(self._slots)
        self._pointers = struct.Struct(f"<{references}Q")
        self._constants_offset = 2 * 8 * references
        self._states_offset = align(self._constants_offset + 4 * len(self._constants), 8)
        self._size = self._states_offset + DISPATCH_STATE.size * len(self._dispatches)
        self._reuse = env.flag("PYRIE_MEMOIZE")

    # Replaying.

    def bind(self, table: tuple[Binding, ...]) -> Replay:
        """Checks the table against what the commands need and packs one submission."""
        self._check(table)
        storages: list[Storage] = []
        addresses: list[int] = []
        for buffer, offset, _ in table:
            if buffer is None:
                addresses.append(0)
            else:
                storages.append(buffer.live_storage())
                addresses.append(buffer.address + offset)
        addresses.append(0)  # slot -1: offsets are addresses
        try:
            block = self._free.pop()
        except IndexError:
            block = self._new_block()
        self._pointers.pack_into(block, 0, *[addresses[s] + o for s, o in zip(self._slots, self._offsets, strict=True)])
        for index in self._open_lengths:
            length = _length(table[self._slots[index]]) - self._offsets[index]
            struct.pack_into("<Q", block, self._pointers.size + 8 * index, length)
        return Replay(self, block, self._states_offset, storages)

    def _check(self, table: tuple[Binding, ...]) -> None:
        for slot, (end, access) in self._required.items():
            buffer, offset, length = table[slot] if slot < len(table) else (None, 0, 0)
            if buffer is None:
                raise status.error(status.INVALID_ARGUMENT, f"binding table slot {slot} is used but holds no buffer")
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

    def _new_block(self) -> ctypes.Array[ctypes.c_char]:
        block = ctypes.create_string_buffer(max(self._size, 1))
        base = ctypes.addressof(block)
        self._pointers.pack_into(block, self._pointers.size, *self._lengths)
        struct.pack_into(f"<{len(self._constants)}I", block, self._constants_offset, *[c & 0xFFFFFFFF for c in self._constants])
        for command in self._dispatches:
            kernel, pointers = command.kernel, base + 8 * command.first_binding
            state = (
                *(*kernel.workgroup_size, kernel.constant_count, *command.workgroups, 1, kernel.binding_count),
                *(base + self._constants_offset + 4 * command.first_constant, pointers, pointers + self._pointers.size),
            )
            DISPATCH_STATE.pack_into(block, self._states_offset + DISPATCH_STATE.size * command.ordinal, *state)
        return block

    def give_back(self, block: ctypes.Array[ctypes.c_char]) -> None:
        if self._reuse:
            self._free.append(block)


class Replay:
    """One submission of a recording: the packed block with this submission's addresses, and the memory it may touch."""

    __slots__ = ("_block", "_storages", "address", "recording", "states")

    def __init__(self, recording: Recording, block: ctypes.Array[ctypes.c_char], states_offset: int, storages: list[Storage]):
        self.recording, self._block, self._storages = recording, block, storages
        self.address = ctypes.addressof(block)
        self.states = self.address + states_offset

    def run(self) -> None:
        """Runs every command in order in this thread. Raises DeviceError."""
        for stage in self.recording.stages:
            for command in stage:
                command.run(self, 0, command.tile_count(self))

    def finish(self) -> None:
        """Lets go of the memory and of the block. Called exactly once, when no command runs any more."""
        self._storages = []
        self.recording.give_back(self._block)

    def pointer(self, reference: int) -> int:
        return ctypes.c_uint64.from_address(self.address + 8 * reference).value

    def length(self, reference: int) -> int:
        return ctypes.c_uint64.from_address(self.address + 8 * (len(self.recording._slots) + reference)).value

    def memory(self, reference: int) -> np.ndarray:
        """The bytes of a reference; valid until `finish`."""
        address, length = self.pointer(reference), self.length(reference)
        return array_over(Storage(address, length, None), address, (length,), BYTES)

    def set_workgroups(self, dispatch: int, workgroups: Workgroups) -> None:
        offset = self.states - self.address + DISPATCH_STATE.size * dispatch + WORKGROUP_COUNTS_OFFSET
        WORKGROUP_COUNTS.pack_into(self._block, offset, *workgroups)


class Fill(Command):
    """Repeats a pattern over a range."""

    __slots__ = ("pattern", "target")

    def __init__(self, target: int, pattern: bytes):
        self.target, self.pattern = target, pattern

    def run(self, replay: Replay, begin: int, end: int) -> None:
        fill_memory(replay.pointer(self.target), replay.length(self.target), self.pattern)


class Update(Command):
    """Overwrites a range with bytes captured when recording."""

    __slots__ = ("data", "target")

    def __init__(self, target: int, data: bytes):
        self.target, self.data = target, data

    def run(self, replay: Replay, begin: int, end: int) -> None:
        ctypes.memmove(replay.pointer(self.target), self.data, len(self.data))


class Copy(Command):
    """Copies a range to a range that may overlap it."""

    __slots__ = ("source", "target")

    def __init__(self, source: int, target: int):
        self.source, self.target = source, target

    def run(self, replay: Replay, begin: int, end: int) -> None:
        length = min(replay.length(self.source), replay.length(self.target))
        ctypes.memmove(replay.pointer(self.target), replay.pointer(self.source), length)


class Dispatch(Command):
    """A native kernel over a grid; each workgroup is a tile."""

    __slots__ = ("constants", "first_binding", "first_constant", "kernel", "ordinal", "source", "workgroups")

    def __init__(
        self,
        kernel: Kernel,
        workgroups: Workgroups,
        source: int | None,
        first_binding: int,
        first_constant: int,
        constants: tuple[int, ...],
        ordinal: int,
    ):
        self.kernel, self.workgroups, self.source = kernel, workgroups, source
        self.first_binding, self.first_constant, self.constants, self.ordinal = first_binding, first_constant, constants, ordinal

    def grid(self, replay: Replay) -> Workgroups:
        """The workgroup counts; those of an indirect dispatch are read now, and noted in the dispatch state."""
        if self.source is None:
            return self.workgroups
        x, y, z = struct.unpack("<III", ctypes.string_at(replay.pointer(self.source), 12))
        if z > 0xFFFF:
            raise status.error(status.OUT_OF_RANGE, f"indirect dispatch of kernel '{self.kernel.name}' asks for {x} x {y} x {z} workgroups")
        replay.set_workgroups(self.ordinal, (x, y, z))
        return x, y, z

    def tile_count(self, replay: Replay) -> int:
        x, y, z = self.grid(replay)
        return x * y * z

    def run(self, replay: Replay, begin: int, end: int) -> None:
        kernel = self.kernel
        state = replay.states + 48 * self.ordinal
        code = run_workgroups()(kernel.address, kernel.environment, state, SCRATCH.reserve(kernel.local_memory), begin, end)
        if code:
            raise status.error(status.INTERNAL, f"kernel '{kernel.name}' failed with code {code}")


class HostedDispatch(Dispatch):
    """A kernel in Python; the whole grid is one tile."""

    __slots__ = ()

    def tile_count(self, replay: Replay) -> int:
        return 1

    def run(self, replay: Replay, begin: int, end: int) -> None:
        assert self.kernel.hosted is not None
        bindings = [replay.memory(self.first_binding + i) for i in range(self.kernel.binding_count)]
        self.kernel.hosted(self.grid(replay), self.constants, bindings)


def fill_memory(address: int, length: int, pattern: bytes) -> None:
    """Repeats a pattern of 1, 2, 4 or 8 bytes."""
    if len(pattern) == 1:
        ctypes.memset(address, pattern[0], length)
    elif length:
        memory = np.frombuffer(memoryview((ctypes.c_char * length).from_address(address)), f"<u{len(pattern)}")
        memory[:] = int.from_bytes(pattern, "little")


def _length(binding: Binding) -> int:
    buffer, offset, length = binding
    return length if length != flags.WHOLE_BUFFER or buffer is None else buffer.length - offset
