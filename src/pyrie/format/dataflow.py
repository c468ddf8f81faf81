"""The scalar registers of a function are untyped and reused; this proves that each read gets what was written for it.

A forward analysis: for each type, the set of registers that surely hold a value of it, as the bits of one integer. A 64-bit value is the
bit of its lower register. Sets are intersected where paths meet, so they only shrink and the analysis ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyrie.format.opcodes import REF_BIT, Bank
from pyrie.support.errors import VerifyError

Typed = tuple[Bank, int]  # a scalar register and what it holds
Remap = tuple[tuple[int, int], ...]
State = dict[Bank, int]

_SCALARS = (Bank.I32, Bank.I64, Bank.F32, Bank.F64)
_VISITS_PER_EFFECT = 100  # nested loops settle in a few rounds; only made-up control flow needs more


@dataclass(slots=True)
class Effects:
    """What one instruction does to scalar registers: reads, then writes, then the copies of the branch that is taken, in order."""

    offset: int
    reads: list[Typed] = field(default_factory=list)
    writes: list[Typed] = field(default_factory=list)
    edges: list[tuple[int, Remap]] = field(default_factory=list)


def check_scalars(blocks: Mapping[int, Sequence[Effects]], arguments: Sequence[Typed]) -> None:
    """Checks the function made of `blocks` (entry first). Raises VerifyError at a read of a register that may hold anything else."""
    entry = next(iter(blocks))
    start: State = dict.fromkeys(_SCALARS, 0)
    for register in arguments:
        _write(start, register)
    states, pending = {entry: start}, [entry]
    budget = _VISITS_PER_EFFECT * sum(len(b) for b in blocks.values())
    while pending:
        block = pending.pop()
        budget -= len(blocks[block])
        if budget < 0:
            raise VerifyError("the control flow is too tangled to be checked")
        state = dict(states[block])
        for effects in blocks[block]:
            for register in effects.writes:
                _write(state, register)
            for target, remap in effects.edges:
                arriving = _after_copies(state, remap)
                known = states.get(target)
                merged = arriving if known is None else {b: known[b] & arriving[b] for b in _SCALARS}
                if merged != known:
                    states[target] = merged
                    pending.append(target)
    for block, state in states.items():
        _check_reads(blocks[block], state)


def _check_reads(block: Sequence[Effects], state: State) -> None:
    for effects in block:
        for bank, register in effects.reads:
            if not state[bank] >> register & 1:
                raise VerifyError(
                    f"at offset {effects.offset}: register {register} does not hold a value of type {bank.value} on every path"
                )
        for register in effects.writes:
            _write(state, register)


def _write(state: State, typed: Typed) -> None:
    bank, register = typed
    written = 3 << register if bank.is_wide else 1 << register
    for other in _SCALARS:
        state[other] &= ~(written | written >> 1 if other.is_wide else written)
    state[bank] |= 1 << register


def _after_copies(state: State, remap: Remap) -> State:
    """The state after copies one by one. A 64-bit value travels as two neighbouring copies: of its lower register, then of the next."""
    result = dict(state)
    upper_half = False  # this pair belongs to the value that the one before it moved
    for i, (source, target) in enumerate(remap):
        if source & REF_BIT or upper_half:
            upper_half = False
            continue
        holds = next((b for b in _SCALARS if result[b] >> source & 1), None)
        wide = holds is not None and holds.is_wide
        upper_half = wide and remap[i + 1 : i + 2] == ((source + 1, target + 1),)
        if holds and wide == upper_half:
            _write(result, (holds, target))
        else:  # half of a value, or nothing known
            _write(result, (Bank.I32, target))
            result[Bank.I32] &= ~(1 << target)
    return result
