"""The `llvm-cpu` target backend: strategies, kernels, objects, and an embedded ELF for each variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Attribute, Operation

from pyrie.codegen.cpu import library
from pyrie.codegen.cpu.emit.module import emit_executable, emit_library
from pyrie.codegen.cpu.kernels import PLANS, choose_plans, is_dispatch, lower_function
from pyrie.codegen.cpu.machine import KERNEL_FEATURES, Machine, data_layout, describe, from_attributes
from pyrie.codegen.cpu.objects import compile_object
from pyrie.codegen.cpu.preparation import prepare
from pyrie.codegen.target import Binary, TargetOptions
from pyrie.dialects import func, hal
from pyrie.format import elf
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import error_at
from pyrie.support.errors import CompileError


class CPUBackend:
    """Makes CPU executables. See `pyrie.codegen.target.TargetBackend`."""

    name = "llvm-cpu"

    def executable_targets(self, options: TargetOptions) -> tuple[Attribute, ...]:
        """One target: the machine the options describe, spelled out feature by feature."""
        machine = describe(options.cpu, options.cpu_features, options.triple)
        configuration = {
            "cpu": StringAttr(machine.cpu),
            "cpu_features": StringAttr(machine.feature_string),
            "data_layout": StringAttr(data_layout(machine)),
            "native_vector_size": IntegerAttr(machine.vector_bytes, i64),
            "target_triple": StringAttr(machine.triple),
        }
        format = StringAttr(machine.executable_format)
        return (hal.ExecutableTargetAttr(StringAttr(self.name), format, DictionaryAttr(configuration)),)

    def configure(self, context: Context, variant: Operation) -> None:
        machine = machine_of(variant)
        for module in _modules(variant):
            for function in _functions(module):
                if PLANS not in function.attributes and is_dispatch(function):
                    prepare(function)
                    function.attributes[PLANS] = ArrayAttr([plan.attribute() for plan in choose_plans(function, machine)])

    def translate(self, context: Context, variant: Operation) -> None:
        self.configure(context, variant)
        machine = machine_of(variant)
        assert isinstance(variant, hal.ExecutableVariantOp)
        exports = {export.sym_name.data: export for export in variant.exports}
        for module in _modules(variant):
            for function in _functions(module):
                lower_function(function, module, machine, exports.get(function.sym_name.data))

    def serialize(self, context: Context, variant: Operation, objects: Sequence[tuple[str, bytes]] = ()) -> Binary:
        machine = machine_of(variant)
        assert isinstance(variant, hal.ExecutableVariantOp)
        exports = sorted(variant.exports, key=_ordinal)
        if not exports:
            raise CompileError("an executable variant without exports")
        entries = [_export(export) for export in exports]
        parent = variant.parent_op()
        name = parent.sym_name.data if isinstance(parent, hal.ExecutableOp) else variant.sym_name.data
        modules = _modules(variant)
        if not modules and not objects:
            raise error_at(variant, "has neither code nor objects")
        kernels, tables = emit_executable(modules, entries, machine, name) if modules else ([], emit_library(entries, machine, name))
        compiled = {kernel.symbol: compile_object(kernel.text, machine) for kernel in kernels}
        library_object = compile_object(tables, machine, frozenset(compiled) or frozenset(entry.name for entry in entries))
        linked = {**compiled, name: library_object, **dict(objects)}
        image = elf.link(list(linked.values()), exported=[library.QUERY], names=list(linked))
        sources = {f"{kernel.symbol}.ll": kernel.text for kernel in kernels}
        parts = {f"{symbol}.o": data for symbol, data in compiled.items()}
        return Binary(
            machine.executable_format,
            image,
            machine.features & KERNEL_FEATURES,
            is_element_aligned=not objects,  # of others' code nothing is known
            intermediates={**sources, **parts, "library.ll": tables},
        )


def machine_of(variant: Operation) -> Machine:
    """The machine that a variant's target attribute describes."""
    assert isinstance(variant, hal.ExecutableVariantOp)
    configuration = variant.target.configuration.data

    def text(name: str, default: str) -> str:
        value = configuration.get(name)
        return value.data if isinstance(value, StringAttr) else default

    default = describe("generic", "", None)
    features = text("cpu_features", default.feature_string)
    return from_attributes(text("cpu", default.cpu), features, text("target_triple", default.triple))


def _modules(variant: Operation) -> list[ModuleOp]:
    return [op for op in variant.regions[0].block.ops if isinstance(op, ModuleOp)]


def _functions(module: ModuleOp) -> list[func.FuncOp]:
    return [op for op in module.body.block.ops if isinstance(op, func.FuncOp) and op.body.blocks]


def _ordinal(export: hal.ExecutableExportOp) -> int:
    return export.ordinal.value.data if export.ordinal is not None else 0


def _export(export: hal.ExecutableExportOp) -> library.Export:
    name = export.sym_name.data
    layout = export.layout
    local = export.workgroup_local_memory
    bytes_ = local.value.data if local is not None else 0
    return library.Export(name, layout.constants.data, len(cast(ArrayAttr, layout.bindings).data), bytes_)
