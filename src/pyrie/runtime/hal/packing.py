"""The packed form of a recording: a program that no replay changes, and jobs, each the memory of one replay at a time.

Both are blocks of memory laid out as `native/layout.py` says, so that the native executor runs them without Python, and the Python
executor reads the same bytes.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pyrie.runtime.native import layout
from pyrie.runtime.native.executor import Executor, keep_while_watched
from pyrie.runtime.native.kernels import DISPATCH_STATE, WORKGROUP_COUNTS
from pyrie.support.shape import align


class Block:
    """Zeroed memory at a cache line."""

    __slots__ = ("_base", "address", "memory", "size")

    def __init__(self, size: int):
        self.size = size
        self.memory = ctypes.create_string_buffer(size + layout.CACHE_LINE)
        start = ctypes.addressof(self.memory)
        self._base = -start % layout.CACHE_LINE
        self.address = start + self._base

    def pack(self, form: struct.Struct | str, offset: int, *values: Any) -> None:
        struct_ = form if isinstance(form, struct.Struct) else struct.Struct("<" + form)
        struct_.pack_into(self.memory, self._base + offset, *values)

    def unpack(self, form: struct.Struct | str, offset: int) -> tuple[Any, ...]:
        struct_ = form if isinstance(form, struct.Struct) else struct.Struct("<" + form)
        return struct_.unpack_from(self.memory, self._base + offset)

    def reference(self) -> Any:
        """What native code takes as a pointer to the block, ready to be passed."""
        return ctypes.byref(self.memory, self._base)

    def u64(self, offset: int) -> ctypes.c_uint64:
        """One word of it, to be read often."""
        return ctypes.c_uint64.from_buffer(self.memory, self._base + offset)


def places(start: int, *sizes: int) -> list[int]:
    """Where parts of these sizes begin that follow each other, each at a multiple of 8; and where the last ends."""
    found = [start]
    for size in sizes:
        found.append(align(found[-1] + size, 8))
    return found


class Reference(NamedTuple):
    """Bytes that a command reads or writes."""

    slot: int  # or layout.DIRECT
    offset: int  # in what the slot holds; the address itself if direct
    length: int  # 0 if it goes to the end
    to_the_end: bool = False


@dataclass(frozen=True, slots=True)
class DispatchState:
    """What a kernel gets to know of its dispatch."""

    workgroup_size: tuple[int, int, int]
    workgroups: tuple[int, int, int]
    constants: tuple[int, ...]
    first_binding: int
    binding_count: int


class PackedCommand(NamedTuple):
    """The fields of a command in the order of `layout.COMMAND`, but for an update's bytes, whose place is not known yet."""

    kind: int
    after_barrier: int
    function: int = 0
    environment: int = 0
    tiles: int = 1
    state: int = 0
    target: int = 0
    source: int = 0
    data: int | bytes = 0
    length: int = 0


class Program:
    """The packed program, and what it takes to make a job of it."""

    __slots__ = (
        *("_block", "_dispatches", "address", "estimate", "is_wide", "job_size", "local_memory", "native", "needs", "references"),
        "slots_form",
    )

    def __init__(
        self,
        commands: Sequence[PackedCommand],
        references: Sequence[Reference],
        dispatches: Sequence[DispatchState],
        needs: Sequence[int],
        local_memory: int,
        native: Executor | None,
    ):
        self.slots_form = struct.Struct(f"<{2 * len(needs)}Q")
        self.references, self.needs, self.local_memory, self.native = references, needs, local_memory, native
        constants = [c & 0xFFFFFFFF for d in dispatches for c in d.constants]
        data = [c.data for c in commands if isinstance(c.data, bytes)]
        sizes = (layout.COMMAND_SIZE * len(commands), layout.REFERENCE_SIZE * len(references), 8 * len(needs), 4 * len(constants))
        *starts, end = places(layout.PROGRAM_SIZE, *sizes, *map(len, data))
        at_commands, at_references, at_needs, at_constants, *at_data = starts
        self._block = block = Block(end)
        self.address = block.address
        first_wide = next((i for i, c in enumerate(commands) if c.tiles > 1 or c.kind == layout.INDIRECT), len(commands))
        self.is_wide = first_wide < len(commands)  # whether there is anything for a second thread
        block.pack(
            *(layout.PROGRAM_HEADER, 0, len(commands), len(references), len(needs), len(dispatches)),
            *(self.address + at_commands, self.address + at_references, self.address + at_needs, local_memory, first_wide),
        )
        places_of_data = iter(at_data)
        for i, command in enumerate(commands):
            if isinstance(command.data, bytes):
                offset = next(places_of_data)
                block.pack(f"{len(command.data)}s", offset, command.data)
                command = command._replace(data=self.address + offset)
            block.pack(layout.COMMAND, at_commands + layout.COMMAND_SIZE * i, *command)
        for i, reference in enumerate(references):
            flags = layout.TO_THE_END if reference.to_the_end else 0
            block.pack(layout.REFERENCE, at_references + layout.REFERENCE_SIZE * i, reference.slot, flags, reference.offset)
        block.pack(f"{len(needs)}Q", at_needs, *needs)
        block.pack(f"{len(constants)}I", at_constants, *constants)
        self._dispatches: list[tuple[DispatchState, int]] = []
        address = self.address + at_constants
        for dispatch in dispatches:
            self._dispatches.append((dispatch, address))
            address += 4 * len(dispatch.constants)
        self.estimate = block.u64(layout.PROGRAM_ESTIMATE)  # ticks of a serial replay; 0 if unknown
        self.job_size = self._job_places(len(commands))[-1]

    @property
    def size(self) -> int:
        return self._block.size

    def _job_places(self, commands: int) -> list[int]:
        references, slots = 8 * len(self.references), layout.SLOT_SIZE * len(self.needs)
        sizes = (layout.CLAIM_SIZE * commands, references, references, slots, slots, layout.STATE_SIZE * len(self._dispatches))
        return places(layout.JOB_SIZE, *sizes)

    def new_job(self) -> Job:
        block = Block(self.job_size)
        (commands,) = self._block.unpack("I", layout.PROGRAM_COMMAND_COUNT)
        claims, pointers, lengths, slots, bound, states, _ = self._job_places(commands)
        base = block.address
        block.pack(layout.JOB_HEADER, 0, self.address, *(base + at for at in (slots, pointers, lengths, states, claims, bound)))
        block.pack(f"{len(self.references)}Q", pointers, *(r.offset if r.slot == layout.DIRECT else 0 for r in self.references))
        block.pack(f"{len(self.references)}Q", lengths, *(r.length for r in self.references))
        block.pack(f"{2 * len(self.needs)}Q", bound, *[_NOWHERE] * (2 * len(self.needs)))
        for i, (dispatch, constants) in enumerate(self._dispatches):
            block.pack(
                *(DISPATCH_STATE, states + layout.STATE_SIZE * i, *dispatch.workgroup_size, len(dispatch.constants)),
                *(*dispatch.workgroups, 1, dispatch.binding_count, constants),
                *(base + pointers + 8 * dispatch.first_binding, base + lengths + 8 * dispatch.first_binding),
            )
        return Job(self, block, slots, pointers, lengths, states)


_NOWHERE = 0xFFFFFFFFFFFFFFFF  # no buffer begins there, so a new job is unlike any table


class Job:
    """The memory of one replay at a time. Whoever submits it writes the slots; a replay then binds references to them."""

    __slots__ = ("_block", "_lengths", "_pointers", "_slots", "_states", "address", "program")

    def __init__(self, program: Program, block: Block, slots: int, pointers: int, lengths: int, states: int):
        self.program, self._block, self.address = program, block, block.address
        self._slots, self._pointers, self._lengths, self._states = slots, pointers, lengths, states

    def __del__(self) -> None:
        keep_while_watched(self.address, (self._block, self.program))

    @property
    def slots(self) -> int:
        """The address of the slots: {u64 address, u64 length} each."""
        return self.address + self._slots

    @property
    def states(self) -> int:
        """The address of the dispatch states."""
        return self.address + self._states

    def set_slots(self, words: Iterable[int]) -> None:
        """Writes address and length of every slot, one after the other."""
        self._block.pack(self.program.slots_form, self._slots, *words)

    # For the Python executor.

    def bind(self) -> None:
        """Computes pointers, and lengths that depend on slots, as the native executor does."""
        slots = self._block.unpack(self.program.slots_form, self._slots)
        for i, reference in enumerate(self.program.references):
            if reference.slot != layout.DIRECT:
                self._block.pack("Q", self._pointers + 8 * i, slots[2 * reference.slot] + reference.offset)
                if reference.to_the_end:
                    self._block.pack("Q", self._lengths + 8 * i, slots[2 * reference.slot + 1] - reference.offset)

    def pointer(self, reference: int) -> int:
        return self._block.unpack("Q", self._pointers + 8 * reference)[0]

    def length(self, reference: int) -> int:
        return self._block.unpack("Q", self._lengths + 8 * reference)[0]

    def set_workgroups(self, dispatch: int, workgroups: tuple[int, int, int]) -> None:
        self._block.pack(WORKGROUP_COUNTS, self._states + layout.STATE_SIZE * dispatch + layout.STATE_WORKGROUPS, *workgroups)


class Immediate(Job):
    """The job of a recording with neither slots nor dispatches, such as a queue's transfers: nothing to pack, its references are all."""

    __slots__ = ("_references",)

    def __init__(self, references: Sequence[Reference]):
        self._references = references

    def __del__(self) -> None:
        pass  # no native code ever saw it

    def set_slots(self, words: Iterable[int]) -> None:
        pass

    def bind(self) -> None:
        pass

    def pointer(self, reference: int) -> int:
        return self._references[reference].offset

    def length(self, reference: int) -> int:
        return self._references[reference].length
