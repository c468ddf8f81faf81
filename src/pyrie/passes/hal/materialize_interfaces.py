"""stream.executable -> hal.executable: one variant a target, with layouts that say how host and device meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IntAttr,
    IntegerAttr,
    ModuleOp,
    NoneAttr,
    StringAttr,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, BlockArgument, Operation, Region
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.codegen.target import TargetOptions, load_backend
from pyrie.dialects import arith, func, hal, stream
from pyrie.dialects.iree_codegen import ExportConfigAttr
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable, is_private, symbol_name
from pyrie.passes.hal.captures import is_dynamic
from pyrie.passes.hal.device_analysis import DeviceAnalysis, affinity_of, names_devices
from pyrie.passes.hal.executable_variants import inner_module
from pyrie.support.errors import VerifyError

LAYOUT = "hal.interface.layout"  # on an export: the layout its author chose
OBJECTS = "hal.executable.objects"  # on an executable: object files to link, by target
WORKGROUP_INFO: dict[type[Operation], type[hal.InterfaceWorkgroupIDOp | hal.InterfaceWorkgroupCountOp | hal.InterfaceWorkgroupSizeOp]] = {
    stream.DispatchWorkgroupIDOp: hal.InterfaceWorkgroupIDOp,
    stream.DispatchWorkgroupCountOp: hal.InterfaceWorkgroupCountOp,
    stream.DispatchWorkgroupSizeOp: hal.InterfaceWorkgroupSizeOp,
}


@dataclass(frozen=True)
class MaterializeInterfaces(ModulePass):
    """Gives each executable a variant for each target, and its functions an interface of bindings and 32-bit constants.

    before:  stream.executable @e { ... func.func @f(%a: i32, %b: !stream.binding) { stream.binding.subspan %b[%o] ... } }
    after:   hal.executable @e { hal.executable.variant @embedded_elf_x86_64 target(#t) {
               hal.executable.export @f ordinal(0) layout(#hal.pipeline.layout<constants = 1, bindings = [...]>) count(...) {...}
               ... func.func @f() { hal.interface.constant.load ... ; hal.interface.binding.subspan layout(...) binding(0) ... } } }

    An executable gets the variants of the devices it is dispatched on; a public one, those of all devices. `hal.executable.source`
    becomes variants as it is. A binding is read-only if no dispatch writes it, and indirect if its buffer may differ from one replay
    of a recording to the next. Legal because arguments are passed by position either way and every dispatch is changed to name the
    variants' exports.
    """

    name: ClassVar[str] = "iree-hal-materialize-interfaces"

    backends: tuple[str, ...] = ()  # what makes code for devices of which the program does not say what they run: the n-th, any
    cpu: str = "host"
    cpu_features: str = ""

    def apply(self, context: Context, module: ModuleOp) -> None:
        sources = [op for op in module.body.block.ops if isinstance(op, stream.ExecutableOp | hal.ExecutableSourceOp)]
        if not sources:
            return
        program = _Program(module, self._default_targets() if names_devices(module) else ())
        if not program.everywhere:
            raise error_at(
                module, "names no device, so there is nothing to compile its executables for", hint="give a target: --target=host"
            )
        for source in sources:
            of_stream = isinstance(source, stream.ExecutableOp)
            executable = _variants_of_stream(source, program) if of_stream else _variants_of_source(source, program)
            if executable is not None:
                Rewriter.insert_op(executable, InsertPoint.before(source))
                source.detach()
                source.erase()
        program.expand_entry_points()

    def _default_targets(self) -> tuple[hal.ExecutableTargetAttr, ...]:
        options = TargetOptions(cpu=self.cpu, cpu_features=self.cpu_features)
        targets = [target for name in self.backends for target in load_backend(name).executable_targets(options)]
        return tuple(target for target in targets if isinstance(target, hal.ExecutableTargetAttr))


def _fragment(target: hal.ExecutableTargetAttr) -> str:
    return target.symbol_fragment


class _Program:
    """Who dispatches what, for which targets, and what the entry points of dispatches have become."""

    def __init__(self, module: ModuleOp, default: Sequence[hal.ExecutableTargetAttr]):
        """`default`: what devices run of which the program does not say it."""
        analysis = DeviceAnalysis(module)
        self.everywhere = analysis.executable_targets() or default
        self.dispatches: dict[SymbolRefAttr, list[stream.CmdDispatchOp]] = {}
        self.targets: dict[stream.CmdDispatchOp, Sequence[hal.ExecutableTargetAttr]] = {}
        self.expansions: dict[SymbolRefAttr, list[tuple[hal.ExecutableTargetAttr, SymbolRefAttr]]] = {}
        for op in module.walk():
            if isinstance(op, stream.CmdDispatchOp):
                affinity = affinity_of(op)
                known = analysis.executable_targets(affinity) if affinity is not None else self.everywhere
                self.targets[op] = known or default or self.everywhere
                for point in op.entry_points:
                    self.dispatches.setdefault(point, []).append(op)

    def targets_of(self, executable: Operation, exports: Sequence[Operation]) -> list[hal.ExecutableTargetAttr]:
        """The targets of an executable, by symbol name: where it is dispatched, and all if others may dispatch it or nothing does."""
        points = [SymbolRefAttr(symbol_name(executable) or "", [symbol_name(export) or ""]) for export in exports]
        used = {target for point in points for dispatch in self.dispatches.get(point, ()) for target in self.targets[dispatch]}
        if not used or not is_private(executable):
            used |= set(self.everywhere)
        return sorted(used, key=_fragment)

    def expand_entry_points(self) -> None:
        """Makes each dispatch name the exports of the variants for the targets it runs on."""
        for dispatch, targets in self.targets.items():
            points: list[SymbolRefAttr] = []
            for old in dispatch.entry_points:
                expansion = self.expansions.get(old)
                points += [old] if expansion is None else [new for target, new in expansion if target in targets]
            dispatch.properties["entry_points"] = ArrayAttr(points)


def _new_executable(source: Operation) -> hal.ExecutableOp:
    visibility = source.properties.get("sym_visibility")
    executable = hal.ExecutableOp(symbol_name(source) or "", visibility=visibility.data if isinstance(visibility, StringAttr) else None)
    executable.location = source.location
    return executable


def _new_variant(
    symbols: SymbolTable, source: Operation, target: hal.ExecutableTargetAttr, objects: Attribute | None
) -> hal.ExecutableVariantOp:
    variant = hal.ExecutableVariantOp(target.symbol_fragment, target)
    variant.location = source.location
    if isinstance(objects, hal.ExecutableObjectsAttr) and (applicable := objects.applicable(target)) is not None:
        variant.properties["objects"] = applicable
    symbols.insert(variant)
    return variant


def _variants_of_source(source: hal.ExecutableSourceOp, program: _Program) -> hal.ExecutableOp:
    """Code written by hand: its author gave the layouts, so each variant takes everything as it is."""
    executable = _new_executable(source)
    symbols = SymbolTable(executable)
    exports = [op for op in source.body.block.ops if isinstance(op, hal.ExecutableExportOp)]
    name = source.sym_name.data
    for target in program.targets_of(source, exports):
        variant = _new_variant(symbols, source, target, source.objects)
        for op in source.body.block.ops:
            if isinstance(op, hal.ExecutableExportOp | ModuleOp):
                variant.body.block.add_op(op.clone())
        for export in exports:
            new = SymbolRefAttr(name, [variant.sym_name.data, export.sym_name.data])
            program.expansions.setdefault(SymbolRefAttr(name, [export.sym_name.data]), []).append((target, new))
    return executable


def _variants_of_stream(source: stream.ExecutableOp, program: _Program) -> hal.ExecutableOp | None:
    """Code that the compiler made: layouts follow from the dispatches. Without exports nothing is made."""
    exports = [op for op in source.body.block.ops if isinstance(op, stream.ExecutableExportOp)]
    if not exports:
        return None
    executable = _new_executable(source)
    symbols = SymbolTable(executable)
    inner = inner_module(source)
    name = source.sym_name.data
    for target in program.targets_of(source, exports):
        variant = _new_variant(symbols, source, target, source.attributes.get(OBJECTS))
        code = inner.clone() if inner is not None else None
        functions = SymbolTable(code) if code is not None else None
        for ordinal, export in enumerate(exports):
            old = SymbolRefAttr(name, [export.sym_name.data])
            function = functions.lookup(export.function_ref) if functions is not None else None
            if functions is not None and not isinstance(function, func.FuncOp):
                raise error_at(export, f"exports {export.function_ref}, which is no function of its module")
            layout = export.attributes.get(LAYOUT)
            if not isinstance(layout, hal.PipelineLayoutAttr):
                if not isinstance(function, func.FuncOp):
                    raise unsupported_at(source, "has no code", hint=f"without code each export needs {LAYOUT} = #hal.pipeline.layout<...>")
                layout = _layout(function, program.dispatches.get(old, []))
            new = hal.ExecutableExportOp(export.function_ref.string_value(), ordinal, layout, _count_region(export))
            new.location = export.location
            if (size := _workgroup_size(export)) is not None:
                new.properties["workgroup_size"] = size
            variant.body.block.add_op(new)
            point = SymbolRefAttr(name, [variant.sym_name.data, export.function_ref.string_value()])
            program.expansions.setdefault(old, []).append((target, point))
            if isinstance(function, func.FuncOp):
                _give_interface(function, layout)
        if code is not None:
            variant.body.block.add_op(code)
            _convert_workgroup_info(variant)
    return executable


def _workgroup_size(export: stream.ExecutableExportOp) -> ArrayAttr | None:
    """The workgroup size that an export configuration asks for, in three dimensions."""
    for attribute in export.attributes.values():
        if isinstance(attribute, ExportConfigAttr) and isinstance(sizes := attribute.get("workgroup_size"), ArrayAttr):
            numbers = [size.data for size in sizes if isinstance(size, IntAttr)]
            return ArrayAttr(IntegerAttr.from_index_int_value(number) for number in (*numbers, 1, 1, 1)[:3])
    return None


def _layout(function: func.FuncOp, dispatches: list[stream.CmdDispatchOp]) -> hal.PipelineLayoutAttr:
    """Bindings by how all dispatches of the function use them."""
    types = function.function_type.inputs.data
    count = sum(isinstance(t, stream.BindingType) for t in types)
    for dispatch in dispatches:
        given = len(dispatch.resources), len(dispatch.uniform_operands)
        if given != (count, len(types) - count):
            what = f"gives {given[0]} resources and {given[1]} operands to a kernel that takes {count} and {len(types) - count}"
            raise error_at(dispatch, what, kind=VerifyError)
    bindings: list[hal.PipelineBindingAttr] = []
    for i in range(count):
        flags = set()
        for dispatch in dispatches:
            if _may_be_rebound(dispatch, i):
                flags.add("Indirect")
        if dispatches and not any(dispatch.resource_accesses.data[i].writes for dispatch in dispatches):
            flags.add("ReadOnly")
        bindings.append(hal.PipelineBindingAttr.of(*sorted(flags)))
    constants = len(types) - count
    indirect = any("Indirect" in binding.flags.words for binding in bindings)
    flags = hal.PipelineLayoutFlagsAttr.of("Indirect") if indirect else NoneAttr()
    return hal.PipelineLayoutAttr(ArrayAttr(bindings), IntAttr(constants), flags)


def _may_be_rebound(dispatch: stream.CmdDispatchOp, index: int) -> bool:
    """Whether binding `index` goes through the binding table when the execution round the dispatch is replayed."""
    execution = dispatch.parent_op()
    while execution is not None and not isinstance(execution, stream.CmdExecuteOp):
        execution = execution.parent_op()
    if execution is None or execution.once is not None:
        return False
    resource = dispatch.resources[index]
    if isinstance(resource, BlockArgument) and resource.block is execution.body.block:
        resource = execution.resource_operands[resource.index]
    return is_dynamic(resource)


def _count_region(export: stream.ExecutableExportOp) -> Region:
    """The export's workgroup count region, which from here on gets the device as its first argument."""
    region = export.workgroup_count.clone()
    if region.blocks:
        block = region.block
        if not any(isinstance(argument.type, hal.DeviceType) for argument in block.args):
            block.insert_arg(hal.DeviceType(), 0)
        last = block.last_op
        if isinstance(last, stream.ReturnOp):
            Rewriter.replace_op(last, hal.ReturnOp.build(operands=[list(last.operands)]))
    return region


def _give_interface(function: func.FuncOp, layout: hal.PipelineLayoutAttr) -> None:
    """Replaces the function's arguments by loads of constants and views of bindings."""
    entry = function.body.blocks[0]
    attributes = function.arg_attrs.data if function.arg_attrs else [DictionaryAttr({})] * len(entry.args)
    constant = binding = 0
    loads: list[Operation] = []
    for argument, given in zip(entry.args, attributes, strict=True):
        alignment = _index_attr(given.data.get("stream.alignment"))
        if isinstance(argument.type, stream.BindingType):
            _replace_binding(argument, layout, binding, alignment)
            binding += 1
            continue
        load = hal.InterfaceConstantLoadOp(layout, constant, argument.type, alignment=alignment, values=given.data.get("stream.values"))
        load.location = function.location
        loads.append(load)
        argument.replace_all_uses_with(load.result)
        constant += 1
    for load in reversed(loads):
        Rewriter.insert_op(load, InsertPoint.at_start(entry))
    for argument in reversed(list(entry.args)):
        entry.erase_arg(argument)
    function.properties["function_type"] = FunctionType.from_lists([], [])
    function.properties.pop("arg_attrs", None)


def _index_attr(value: Attribute | None) -> IntegerAttr | None:
    return IntegerAttr.from_index_int_value(value.value.data) if isinstance(value, IntegerAttr) else None


def _replace_binding(argument: BlockArgument, layout: hal.PipelineLayoutAttr, binding: int, alignment: IntegerAttr | None) -> None:
    flags = layout.bindings.data[binding].flags
    for use in list(argument.uses):
        op = use.operation
        if not isinstance(op, stream.BindingSubspanOp):
            raise unsupported_at(op, "uses a binding", hint="only stream.binding.subspan does")
        dims = list(op.dynamic_dims)
        new = hal.InterfaceBindingSubspanOp(layout, binding, op.result.type, op.byte_offset, dims, alignment=alignment, flags=flags)
        new.location = op.location
        Rewriter.replace_op(op, new)


def _convert_workgroup_info(variant: hal.ExecutableVariantOp) -> None:
    """Workgroup numbers of the stream dialect become those of the interface, or constants where the export fixes its workgroup size."""
    exports = {export.sym_name.data: export for export in variant.exports}
    for op in list(variant.walk()):
        if (cls := WORKGROUP_INFO.get(type(op))) is None:
            continue
        dimension = op.properties["dimension"]
        assert isinstance(dimension, IntegerAttr)
        size = _fixed_size(op, exports) if cls is hal.InterfaceWorkgroupSizeOp else None
        if size is None:
            Rewriter.replace_op(op, cls.build(properties={"dimension": dimension}, result_types=[op.results[0].type]))
        else:
            Rewriter.replace_op(op, arith.ConstantOp(size.data[dimension.value.data]))


def _fixed_size(op: Operation, exports: dict[str, hal.ExecutableExportOp]) -> ArrayAttr | None:
    function = op.parent_op()
    while function is not None and not isinstance(function, func.FuncOp):
        function = function.parent_op()
    export = exports.get(function.sym_name.data) if function is not None else None
    return export.workgroup_size if export is not None else None
