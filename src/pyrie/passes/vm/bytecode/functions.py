"""One `vm.func` to bytecode: registers are allocated, then each op becomes the instruction of its mnemonic, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pyrie.dialects import vm
from pyrie.format.encoder import FunctionEncoder
from pyrie.format.module import CallingConvention, Function, Signature
from pyrie.format.opcodes import BY_MNEMONIC, FIXED_SEGMENT, MOVE_BIT, NO_FEATURE, REF_BIT, Bank, Feature, Field, Kind
from pyrie.ir.diagnostics import location_of
from pyrie.passes.vm.bytecode.branches import Copy, Scratch, sequence
from pyrie.passes.vm.bytecode.liveness import analyze, edges
from pyrie.passes.vm.bytecode.registers import allocate, bank_of
from pyrie.passes.vm.bytecode.releases import Releases
from pyrie.passes.vm.bytecode.symbols import Symbols
from pyrie.support.errors import CompileError, LimitError


def encode_function(func: vm.FuncOp, signature: Signature, symbols: Symbols) -> Function:
    """Encodes one function. Raises CompileError naming the op that has no encoding."""
    if not func.body.blocks:
        raise CompileError(f"vm.func @{func.sym_name.data} has no body", location=location_of(func))
    return _FunctionEmitter(func, signature, symbols).run()


class _FunctionEmitter:
    def __init__(self, func: vm.FuncOp, signature: Signature, symbols: Symbols):
        self.func, self.signature, self.symbols = func, signature, symbols
        self.liveness = analyze(func.body)
        self.allocation = allocate(func.body, CallingConvention.parse(signature.calling_convention), self.liveness)
        self.releases = Releases(func.body, self.liveness, self.allocation.registers)
        self.scratch = Scratch(self.allocation.scalars, self.allocation.refs)
        self.encoder = FunctionEncoder()
        self.features = NO_FEATURE
        self.last_uses: dict[SSAValue, Operation] = {}  # of references, in the block at hand; discards do not count
        self.moved: set[SSAValue] = set()

    def run(self) -> Function:
        for block in self.func.body.blocks:
            self.encoder.block(block)
            self.releases.enter(block)
            self.release(self.releases.at_start(block))
            self.last_uses = {v: op for op in block.ops if type(op) is not vm.DiscardRefsOp for v in op.operands if vm.is_reference(v.type)}
            self.moved = set()
            for op in block.ops:
                try:
                    self.emit(op)
                    self.release(self.releases.after(op, self.moved))
                except (CompileError, LimitError) as error:
                    error.location = error.location or location_of(op)
                    raise
        attributes = self.func.attributes
        self.features |= Feature.YIELD if "vm.yield" in attributes else NO_FEATURE
        self.features |= Feature.UNWIND if "vm.unwind" in attributes else NO_FEATURE
        return Function(
            self.signature,
            self.encoder.finish(),
            self.encoder.block_count,
            self.scratch.scalars,
            self.scratch.refs,
            self.features,
            self.func.sym_name.data,
        )

    def emit(self, op: Operation) -> None:
        mnemonic = _mnemonic(op)
        custom = _CUSTOM.get(type(op))
        if custom is None and not (isinstance(op, vm.RegularOp) and mnemonic in BY_MNEMONIC):
            hint = "the vm phase hoists it" if isinstance(op, vm.RodataInlineOp) else "only instructions of the vm dialect have"
            raise CompileError(f"'{op.name}' has no bytecode", hint=hint)
        values = custom(self, op) if custom else self.regular(op)
        if values is None:
            return
        opcode = BY_MNEMONIC[mnemonic]
        self.features |= opcode.feature | (Feature.YIELD if mnemonic in _SUSPENDING else NO_FEATURE)
        self.encoder.append(opcode, *values)

    def release(self, registers: list[int]) -> None:
        if registers:
            self.encoder.append("discard.refs", registers)

    # Fields.

    def regular(self, op: Operation) -> Iterator[Any]:
        """Values of the fields of an op that the opcode table describes: operands and results in order, the rest by name."""
        fields = BY_MNEMONIC[_mnemonic(op)].fields
        operands, results = iter(self.uses(op, op.operands, fields)), iter(op.results)
        for field in fields:
            match field.kind:
                case Kind.REGISTER if field.result:
                    yield self.register(next(results))
                case Kind.REGISTER:
                    yield next(operands)
                case Kind.REGISTERS:
                    yield list(operands)
                case Kind.TYPE:
                    yield self.symbols.type_ordinal(_described_type(op))
                case _:
                    yield self.property(op.properties[field.name], field)

    def property(self, value: Attribute, field: Field) -> int | float:
        match value:
            case IntegerAttr():
                return value.value.data
            case FloatAttr():
                return value.value.data
            case SymbolRefAttr():
                return self.symbols.ordinal(value.string_value())
            case _:
                raise CompileError(f"{field.name} = {value} cannot be encoded")

    def register(self, value: SSAValue) -> int:
        return self.allocation.registers[value]

    def uses(self, op: Operation, operands: Sequence[SSAValue], fields: Iterable[Field]) -> list[int]:
        """Registers of operands; references that end here are moved, where the fields allow it."""
        registers = [self.register(v) for v in operands]
        specs = _operand_fields(fields, len(registers))
        last = {v: i for i, v in enumerate(operands)}
        for i, (value, spec) in enumerate(zip(operands, specs, strict=True)):
            if registers[i] & REF_BIT and spec.move and last[value] == i and self.ends_at(value, op):
                registers[i] |= MOVE_BIT
                self.moved.add(value)
        return registers

    def ends_at(self, value: SSAValue, op: Operation) -> bool:
        block = op.parent
        return block is not None and self.last_uses.get(value) is op and not self.liveness.is_live_out(value, block)

    def all_uses(self, op: Operation, operands: Sequence[SSAValue]) -> list[int]:
        return self.uses(op, operands, (_ANY,))

    # Ops with fields of their own.

    def copies(self, op: Operation) -> list[tuple[Block, list[tuple[int, int]]]]:
        """For each edge of a branch its target and copies."""
        found = []
        for target, first, end in edges(op):
            copies = [
                Copy(self.register(v), self.register(a), bank_of(v.type).is_wide, not self.liveness.is_live_in(v, target))
                for v, a in zip(op.operands[first:end], target.args, strict=True)
            ]
            found.append((target, sequence(copies, self.scratch)))
        return found

    def branch(self, op: Operation) -> list[Any]:
        return [*self.all_uses(op, op.operands[: edges(op)[0][1]]), *(part for edge in self.copies(op) for part in edge)]

    def branch_table(self, op: vm.BranchTableOp) -> list[Any]:
        (default, copies), *cases = self.copies(op)
        return [self.register(op.index), default, copies, cases]

    def call(self, op: vm.CallOp) -> list[Any]:
        return [self.callee(op), self.all_uses(op, op.operands), [self.register(r) for r in op.results]]

    def call_variadic(self, op: vm.CallVariadicOp) -> list[Any]:
        return [self.callee(op), _segments(op), self.all_uses(op, op.operands), [self.register(r) for r in op.results]]

    def call_yieldable(self, op: vm.CallYieldableOp) -> list[Any]:
        return [self.callee(op), self.all_uses(op, op.operands), op.dest, [self.register(a) for a in op.dest.args]]

    def call_variadic_yieldable(self, op: vm.CallVariadicYieldableOp) -> list[Any]:
        uses = self.all_uses(op, op.operands)
        return [self.callee(op), _segments(op), uses, op.dest, [self.register(a) for a in op.dest.args]]

    def callee(self, op: Operation) -> int:
        callee = op.properties["callee"]
        assert isinstance(callee, SymbolRefAttr)
        return self.symbols.ordinal(callee.string_value())

    def returned(self, op: vm.ReturnOp) -> list[Any]:
        return [self.all_uses(op, op.operands)]

    def fail(self, op: vm.FailOp) -> list[Any]:
        return [self.register(op.status), op.message.data if op.message else ""]

    def import_resolved(self, op: vm.ImportResolvedOp) -> list[Any]:
        return [self.symbols.ordinal(op.import_.string_value()), self.register(op.result)]

    def discard(self, op: vm.DiscardRefsOp) -> list[Any] | None:
        """What was moved earlier in the block is gone already."""
        kept = [self.register(v) for v in dict.fromkeys(op.operands) if v not in self.moved]
        return [kept] if kept else None

    def assign(self, op: vm.AssignRefOp) -> list[Any]:
        return [*self.all_uses(op, op.operands), self.register(op.result)]

    def trace(self, op: vm.TraceOp | vm.PrintOp) -> list[Any]:
        text = op.properties["event_name" if isinstance(op, vm.TraceOp) else "message"]
        assert isinstance(text, StringAttr)
        return [text.data, [self.register(v) for v in op.operands]]


_SUSPENDING = ("yield", "call.yieldable", "call.variadic.yieldable")
_ANY = Field("operands", Kind.REGISTERS, move=True)

_CUSTOM: dict[type[Operation], Callable[[_FunctionEmitter, Any], Iterable[Any] | None]] = {
    vm.BranchOp: _FunctionEmitter.branch,
    vm.CondBranchOp: _FunctionEmitter.branch,
    vm.YieldOp: _FunctionEmitter.branch,
    vm.BreakOp: _FunctionEmitter.branch,
    vm.CondBreakOp: _FunctionEmitter.branch,
    vm.BranchTableOp: _FunctionEmitter.branch_table,
    vm.CallOp: _FunctionEmitter.call,
    vm.CallVariadicOp: _FunctionEmitter.call_variadic,
    vm.CallYieldableOp: _FunctionEmitter.call_yieldable,
    vm.CallVariadicYieldableOp: _FunctionEmitter.call_variadic_yieldable,
    vm.ReturnOp: _FunctionEmitter.returned,
    vm.FailOp: _FunctionEmitter.fail,
    vm.ImportResolvedOp: _FunctionEmitter.import_resolved,
    vm.DiscardRefsOp: _FunctionEmitter.discard,
    vm.AssignRefOp: _FunctionEmitter.assign,
    vm.TraceOp: _FunctionEmitter.trace,
    vm.PrintOp: _FunctionEmitter.trace,
}


def _mnemonic(op: Operation) -> str:
    """The instruction of an op; forgetting the type of a reference is an assignment."""
    return "assign.ref" if op.name == "vm.cast.ref.any" else op.name.removeprefix("vm.")


def _operand_fields(fields: Iterable[Field], count: int) -> list[Field]:
    """The field that each of `count` operands belongs to: single registers first, then the list takes the rest."""
    specs: list[Field] = []
    for field in fields:
        if field.kind is Kind.REGISTER and not field.result:
            specs.append(field)
        elif field.kind is Kind.REGISTERS and not field.result:
            specs += [field] * (count - len(specs))
    return specs


def _segments(op: vm.CallVariadicOp | vm.CallVariadicYieldableOp) -> list[int]:
    return [FIXED_SEGMENT if size == vm.FIXED else size for size, _ in op.segments()]


def _described_type(op: Operation) -> Attribute:
    """What the TYPE field of an op tells: the elements of a new list, else the reference that the op gives, or takes."""
    if op.results:
        type = op.results[0].type
        return type.element_type if op.name == "vm.list.alloc" and isinstance(type, vm.ListType) else type
    return op.operands[-1].type if bank_of(op.operands[-1].type) is Bank.REF else op.operands[0].type
