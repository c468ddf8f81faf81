"""Gives every kernel a ring buffer to write events to, and the program a function that hands the events out."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from string import Template
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    SymbolRefAttr,
    VectorType,
    i8,
    i32,
)
from xdsl.ir import Block, Operation
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import arith, func, hal, stream, util
from pyrie.format.flatbuffer_writer import Scalar, Table, build
from pyrie.ir.context import Context
from pyrie.ir.elements import from_numpy
from pyrie.ir.locations import UNKNOWN
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_attribute, print_module
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.device_analysis import device_globals
from pyrie.passes.hal.executable_variants import inner_module
from pyrie.passes.stream.emitter import host_functions
from pyrie.support.errors import InputError
from pyrie.support.shape import align

BUFFER = "__dispatch_instrumentation"
PADDING = 4096  # behind the ring: room for an event that runs over its end, and in the last eight bytes the write position
CHUNK_MAGIC, METADATA, RING = b"0IDB", 0, 1  # each part of what tools read is a chunk: magic, kind, version, bytes without padding
CHUNK_ALIGNMENT = 16
METADATA_IDENTIFIER = b"IDBD"
UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}

HOST = Template("""
util.global public @$buffer : !stream.resource<external>
util.initializer {
  %size = arith.constant $size : index
  %made = stream.resource.alloc uninitialized : !stream.resource<external>{%size}
  util.global.store %made, @$buffer : !stream.resource<external>
  util.return
}
util.func public @__query_instruments(%list: !util.list<?>) {
  $parts
  %buffer = util.global.load @$buffer : !stream.resource<external>
  %size = arith.constant $size : index
  %events = stream.tensor.export %buffer : tensor<${size}xi8> in !stream.resource<external>{%size} -> !hal.buffer_view
  %old = util.list.size %list : !util.list<?>
  %count = arith.constant $count : index
  %new = arith.addi %old, %count : index
  util.list.resize %list, %new : !util.list<?>
  $items
  util.return
}
""")


@dataclass(frozen=True)
class MaterializeDispatchInstrumentation(ModulePass):
    """Adds to each kernel a binding for a ring buffer of `buffer_size` bytes and the number of the dispatch, and notes each workgroup.

    before:  func.func @f(%a: !stream.binding) { ... }                    stream.cmd.dispatch @e::@f { ro %r[...] }
    after:   func.func @f(%a: !stream.binding, %ring: !stream.binding, %site: i32) { hal.instrument.workgroup[...] dispatch(%site) ... }
             stream.cmd.dispatch @e::@f(%c0_i32) { ro %r[...], rw %ring[...] }
             util.func public @__query_instruments(%list) appends chunks: which functions and dispatches there are, and the ring

    Legal because kernels only add to the ring, atomically, and nothing of the program reads it. Size and order of the parts are what
    IREE's tools expect. Kernels whose code is elsewhere are left alone.
    """

    name: ClassVar[str] = "iree-hal-materialize-dispatch-instrumentation"

    buffer_size: str = "64mib"

    def apply(self, context: Context, module: ModuleOp) -> None:
        first = module.body.block.first_op
        if first is None:
            return
        size = byte_count(self.buffer_size) + PADDING
        functions: list[Table] = []
        numbers: dict[SymbolRefAttr, int] = {}
        for executable in [op for op in module.body.block.ops if isinstance(op, stream.ExecutableOp)]:
            _instrument_kernels(executable, size, functions, numbers)
        sites: list[Table] = []
        for function in host_functions(module):
            for op in [op for op in function.walk() if isinstance(op, stream.CmdExecuteOp)]:
                _instrument_execution(op, size, numbers, sites)
        metadata = build(Table({2: functions, 3: sites}), METADATA_IDENTIFIER)[4:]  # tools expect no size in front
        made = parse_module(_host_text(size, bytes(metadata)), context, name="<instrumentation>")
        devices = list(device_globals(module))
        point = InsertPoint.after(devices[-1]) if devices else InsertPoint.before(first)  # the ring is allocated on a device
        for op in list(made.body.block.ops):
            for inner in op.walk():
                inner.location = UNKNOWN
            op.detach()
            Rewriter.insert_op(op, point)


def byte_count(text: str) -> int:
    """`64mib` in bytes. Raises InputError unless it is a power of two."""
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.lower())
    count = int(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else 0
    if count <= 0 or count & (count - 1):
        raise InputError(f"'{text}' is no size that is a power of two", hint=f"write 64mib; units: {', '.join(filter(None, UNITS))}")
    return count


def _instrument_kernels(executable: stream.ExecutableOp, size: int, found: list[Table], numbers: dict[SymbolRefAttr, int]) -> None:
    code = inner_module(executable)
    functions = SymbolTable(code) if code is not None else None
    for export in [op for op in executable.body.block.ops if isinstance(op, stream.ExecutableExportOp)]:
        function = functions.lookup(export.function_ref) if functions is not None else None
        if not isinstance(function, func.FuncOp) or not function.body.blocks:
            continue
        source = print_module(function, aliases=False).rstrip("\n")
        numbers[SymbolRefAttr(executable.sym_name.data, [export.sym_name.data])] = len(numbers)
        found.append(Table({0: export.sym_name.data, 1: "", 3: source}))
        _add_arguments(function, size)


def _add_arguments(function: func.FuncOp, size: int) -> None:
    entry = function.body.blocks[0]
    known = function.arg_attrs.data if function.arg_attrs is not None else (DictionaryAttr({}),) * len(entry.args)
    aligned = DictionaryAttr({"stream.alignment": IntegerAttr.from_index_int_value(64)})
    ring = entry.insert_arg(stream.BindingType(), len(entry.args))
    site = entry.insert_arg(i32, len(entry.args))
    inputs = [argument.type for argument in entry.args]
    function.properties["function_type"] = FunctionType.from_lists(inputs, function.function_type.outputs.data)
    function.properties["arg_attrs"] = ArrayAttr([*known, aligned, DictionaryAttr({})])
    zero = arith.ConstantOp(IntegerAttr.from_index_int_value(0))
    view = stream.BindingSubspanOp.build(operands=[ring, zero.results[0], []], result_types=[MemRefType(i8, [size])])
    _insert(entry, entry.first_op, zero, view, hal.InstrumentWorkgroupOp(view.result, site))


def _instrument_execution(op: stream.CmdExecuteOp, size: int, numbers: dict[SymbolRefAttr, int], sites: list[Table]) -> None:
    """Captures the ring and passes it to the dispatches inside, each with a number of its own."""
    block = op.parent
    assert block is not None
    load = util.GlobalLoadOp(BUFFER, stream.ResourceType("external"))
    zero = arith.ConstantOp(IntegerAttr.from_index_int_value(0))
    length = arith.ConstantOp(IntegerAttr.from_index_int_value(size))
    _insert(block, op, load, zero, length)
    inside = op.body.block
    ring = inside.insert_arg(load.result.type, len(inside.args))
    for dispatch in [inner for inner in inside.walk() if isinstance(inner, stream.CmdDispatchOp)]:
        number = next((numbers[point] for point in dispatch.entry_points if point in numbers), None)
        if number is None:
            continue
        site = arith.ConstantOp(IntegerAttr(len(sites), i32))
        _insert(block, op, site)
        sites.append(Table({0: Scalar("I", number)}))
        made = stream.CmdDispatchOp.build(
            operands=[
                dispatch.workload,
                [*dispatch.uniform_operands, site.results[0]],
                [*dispatch.resources, ring],
                [*dispatch.resource_sizes, length.results[0]],
                [*dispatch.resource_offsets, zero.results[0]],
                [*dispatch.resource_lengths, length.results[0]],
            ],
            properties={
                "entry_points": dispatch.entry_points,
                "resource_accesses": ArrayAttr([*dispatch.resource_accesses, stream.ResourceAccessAttr("rw")]),
            },
            attributes=dict(dispatch.attributes),
        )
        _replace(dispatch, made)
    made = stream.CmdExecuteOp.build(
        operands=[
            [*op.resource_operands, load.result],
            [*op.resource_operand_sizes, length.results[0]],
            [op.await_timepoint] if op.await_timepoint is not None else [],
        ],
        properties={key: value for key, value in op.properties.items() if key != "operandSegmentSizes"},
        attributes=dict(op.attributes),
        result_types=[op.result_timepoint.type],
        regions=[op.detach_region(op.body)],
    )
    _replace(op, made)


def _insert(block: Block, anchor: Operation | None, *ops: Operation) -> None:
    for op in ops:
        if anchor is None:
            block.add_op(op)
        else:
            block.insert_op_before(op, anchor)


def _replace(op: Operation, made: Operation) -> None:
    assert op.parent is not None
    made.location = op.location
    op.parent.insert_op_before(made, op)
    for old, new in zip(op.results, made.results, strict=True):
        old.replace_all_uses_with(new)
    op.detach()
    op.erase()


def _host_text(size: int, metadata: bytes) -> str:
    """The buffer and the query: a chunk of metadata and a chunk of events, as items of a list."""
    parts: list[str] = []
    items: list[str] = []

    def add(data: bytes, text: str = "", more: str = "") -> None:
        name = f"%part{len(items)}"
        elements = print_attribute(from_numpy(np.frombuffer(data, np.int8), VectorType(i8, [len(data)]), elide=False))
        parts.append(f"{name} = util.buffer.constant {text}<alignment = {CHUNK_ALIGNMENT}{more}> : !util.buffer = {elements}")
        items.append(f"{name} : !util.buffer")

    def add_padding(length: int) -> None:
        if missing := align(length, CHUNK_ALIGNMENT) - length:
            add(bytes(missing))

    add(struct.pack("<4sHHQ", CHUNK_MAGIC, METADATA, 0, len(metadata)))
    add(metadata, '"dispatch_instrument.fb" ', ', mime_type = "application/x-flatbuffers"')
    add_padding(len(metadata))
    add(struct.pack("<4sHHQ", CHUNK_MAGIC, RING, 0, size))
    items.append("%events : !hal.buffer_view")
    add_padding(size)
    sets: list[str] = []
    for i, item in enumerate(items):
        value, _, type = item.partition(" : ")
        sets += [f"%offset{i} = arith.constant {i} : index", f"%at{i} = arith.addi %old, %offset{i} : index"]
        sets.append(f"util.list.set %list[%at{i}], {value} : {type} -> !util.list<?>")
    return HOST.substitute(buffer=BUFFER, size=size, parts="\n  ".join(parts), items="\n  ".join(sets), count=len(items))
