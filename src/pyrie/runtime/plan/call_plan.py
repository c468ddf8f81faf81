"""A traced call as memory that one native call works through (native/call_plan.ll), and the instances that make calls overlap."""

from __future__ import annotations

import ctypes
import functools
import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pyrie.runtime.arrays import SMALL_RESULT
from pyrie.runtime.hal.buffer import Buffer
from pyrie.runtime.hal.device import Device
from pyrie.runtime.hal.memory import array_over
from pyrie.runtime.hal.packing import Block, Job, places
from pyrie.runtime.native import layout, python_objects
from pyrie.runtime.native.kernels import WORKGROUP_STATE, own_code
from pyrie.runtime.plan.trace import Trace, Untraceable
from pyrie.support import dtypes

# The structures of native/call_plan.ll.
PLAN = struct.Struct("<18Q")
ARGUMENT = struct.Struct("<6Q")
COPY_OFFSET = 40  # of an argument's copy
FIXUP = struct.Struct("<3Q")
CALLS_OFFSET, FAILURE_OFFSET = 120, 128
DIFFERS, NEEDS_COPY = 1, 2  # in the low byte of what a call returns; any other but 0 says that a job failed

OWN_BYTES = 1 << 20  # transient memory up to this stays with an instance; more is taken from the device's pool for each call
ALWAYS = (1 << 64) - 1  # address bits that must be zero: no array is at address 0
MISS = object()  # what a plan returns for arguments that are not those it was made for


class ArgumentKind(NamedTuple):
    """An array that a plan takes: exactly this dtype and shape."""

    dtype: np.dtype
    shape: tuple[int, ...]


class CallPlan:
    """The trace of one function for arguments of fixed dtypes and shapes, ready to be called with a tuple of arrays.

    `call(arguments)` gives the result, or a tuple of several; MISS, with nothing done, if an argument is not a dense array of the dtype and
    shape it was made for. Raises DeviceError. A call takes an instance, which holds all that it writes besides the results, so that any
    number of threads may call at once; the native code holds the interpreter lock during short calls only.
    """

    def __init__(self, device: Device, trace: Trace, kinds: list[ArgumentKind], *, shares: bool, alignment: int):
        self.device, self.trace, self.kinds = device, trace, kinds
        self.unaligned_bits = (alignment - 1) if shares else ALWAYS
        self._result_sources = [view.buffer.source for view in trace.results]
        self._check()
        elements = [dtypes.from_hal(view.element_type) for view in trace.results]
        sizes = [math.prod(view.shape) * element.numpy.itemsize for view, element in zip(trace.results, elements, strict=True)]
        self.lengths = [*(source.length for source in trace.arguments), *sizes]  # of what comes with a call: arguments, then results
        self._new_results = [
            _result_maker(device, size, view.shape, element.numpy, alignment)
            for size, view, element in zip(sizes, trace.results, elements, strict=True)
        ]
        kept = [source for source in trace.allocations if source not in self._result_sources]
        is_large = sum(source.length for source in kept) > OWN_BYTES
        self.pooled = [source for source in kept if is_large and source.length]
        self.owned = [source for source in kept if source not in self.pooled]
        self._pin_caller = device.caller_pinner()
        self.instances: list[_Instance] = [_Instance(self)]
        self._free = list(self.instances)
        self.call: Callable[[tuple[Any, ...]], Any] = (
            self._simple_call() if len(trace.results) == 1 and not self.pooled and not self._pin_caller else self._call
        )

    def close(self) -> None:
        """Makes no calls any more; those under way go on."""
        self.call = _closed  # what was there refers to the plan

    @property
    def calls(self) -> int:
        """How often it was called."""
        return sum(instance.calls() for instance in self.instances)

    def _check(self) -> None:
        """Raises Untraceable for what native code cannot do: results that are not memory of their own, commands in Python."""
        for view in self.trace.results:
            whole = view.buffer.offset == 0 and self._result_sources.count(view.buffer.source) == 1
            if view.buffer.source.argument is not None or not whole:
                raise Untraceable("a result shares memory with an argument or another result")
            if view.element_type & 0xFF < 8:
                raise Untraceable("a result has elements of less than a byte")
        if not all(step.commands.is_native for step in self.trace.steps):
            raise Untraceable("Python has a part in running its commands")

    def _simple_call(self) -> Callable[[tuple[Any, ...]], Any]:
        """The common case, with as little between the caller and the native code as there can be."""
        free, instantiate, new_result, native, retry = self._free, self._instantiate, self._new_results[0], native_call(), self._retry

        def call(arguments: tuple[Any, ...]) -> Any:
            try:
                instance = free.pop()
            except IndexError:
                instance = instantiate()
            passed = instance.passed
            passed[0] = arguments
            passed[1] = result = new_result()
            code = native(instance.reference)
            if code:
                return result if retry(instance, code) else MISS
            passed[0] = passed[1] = None
            free.append(instance)
            return result

        return call

    def _call(self, arguments: tuple[Any, ...]) -> Any:
        try:
            instance = self._free.pop()
        except IndexError:
            instance = self._instantiate()
        if self._pin_caller is not None:
            self._pin_caller(sum(job.program.estimate.value for job in instance.jobs))
        results = tuple(new_result() for new_result in self._new_results)
        memory = [self.device.allocator.allocate(source.length) for source in self.pooled]
        for buffer, slots in zip(memory, instance.pooled_slots, strict=True):
            for slot, offset in slots:
                slot.value = buffer.address + offset
        for i, item in enumerate((arguments, *results)):
            instance.passed[i] = item
        code = native_call()(instance.reference)
        if code and not self._retry(instance, code):
            return MISS
        if not code:
            self._give_back(instance)
        return results if len(results) > 1 else results[0] if results else None

    def _retry(self, instance: _Instance, code: int) -> bool:
        """After a call that did not succeed: gives arguments room for copies as asked; false if they are not this plan's."""
        try:
            while code & 0xFF == NEEDS_COPY:
                instance.add_copy(code >> 8, self.trace.arguments[code >> 8].length)
                code = native_call()(instance.reference)
            if code == DIFFERS:
                return False
            if code:
                self.trace.steps[code >> 8].commands.raise_for(instance.failure())
            return True
        finally:
            self._give_back(instance)

    def _give_back(self, instance: _Instance) -> None:
        for i in range(len(instance.passed)):
            instance.passed[i] = None
        self._free.append(instance)

    def _instantiate(self) -> _Instance:
        instance = _Instance(self)
        self.instances.append(instance)
        return instance


def _closed(arguments: tuple[Any, ...]) -> Any:
    return MISS


class _Instance:
    """What one call at a time writes to: addresses, jobs, transient memory, copies of arguments."""

    def __init__(self, plan: CallPlan):
        trace, device = plan.trace, plan.device
        self.jobs: list[Job] = [step.commands.take_job() for step in trace.steps]
        owned = {source: device.allocator.allocate(source.length) for source in plan.owned}
        outside = {source: i for i, source in enumerate([*trace.arguments, *(view.buffer.source for view in trace.results)])}
        self._keep: list[Any] = [plan.trace, plan.kinds, owned]
        self.pooled_slots: list[list[tuple[ctypes.c_uint64, int]]] = [[] for _ in plan.pooled]
        fixups: list[tuple[int, int, int]] = []
        for step, job in zip(trace.steps, self.jobs, strict=True):
            for number, (need, (where, offset, length)) in enumerate(zip(job.program.needs, step.table, strict=False)):
                slot = job.slots + layout.SLOT_SIZE * number
                word = ctypes.c_uint64.from_address(slot)
                if isinstance(where, Buffer):
                    self._keep.append(where.live_storage())
                    word.value = where.address + offset
                elif where in outside:
                    fixups.append((slot, outside[where], offset))
                    length = min(length, plan.lengths[outside[where]] - offset)
                    if length + 1 < need:
                        raise Untraceable("more memory is written for a result than the result has")
                elif where in owned:
                    word.value = owned[where].address + offset
                else:
                    self.pooled_slots[plan.pooled.index(where)].append((word, offset))
                ctypes.c_uint64.from_address(slot + 8).value = length
        self.passed: list[Any] = [None] * (1 + len(trace.results))  # the arguments as a tuple, and the results; never of another length
        self._lay_out(plan, fixups, len(outside))

    def _lay_out(self, plan: CallPlan, fixups: list[tuple[int, int, int]], address_count: int) -> None:
        """Writes struct plan and what it points to."""
        ranks = [len(kind.shape) for kind in plan.kinds]
        sizes = (PLAN.size, ARGUMENT.size * len(ranks), 8 * sum(ranks), FIXUP.size * len(fixups), 8 * len(self.jobs), 8 * address_count)
        _, arguments, shapes, fixed, jobs, addresses, workgroup, end = places(0, *sizes, WORKGROUP_STATE.size)
        self._block = block = Block(end)
        self._local_memory = local = Block(max((job.program.local_memory for job in self.jobs), default=0))
        self.address = base = block.address
        self._arguments = base + arguments
        for i, kind in enumerate(plan.kinds):
            spec = (id(kind.dtype), ranks[i], base + shapes, plan.lengths[i], plan.unaligned_bits, 0)
            block.pack(ARGUMENT, arguments + ARGUMENT.size * i, *spec)
            block.pack(f"{ranks[i]}Q", shapes, *kind.shape)
            shapes += 8 * ranks[i]
        for i, fixup in enumerate(fixups):
            block.pack(FIXUP, fixed + FIXUP.size * i, *fixup)
        block.pack(f"{len(self.jobs)}Q", jobs, *[job.address for job in self.jobs])
        block.pack(WORKGROUP_STATE, workgroup, 0, 0, 0, 0, 0, local.address, local.size)
        run, pool, long_ticks = plan.device.native_replay()
        header = (
            *(base + arguments, len(ranks), base + fixed, len(fixups), base + jobs, len(self.jobs), base + addresses),
            *(run, pool, base + workgroup, id(np.ndarray), *_interpreter_lock()),
            *(long_ticks, len(plan.trace.results), 0, 0, python_objects.list_items(self.passed)),
        )
        block.pack(PLAN, 0, *header)
        self.reference = block.reference()  # what is passed: quicker than a number

    def add_copy(self, argument: int, length: int) -> None:
        """Gives an argument memory to be copied to."""
        copy = Block(length)
        self._keep.append(copy)
        self._block.pack("Q", self._arguments - self.address + ARGUMENT.size * argument + COPY_OFFSET, copy.address)

    def calls(self) -> int:
        return self._block.unpack("Q", CALLS_OFFSET)[0]

    def failure(self) -> int:
        return self._block.unpack("q", FAILURE_OFFSET)[0]


def _result_maker(device: Device, size: int, shape: tuple[int, ...], dtype: np.dtype, alignment: int) -> Callable[[], np.ndarray]:
    """Makes arrays for a result: small ones are numpy's own, others lie in the device's pool, aligned and warm."""
    if size <= SMALL_RESULT and alignment <= dtype.itemsize:
        return functools.partial(np.empty, shape, dtype)
    pool = device.allocator.pool

    def pooled() -> np.ndarray:
        storage = pool.allocate(size)
        return array_over(storage, storage.address, shape, dtype)

    return pooled


@functools.cache
def native_call() -> Callable[[Any], int]:
    """`call_plan`, which takes the reference of an instance. It says nothing of its argument's type, as converting to one takes time."""
    code = own_code()
    assert code is not None  # no plan is made without
    return ctypes.PYFUNCTYPE(ctypes.c_int64)(code["call_plan"])


@functools.cache
def _interpreter_lock() -> tuple[int, int]:
    """Addresses of the functions that release the interpreter lock and take it again."""
    addresses = [ctypes.cast(f, ctypes.c_void_p).value for f in (ctypes.pythonapi.PyEval_SaveThread, ctypes.pythonapi.PyEval_RestoreThread)]
    return addresses[0] or 0, addresses[1] or 0
