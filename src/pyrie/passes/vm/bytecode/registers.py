"""Register allocation: a linear scan over live intervals, one file of registers for scalars and one for references.

Arguments of the function sit where the calling convention puts them. A block argument prefers the register of a value that a branch hands
to it, so that most branches copy nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.dialects.builtin import f32, f64, i32, i64
from xdsl.ir import Attribute, OpResult, Region, SSAValue

from pyrie.dialects import vm
from pyrie.format.module import CallingConvention
from pyrie.format.opcodes import MAX_REF_REGISTERS, MAX_SCALAR_REGISTERS, REF_BIT, REF_MASK, Bank
from pyrie.ir.diagnostics import location_of
from pyrie.passes.vm.bytecode.liveness import Liveness, edges
from pyrie.support.errors import LimitError, VerifyError

_BANKS = {i32: Bank.I32, i64: Bank.I64, f32: Bank.F32, f64: Bank.F64}
_EVEN = sum(1 << i for i in range(0, MAX_SCALAR_REGISTERS, 2))


def bank_of(type: Attribute) -> Bank:
    """The bank that holds values of a VM type. Raises VerifyError."""
    bank = Bank.REF if vm.is_reference(type) else _BANKS.get(type)
    if bank is None:
        raise VerifyError(f"values of type {type} cannot be held in VM registers", hint="they hold i32, i64, f32, f64 and references")
    return bank


class _File:
    """Registers of one kind, free ones first-fit; a wide value takes an even register and the next."""

    def __init__(self):
        self.used = 0  # a bit for each register
        self.high = 0  # registers ever used
        self.holders: dict[SSAValue, tuple[int, bool]] = {}

    def find(self, wide: bool, preferred: Iterable[int]) -> int:
        """A free register, if possible one of the preferred."""
        for register in preferred:
            if not self.used >> register & (3 if wide else 1):
                return register
        free = ~(self.used | self.used >> 1) & _EVEN if wide else ~self.used
        return (free & -free).bit_length() - 1

    def inherit(self, dying: Iterable[SSAValue]) -> int | None:
        """The register of one of the values, which gives it up."""
        for value in dying:
            if value in self.holders:
                return self.holders.pop(value)[0]
        return None

    def hold(self, value: SSAValue, register: int, wide: bool) -> None:
        self.used |= (3 if wide else 1) << register
        self.high = max(self.high, register + 1 + wide)
        self.holders[value] = register, wide

    def release(self, value: SSAValue) -> None:
        """Frees the register of a value, unless it was inherited."""
        if value in self.holders:
            register, wide = self.holders.pop(value)
            self.used &= ~((3 if wide else 1) << register)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The register of each value, with the REF bit where it applies, and how many registers of each kind are in use."""

    registers: dict[SSAValue, int]
    scalars: int
    refs: int


def allocate(body: Region, convention: CallingConvention, liveness: Liveness) -> Allocation:
    """Gives every value of a function a register. Raises LimitError if there are not enough."""
    scalars, refs = _File(), _File()
    registers: dict[SSAValue, int] = {}
    active: list[tuple[int, int, SSAValue]] = []  # end, order, value
    preferences = _preferences(body)
    fixed: dict[SSAValue, int] = dict(zip(body.blocks[0].args, convention.argument_registers(), strict=True))
    for order, interval in enumerate(sorted(liveness.intervals.values(), key=lambda i: (i.value not in fixed, i.start))):
        value = interval.value
        bank = bank_of(value.type)
        file = refs if bank is Bank.REF else scalars
        if value in fixed:
            register = fixed[value] & REF_MASK if bank is Bank.REF else fixed[value]
        else:
            while active and active[0][0] < interval.start:
                expired = heapq.heappop(active)[2]
                (refs if vm.is_reference(expired.type) else scalars).release(expired)
            register = file.inherit(_dying_operands(value, liveness)) if isinstance(value, OpResult) else None
            if register is None:
                register = file.find(bank.is_wide, (registers[v] & ~REF_BIT for v in preferences.get(value, ()) if v in registers))
        file.hold(value, register, bank.is_wide)
        registers[value] = REF_BIT | register if bank is Bank.REF else register
        heapq.heappush(active, (interval.end, order, value))
    if scalars.high > MAX_SCALAR_REGISTERS or refs.high > MAX_REF_REGISTERS:
        op = body.parent
        raise LimitError(
            f"the function needs {scalars.high} scalar and {refs.high} reference registers; "
            f"the VM has {MAX_SCALAR_REGISTERS} and {MAX_REF_REGISTERS}",
            location=location_of(op) if op else None,
        )
    return Allocation(registers, scalars.high, refs.high)


def _dying_operands(result: OpResult, liveness: Liveness) -> list[SSAValue]:
    """Operands of the same type that the op reads for the last time: it may write its result over them.

    Of references only calls are known to be done with their arguments before they write results.
    """
    if vm.is_reference(result.type) and not isinstance(result.op, vm.CallOp | vm.CallVariadicOp):
        return []
    start = liveness.intervals[result].start
    return [v for v in result.op.operands if v.type == result.type and liveness.intervals[v].end == start]


def _preferences(body: Region) -> dict[SSAValue, list[SSAValue]]:
    """Values that would like to share a register: a block argument and whatever branches hand to it."""
    preferences: dict[SSAValue, list[SSAValue]] = {}
    for block in body.blocks:
        if block.last_op is None:
            continue
        for target, first, end in edges(block.last_op):
            for argument, operand in zip(target.args, block.last_op.operands[first:end], strict=False):
                if argument.type == operand.type:
                    preferences.setdefault(argument, []).append(operand)
                    preferences.setdefault(operand, []).append(argument)
    return preferences
