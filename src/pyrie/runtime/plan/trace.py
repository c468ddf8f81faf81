"""What a function does for arguments of given shapes, found by running it once on stand-ins for its buffers.

The function that runs is the translated bytecode itself, linked to the imports below instead of the HAL module. Integers are real, so sizes
are computed, branches taken and assertions checked as in any call; device objects and constants are real too. Only buffers that differ from
call to call are stand-ins. Commands are kept instead of run:

    a call             r0 = view of float32[3, 8];  m11(alloca 96 bytes);  m16(execute, commands, [argument 0, allocation 0])
    its trace          sources [argument 0, allocation of 96 bytes];  steps [(commands, [source 0, source 1])];  results [source 1]

This is the same work at every call with arguments of these shapes, because nothing else can differ: the function uses no state, no import
below reads a buffer, and whatever is not below ends the trace (Untraceable). Waiting is elided: steps run in the order in which they were
submitted, each to its end, which any fence permits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyrie.runtime import status
from pyrie.runtime.context import Context
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.buffer import Buffer, BufferRef
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.modules.hal import BindingRow, HalModule, pattern_bytes
from pyrie.runtime.vm.objects import VMBuffer
from pyrie.support import limits


class Untraceable(Exception):
    """This function must run the general way; says why."""


@dataclass(eq=False, slots=True)
class Source:
    """Memory that differs from call to call: an argument's, or an allocation's."""

    length: int
    argument: int | None = None  # its position; None for an allocation


class TracedBuffer:
    """Part of a source. Has what the HAL's own checks look at."""

    __slots__ = ("length", "offset", "source")

    memory_type, usage, access = flags.MEMORY_ALL, flags.USAGE_ALL, flags.ACCESS_ALL

    def __init__(self, source: Source, offset: int, length: int):
        self.source, self.offset, self.length = source, offset, length

    def range(self, offset: int, length: int) -> tuple[int, int]:
        if length == flags.WHOLE_BUFFER:
            length = self.length - offset
        if offset < 0 or length < 0 or offset + length > self.length:
            raise Untraceable(f"range {offset}..{offset + length} lies outside a buffer of {self.length} bytes")
        return offset, length

    def subspan(self, offset: int, length: int) -> TracedBuffer:
        offset, length = self.range(offset, length)
        return TracedBuffer(self.source, self.offset + offset, length)


@dataclass(eq=False, slots=True)
class TracedView:
    """A traced buffer with a shape."""

    buffer: TracedBuffer
    shape: tuple[int, ...]
    element_type: int
    encoding: int = flags.ENCODING_DENSE_ROW_MAJOR


@dataclass(eq=False, slots=True)
class TracedCommands:
    """Commands that are recorded in every call: recorded once here, with a slot for each source they use."""

    commands: CommandBuffer
    table: list[Row] = field(default_factory=list)  # of the slots from `first` on
    first: int = 0

    def slot(self, source: Source) -> int:
        for number, (found, _, _) in enumerate(self.table):
            if found is source:
                return self.first + number
        self.table.append((source, 0, source.length))
        self.commands.binding_capacity += 1
        return self.first + len(self.table) - 1

    def ref(self, buffer: Any, slot: int, offset: int, length: int) -> BufferRef:
        if isinstance(buffer, TracedBuffer):
            offset, length = buffer.range(offset, length)
            return BufferRef(None, self.slot(buffer.source), buffer.offset + offset, length)
        if buffer is None and slot >= self.first:
            raise Untraceable(f"slot {slot} is outside of the binding table")
        return BufferRef(buffer, slot, offset, length)


Row = tuple[Source | Buffer, int, int]  # of a binding table: where the memory is, offset, length


@dataclass(eq=False, slots=True)
class Step:
    """One submission: commands and the table they are bound to."""

    commands: CommandBuffer
    table: list[Row]


@dataclass(eq=False, slots=True)
class Trace:
    """All that a call does."""

    arguments: list[Source]
    allocations: list[Source] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    results: list[TracedView] = field(default_factory=list)
    lookups: Counter[str] = field(default_factory=Counter)  # in caches of recordings, by region: calls of a plan find the same without


FENCE = object()  # stands for every fence: what it guards is done


class TracingHal:
    """The HAL's imports while a trace is made, by import name. PURE ones are the HAL module's own."""

    def __init__(self, hal: HalModule, trace: Trace):
        self.hal, self.trace = hal, trace

    def resolve(self, full_name: str) -> Callable[..., Any]:
        """What stands for an import."""
        module, _, name = full_name.partition(".")
        if module == "hal" and name in PURE:
            return getattr(self.hal, HalModule.exports[name][1])
        if module == "hal" and name in EFFECTS:
            return getattr(self, EFFECTS[name])
        return self._untraceable(full_name)

    def _untraceable(self, name: str) -> Callable[..., Any]:
        def call(*_: Any) -> Any:
            raise Untraceable(f"it calls {name}")

        return call

    # Memory.

    def alloca(
        self, device: Any, affinity: int, wait: Any, signal: Any, pool: int, memory: int, usage: int, size: int, _: int
    ) -> TracedBuffer:
        if pool or not 0 <= size <= limits.MAX_TENSOR_BYTES:
            raise Untraceable(f"it allocates {size} bytes from pool {pool}")
        self.trace.allocations.append(Source(size))
        return TracedBuffer(self.trace.allocations[-1], 0, size)

    def nothing(self, *_: Any) -> None:
        """Deallocation and barriers: memory lives as long as the call, and work is done in order."""

    def view_create(self, buffer: Any, offset: int, length: int, element: int, encoding: int, shape: tuple[int, ...]) -> TracedView:
        if not isinstance(buffer, TracedBuffer):
            raise Untraceable("it returns memory that outlives the call")
        return TracedView(buffer.subspan(offset, length), shape, element, encoding)

    # Fences.

    def fence(self, *_: Any) -> Any:
        return FENCE

    def done(self, *_: Any) -> int:
        return status.OK

    # Command buffers.

    def create(self, device: Any, modes: int, categories: int, affinity: int, capacity: int) -> TracedCommands:
        return TracedCommands(device.create_command_buffer(modes & ~flags.MODE_ONE_SHOT, categories, capacity), first=capacity)

    def finalize(self, c: TracedCommands) -> None:
        c.commands.finalize()

    def begin_debug_group(self, c: TracedCommands, label: VMBuffer) -> None:
        c.commands.begin_debug_group(label.text())

    def end_debug_group(self, c: TracedCommands) -> None:
        c.commands.end_debug_group()

    def command_barrier(self, c: TracedCommands, *_: Any) -> None:
        c.commands.barrier()

    def command_fill(self, c: TracedCommands, to: Any, offset: int, length: int, slot: int, pattern: int, width: int, _: int) -> None:
        c.commands.fill(c.ref(to, slot, offset, length), pattern_bytes(pattern, width))

    def command_update(
        self, c: TracedCommands, source: VMBuffer, source_offset: int, to: Any, offset: int, length: int, slot: int, _: int
    ) -> None:
        c.commands.update(bytes(source.span(source_offset, length)), c.ref(to, slot, offset, length))

    def command_copy(
        self, c: TracedCommands, from_slot: int, to_slot: int, source: Any, source_offset: int, to: Any, offset: int, length: int, _: int
    ) -> None:
        c.commands.copy(c.ref(source, from_slot, source_offset, length), c.ref(to, to_slot, offset, length))

    def dispatch(
        self,
        c: TracedCommands,
        executable: Any,
        function: int,
        x: int,
        y: int,
        z: int,
        _: int,
        constants: Any,
        bindings: Sequence[BindingRow],
    ) -> None:
        workgroups = (x & 0xFFFFFFFF, y & 0xFFFFFFFF, z & 0xFFFFFFFF)
        c.commands.dispatch(executable, function, workgroups, constants, self._refs(c, bindings))

    def dispatch_indirect(
        self, c: TracedCommands, executable: Any, function: int, slot: int, to: Any, offset: int, _: int, constants: Any, bindings: Any
    ) -> None:
        c.commands.dispatch_indirect(executable, function, c.ref(to, slot, offset, 12), constants, self._refs(c, bindings))

    def _refs(self, c: TracedCommands, bindings: Sequence[BindingRow]) -> tuple[BufferRef, ...]:
        return tuple(c.ref(buffer, slot, offset, length) for _, slot, buffer, offset, length in bindings)

    # Queues.

    def execute(self, device: Any, affinity: int, wait: Any, signal: Any, commands: Any, execute_flags: int) -> None:
        self.execute_indirect(device, affinity, wait, signal, commands, execute_flags, ())

    def execute_indirect(self, device: Any, affinity: int, wait: Any, signal: Any, commands: Any, _: int, table: Sequence[Any]) -> None:
        if isinstance(commands, TracedCommands):
            rows = [self._row(*row) for row in table[: commands.first]]
            if len(rows) < commands.first:
                raise Untraceable("the binding table is shorter than the command buffer says")
            self.trace.steps.append(Step(commands.commands, rows + commands.table))
        elif isinstance(commands, CommandBuffer) and not commands.mode & flags.MODE_ONE_SHOT:
            self.trace.steps.append(Step(commands, [self._row(*row) for row in table]))
        elif commands is not None:
            raise Untraceable("it submits a one-shot command buffer made before")

    def _row(self, buffer: Any, offset: int, length: int) -> Row:
        if buffer is None:
            raise Untraceable("a row of the binding table is null")
        offset, length = buffer.range(offset, length)
        if isinstance(buffer, TracedBuffer):
            return buffer.source, buffer.offset + offset, length
        return buffer, offset, length

    def queue_fill(
        self, device: Any, affinity: int, wait: Any, signal: Any, to: Any, offset: int, length: int, pattern: int, width: int, _: int
    ) -> None:
        with _Single(self, device) as c:
            c.commands.fill(c.ref(to, 0, offset, length), pattern_bytes(pattern, width))

    def queue_update(
        self,
        device: Any,
        affinity: int,
        wait: Any,
        signal: Any,
        source: VMBuffer,
        source_offset: int,
        to: Any,
        offset: int,
        length: int,
        _: int,
    ) -> None:
        with _Single(self, device) as c:
            c.commands.update(bytes(source.span(source_offset, length)), c.ref(to, 0, offset, length))

    def queue_copy(
        self, device: Any, affinity: int, wait: Any, signal: Any, source: Any, source_offset: int, to: Any, offset: int, length: int, _: int
    ) -> None:
        with _Single(self, device) as c:
            c.commands.copy(c.ref(source, 0, source_offset, length), c.ref(to, 0, offset, length))


class _Single:
    """A submission of the one command that is recorded in the `with` block."""

    def __init__(self, hal: TracingHal, device: Any):
        self.hal, self.recording = hal, hal.create(device, 0, flags.CATEGORY_TRANSFER, 0, 0)

    def __enter__(self) -> TracedCommands:
        return self.recording

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self.recording.commands.finalize()
            self.hal.trace.steps.append(Step(self.recording.commands, self.recording.table))


# Imports that give the same for the same arguments and look at no memory that changes.
PURE = frozenset(
    (
        *("devices.count", "devices.get", "device.allocator", "device.query.i64", "allocator.import", "allocator.select"),
        *("executable.create", "executable.lookup.function"),
        *("buffer.assert", "buffer.subspan", "buffer.length"),
        *(f"buffer_view.{name}" for name in ("assert", "buffer", "element_type", "encoding_type", "rank", "dim")),
    )
)

EFFECTS = {
    "device.queue.alloca": "alloca",
    "device.queue.dealloca": "nothing",
    "device.queue.barrier": "nothing",
    "device.queue.flush": "nothing",
    "device.queue.fill": "queue_fill",
    "device.queue.update": "queue_update",
    "device.queue.copy": "queue_copy",
    "device.queue.execute": "execute",
    "device.queue.execute.indirect": "execute_indirect",
    "buffer_view.create": "view_create",
    "fence.create": "fence",
    "fence.join": "fence",
    "fence.await": "done",
    "command_buffer.create": "create",
    "command_buffer.finalize": "finalize",
    "command_buffer.begin_debug_group": "begin_debug_group",
    "command_buffer.end_debug_group": "end_debug_group",
    "command_buffer.execution_barrier": "command_barrier",
    "command_buffer.advise_buffer": "nothing",
    "command_buffer.fill_buffer": "command_fill",
    "command_buffer.update_buffer": "command_update",
    "command_buffer.copy_buffer": "command_copy",
    "command_buffer.dispatch": "dispatch",
    "command_buffer.dispatch.indirect": "dispatch_indirect",
}


def trace_call(context: Context, name: str, views: Sequence[tuple[tuple[int, ...], int, int]]) -> Trace:
    """The trace of an exported function for arguments of these shapes, element types and byte lengths. Raises Untraceable."""
    hal = context.native_module("hal")
    if not isinstance(hal, HalModule) or not context.module.effects[name].is_constant:
        raise Untraceable("it uses state that outlives a call")
    trace = Trace([Source(length, position) for position, (_, _, length) in enumerate(views)])
    namespace = context.relink(TracingHal(hal, trace).resolve)
    for ordinal, region in context.module.lookups.items():
        namespace[f"f{ordinal}"] = _counted(namespace[f"f{ordinal}"], trace.lookups, region)
    function = namespace[f"f{context.module.exports[name]}"]
    arguments = [
        TracedView(TracedBuffer(source, 0, source.length), shape, element)
        for source, (shape, element, _) in zip(trace.arguments, views, strict=True)
    ]
    try:
        results = context.invoke(function, arguments)
    except Untraceable:
        raise
    except Exception as error:
        raise Untraceable(f"it failed: {error}") from error
    finally:
        namespace.clear()
    for result in results if isinstance(results, tuple) else () if results is None else (results,):
        if not isinstance(result, TracedView):
            raise Untraceable("it returns something other than a new tensor")
        trace.results.append(result)
    return trace


def _counted(look_up: Callable[..., Any], counts: Counter[str], region: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        counts[region] += 1
        return look_up(*arguments)

    return call
