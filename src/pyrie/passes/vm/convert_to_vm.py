"""iree-vm-conversion"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import FloatAttr, FunctionType, IntegerAttr, IntegerType, ModuleOp, StringAttr, UnitAttr
from xdsl.ir import Attribute, Operation

from pyrie.dialects import hal, util, vm
from pyrie.format.reflection import REFLECTION
from pyrie.ir.context import Context
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.passes import ModulePass
from pyrie.passes.vm.conversion import host, objects, scalars
from pyrie.passes.vm.conversion.converter import Converter, convert_type
from pyrie.passes.vm.conversion.imports import IMPORTS
from pyrie.support.errors import InputError

RULE_MODULES = (host, objects, scalars)  # importing them registers their rules
BINARY_ALIGNMENT = 16


@dataclass(frozen=True)
class ConvertToVM(ModulePass):
    """Turns the host program into one `vm.module`.

    before:  util.func public @f(%x: index) -> !hal.fence { ... hal.fence.create device(%d : !hal.device) flags("None") : !hal.fence ... }
    after:   vm.func private @f(%x: i64) -> !vm.ref<!hal.fence> { ... vm.call @hal.fence.create(%d, %zero) ... }, vm.export @f, vm.import

    Legal op by op: index is an integer of `index_bits` (32 or 64), small integers are i32 whose upper bits mean nothing, objects are
    counted references, and each hal op is the call of the runtime that it stands for. Blocks that cannot be reached are dropped. Only
    imports that are called are declared.
    """

    name = "iree-vm-conversion"

    index_bits: int = 64

    def apply(self, context: Context, module: ModuleOp) -> None:
        if any(isinstance(op, vm.ModuleOp) for op in module.ops):
            return
        if self.index_bits not in (32, 64):
            raise InputError(f"an index of the VM has 32 or 64 bits, not {self.index_bits}")
        target = vm.ModuleOp(module.sym_name.data if module.sym_name else "module")
        converter = Converter(target, IntegerType(self.index_bits))
        converter.executables = {op.sym_name.data: op for op in module.ops if isinstance(op, hal.ExecutableOp)}
        converted: list[Operation] = []
        for op in module.ops:
            converted += _convert(converter, op)
        imports = [converter.imports[name].declaration() for name in IMPORTS if name in converter.imports]
        for op in [*converted, *imports]:
            target.body.block.add_op(op)
        for op in list(module.ops):
            op.detach()
            op.erase(safe_erase=False)
        module.body.block.add_op(target)
        module.properties.pop("sym_name", None)
        if (reflection := module.attributes.get(REFLECTION)) is not None:
            target.attributes[REFLECTION] = reflection
        module.attributes.clear()
        module.attributes["vm.toplevel"] = UnitAttr()


def _convert(c: Converter, op: Operation) -> list[Operation]:
    match op:
        case util.GlobalOp():
            return [_global(c, op)]
        case util.InitializerOp():
            return [_located(vm.InitializerOp(c.convert_region(op.body)), op)]
        case util.FuncOp():
            return _function(c, op)
        case hal.ExecutableOp():
            return [_binary(op, binary) for binary in op.binaries]
    raise unsupported_at(op, f"'{op.name}' cannot stand at the top of a program that is lowered to the VM")


def _located(new: Operation, old: Operation) -> Operation:
    new.location = old.location
    return new


def _global(c: Converter, op: util.GlobalOp) -> Operation:
    type = convert_type(op.type, c.index)
    if type is None:
        raise unsupported_at(op, f"the VM has no globals of type {op.type}")
    initial = op.initial_value
    if initial is not None and not hasattr(initial, "value"):
        if isinstance(initial, util.NullAttr | util.UninitializedAttr):
            initial = None
        else:
            raise unsupported_at(op, "a global of the VM begins as a number, null, or what an initializer stores")
    return _located(vm.make_global(op.sym_name.data, type, mutable=True, initial_value=_number(initial, type)), op)


def _number(value: Attribute | None, type: Attribute) -> Attribute | None:
    """A number as one of the VM's type."""
    if value is None:
        return None
    number = value.value.data  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(value, IntegerAttr):
        return FloatAttr(number, type)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return IntegerAttr(number & 1 if isinstance(value.type, IntegerType) and value.type.width.data == 1 else number, type)  # pyright: ignore


def _function(c: Converter, op: util.FuncOp) -> list[Operation]:
    types = [(convert_type(type, c.index), type) for type in (*op.function_type.inputs, *op.function_type.outputs)]
    for new, old in types:
        if new is None:
            raise unsupported_at(op, f"the VM has no values of type {old}", hint="tensors become buffer views in the abi and stream phases")
    inputs = len(op.function_type.inputs)
    converted = [new for new, _ in types if new is not None]
    function_type = FunctionType.from_lists(converted[:inputs], converted[inputs:])
    name = op.sym_name.data
    if not op.body.blocks:
        return [_located(vm.ImportOp(name, function_type, arguments=[("", False)] * inputs), op)]
    func = vm.FuncOp(name, function_type, c.convert_region(op.body))
    if op.inlining_policy is not None:
        func.properties["inlining_policy"] = op.inlining_policy
    for key, value in op.attributes.items():
        if key == REFLECTION or key.startswith("vm."):
            func.attributes[key] = value
    result = [_located(func, op)]
    if op.is_public:
        result.append(_located(vm.ExportOp(name, attributes=dict(op.attributes)), op))
    return result


def _binary(executable: hal.ExecutableOp, binary: hal.ExecutableBinaryOp) -> Operation:
    name = f"{executable.sym_name.data}_{binary.sym_name.data}"
    mime_type = binary.mime_type.data if isinstance(binary.mime_type, StringAttr) else None
    return _located(vm.RodataOp(name, binary.data, alignment=BINARY_ALIGNMENT, mime_type=mime_type), binary)
