"""The `hal` module, version 7: what bytecode sees of the hardware abstraction layer."""

from __future__ import annotations

import sys

import numpy as np

from pyrie.runtime import status
from pyrie.runtime.hal import flags
from pyrie.runtime.hal.allocator import Allocator
from pyrie.runtime.hal.buffer import Binding, Buffer, BufferRef, BufferView
from pyrie.runtime.hal.command_buffer import CommandBuffer
from pyrie.runtime.hal.device import Device
from pyrie.runtime.hal.executable import Executable
from pyrie.runtime.hal.semaphore import Fence, wait_all
from pyrie.runtime.modules.registry import NativeModule, export
from pyrie.runtime.vm.objects import VMBuffer
from pyrie.support import dtypes

OPAQUE, INTEGER = 0, 0x10  # numerical types: unknown; the bit of every integer
BindingRow = tuple[int, int, Buffer | None, int, int]  # reserved, slot, buffer, offset, length


class File:
    """Read-only memory that queue reads copy from."""

    __slots__ = ("data",)

    def __init__(self, data: memoryview):
        self.data = data


class Channel:
    """A group of collective participants. There is no transport yet, so none is ever made; bytecode may name the type."""


def unsupported(what: str) -> Exception:
    return status.error(status.UNIMPLEMENTED, f"hal.{what} is not supported by this runtime")


class HalModule(NativeModule):
    """Functions are grouped as in the module's import table; each is a thin step from bytecode's arguments to the HAL's."""

    name = "hal"
    version = 7

    # Devices.

    @export("devices.count", "v_i")
    def devices_count(self) -> int:
        return len(self.host.devices)

    @export("devices.get", "i_r")
    def devices_get(self, index: int) -> Device | None:
        return self.host.devices[index] if 0 <= index < len(self.host.devices) else None

    @export("device.allocator", "r_r")
    def device_allocator(self, device: Device) -> Allocator:
        return device.allocator

    @export("device.query.i64", "rrr_iI")
    def device_query_i64(self, device: Device, category: VMBuffer, key: VMBuffer) -> tuple[int, int]:
        value = device.query(category.text(), key.text(), allow_native=self.host.allow_native)
        return (0, 0) if value is None else (1, value)

    # Allocators.

    @export("allocator.select", "iiICrID_rI")
    def allocator_select(
        self, memory_types: int, usage: int, select_flags: int, devices: tuple[tuple[Device, int], ...]
    ) -> tuple[Device, int]:
        if not devices:
            raise status.error(status.INVALID_ARGUMENT, "there is no device to select an allocator from")
        return devices[0]

    @export("allocator.allocate", "rIiiI_r")
    def allocator_allocate(self, allocator: Allocator, affinity: int, memory_types: int, usage: int, size: int) -> Buffer:
        return allocator.allocate(size, usage)

    @export("allocator.import", "riIiirII_r")
    def allocator_import(
        self, allocator: Allocator, is_try: int, affinity: int, memory_types: int, usage: int, source: VMBuffer, offset: int, length: int
    ) -> Buffer | None:
        if length == flags.WHOLE_BUFFER:
            length = source.length() - offset
        span = source.span(offset, length)
        if not source.is_mutable and not usage & flags.USAGE_SHARING_IMMUTABLE:
            raise status.error(status.PERMISSION_DENIED, "constant data can be imported for constant usage only")
        buffer = allocator.wrap(span, is_writable=source.is_mutable and not usage & flags.USAGE_SHARING_IMMUTABLE)
        if buffer is None and not is_try:
            raise status.error(status.INVALID_ARGUMENT, "the data is not aligned well enough to be used in place")
        return buffer

    # Buffers.

    @export("buffer.assert", "rrrIii_v")
    def buffer_assert(
        self, buffer: Buffer, message: VMBuffer, allocator: Allocator, minimum_length: int, memory_types: int, usage: int
    ) -> None:
        if buffer.length < minimum_length:
            raise status.error(
                status.INVALID_ARGUMENT, f"{message.text()} has {buffer.length} bytes, fewer than the expected {minimum_length}"
            )
        if memory_types & ~buffer.memory_type or usage & ~buffer.usage & ~flags.USAGE_DISPATCH & ~flags.USAGE_TRANSFER:
            raise status.error(
                status.PERMISSION_DENIED,
                f"{message.text()} is memory of type 0x{buffer.memory_type:X} for uses 0x{buffer.usage:X}; "
                f"0x{memory_types:X} and 0x{usage:X} are required",
            )

    @export("buffer.allocation.preserve", "r_v")
    def buffer_allocation_preserve(self, buffer: Buffer) -> None:
        buffer.preserve()

    @export("buffer.allocation.discard", "r_i")
    def buffer_allocation_discard(self, buffer: Buffer) -> int:
        return int(buffer.discard())

    @export("buffer.allocation.is_terminal", "r_i")
    def buffer_allocation_is_terminal(self, buffer: Buffer) -> int:
        return int(buffer.is_terminal())

    @export("buffer.subspan", "rII_r")
    def buffer_subspan(self, buffer: Buffer, offset: int, length: int) -> Buffer:
        return buffer.subspan(offset, length)

    @export("buffer.length", "r_I")
    def buffer_length(self, buffer: Buffer) -> int:
        return buffer.length

    @export("buffer.load", "rIi_i")
    def buffer_load(self, buffer: Buffer, offset: int, length: int) -> int:
        self._check_scalar(length)
        return int.from_bytes(buffer.read(offset, length).ljust(4, b"\0"), "little", signed=True)

    @export("buffer.store", "irIi_v")
    def buffer_store(self, value: int, buffer: Buffer, offset: int, length: int) -> None:
        self._check_scalar(length)
        buffer.write(offset, (value & 0xFFFFFFFF).to_bytes(4, "little")[:length])

    @staticmethod
    def _check_scalar(length: int) -> None:
        if not 0 <= length <= 4:
            raise status.error(status.INVALID_ARGUMENT, f"loads and stores take up to 4 bytes, not {length}")

    # Buffer views.

    @export("buffer_view.create", "rIIiiCID_r")
    def buffer_view_create(
        self, buffer: Buffer, offset: int, length: int, element_type: int, encoding: int, shape: tuple[int, ...]
    ) -> BufferView:
        return BufferView(buffer.subspan(offset, length), shape, element_type, encoding)

    @export("buffer_view.assert", "rriiCID_v")
    def buffer_view_assert(self, view: BufferView, message: VMBuffer, element_type: int, encoding: int, shape: tuple[int, ...]) -> None:
        if view.shape == shape and view.element_type == element_type and view.encoding == encoding:
            return
        actual = view.element_type
        if view.encoding not in (encoding, flags.ENCODING_OPAQUE):
            raise status.error(status.INVALID_ARGUMENT, f"{message.text()} has encoding {view.encoding}; expected {encoding}")
        if actual != element_type and actual >> 24 != OPAQUE and not same_integer(actual, element_type):
            raise status.error(
                status.INVALID_ARGUMENT, f"{message.text()} has element type {element_name(actual)}; expected {element_name(element_type)}"
            )
        if view.shape != shape:
            raise status.error(status.INVALID_ARGUMENT, f"{message.text()} has shape {list(view.shape)}; expected {list(shape)}")

    @export("buffer_view.buffer", "r_r")
    def buffer_view_buffer(self, view: BufferView) -> Buffer:
        return view.buffer

    @export("buffer_view.element_type", "r_i")
    def buffer_view_element_type(self, view: BufferView) -> int:
        return view.element_type

    @export("buffer_view.encoding_type", "r_i")
    def buffer_view_encoding_type(self, view: BufferView) -> int:
        return view.encoding

    @export("buffer_view.rank", "r_i")
    def buffer_view_rank(self, view: BufferView) -> int:
        return len(view.shape)

    @export("buffer_view.dim", "ri_I")
    def buffer_view_dim(self, view: BufferView, index: int) -> int:
        return view.shape[index] if 0 <= index < len(view.shape) else 0

    @export("buffer_view.trace", "rCrD_v")
    def buffer_view_trace(self, key: VMBuffer, views: tuple[BufferView, ...]) -> None:
        lines = [f"=== {key.text()} ===", *(np.array2string(view.numpy(), threshold=1024) for view in views)]
        print(*lines, sep="\n", file=sys.stderr)

    # Channels.

    @export("channel.create", "rIIrrii_r")
    def channel_create(self, *_: object) -> Channel:
        raise unsupported("channel.create")

    @export("channel.split", "riiI_r")
    def channel_split(self, *_: object) -> Channel:
        raise unsupported("channel.split")

    @export("channel.rank_and_count", "r_ii")
    def channel_rank_and_count(self, *_: object) -> tuple[int, int]:
        raise unsupported("channel.rank_and_count")

    # Command buffers.

    @export("command_buffer.create", "riiIi_r")
    def command_buffer_create(self, device: Device, modes: int, categories: int, affinity: int, bindings: int) -> CommandBuffer:
        return device.create_command_buffer(modes, categories, bindings)

    @export("command_buffer.finalize", "r_v")
    def command_buffer_finalize(self, commands: CommandBuffer) -> None:
        commands.finalize()

    @export("command_buffer.begin_debug_group", "rr_v")
    def command_buffer_begin_debug_group(self, commands: CommandBuffer, label: VMBuffer) -> None:
        commands.begin_debug_group(label.text())

    @export("command_buffer.end_debug_group", "r_v")
    def command_buffer_end_debug_group(self, commands: CommandBuffer) -> None:
        commands.end_debug_group()

    @export("command_buffer.execution_barrier", "riiI_v")
    def command_buffer_execution_barrier(self, commands: CommandBuffer, source: int, target: int, barrier_flags: int) -> None:
        commands.barrier()

    @export("command_buffer.advise_buffer", "rrIIIi_v")
    def command_buffer_advise_buffer(
        self, commands: CommandBuffer, buffer: Buffer | None, advice: int, arg0: int, arg1: int, slot: int
    ) -> None:
        """Advice is free to ignore."""

    @export("command_buffer.fill_buffer", "rrIIiIiI_v")
    def command_buffer_fill_buffer(
        self,
        commands: CommandBuffer,
        target: Buffer | None,
        offset: int,
        length: int,
        slot: int,
        pattern: int,
        pattern_length: int,
        fill_flags: int,
    ) -> None:
        commands.fill(BufferRef(target, slot, offset, length), pattern_bytes(pattern, pattern_length))

    @export("command_buffer.update_buffer", "rrIrIIiI_v")
    def command_buffer_update_buffer(
        self,
        commands: CommandBuffer,
        source: VMBuffer,
        source_offset: int,
        target: Buffer | None,
        offset: int,
        length: int,
        slot: int,
        update_flags: int,
    ) -> None:
        commands.update(bytes(source.span(source_offset, length)), BufferRef(target, slot, offset, length))

    @export("command_buffer.copy_buffer", "riirIrIII_v")
    def command_buffer_copy_buffer(
        self,
        commands: CommandBuffer,
        source_slot: int,
        target_slot: int,
        source: Buffer | None,
        source_offset: int,
        target: Buffer | None,
        target_offset: int,
        length: int,
        copy_flags: int,
    ) -> None:
        commands.copy(BufferRef(source, source_slot, source_offset, length), BufferRef(target, target_slot, target_offset, length))

    @export("command_buffer.collective", "rriiiirrIIIII_v")
    def command_buffer_collective(self, *_: object) -> None:
        raise unsupported("command_buffer.collective")

    @export("command_buffer.dispatch", "rrIiiiICiDCiirIID_v")
    def command_buffer_dispatch(
        self,
        commands: CommandBuffer,
        executable: Executable,
        function: int,
        x: int,
        y: int,
        z: int,
        dispatch_flags: int,
        constants: tuple[int, ...],
        bindings: tuple[BindingRow, ...],
    ) -> None:
        workgroups = (x & 0xFFFFFFFF, y & 0xFFFFFFFF, z & 0xFFFFFFFF)
        commands.dispatch(executable, function, workgroups, constants, buffer_refs(bindings))

    @export("command_buffer.dispatch.indirect", "rrIirIICiDCiirIID_v")
    def command_buffer_dispatch_indirect(
        self,
        commands: CommandBuffer,
        executable: Executable,
        function: int,
        slot: int,
        workgroups: Buffer | None,
        offset: int,
        dispatch_flags: int,
        constants: tuple[int, ...],
        bindings: tuple[BindingRow, ...],
    ) -> None:
        commands.dispatch_indirect(executable, function, BufferRef(workgroups, slot, offset, 12), constants, buffer_refs(bindings))

    # Queues.

    @export("device.queue.alloca", "rIrrIiiII_r")
    def device_queue_alloca(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        pool: int,
        memory_types: int,
        usage: int,
        size: int,
        alloca_flags: int,
    ) -> Buffer:
        if pool:
            raise unsupported("device.queue.alloca from an explicit pool")
        return device.alloca(wait, signal, size, usage)

    @export("device.queue.dealloca", "rIrrrI_v")
    def device_queue_dealloca(
        self, device: Device, affinity: int, wait: Fence | None, signal: Fence | None, buffer: Buffer, dealloca_flags: int
    ) -> None:
        device.dealloca(wait, signal, buffer)

    @export("device.queue.fill", "rIrrrIIIiI_v")
    def device_queue_fill(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        target: Buffer,
        offset: int,
        length: int,
        pattern: int,
        pattern_length: int,
        fill_flags: int,
    ) -> None:
        device.fill(wait, signal, direct(target, offset, length), pattern_bytes(pattern, pattern_length))

    @export("device.queue.update", "rIrrrIrIII_v")
    def device_queue_update(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        source: VMBuffer,
        source_offset: int,
        target: Buffer,
        offset: int,
        length: int,
        update_flags: int,
    ) -> None:
        device.update(wait, signal, bytes(source.span(source_offset, length)), direct(target, offset, length))

    @export("device.queue.copy", "rIrrrIrIII_v")
    def device_queue_copy(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        source: Buffer,
        source_offset: int,
        target: Buffer,
        target_offset: int,
        length: int,
        copy_flags: int,
    ) -> None:
        device.copy(wait, signal, direct(source, source_offset, length), direct(target, target_offset, length))

    @export("device.queue.read", "rIrrrIrIII_v")
    def device_queue_read(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        source: File,
        source_offset: int,
        target: Buffer,
        target_offset: int,
        length: int,
        read_flags: int,
    ) -> None:
        if source_offset < 0 or length < 0 or source_offset + length > len(source.data):
            raise status.error(
                status.OUT_OF_RANGE, f"read of {source_offset}..{source_offset + length} outside a file of {len(source.data)} bytes"
            )
        target.require_access(flags.ACCESS_WRITE)
        destination = target.bytes(target_offset, length)
        span = np.frombuffer(source.data[source_offset : source_offset + length], np.uint8)
        device.submit(wait, signal, lambda: np.copyto(destination, span))

    @export("device.queue.write", "rIrrrIrIII_v")
    def device_queue_write(self, *_: object) -> None:
        raise status.error(status.PERMISSION_DENIED, "hal.device.queue.write: files are read-only")

    @export("device.queue.barrier", "rIrrI_v")
    def device_queue_barrier(self, device: Device, affinity: int, wait: Fence | None, signal: Fence | None, barrier_flags: int) -> None:
        device.barrier(wait, signal)

    @export("device.queue.execute", "rIrrrI_v")
    def device_queue_execute(
        self, device: Device, affinity: int, wait: Fence | None, signal: Fence | None, commands: CommandBuffer | None, execute_flags: int
    ) -> None:
        self.device_queue_execute_indirect(device, affinity, wait, signal, commands, execute_flags, ())

    @export("device.queue.execute.indirect", "rIrrrICrIID_v")
    def device_queue_execute_indirect(
        self,
        device: Device,
        affinity: int,
        wait: Fence | None,
        signal: Fence | None,
        commands: CommandBuffer | None,
        execute_flags: int,
        table: tuple[Binding, ...],
    ) -> None:
        if commands is None:
            device.barrier(wait, signal)
        else:
            device.execute(wait, signal, commands, table)

    @export("device.queue.flush", "rI_v")
    def device_queue_flush(self, device: Device, affinity: int) -> None:
        """Every operation begins as soon as it can; there is nothing to flush."""

    # Executables and files.

    @export("executable.create", "rIrrr_r")
    def executable_create(self, device: Device, affinity: int, format: VMBuffer, data: VMBuffer, constants: VMBuffer | None) -> Executable:
        words: tuple[int, ...] = ()
        if constants is not None:
            if constants.length() % 4:
                raise status.error(status.INVALID_ARGUMENT, f"executable constants have {constants.length()} bytes, no multiple of 4")
            words = tuple(constants.data.cast("I"))
        return device.create_executable(format.text(), data.data, words, allow_native=self.host.allow_native)

    @export("executable.lookup.function", "rr_I")
    def executable_lookup_function(self, executable: Executable, name: VMBuffer) -> int:
        return executable.lookup(name.text())

    @export("ex.file.from_memory", "rIirIIi_r")
    def ex_file_from_memory(
        self, device: Device, affinity: int, access: int, source: VMBuffer, offset: int, length: int, file_flags: int
    ) -> File:
        if access & ~flags.ACCESS_READ:
            raise status.error(status.PERMISSION_DENIED, "a file over memory is read-only")
        return File(source.span(offset, length))

    # Fences.

    @export("fence.create", "rI_r")
    def fence_create(self, device: Device, fence_flags: int) -> Fence:
        return Fence()

    @export("fence.join", "ICrD_r")
    def fence_join(self, join_flags: int, fences: tuple[Fence | None, ...]) -> Fence | None:
        return Fence.join(fences)

    @export("fence.query", "r_i")
    def fence_query(self, fence: Fence) -> int:
        return fence.query()

    @export("fence.signal", "r_v")
    def fence_signal(self, fence: Fence) -> None:
        fence.signal()

    @export("fence.fail", "ri_v")
    def fence_fail(self, fence: Fence, code: int) -> None:
        fence.fail(status.error(code & status.CODE_MASK, "the program failed the fence"))

    @export("fence.await", "iICrD_i")
    def fence_await(self, timeout_millis: int, await_flags: int, fences: tuple[Fence | None, ...]) -> int:
        timeout = None if timeout_millis == -1 else (timeout_millis & 0xFFFFFFFF) / 1000
        return status.OK if wait_all(fences, timeout) else status.DEADLINE_EXCEEDED


def direct(buffer: Buffer, offset: int, length: int) -> BufferRef:
    if not isinstance(buffer, Buffer):
        raise status.error(status.INVALID_ARGUMENT, "a queue operation needs a buffer")
    return BufferRef(buffer, 0, offset, length)


def buffer_refs(rows: tuple[BindingRow, ...]) -> tuple[BufferRef, ...]:
    return tuple(BufferRef(buffer, slot, offset, length) for _, slot, buffer, offset, length in rows)


def pattern_bytes(pattern: int, length: int) -> bytes:
    if length not in (1, 2, 4, 8):
        raise status.error(status.INVALID_ARGUMENT, f"a fill pattern has 1, 2, 4 or 8 bytes, not {length}")
    return (pattern & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")[:length]


def same_integer(actual: int, expected: int) -> bool:
    """Whether both are integers of one width, i1 counting as one of 8 bits; signedness is up to the operations."""
    return bool(actual >> 24 & expected >> 24 & INTEGER) and actual & 0xFF == expected & 0xFF


def element_name(element_type: int) -> str:
    known = dtypes.BY_HAL.get(element_type)
    return known.mlir if known else f"0x{element_type:08X}"
