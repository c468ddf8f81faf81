"""What the runtime offers to the VM: the functions of the modules `hal` and `check`.

A row is `name: "argument:type ... -> result ..."`. A type is `i32`, `i64`, `f32`, `bytes` (a host buffer), or the name of a hal type, which
travels as a reference; `(a,b)` groups values; a trailing `*` marks an argument that may be given any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from xdsl.dialects.builtin import ArrayAttr, FunctionType, TupleType, UnitAttr, f32, i32, i64
from xdsl.ir import Attribute

from pyrie.dialects import hal, vm

QUEUE = "device:device queue_affinity:i64 wait_fence:fence signal_fence:fence"

IMPORTS: dict[str, str] = {
    "hal.ex.file.from_memory": "device:device queue_affinity:i64 access:i32 buffer:bytes offset:i64 length:i64 flags:i32 -> file",
    "hal.allocator.select": "memory_types:i32 buffer_usage:i32 flags:i64 from:(device,i64)* -> device i64",
    "hal.allocator.allocate": ("allocator:allocator queue_affinity:i64 memory_types:i32 buffer_usage:i32 allocation_size:i64 -> buffer"),
    "hal.allocator.import": (
        "allocator:allocator try:i32 queue_affinity:i64 memory_types:i32 buffer_usage:i32 source:bytes offset:i64 length:i64 -> buffer"
    ),
    "hal.buffer.assert": "buffer:buffer message:bytes allocator:allocator minimum_length:i64 memory_types:i32 buffer_usage:i32",
    "hal.buffer.allocation.preserve": "buffer:buffer",
    "hal.buffer.allocation.discard": "buffer:buffer -> i32",
    "hal.buffer.allocation.is_terminal": "buffer:buffer -> i32",
    "hal.buffer.subspan": "source_buffer:buffer source_offset:i64 length:i64 -> buffer",
    "hal.buffer.length": "buffer:buffer -> i64",
    "hal.buffer.load": "source_buffer:buffer source_offset:i64 length:i32 -> i32",
    "hal.buffer.store": "value:i32 target_buffer:buffer target_offset:i64 length:i32",
    "hal.buffer_view.create": (
        "buffer:buffer source_offset:i64 source_length:i64 element_type:i32 encoding_type:i32 shape:i64* -> buffer_view"
    ),
    "hal.buffer_view.assert": "buffer_view:buffer_view message:bytes element_type:i32 encoding_type:i32 shape:i64*",
    "hal.buffer_view.buffer": "buffer_view:buffer_view -> buffer",
    "hal.buffer_view.element_type": "buffer_view:buffer_view -> i32",
    "hal.buffer_view.encoding_type": "buffer_view:buffer_view -> i32",
    "hal.buffer_view.rank": "buffer_view:buffer_view -> i32",
    "hal.buffer_view.dim": "buffer_view:buffer_view index:i32 -> i64",
    "hal.buffer_view.trace": "key:bytes operands:buffer_view*",
    "hal.command_buffer.create": "device:device modes:i32 command_categories:i32 queue_affinity:i64 binding_capacity:i32 -> command_buffer",
    "hal.command_buffer.finalize": "command_buffer:command_buffer",
    "hal.command_buffer.begin_debug_group": "command_buffer:command_buffer label:bytes",
    "hal.command_buffer.end_debug_group": "command_buffer:command_buffer",
    "hal.command_buffer.execution_barrier": "command_buffer:command_buffer source_stage_mask:i32 target_stage_mask:i32 flags:i64",
    "hal.command_buffer.fill_buffer": (
        "command_buffer:command_buffer target_buffer:buffer target_offset:i64 length:i64 target_buffer_slot:i32 pattern:i64 "
        "pattern_length:i32 flags:i64"
    ),
    "hal.command_buffer.update_buffer": (
        "command_buffer:command_buffer source_buffer:bytes source_offset:i64 target_buffer:buffer target_offset:i64 length:i64 "
        "target_buffer_slot:i32 flags:i64"
    ),
    "hal.command_buffer.copy_buffer": (
        "command_buffer:command_buffer source_buffer_slot:i32 target_buffer_slot:i32 source_buffer:buffer source_offset:i64 "
        "target_buffer:buffer target_offset:i64 length:i64 flags:i64"
    ),
    "hal.command_buffer.dispatch": (
        "command_buffer:command_buffer executable:executable function_id:i64 workgroup_x:i32 workgroup_y:i32 workgroup_z:i32 flags:i64 "
        "constants:i32* bindings:(i32,i32,buffer,i64,i64)*"
    ),
    "hal.command_buffer.dispatch.indirect": (
        "command_buffer:command_buffer executable:executable function_id:i64 workgroups_buffer_slot:i32 workgroups_buffer:buffer "
        "workgroups_offset:i64 flags:i64 constants:i32* bindings:(i32,i32,buffer,i64,i64)*"
    ),
    "hal.device.allocator": "device:device -> allocator",
    "hal.device.query.i64": "device:device category:bytes key:bytes -> i32 i64",
    "hal.device.queue.alloca": f"{QUEUE} pool:i64 memory_types:i32 buffer_usage:i32 allocation_size:i64 flags:i64 -> buffer",
    "hal.device.queue.dealloca": f"{QUEUE} buffer:buffer flags:i64",
    "hal.device.queue.fill": f"{QUEUE} target_buffer:buffer target_offset:i64 length:i64 pattern:i64 pattern_length:i32 flags:i64",
    "hal.device.queue.update": (
        f"{QUEUE} source_buffer:bytes source_offset:i64 target_buffer:buffer target_offset:i64 length:i64 flags:i64"
    ),
    "hal.device.queue.copy": (
        f"{QUEUE} source_buffer:buffer source_offset:i64 target_buffer:buffer target_offset:i64 length:i64 flags:i64"
    ),
    "hal.device.queue.read": f"{QUEUE} source_file:file source_offset:i64 target_buffer:buffer target_offset:i64 length:i64 flags:i64",
    "hal.device.queue.write": f"{QUEUE} source_buffer:buffer source_offset:i64 target_file:file target_offset:i64 length:i64 flags:i64",
    "hal.device.queue.barrier": f"{QUEUE} flags:i64",
    "hal.device.queue.execute": f"{QUEUE} command_buffer:command_buffer flags:i64",
    "hal.device.queue.execute.indirect": f"{QUEUE} command_buffer:command_buffer flags:i64 binding_table:(buffer,i64,i64)*",
    "hal.device.queue.flush": "device:device queue_affinity:i64",
    "hal.devices.count": "-> i32",
    "hal.devices.get": "index:i32 -> device",
    "hal.executable.create": (
        "device:device queue_affinity:i64 executable_format:bytes executable_data:bytes constants:bytes -> executable"
    ),
    "hal.executable.lookup.function": "executable:executable function_name:bytes -> i64",
    "hal.fence.create": "device:device flags:i64 -> fence",
    "hal.fence.join": "flags:i64 fences:fence* -> fence",
    "hal.fence.query": "fence:fence -> i32",
    "hal.fence.signal": "fence:fence",
    "hal.fence.fail": "fence:fence status:i32",
    "hal.fence.await": "timeout_millis:i32 flags:i64 fences:fence* -> i32",
    "check.expect_true": "operand:i32",
    "check.expect_false": "operand:i32",
    "check.expect_all_true": "device:device operand:buffer_view",
    "check.expect_eq": "device:device lhs:buffer_view rhs:buffer_view",
    "check.expect_almost_eq": "device:device lhs:buffer_view rhs:buffer_view atol:f32 rtol:f32",
}

PURE = {
    f"hal.{name}"
    for name in (
        "allocator.select", "buffer.subspan", "buffer.length", "buffer_view.create", "buffer_view.buffer", "buffer_view.element_type",
        "buffer_view.encoding_type", "buffer_view.rank", "buffer_view.dim", "device.allocator", "device.query.i64", "devices.count",
        "devices.get", "executable.create", "executable.lookup.function", "fence.join",
    )
}  # fmt: skip
YIELDS = {"hal.fence.await"}
MINIMUM_VERSION = {
    "hal.command_buffer.create": 6,
    "hal.command_buffer.dispatch": 7,
    "hal.command_buffer.dispatch.indirect": 7,
    "hal.executable.lookup.function": 7,
}

_SCALARS: dict[str, Attribute] = {"i32": i32, "i64": i64, "f32": f32, "bytes": vm.BufferType()}
_OBJECTS: dict[str, Attribute] = {
    cls.name.removeprefix("hal."): vm.RefType(cls())
    for cls in (
        *(hal.AllocatorType, hal.BufferType, hal.BufferViewType, hal.CommandBufferType),
        *(hal.DeviceType, hal.ExecutableType, hal.FenceType, hal.FileType),
    )
}


@dataclass(frozen=True)
class Argument:
    """An argument of an import; `type` is a tuple for grouped values."""

    name: str
    type: Attribute
    variadic: bool


@dataclass(frozen=True)
class Import:
    """A function of another module."""

    name: str
    arguments: tuple[Argument, ...]
    results: tuple[Attribute, ...]

    @property
    def variadic(self) -> bool:
        return any(argument.variadic for argument in self.arguments)

    @property
    def pure(self) -> bool:
        return self.name in PURE

    @property
    def optional(self) -> bool:
        """Whether a program runs without it: expectations matter to tests only."""
        return self.name.startswith("check.")

    def declaration(self) -> vm.ImportOp:
        """The `vm.import` op."""
        attributes: dict[str, Attribute] = {}
        if self.pure:
            attributes["nosideeffects"] = UnitAttr()
        if self.name in YIELDS:
            attributes["vm.yield"] = UnitAttr()
        op = vm.ImportOp(
            self.name,
            FunctionType.from_lists([argument.type for argument in self.arguments], self.results),
            arguments=[(argument.name, argument.variadic) for argument in self.arguments],
            minimum_version=MINIMUM_VERSION.get(self.name),
            attributes=attributes,
        )
        if self.optional:
            op.properties["is_optional"] = UnitAttr()
        return op


def _type(text: str) -> Attribute:
    if text.startswith("("):
        return TupleType(ArrayAttr(_type(member) for member in text[1:-1].split(",")))  # pyright: ignore[reportArgumentType]
    return _SCALARS.get(text) or _OBJECTS[text]


@cache
def find_import(name: str) -> Import:
    """The import `name` of the table. Raises KeyError."""
    inputs, _, results = IMPORTS[name].partition("->")
    arguments = []
    for argument in inputs.split():
        label, _, type = argument.partition(":")
        arguments.append(Argument(label, _type(type.rstrip("*")), type.endswith("*")))
    return Import(name, tuple(arguments), tuple(_type(result) for result in results.split()))
