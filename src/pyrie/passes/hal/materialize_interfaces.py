"""stream.executable -> hal.executable: one variant a target, with layouts that say how host and device meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, IntAttr, IntegerAttr, ModuleOp, NoneAttr, SymbolRefAttr
from xdsl.ir import Attribute, BlockArgument, Operation, Region
from xdsl.rewriter import InsertPoint, Rewriter

from pyrie.dialects import func, hal, stream
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at, unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.ir.symbol_table import SymbolTable
from pyrie.passes.hal.captures import is_dynamic
from pyrie.passes.hal.device_analysis import DeviceAnalysis
from pyrie.support.errors import VerifyError

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

    A binding is read-only if no dispatch writes it, and indirect if its buffer may differ from one replay of a recording to the next.
    Legal because arguments are passed by position either way and every dispatch is changed to name the variants' exports.
    """

    name: ClassVar[str] = "iree-hal-materialize-interfaces"

    def apply(self, context: Context, module: ModuleOp) -> None:
        sources = [op for op in module.body.block.ops if isinstance(op, stream.ExecutableOp)]
        if not sources:
            return
        targets = DeviceAnalysis(module).executable_targets()
        if not targets:
            raise error_at(
                module, "names no device, so there is nothing to compile its executables for", hint="give a target: --target=host"
            )
        dispatches = _dispatches_by_entry_point(module)
        expansions: dict[SymbolRefAttr, list[SymbolRefAttr]] = {}
        for source in sources:
            Rewriter.insert_op(_executable(source, targets, dispatches, expansions), InsertPoint.before(source))
            source.detach()
            source.erase()
        for dispatch in {op for ops in dispatches.values() for op in ops}:
            points = [new for old in dispatch.entry_points for new in expansions.get(old, [old])]
            dispatch.properties["entry_points"] = ArrayAttr(points)


def _dispatches_by_entry_point(module: ModuleOp) -> dict[SymbolRefAttr, list[stream.CmdDispatchOp]]:
    found: dict[SymbolRefAttr, list[stream.CmdDispatchOp]] = {}
    for op in module.walk():
        if isinstance(op, stream.CmdDispatchOp):
            for point in op.entry_points:
                found.setdefault(point, []).append(op)
    return found


def _executable(
    source: stream.ExecutableOp,
    targets: Sequence[hal.ExecutableTargetAttr],
    dispatches: dict[SymbolRefAttr, list[stream.CmdDispatchOp]],
    expansions: dict[SymbolRefAttr, list[SymbolRefAttr]],
) -> hal.ExecutableOp:
    name = source.sym_name.data
    executable = hal.ExecutableOp(name, visibility=source.sym_visibility.data if source.sym_visibility else None)
    executable.location = source.location
    symbols = SymbolTable(executable)
    exports = [op for op in source.body.block.ops if isinstance(op, stream.ExecutableExportOp)]
    inner = next((op for op in source.body.block.ops if isinstance(op, ModuleOp)), None)
    if inner is None:
        raise unsupported_at(source, "has no code", hint="executables hold a builtin.module with a func.func for each export")
    for target in targets:
        variant = hal.ExecutableVariantOp(target.format.data.replace("-", "_"), target)
        variant.location = source.location
        variant_name = symbols.insert(variant)
        code = inner.clone()
        functions = SymbolTable(code)
        for ordinal, export in enumerate(exports):
            old = SymbolRefAttr(name, [export.sym_name.data])
            function = functions.lookup(export.function_ref)
            if not isinstance(function, func.FuncOp):
                raise error_at(export, f"exports {export.function_ref}, which is no function of its module")
            layout = _layout(function, dispatches.get(old, []))
            new = hal.ExecutableExportOp(export.function_ref.string_value(), ordinal, layout, _count_region(export))
            new.location = export.location
            variant.body.block.add_op(new)
            expansions.setdefault(old, []).append(SymbolRefAttr(name, [variant_name, export.function_ref.string_value()]))
            _give_interface(function, layout)
        variant.body.block.add_op(code)
        _convert_workgroup_info(variant)
    return executable


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
    for op in list(variant.walk()):
        if (cls := WORKGROUP_INFO.get(type(op))) is not None:
            Rewriter.replace_op(op, cls.build(properties={"dimension": op.properties["dimension"]}, result_types=[op.results[0].type]))
