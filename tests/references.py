"""Which reference registers of verified bytecode may still hold something when their function returns."""

from __future__ import annotations

from pyrie.format.decoder import Instruction
from pyrie.format.opcodes import MOVE_BIT, REF_BIT, Bank, Kind
from pyrie.format.verifier import VerifiedFunction

State = frozenset[int]


def references_left_behind(function: VerifiedFunction) -> set[int]:
    """Registers that are not surely empty at some `vm.return`."""
    left: set[int] = set()
    entry = next(iter(function.blocks))
    states = {entry: frozenset(r for r in function.convention.argument_registers() if r & REF_BIT)}
    pending = [entry]
    while pending:
        block = pending.pop()
        state = states[block]
        for instruction in function.blocks[block]:
            state = step(state, instruction)
            if instruction.opcode.mnemonic == "return":
                left |= state
            for target, remap in branches(instruction):
                arriving = state
                for source, destination in remap:
                    arriving = copied(arriving, source, destination)
                if not arriving <= states.get(target, frozenset()) or target not in states:
                    states[target] = states.get(target, frozenset()) | arriving
                    pending.append(target)
    return left


def copied(state: State, source: int, destination: int) -> State:
    if not source & REF_BIT:
        return state
    held = source & ~MOVE_BIT in state
    state = state - {source & ~MOVE_BIT} if source & MOVE_BIT else state
    return state | {destination} if held else state - {destination}


def step(state: State, instruction: Instruction) -> State:
    written: set[int] = set()
    for field, value in zip(instruction.opcode.fields, instruction.values, strict=True):
        if field.kind not in (Kind.REGISTER, Kind.REGISTERS) or field.bank not in (None, Bank.REF):
            continue
        registers = [r for r in (value if isinstance(value, tuple) else (value,)) if r & REF_BIT]
        if field.result:
            written |= {r & ~MOVE_BIT for r in registers}
        else:
            gone = registers if instruction.opcode.mnemonic == "discard.refs" else [r for r in registers if r & MOVE_BIT]
            state -= {r & ~MOVE_BIT for r in gone}
    return state | written


def branches(instruction: Instruction) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    found: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    for field, value in zip(instruction.opcode.fields, instruction.values, strict=True):
        if field.kind is Kind.BLOCK:
            found.append((value, ()))
        elif field.kind is Kind.REMAP:
            found[-1] = (found[-1][0], value)
        elif field.kind is Kind.CASES:
            found += value
    return found
