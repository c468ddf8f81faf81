"""The state of one conversion to the VM: where ops go, which value became which, and the rules by op class.

Ops are converted one by one in an order in which definitions come before uses; a rule reads the converted operands and emits vm ops.
A rule may end the current block (a check that fails, a call that waits) and go on in a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pyrie.dialects import util, vm
from pyrie.dialects.hal import types as hal_types
from pyrie.ir.diagnostics import unsupported_at
from pyrie.ir.dominance import reverse_post_order
from pyrie.passes.vm.conversion.imports import YIELDS, Import, find_import

Rule = Callable[["Converter", Operation], None]
RULES: dict[type[Operation], Rule] = {}

FAILED_PRECONDITION, UNKNOWN = 9, 2  # status codes of the runtime
HAL_TYPES = tuple(cls for cls in vars(hal_types).values() if isinstance(cls, type) and getattr(cls, "name", "").startswith("hal."))


def converts(*classes: type[Operation]) -> Callable[[Rule], Rule]:
    """Registers the decorated function as the rule of op classes."""

    def register(rule: Rule) -> Rule:
        for cls in classes:
            RULES[cls] = rule
        return rule

    return register


def convert_type(type: Attribute, index: IntegerType = i64) -> Attribute | None:
    """The VM's type for a host type, or None; `index` is that of index."""
    match type:
        case IndexType():
            return index
        case IntegerType():
            width = type.width.data
            return i32 if width <= 32 else i64 if width == 64 else None
        case Float32Type() | Float64Type():
            return type
        case util.BufferType():
            return vm.BufferType()
        case util.ListType():
            element = vm.OpaqueType() if isinstance(type.element_type, util.VariantType) else convert_type(type.element_type, index)
            if isinstance(element, vm.RefType):
                element = element.object_type
            return vm.ListType(element) if element is not None else None
        case util.ObjectType() | util.VariantType():
            return vm.ANY_REF
        case vm.RefType() | vm.BufferType() | vm.ListType():
            return type
        case _ if isinstance(type, HAL_TYPES):
            return vm.RefType(type)
    return None


def bank(type: Attribute) -> str:
    """The part of a mnemonic that names a converted type: `i32`, `i64`, `f32`, `f64` or `ref`."""
    return "ref" if vm.is_reference(type) else str(type)


def _cut(number: int) -> int:
    """The low 32 bits, signed."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


CASTS: dict[tuple[str, str], Callable[[int], int]] = {("i64", "i32"): _cut, ("i32", "i64"): lambda number: number % (1 << 32)}


def _constant(value: SSAValue) -> int | None:
    """The number of an integer constant of the VM."""
    op = value.owner
    if not isinstance(op, Operation) or not op.name.startswith("vm.const.i"):
        return None
    attribute = op.properties.get("value")
    return attribute.value.data if isinstance(attribute, IntegerAttr) else 0


class Converter:
    """Converts the functions of one module."""

    def __init__(self, target: vm.ModuleOp, index: IntegerType = i64):
        self.target = target
        self.index = index
        self.imports: dict[str, Import] = {}
        self.executables: dict[str, Operation] = {}
        self.values: dict[SSAValue, SSAValue] = {}
        self._blocks: dict[Block, Block] = {}
        self._order: list[Block] = []
        self._failures: list[Block] = []
        self.block = Block()
        self._current: Operation | None = None

    # ---- regions

    def convert_region(self, region: Region) -> Region:
        """Converts a body of blocks; unreachable ones are dropped."""
        self.values, self._blocks, self._failures = {}, {}, []
        order = reverse_post_order(region)
        for block in order:
            new = Block(arg_types=[self.type_of(argument) for argument in block.args])
            self._blocks[block] = new
            self.values.update(zip(block.args, new.args, strict=True))
        pieces: dict[Block, list[Block]] = {}
        for block in order:
            self.block = self._blocks[block]
            self._order = [self.block]
            for op in block.ops:
                self.convert(op)
            pieces[block] = self._order
        result = Region([piece for block in region.blocks if block in pieces for piece in pieces[block]])
        for block in self._failures:
            result.add_block(block)
        return result

    def convert(self, op: Operation) -> None:
        """Applies the rule of one op."""
        rule = RULES.get(type(op))
        if rule is None:
            raise unsupported_at(
                op, f"'{op.name}' cannot be lowered to the VM", hint="the VM runs host code: hal, util, arith, math and cf"
            )
        self._current = op
        rule(self, op)

    def successor(self, block: Block) -> Block:
        return self._blocks[block]

    def continue_in(self, *types: Attribute) -> Block:
        """A new block that goes on behind the current one; the caller ends the current block with a jump to it."""
        block = Block(arg_types=types)
        self._order.append(block)
        return block

    def enter(self, block: Block) -> None:
        self.block = block

    def fail_block(self, status: SSAValue, message: str | None) -> Block:
        """A block that ends the invocation with a status."""
        block = Block([vm.FailOp(status, message)])
        self._failures.append(block)
        return block

    # ---- values

    def type_of(self, value: SSAValue) -> Attribute:
        type = convert_type(value.type, self.index)
        if type is None:
            owner = value.owner if isinstance(value.owner, Operation) else self._current
            message = f"the VM has no values of type {value.type}"
            assert owner is not None, message
            raise unsupported_at(owner, message, hint="supported: index, integers up to 64 bits, f32, f64, buffers, lists and hal objects")
        return type

    def __getitem__(self, value: SSAValue) -> SSAValue:
        """What `value` became."""
        return self.values[value]

    def all(self, values: Sequence[SSAValue]) -> list[SSAValue]:
        return [self.values[value] for value in values]

    def bind(self, old: SSAValue, new: SSAValue) -> None:
        self.values[old] = new

    # ---- emission

    def emit(self, op: Operation) -> Operation:
        if self._current is not None:
            op.location = self._current.location
        self.block.add_op(op)
        return op

    def op(self, mnemonic: str, *operands: SSAValue, result: Attribute | None = None, **properties: Attribute) -> SSAValue:
        """Emits a regular instruction and returns its result."""
        return self.emit(vm.OPS[mnemonic].create_op(*operands, result=result, **properties)).results[0]

    def effect(self, mnemonic: str, *operands: SSAValue, **properties: Attribute) -> None:
        """Emits a regular instruction without result."""
        self.emit(vm.OPS[mnemonic].create_op(*operands, **properties))

    def const(self, value: float, type: Attribute = i32) -> SSAValue:
        """A number of a VM type."""
        name = bank(type)
        if value == 0 and not str(value).startswith("-"):
            return self.op(f"const.{name}.zero")
        attribute = IntegerAttr(int(value), type) if name[0] == "i" else FloatAttr(value, type)  # pyright: ignore
        return self.op(f"const.{name}", value=attribute)

    def null(self, type: Attribute) -> SSAValue:
        """The zero of a VM type."""
        return self.op("const.ref.zero", result=type) if vm.is_reference(type) else self.const(0, type)

    def cast(self, value: SSAValue, type: Attribute) -> SSAValue:
        """`value` as an argument of type `type`: integers are widened with zeros or cut, constants are made anew."""
        sizes = str(value.type), str(type)
        if sizes in CASTS and (number := _constant(value)) is not None:
            return self.const(CASTS[sizes](number), type)
        match sizes:
            case ("i64", "i32"):
                return self.op("trunc.i64.i32", value)
            case ("i32", "i64"):
                return self.op("ext.i32.i64.u", value)
        return value

    def string(self, text: str) -> SSAValue:
        """The bytes of a string, in read-only data."""
        return self.emit(vm.RodataInlineOp(StringAttr(text), name=string_name(text), alignment=1)).results[0]

    def symbol(self, name: str) -> dict[str, Attribute]:
        return {"global": SymbolRefAttr(name)}

    # ---- calls

    def call(self, name: str, *arguments: SSAValue | Sequence[SSAValue] | Sequence[Sequence[SSAValue]]) -> list[SSAValue]:
        """Calls an import. A variadic argument is a list of values, or of tuples where it groups several.

        An optional import is called only if it is there.
        """
        imported = self.imports.setdefault(name, find_import(name))
        if imported.optional:
            resolved = vm.ImportResolvedOp.build(properties={"import": SymbolRefAttr(name)}, result_types=[i32])
            there, after = self.continue_in(), self.continue_in()
            self.emit(vm.CondBranchOp(self.emit(resolved).results[0], there, (), after, ()))
            self.enter(there)
            self._call(imported, arguments)
            self.emit(vm.BranchOp(after))
            self.enter(after)
            return []
        return self._call(imported, arguments)

    def _call(self, imported: Import, arguments: Sequence[SSAValue | Sequence[SSAValue] | Sequence[Sequence[SSAValue]]]) -> list[SSAValue]:
        name = imported.name
        flat: list[SSAValue] = []
        sizes: list[int] = []
        for argument, given in zip(imported.arguments, arguments, strict=True):
            if isinstance(given, SSAValue):
                flat.append(self.cast(given, argument.type))
                sizes.append(vm.FIXED)
                continue
            members = getattr(argument.type, "types", None)
            sizes.append(len(given))
            for element in given:
                if isinstance(element, SSAValue):
                    flat.append(self.cast(element, argument.type))
                else:
                    assert members is not None
                    flat += [self.cast(value, type) for value, type in zip(element, members, strict=True)]
        if not imported.variadic:
            return list(self.emit(_pure(vm.CallOp(name, flat, imported.results), imported)).results)
        types = [argument.type for argument in imported.arguments]
        if name in YIELDS:
            after = self.continue_in(*imported.results)
            self.emit(vm.CallVariadicYieldableOp(name, sizes, types, flat, imported.results, after))
            self.enter(after)
            return list(after.args)
        return list(self.emit(_pure(vm.CallVariadicOp(name, sizes, types, flat, imported.results), imported)).results)


def _pure(op: Operation, imported: Import) -> Operation:
    if imported.pure:
        op.attributes["nosideeffects"] = UnitAttr()
    return op


def string_name(text: str) -> str:
    """A symbol for the bytes of a string: readable, and unique by its digest."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", text)[:64].strip("_")
    return f"_utf8_{readable}_{hashlib.sha256(text.encode()).hexdigest()[:16].upper()}"
