"""What the linker and loader must know of a processor: its ELF number, its pages and its relocations. A new machine is a new row."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Target(enum.Enum):
    """What a relocation writes, with S the symbol, A the addend, P the place, G the symbol's slot in the offset table."""

    NOTHING = enum.auto()
    ABSOLUTE = enum.auto()  # S + A, known only when loaded
    RELATIVE = enum.auto()  # S + A - P
    SLOT = enum.auto()  # G + A - P


@dataclass(frozen=True, slots=True)
class Relocation:
    """One relocation type: `size` bytes, of which the result must fit as a signed number."""

    name: str
    target: Target
    size: int


@dataclass(frozen=True, slots=True)
class Machine:
    """`relative` and `by_symbol` are the relocation types left for load time: base + addend, and symbol + addend."""

    name: str
    number: int
    page_size: int
    relocations: dict[int, Relocation] = field(repr=False)
    relative: int
    by_symbol: frozenset[int]

    @property
    def format(self) -> str:
        """The name of the executable format in a module."""
        return f"embedded-elf-{self.name}"


X86_64 = Machine(
    name="x86_64",
    number=62,
    page_size=4096,
    relocations={
        0: Relocation("R_X86_64_NONE", Target.NOTHING, 0),
        1: Relocation("R_X86_64_64", Target.ABSOLUTE, 8),
        2: Relocation("R_X86_64_PC32", Target.RELATIVE, 4),
        4: Relocation("R_X86_64_PLT32", Target.RELATIVE, 4),  # every callee is in the image, so no table is needed
        9: Relocation("R_X86_64_GOTPCREL", Target.SLOT, 4),
        10: Relocation("R_X86_64_32", Target.ABSOLUTE, 4),
        11: Relocation("R_X86_64_32S", Target.ABSOLUTE, 4),
        24: Relocation("R_X86_64_PC64", Target.RELATIVE, 8),
        41: Relocation("R_X86_64_GOTPCRELX", Target.SLOT, 4),
        42: Relocation("R_X86_64_REX_GOTPCRELX", Target.SLOT, 4),
    },
    relative=8,
    by_symbol=frozenset({1, 6, 7}),
)

MACHINES: dict[int, Machine] = {m.number: m for m in (X86_64,)}
