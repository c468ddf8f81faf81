"""The scalar registers of a function are untyped and reused; this proves that each read gets what was written for it.

A forward analysis: for each type, the set of registers that surely hold a value of it, as the bits of one integer. A 64-bit value is the
bit of its even register. Sets are intersected where paths meet, so they only shrink and the analysis ends.
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
    """What one instruction does to scalar registers: reads, then writes, then the copies of the branch that is taken."""

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
    pair = register & ~1
    for other in _SCALARS:
        if other.is_wide:
            state[other] &= ~(1 << pair)
        else:
            state[other] &= ~(3 << pair if bank.is_wide else 1 << register)
    state[bank] |= 1 << register


def _after_copies(state: State, remap: Remap) -> State:
    """The state after simultaneous copies. 64-bit values travel as two copies, of the even register and of the one after it."""
    copies = {(s, t) for s, t in remap if not s & REF_BIT}
    result = dict(state)
    moved = []
    for source, target in copies:
        for bank in _SCALARS:
            if state[bank] >> source & 1 and (not bank.is_wide or (not target & 1 and (source + 1, target + 1) in copies)):
                moved.append((bank, target))
    for _, target in copies:  # what was there is gone, whatever arrives
        _write(result, (Bank.I32, target))
        result[Bank.I32] &= ~(1 << target)
    for register in moved:
        _write(result, register)
    return result
