"""The functions of executables and the commands that run them, for passes that change both sides at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, FunctionType, ModuleOp, i32
from xdsl.ir import Attribute, BlockArgument, SSAValue

from pyrie.dialects import func, stream
from pyrie.dialects.stream.types import BindingType
from pyrie.ir.diagnostics import unsupported_at
from pyrie.passes.stream.emitter import host_functions


@dataclass
class DispatchSites:
    """A function of an executable and every dispatch that runs it, in program order."""

    function: func.FuncOp
    dispatches: list[stream.CmdDispatchOp] = field(default_factory=list)

    @property
    def bindings(self) -> list[BlockArgument]:
        """Arguments that are resources, in order."""
        return [argument for argument in self.function.body.blocks[0].args if isinstance(argument.type, BindingType)]

    @property
    def operands(self) -> list[BlockArgument]:
        """Arguments that are values, in order."""
        return [argument for argument in self.function.body.blocks[0].args if not isinstance(argument.type, BindingType)]

    def add_operand(self, type: Attribute) -> BlockArgument:
        """A new last argument of the function."""
        entry = self.function.body.blocks[0]
        argument = entry.insert_arg(type, len(entry.args))
        if self.function.arg_attrs is not None:
            self.function.properties["arg_attrs"] = ArrayAttr([*self.function.arg_attrs, DictionaryAttr({})])
        self.refresh_type()
        return argument

    def erase_operand(self, argument: BlockArgument) -> None:
        """Removes an argument that nothing uses."""
        if self.function.arg_attrs is not None:
            attributes = list(self.function.arg_attrs)
            del attributes[argument.index]
            self.function.properties["arg_attrs"] = ArrayAttr(attributes)
        argument.block.erase_arg(argument)
        self.refresh_type()

    def refresh_type(self) -> None:
        """Makes the function's type that of its arguments."""
        entry = self.function.body.blocks[0]
        outputs = list(self.function.function_type.outputs)
        self.function.function_type = FunctionType.from_lists([argument.type for argument in entry.args], outputs)


def dispatch_sites(module: ModuleOp) -> list[DispatchSites]:
    """Every exported function that has a body, with its dispatches. Raises UnsupportedError for a dispatch of one of several functions."""
    found: dict[func.FuncOp, DispatchSites] = {}
    exports: dict[tuple[str, str], DispatchSites] = {}
    for executable in module.body.block.ops:
        if not isinstance(executable, stream.ExecutableOp):
            continue
        functions = {op.sym_name.data: op for op in executable.walk() if isinstance(op, func.FuncOp) and op.body.blocks}
        for export in executable.body.block.ops:
            if isinstance(export, stream.ExecutableExportOp):
                function = functions.get(export.function_ref.root_reference.data)
                if function is not None:
                    sites = found.setdefault(function, DispatchSites(function))
                    exports[executable.sym_name.data, export.sym_name.data] = sites
    for host in host_functions(module):
        for op in host.walk():
            if isinstance(op, stream.CmdDispatchOp):
                if len(op.entry_points) > 1:
                    raise unsupported_at(op, "has several entry points", hint="one target is supported for each dispatch")
                point = op.entry_points.data[0]
                key = point.root_reference.data, point.nested_references.data[-1].data
                if key in exports:
                    exports[key].dispatches.append(op)
    return list(found.values())


def set_uniform_operands(op: stream.CmdDispatchOp, values: list[SSAValue]) -> None:
    """Replaces the uniform operands of a dispatch."""
    workload, old = len(op.workload), len(op.uniform_operands)
    op.operands = [*op.operands[:workload], *values, *op.operands[workload + old :]]
    segments = op.properties["operandSegmentSizes"]
    assert isinstance(segments, DenseArrayBase)
    sizes = [int(size) for size in segments.get_values()]
    sizes[1] = len(values)
    op.properties["operandSegmentSizes"] = DenseArrayBase.from_list(i32, sizes)
