"""Checks the bytecode of a module once, so that whoever runs it need not check again.

After `verify_module` every function satisfies:

 1. Its calling convention parses, is not variadic, and its arguments fit into the declared registers.
 2. It is a sequence of blocks: each starts with a block marker, ends with the first terminator, and nothing lies between two blocks. The
    number of blocks is the declared one. Every branch target is the marker of one of its blocks.
 3. Every opcode is known, and floating-point opcodes appear only where the function's requirements declare them.
 4. Every register is in its bank and below the declared count; 64-bit registers are even and have their upper half. MOVE bits appear on
    references only, and only where the opcode table allows them.
 5. Ordinals of functions, imports, types, rodata and global references exist; byte offsets of scalar globals are in range.
 6. Calls and returns pass exactly the registers that the calling convention asks for, with the right banks. Variadic calls go to imports;
    their segment sizes name each argument (FIXED_SEGMENT unless it is a span) and add up.
 7. On every path, a scalar register that is read was last written with a value of the same type (`dataflow`), so scalars are never
    unassigned and never mixed up. Reference registers start out null; null references are for the runtime to refuse.

Not checked, because it is not knowable here: the types of references, indices of lists and buffers, offsets of indirect globals, divisors.
Unreachable blocks are checked for everything but 7, and so are the operands of vm.trace and vm.print, whose types nobody states.
Raises VerifyError naming the function and offset.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pyrie.format.dataflow import Effects, check_scalars
from pyrie.format.decoder import Instruction, decode
from pyrie.format.module import CallingConvention, Function, Module
from pyrie.format.opcodes import BLOCK, FIXED_SEGMENT, IMPORT_BIT, MOVE_BIT, REF_BIT, REF_MASK, Bank, Field, Kind
from pyrie.support.errors import VerifyError

_BYTES = {Bank.I32: 4, Bank.F32: 4, Bank.I64: 8, Bank.F64: 8}


@dataclass(frozen=True, slots=True)
class VerifiedFunction:
    """A function whose bytecode can be trusted. `blocks` maps offsets to the instructions after the marker, entry first."""

    ordinal: int
    function: Function
    convention: CallingConvention
    blocks: dict[int, tuple[Instruction, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedModule:
    """A module with its decoded functions and the parsed conventions of its imports, each in table order."""

    module: Module
    functions: tuple[VerifiedFunction, ...]
    imports: tuple[CallingConvention, ...]


def verify_module(module: Module) -> VerifiedModule:
    """Decodes and checks every function of `module`. Raises VerifyError."""
    parse = functools.cache(CallingConvention.parse)
    conventions = tuple(parse(f.signature.calling_convention) for f in module.functions)
    imports = tuple(parse(i.signature.calling_convention) for i in module.imports)
    functions = []
    for ordinal, function in enumerate(module.functions):
        checker = _FunctionChecker(module, conventions, imports, ordinal)
        try:
            functions.append(VerifiedFunction(ordinal, function, conventions[ordinal], checker.run()))
        except VerifyError as error:
            error.location = error.location or f"function {ordinal}" + (f" '{function.name}'" if function.name else "")
            raise
    return VerifiedModule(module, tuple(functions), imports)


class _FunctionChecker:
    def __init__(self, module: Module, conventions: tuple[CallingConvention, ...], imports: tuple[CallingConvention, ...], ordinal: int):
        self.module, self.conventions, self.imports = module, conventions, imports
        self.function, self.convention = module.functions[ordinal], conventions[ordinal]
        self.effects = Effects(0)  # of the instruction at hand
        self.flow: dict[int, list[Effects]] = {}
        self.checks: dict[Kind, Callable[[Field, Any], None]] = {
            Kind.REGISTER: lambda f, v: self.register(v, f.bank, result=f.result, move=f.move),
            Kind.REGISTERS: self.registers,
            Kind.REMAP: lambda _, v: self.remap(v),
            Kind.CASES: lambda _, v: self.cases(v),
            Kind.BLOCK: lambda _, v: self.effects.edges.append((v, ())),
            Kind.GLOBAL: self.global_,
            Kind.TYPE: lambda _, v: self.ordinal("type", v, len(self.module.types)),
            Kind.RODATA: lambda _, v: self.ordinal("rodata segment", v, len(self.module.rodata)),
            Kind.FUNCTION: lambda _, v: self.callee(v),
        }

    def run(self) -> dict[int, tuple[Instruction, ...]]:
        if self.convention.is_variadic:
            raise VerifyError("a function of the module takes variadic arguments; only imports may")
        banks = tuple(b for b in self.convention.arguments if isinstance(b, Bank))
        self.exactly(self.convention.argument_registers(), banks, "receives")
        arguments = self.effects.reads
        blocks = self.split(decode(self.function.bytecode))
        if len(blocks) != self.function.block_count:
            raise VerifyError(f"declares {self.function.block_count} blocks and has {len(blocks)}")
        for target in (t for block in self.flow.values() for effects in block for t, _ in effects.edges):
            if target not in blocks:
                raise VerifyError(f"branches to offset {target}, where no block starts")
        check_scalars(self.flow, arguments)
        return blocks

    def split(self, instructions: Iterable[Instruction]) -> dict[int, tuple[Instruction, ...]]:
        """Cuts at markers and terminators, checking each instruction on the way."""
        blocks: dict[int, tuple[Instruction, ...]] = {}
        start, current = None, []
        for instruction in instructions:
            if instruction.opcode is BLOCK:
                if start is not None:
                    raise VerifyError(f"a block does not end with a terminator at offset {instruction.offset}")
                start, current, self.flow[instruction.offset] = instruction.offset, [], []
                continue
            if start is None:
                raise VerifyError(f"code outside of a block at offset {instruction.offset}")
            self.effects = Effects(instruction.offset)
            try:
                self.instruction(instruction)
            except VerifyError as error:
                error.details = (*error.details, f"at offset {instruction.offset}: vm.{instruction.opcode.mnemonic}")
                raise
            current.append(instruction)
            self.flow[start].append(self.effects)
            if instruction.opcode.is_terminator:
                blocks[start], start = tuple(current), None
        if start is not None or not blocks:
            raise VerifyError("the last block does not end with a terminator")
        return blocks

    def instruction(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if opcode.feature & ~self.function.requirements:
            raise VerifyError(f"uses the {opcode.feature.name} extension without requiring it")
        for spec, value in zip(opcode.fields, instruction.values, strict=True):
            check = self.checks.get(spec.kind)
            if check:
                check(spec, value)
        mnemonic = opcode.mnemonic
        if mnemonic.startswith("call"):
            self.call(instruction, is_variadic=mnemonic.startswith("call.variadic"))
        elif mnemonic == "return":
            self.exactly(instruction["operands"], self.convention.results, "returns")
        elif mnemonic == "import.resolved" and not instruction["callee"] & IMPORT_BIT:
            raise VerifyError("asks whether a function of the module itself is resolved")
        elif mnemonic == "discard.refs":
            self.exactly(instruction["operands"], (Bank.REF,) * len(instruction["operands"]), "discards")

    # Fields.

    def register(self, value: int, bank: Bank | None, *, result: bool = False, move: bool = False) -> None:
        """Checks one register and notes it as read or written, unless `bank` leaves its type open."""
        is_reference = bool(value & REF_BIT)
        if bank and is_reference != (bank is Bank.REF):
            raise VerifyError(f"{_show(value)} where {bank.value} is expected")
        if is_reference:
            if value & MOVE_BIT and not move:
                raise VerifyError(f"{_show(value)} is moved where moving is not allowed")
            if value & REF_MASK >= self.function.ref_registers:
                raise VerifyError(f"{_show(value)} of {self.function.ref_registers}")
            return
        wide = bank is not None and bank.is_wide
        if wide and value & 1:
            raise VerifyError(f"{_show(value)} is odd but holds 64 bits")
        if value + wide >= self.function.scalar_registers:
            raise VerifyError(f"{_show(value)} of {self.function.scalar_registers}")
        if bank:
            (self.effects.writes if result else self.effects.reads).append((bank, value))

    def registers(self, spec: Field, values: tuple[int, ...]) -> None:
        for value in values:
            self.register(value, spec.bank, result=spec.result, move=spec.move)

    def remap(self, pairs: tuple[tuple[int, int], ...]) -> None:
        for source, target in pairs:
            self.register(source, None, move=True)
            self.register(target, None, move=True)
            if (source ^ target) & REF_BIT:
                raise VerifyError(f"a branch copies {_show(source)} to {_show(target)}")
        target, _ = self.effects.edges.pop()
        self.effects.edges.append((target, pairs))

    def cases(self, cases: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]) -> None:
        for target, pairs in cases:
            self.effects.edges.append((target, ()))
            self.remap(pairs)

    def global_(self, spec: Field, value: int) -> None:
        if spec.bank is Bank.REF:
            self.ordinal("global reference", value, self.module.global_refs)
        elif spec.bank and value + _BYTES[spec.bank] > self.module.global_bytes:
            raise VerifyError(f"global at byte {value} is outside of {self.module.global_bytes} bytes")

    def ordinal(self, what: str, value: int, count: int) -> None:
        if value >= count:
            raise VerifyError(f"{what} {value} of {count}")

    def callee(self, value: int) -> None:
        if value & IMPORT_BIT:
            self.ordinal("import", value & ~IMPORT_BIT, len(self.module.imports))
        else:
            self.ordinal("function", value, len(self.module.functions))

    # Calls.

    def call(self, instruction: Instruction, *, is_variadic: bool) -> None:
        callee = instruction["callee"]
        is_import = bool(callee & IMPORT_BIT)
        convention = self.imports[callee & ~IMPORT_BIT] if is_import else self.conventions[callee]
        if is_variadic and not is_import:
            raise VerifyError("a variadic call to a function of the module; only imports may be variadic")
        if convention.is_variadic and not is_variadic:
            raise VerifyError("a fixed call to a variadic import")
        operands = instruction["operands"]
        sizes = instruction["segment_sizes"] if is_variadic else (FIXED_SEGMENT,) * len(operands)
        self.exactly(operands, self.spread(convention, sizes, len(operands)), "passes")
        self.exactly(instruction["results"], convention.results, "takes", result=True)

    def spread(self, convention: CallingConvention, sizes: tuple[int, ...], limit: int) -> tuple[Bank, ...]:
        """The bank of each register that a call passes, which are at most `limit`."""
        if len(sizes) != len(convention.arguments):
            raise VerifyError(f"passes {len(sizes)} arguments where the calling convention has {len(convention.arguments)}")
        banks: list[Bank] = []
        for argument, size in zip(convention.arguments, sizes, strict=True):
            if isinstance(argument, Bank) != (size == FIXED_SEGMENT):
                raise VerifyError("gives segment sizes that do not fit the calling convention")
            if isinstance(argument, Bank):
                banks.append(argument)
            elif len(banks) + len(argument.banks) * size > limit:
                raise VerifyError(f"passes {limit} registers, fewer than its segment sizes say")
            else:
                banks += argument.banks * size
        return tuple(banks)

    def exactly(self, registers: tuple[int, ...], banks: tuple[Bank, ...], verb: str, *, result: bool = False) -> None:
        if len(registers) != len(banks):
            raise VerifyError(f"{verb} {len(registers)} registers where the calling convention has {len(banks)}")
        for register, bank in zip(registers, banks, strict=True):
            self.register(register, bank, result=result, move=True)


def _show(register: int) -> str:
    if register & REF_BIT:
        return f"reference register {register & REF_MASK}"
    return f"scalar register {register}"
