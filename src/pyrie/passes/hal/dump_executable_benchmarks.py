"""Writes programs that do nothing but dispatch one kernel again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from string import Template
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Operation, SSAValue

from pyrie.dialects import arith, hal, stream
from pyrie.dialects.folding import constant_int
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import warn_at
from pyrie.ir.locations import fused
from pyrie.ir.parser import parse_module
from pyrie.ir.passes import ModulePass
from pyrie.ir.printer import print_attribute, print_module
from pyrie.ir.symbol_table import SymbolTable
from pyrie.ir.transforms.cse import CSE
from pyrie.passes.hal.device_analysis import affinity_of, device_globals
from pyrie.passes.hal.executable_files import module_name, write_listing
from pyrie.passes.stream.emitter import host_functions
from pyrie.support.shape import align

ALIGNMENT = 256  # of each binding within the benchmark's buffer
CONFLICT = "executable benchmarks need one device: there are multiple devices in the module"

# A buffer for all bindings, made when the program is loaded, and a function that `iree-benchmark-module` calls with how often to dispatch.
TEMPLATE = Template("""
util.global private mutable $buffer : !hal.buffer
util.initializer {
  %device, %affinity = hal.device.resolve on($affinity) : !hal.device, i64
  %allocator = hal.device.allocator<%device : !hal.device> : !hal.allocator
  %type = hal.memory_type<"DeviceLocal"> : i32
  %usage = hal.buffer_usage<"Transfer|DispatchStorage"> : i32
  %size = arith.constant $size : index
  %made = hal.allocator.allocate<%allocator : !hal.allocator> affinity(%affinity) type(%type) usage(%usage) : !hal.buffer{%size}
  util.global.store %made, $buffer : !hal.buffer
  util.return
}
util.func public $function(%batch_size: i32) attributes {iree.abi.stub, iree.reflection = {iree.benchmark = "dispatch"}} {
  %count = arith.index_cast %batch_size : i32 to index
  %device, %affinity = hal.device.resolve on($affinity) : !hal.device, i64
  %commands = hal.command_buffer.create device(%device : !hal.device) mode("OneShot|AllowInlineExecution") categories(Dispatch)
      affinity(%affinity) : !hal.command_buffer
  $constants
  %buffer = util.global.load $buffer : !hal.buffer
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  $numbers
  %x, %y, %z = hal.executable.calculate_workgroups device(%device : !hal.device) target($export) $workload : index, index, index
  %executable = hal.executable.lookup device(%device : !hal.device) executable($executable) : !hal.executable
  %kernel = hal.executable.lookup.function target(%executable : !hal.executable) function($export) : i64
  scf.for %i = %zero to %count step %one {
    hal.command_buffer.dispatch<%commands : !hal.command_buffer> target(%executable : !hal.executable)[%kernel]
        workgroups([%x, %y, %z]) $arguments bindings([$bindings]) flags("None")
    hal.command_buffer.execution_barrier<%commands : !hal.command_buffer> source("Dispatch|CommandRetire")
        target("CommandIssue|Dispatch") flags("None")
  }
  hal.command_buffer.finalize<%commands : !hal.command_buffer>
  %wait = util.null : !hal.fence
  %signal = hal.fence.create device(%device : !hal.device) flags("None") : !hal.fence
  hal.device.queue.execute<%device : !hal.device> affinity(%affinity) wait(%wait) signal(%signal) commands(%commands) flags("None")
  %forever = arith.constant -1 : i32
  %status = hal.fence.await until([%signal]) timeout_millis(%forever) flags("None") : i32
  util.status.check_ok %status, "failed to wait on timepoint"
  util.return
}
""")


@dataclass(frozen=True)
class DumpExecutableBenchmarks(ModulePass):
    """Writes `path`/MODULE_EXECUTABLE_VARIANT_benchmark.mlir for every variant that is dispatched with constants only.

    before:  stream.cmd.dispatch @e::@v::@f[%c512](%c7 : i32) { ro %a[%c0 for %c32], ... }
    after:   the same; the file holds the device, @e with its variant @v, and @e_v_f_512(%batch_size), which dispatches @f so often on
             buffers of these sizes

    One function for each export and workload. Legal because the module is only read.
    """

    name: ClassVar[str] = "iree-hal-dump-executable-benchmarks"

    path: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        devices = list(device_globals(module))
        if len(devices) != 1:
            what = CONFLICT if devices else "executable benchmarks need a device, and there is none in the module"
            warn_at(module, what, kind="warning" if devices else "remark")
            return
        known = _dispatches(module)
        if not known:
            warn_at(module, "there are no executable benchmarks: no dispatch has only constant sizes and operands", kind="remark")
            return
        for executable in [op for op in module.body.block.ops if isinstance(op, hal.ExecutableOp)]:
            for variant in executable.variants:
                benchmark = _benchmark(context, devices[0], executable, variant, known)
                if benchmark is not None:
                    name = f"{module_name(module)}_{executable.sym_name.data}_{variant.sym_name.data}_benchmark.mlir"
                    write_listing(variant, self.path, name, print_module(benchmark, aliases=False))


@dataclass
class _Dispatches:
    """All dispatches of one export with one workload: where they are, and with what the last of them runs."""

    workload: tuple[int, ...]
    affinities: dict[hal.DeviceAffinityAttr, None] = field(default_factory=dict)
    locations: list[Attribute] = field(default_factory=list)
    constants: list[Attribute] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def _dispatches(module: ModuleOp) -> dict[SymbolRefAttr, dict[tuple[int, ...], _Dispatches]]:
    """The dispatches that a benchmark can repeat, by export and workload."""
    known: dict[SymbolRefAttr, dict[tuple[int, ...], _Dispatches]] = {}
    for function in host_functions(module):
        for op in function.walk():
            if not isinstance(op, stream.CmdDispatchOp):
                continue
            affinity = affinity_of(op)
            workload, sizes = _integers(op.workload), _integers(op.resource_lengths)
            constants = [_constant(value) for value in op.uniform_operands]
            if not isinstance(affinity, hal.DeviceAffinityAttr) or workload is None or sizes is None or None in constants:
                continue
            for entry_point in op.entry_points:
                same = known.setdefault(entry_point, {}).setdefault(tuple(workload), _Dispatches(tuple(workload)))
                same.affinities[affinity] = None
                same.locations.append(op.location)
                same.constants = [value for value in constants if value is not None]
                same.sizes = sizes
    return known


def _integers(values: Iterable[SSAValue]) -> list[int] | None:
    found = [constant_int(value) for value in values]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None


def _constant(value: SSAValue) -> Attribute | None:
    return value.owner.value if isinstance(value.owner, arith.ConstantOp) else None


def _benchmark(
    context: Context,
    device: Operation,
    executable: hal.ExecutableOp,
    variant: hal.ExecutableVariantOp,
    known: dict[SymbolRefAttr, dict[tuple[int, ...], _Dispatches]],
) -> ModuleOp | None:
    """The module that measures the exports of one variant; None if no dispatch of them is known."""
    alone = hal.ExecutableOp(executable.sym_name.data, visibility="private")
    alone.location = executable.location
    alone.body.block.add_op(variant.clone())
    module = ModuleOp([device.clone(), alone])
    for export in variant.exports:
        path = SymbolRefAttr(executable.sym_name.data, [variant.sym_name.data, export.sym_name.data])
        for dispatches in known.get(path, {}).values():
            stem = "_".join((executable.sym_name.data, variant.sym_name.data, export.sym_name.data))
            size = "x".join(map(str, dispatches.workload))
            for affinity in dispatches.affinities:
                name = SymbolTable(module).unique_name(f"{stem}_{size}" if size else stem)
                made = parse_module(_text(name, path, dispatches, affinity), context, name="<benchmark>")
                location = fused(dispatches.locations)
                for op in list(made.body.block.ops):
                    for inner in op.walk():
                        inner.location = location
                    op.detach()
                    module.body.block.add_op(op)
    if len(module.body.block.ops) == 2:
        return None
    CSE().apply(context, module)
    return module


def _text(name: str, path: SymbolRefAttr, dispatches: _Dispatches, affinity: hal.DeviceAffinityAttr) -> str:
    bindings: list[str] = []
    numbers: list[str] = []
    offset = 0
    for i, size in enumerate(dispatches.sizes):
        numbers += [f"%offset{i} = arith.constant {offset} : index", f"%size{i} = arith.constant {size} : index"]
        bindings.append(f"(%buffer : !hal.buffer)[%offset{i}, %size{i}]")
        offset = align(offset + size, ALIGNMENT)
    numbers += [f"%w{i} = arith.constant {number} : index" for i, number in enumerate(dispatches.workload)]
    workload = ", ".join(f"%w{i}" for i in range(len(dispatches.workload)))
    arguments = ", ".join(f"%k{i}" for i in range(len(dispatches.constants)))
    return TEMPLATE.substitute(
        buffer=print_attribute(SymbolRefAttr(f"{name}_buffer")),
        function=print_attribute(SymbolRefAttr(name)),
        executable=print_attribute(SymbolRefAttr(path.root_reference.data)),
        export=print_attribute(path),
        affinity=print_attribute(affinity),
        size=offset,
        constants="\n  ".join(f"%k{i} = arith.constant {print_attribute(value)}" for i, value in enumerate(dispatches.constants)),
        numbers="\n  ".join(numbers),
        workload=f"workload([{workload}])" if workload else "",
        arguments=f"constants([{arguments}])" if arguments else "",
        bindings=", ".join(bindings),
    )
