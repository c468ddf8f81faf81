"""What calling a function does besides returning: whether it changes state that outlives the call, or depends on such state."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from pyrie.format.opcodes import IMPORT_BIT
from pyrie.format.verifier import VerifiedFunction, VerifiedModule

# Writes of lists and buffers count as writes of state: whose they are is not known here.
_WRITES = ("list.set", "list.resize", "buffer.store", "buffer.fill", "buffer.copy")
_INDIRECT = "any"  # a global whose place is known only when the instruction runs


@dataclass(frozen=True)
class Effects:
    """Of one exported function. `writes`: it changes state. `is_constant`: it neither changes state nor reads what another may change."""

    writes: bool
    is_constant: bool


def effects_of(verified: VerifiedModule, exports: dict[str, int], lookups: Container[int]) -> dict[str, Effects]:
    """The effects of exported functions that calls may run. What look-ups in caches do cannot be told by their results."""
    direct = [_Direct(function) if i not in lookups else _NOTHING for i, function in enumerate(verified.functions)]
    reached = {name: _reachable(direct, ordinal) for name, ordinal in exports.items()}
    changing = {place for found in reached.values() for ordinal in found for place in direct[ordinal].stores}
    effects: dict[str, Effects] = {}
    for name, found in reached.items():
        writes = any(direct[ordinal].writes for ordinal in found)
        loads = {place for ordinal in found for place in direct[ordinal].loads}
        reads = bool(changing) and (_INDIRECT in loads or _INDIRECT in changing or bool(loads & changing))
        effects[name] = Effects(writes, not writes and not reads)
    return effects


class _Direct:
    """What the instructions of one function do themselves. A scalar global is each of the words it covers."""

    __slots__ = ("callees", "loads", "stores", "writes")

    def __init__(self, function: VerifiedFunction | None):
        self.loads: set[object] = set()
        self.stores: set[object] = set()
        self.callees: set[int] = set()
        self.writes = False
        for block in function.blocks.values() if function else ():
            for instruction in block:
                mnemonic = instruction.opcode.mnemonic
                if mnemonic.startswith("global."):
                    places = self.stores if mnemonic.startswith("global.store") else self.loads
                    places.update((_INDIRECT,) if ".indirect." in mnemonic else _places(mnemonic, instruction["global"]))
                elif mnemonic.startswith("call") and not instruction["callee"] & IMPORT_BIT:
                    self.callees.add(instruction["callee"])
                else:
                    self.writes |= mnemonic.startswith(_WRITES)
        self.writes |= bool(self.stores)


_NOTHING = _Direct(None)


def _places(mnemonic: str, place: int) -> Iterable[object]:
    if mnemonic.endswith("ref"):
        return (("ref", place),)
    size = 8 if mnemonic.endswith("64") else 4
    return range(place // 4, (place + size + 3) // 4)


def _reachable(direct: list[_Direct], root: int) -> set[int]:
    pending, seen = [root], {root}
    while pending:
        for callee in direct[pending.pop()].callees - seen:
            seen.add(callee)
            pending.append(callee)
    return seen
