"""Calls CPU kernels: `int kernel(environment*, dispatch_state*, workgroup_state*)` over a range of workgroups.

The loop over workgroups is machine code of our own (commands.ll) where there is some for this machine, and a Python loop elsewhere.
ctypes releases the interpreter lock during a call, so worker threads scale.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import platform
import struct
import threading
from collections.abc import Callable

from pyrie.runtime.hal.memory import ALIGNMENT
from pyrie.runtime.native.memory import PROT_EXECUTE, PROT_READ, NativeMemory
from pyrie.support.errors import DeviceError

# struct dispatch_state: workgroup size x, y, z; constant count; workgroup count x, y, z; maximum concurrency; binding count;
# constants*, binding pointers**, binding lengths*.
DISPATCH_STATE = struct.Struct("<IIHHIIHBBQQQ")
WORKGROUP_COUNTS = struct.Struct("<IIH")
WORKGROUP_COUNTS_OFFSET = 12
# struct workgroup_state: id x, y, z; reserved; processor id; local memory*, its size.
WORKGROUP_STATE = struct.Struct("<IIHHIQI4x")
WORKGROUP_ID = struct.Struct("<IIH")

KernelCall = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
RunWorkgroups = Callable[[int, int, int, int, int, int], int]

_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@functools.cache
def own_code() -> dict[str, int] | None:
    """Addresses of the runtime's own native functions; None on a machine that has none or forbids them. They stay mapped for ever."""
    name = _ARCHITECTURES.get(platform.machine())
    if name is None:
        return None
    code = importlib.import_module(f"pyrie.runtime.native.{name}")
    memory = NativeMemory(len(code.CODE))
    memory.write(0, code.CODE)
    try:
        memory.protect(0, memory.size, PROT_READ | PROT_EXECUTE)
    except DeviceError:
        return None
    _kept.append(memory)
    return {function: memory.address + offset for function, offset in code.OFFSETS.items()}


_kept: list[NativeMemory] = []


@functools.cache
def run_workgroups() -> RunWorkgroups:
    """The function that runs workgroups [begin, end): (kernel, environment, dispatch, workgroup, begin, end) -> return code."""
    code = own_code()
    if code is None:
        return run_workgroups_in_python
    pointer, index = ctypes.c_void_p, ctypes.c_uint64
    return ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, pointer, pointer, index, index)(code["run_workgroups"])


def run_workgroups_in_python(kernel: int, environment: int, dispatch: int, workgroup: int, begin: int, end: int) -> int:
    """The same loop, one foreign call a workgroup."""
    call = KernelCall(kernel)
    count_x, count_y, _ = WORKGROUP_COUNTS.unpack(ctypes.string_at(dispatch + WORKGROUP_COUNTS_OFFSET, WORKGROUP_COUNTS.size))
    state = (ctypes.c_char * WORKGROUP_ID.size).from_address(workgroup)
    for index in range(begin, end):
        row, x = divmod(index, count_x)
        z, y = divmod(row, count_y)
        WORKGROUP_ID.pack_into(state, 0, x, y, z)
        code = call(environment, dispatch, workgroup)
        if code:
            return code
    return 0


class WorkgroupScratch(threading.local):
    """What one thread hands to the kernels it runs: a workgroup state and local memory, grown on demand."""

    def __init__(self) -> None:
        self._state = ctypes.create_string_buffer(WORKGROUP_STATE.size)
        self._memory = ctypes.create_string_buffer(1)
        self.address = ctypes.addressof(self._state)
        self.size = -1
        self.reserve(0)

    def reserve(self, size: int) -> int:
        """The address of this thread's workgroup state, with at least `size` bytes of local memory behind it."""
        if size > self.size:
            self._memory = ctypes.create_string_buffer(size + ALIGNMENT)
            start = ctypes.addressof(self._memory)
            WORKGROUP_STATE.pack_into(self._state, 0, 0, 0, 0, 0, 0, start + -start % ALIGNMENT, size)
            self.size = size
        return self.address


SCRATCH = WorkgroupScratch()
