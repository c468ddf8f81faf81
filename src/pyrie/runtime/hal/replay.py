"""Commands: how each is packed for the native executor, and how Python runs it where there is none.

Both executors run the same kernels over the same tiles of the same memory, so their results are equal bit for bit.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal.executable import Kernel
from pyrie.runtime.hal.memory import Storage, array_over
from pyrie.runtime.hal.packing import DispatchState, Job, PackedCommand
from pyrie.runtime.native import layout
from pyrie.runtime.native.kernels import SCRATCH, run_workgroups
from pyrie.support.errors import DeviceError

Workgroups = tuple[int, int, int]
BYTES = np.dtype(np.uint8)
MOST_WORKGROUPS = 0xFFFFFFFF  # of a dispatch, and of one layer of it
MOST_LAYERS = 0xFFFF


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


# The C library's own, which know this CPU best.
MEMMOVE, MEMSET = _address(ctypes.memmove), _address(ctypes.memset)


class Command:
    """One unit of work: `tile_count` independent tiles, of which `run` does a range."""

    __slots__ = ()

    def pack(self, after_barrier: bool) -> PackedCommand:
        raise NotImplementedError

    def tile_count(self, job: Job) -> int:
        return 1

    def run(self, job: Job, begin: int, end: int) -> None:
        raise NotImplementedError

    def misfit(self) -> DeviceError:
        """The error of a command that turns out, when its turn comes, not to suit what its slots hold."""
        raise NotImplementedError


class Fill(Command):
    """Repeats a pattern of 1, 2, 4 or 8 bytes over a range."""

    __slots__ = ("pattern", "target")

    def __init__(self, target: int, pattern: bytes):
        self.target, self.pattern = target, pattern

    def pack(self, after_barrier: bool) -> PackedCommand:
        size = len(self.pattern)
        data = int.from_bytes(self.pattern * (8 // size), "little")
        return PackedCommand(layout.FILL, after_barrier, MEMSET, target=self.target, data=data, length=size)

    def run(self, job: Job, begin: int, end: int) -> None:
        address, length = job.pointer(self.target), job.length(self.target)
        if length % len(self.pattern):
            raise self.misfit()
        if len(self.pattern) == 1:
            ctypes.memset(address, self.pattern[0], length)
        elif length:
            memory = np.frombuffer(memoryview((ctypes.c_char * length).from_address(address)), f"<u{len(self.pattern)}")
            memory[:] = int.from_bytes(self.pattern, "little")

    def misfit(self) -> DeviceError:
        return status.error(status.INVALID_ARGUMENT, f"the length of a fill is no multiple of its {len(self.pattern)}-byte pattern")


class Update(Command):
    """Overwrites a range with bytes captured when recording."""

    __slots__ = ("data", "target")

    def __init__(self, target: int, data: bytes):
        self.target, self.data = target, bytes(data)

    def pack(self, after_barrier: bool) -> PackedCommand:
        return PackedCommand(layout.UPDATE, after_barrier, MEMMOVE, target=self.target, data=self.data, length=len(self.data))

    def run(self, job: Job, begin: int, end: int) -> None:
        ctypes.memmove(job.pointer(self.target), self.data, len(self.data))


class Copy(Command):
    """Copies a range to a range that may overlap it."""

    __slots__ = ("source", "target")

    def __init__(self, source: int, target: int):
        self.source, self.target = source, target

    def pack(self, after_barrier: bool) -> PackedCommand:
        return PackedCommand(layout.COPY, after_barrier, MEMMOVE, target=self.target, source=self.source)

    def run(self, job: Job, begin: int, end: int) -> None:
        length = min(job.length(self.source), job.length(self.target))
        ctypes.memmove(job.pointer(self.target), job.pointer(self.source), length)


class Dispatch(Command):
    """A native kernel over a grid; each workgroup is a tile. An indirect one has the reference of its counts as `source`."""

    __slots__ = ("constants", "first_binding", "kernel", "ordinal", "source", "workgroups")

    def __init__(
        self, kernel: Kernel, workgroups: Workgroups, source: int | None, first_binding: int, constants: tuple[int, ...], ordinal: int
    ):
        self.kernel, self.workgroups, self.source = kernel, workgroups, source
        self.first_binding, self.constants, self.ordinal = first_binding, constants, ordinal

    def state(self) -> DispatchState:
        kernel = self.kernel
        return DispatchState(kernel.workgroup_size, self.workgroups, self.constants, self.first_binding, kernel.binding_count)

    def pack(self, after_barrier: bool) -> PackedCommand:
        x, y, z = self.workgroups
        return PackedCommand(
            *(layout.DISPATCH if self.source is None else layout.INDIRECT, after_barrier),
            *(self.kernel.address, self.kernel.environment, x * y * z, layout.STATE_SIZE * self.ordinal, self.source or 0),
        )

    def grid(self, job: Job) -> Workgroups:
        """The workgroup counts; those of an indirect dispatch are read now, and noted in the dispatch state."""
        if self.source is None:
            return self.workgroups
        x, y, z = struct.unpack("<III", ctypes.string_at(job.pointer(self.source), 12))
        if z > MOST_LAYERS or x * y * max(z, 1) > MOST_WORKGROUPS:
            raise self.misfit()
        job.set_workgroups(self.ordinal, (x, y, z))
        return x, y, z

    def tile_count(self, job: Job) -> int:
        x, y, z = self.grid(job)
        return x * y * z

    def run(self, job: Job, begin: int, end: int) -> None:
        kernel = self.kernel
        state = job.states + layout.STATE_SIZE * self.ordinal
        code = run_workgroups()(kernel.address, kernel.environment, state, SCRATCH.reserve(kernel.local_memory), begin, end)
        if code:
            raise self.failure(code)

    def failure(self, code: int) -> DeviceError:
        return status.error(status.INTERNAL, f"kernel '{self.kernel.name}' failed with code {code}")

    def misfit(self) -> DeviceError:
        return status.error(
            status.OUT_OF_RANGE,
            f"indirect dispatch of kernel '{self.kernel.name}' asks for more than {MOST_WORKGROUPS} workgroups or {MOST_LAYERS} layers",
        )


class HostedDispatch(Dispatch):
    """A kernel in Python; the whole grid is one tile. A recording with one is always run by Python."""

    __slots__ = ()

    def tile_count(self, job: Job) -> int:
        return 1

    def run(self, job: Job, begin: int, end: int) -> None:
        assert self.kernel.hosted is not None
        bindings = [memory(job, self.first_binding + i) for i in range(self.kernel.binding_count)]
        self.kernel.hosted(self.grid(job), self.constants, bindings)


def memory(job: Job, reference: int) -> np.ndarray:
    """The bytes of a reference; valid as long as the submission."""
    address, length = job.pointer(reference), job.length(reference)
    return array_over(Storage(address, length, None), address, (length,), BYTES)
