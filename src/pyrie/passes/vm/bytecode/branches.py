"""Branch operands as a sequence of copies: the VM makes them one by one, so none may overwrite what a later one reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pyrie.format.opcodes import MAX_REF_REGISTERS, MAX_SCALAR_REGISTERS, MOVE_BIT, REF_BIT
from pyrie.support.errors import LimitError
from pyrie.support.shape import align


@dataclass(frozen=True, slots=True)
class Copy:
    """One value goes from `source` to `target`; it `dies` if nobody reads it in `source` afterwards."""

    source: int
    target: int
    wide: bool
    dies: bool

    @property
    def reads(self) -> frozenset[int]:
        return frozenset((self.source, self.source + 1) if self.wide else (self.source,))

    @property
    def writes(self) -> frozenset[int]:
        return frozenset((self.target, self.target + 1) if self.wide else (self.target,))


class Scratch:
    """Registers behind all others, through which cycles are broken. `scalars` and `refs` grow to what was needed."""

    def __init__(self, scalars: int, refs: int):
        self._first = {False: align(scalars, 2), True: REF_BIT | refs}
        self.scalars, self.refs = scalars, refs

    def take(self, is_ref: bool, nth: int) -> int:
        """The `nth` scratch register; each scalar one is a pair."""
        register = self._first[is_ref] + (nth if is_ref else 2 * nth)
        if is_ref:
            self.refs = max(self.refs, (register & ~REF_BIT) + 1)
        else:
            self.scalars = max(self.scalars, register + 2)
        if self.scalars > MAX_SCALAR_REGISTERS or self.refs > MAX_REF_REGISTERS:
            raise LimitError("no register is left to exchange the operands of a branch through")
        return register


def sequence(copies: Sequence[Copy], scratch: Scratch) -> list[tuple[int, int]]:
    """Orders parallel copies and marks as moved each reference whose register is read for the last time.

    A copy waits until nobody else wants to read what it overwrites. When all wait there is a cycle: a copy that another waits for then
    reads its value from a scratch register instead.
    """
    kept = {c.source for c in copies if c.source == c.target}  # stays where it is: never move it away
    waiting = [c for c in copies if c.source != c.target]
    readers = Counter(r for c in waiting for r in c.reads)
    done: list[Copy] = []
    scratches = Counter[bool]()
    while waiting:
        ready = next((c for c in waiting if all(readers[r] == (r in c.reads) for r in c.writes)), None)
        if ready is not None:
            waiting.remove(ready)
            readers.subtract(ready.reads)
            done.append(ready)
            continue
        blocked = waiting[0]
        reader = next(i for i, c in enumerate(waiting) if c is not blocked and blocked.writes & c.reads)
        copy = waiting[reader]
        is_ref = bool(copy.source & REF_BIT)
        register = scratch.take(is_ref, scratches[is_ref])
        scratches[is_ref] += 1
        done.append(Copy(copy.source, register, copy.wide, copy.dies))
        waiting[reader] = Copy(register, copy.target, copy.wide, dies=True)
        readers.subtract(copy.reads)
        readers.update(waiting[reader].reads)
    last_read = {copy.source: i for i, copy in enumerate(done)}
    pairs: list[tuple[int, int]] = []
    for i, copy in enumerate(done):
        moves = copy.source & REF_BIT and copy.dies and last_read[copy.source] == i and copy.source not in kept
        pairs.append((copy.source | MOVE_BIT if moves else copy.source, copy.target))
        if copy.wide:
            pairs.append((copy.source + 1, copy.target + 1))
    return pairs
