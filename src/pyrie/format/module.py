"""What a `.vmfb` holds, as plain immutable data: the common language of reader, writer, verifier, disassembler and runtime."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyrie.format.opcodes import BYTECODE_MAJOR, BYTECODE_MINOR, NO_FEATURE, REF_BIT, Bank, Feature
from pyrie.support.errors import VerifyError

BYTECODE_VERSION = BYTECODE_MAJOR << 16 | BYTECODE_MINOR
EXTERNAL_ALIGNMENT = 64  # of external rodata in the file
Attributes = tuple[tuple[str, str], ...]
Data = bytes | memoryview

_LETTERS = {"i": Bank.I32, "I": Bank.I64, "f": Bank.F32, "F": Bank.F64, "r": Bank.REF}
_BANKS = {bank: letter for letter, bank in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Span:
    """A variadic argument: any number of tuples of these banks."""

    banks: tuple[Bank, ...]


@dataclass(frozen=True, slots=True)
class CallingConvention:
    """What a function takes and gives. Its text is `0` + arguments + `_` + results, `v` for none, `C...D` round a repeated tuple."""

    arguments: tuple[Bank | Span, ...]
    results: tuple[Bank, ...]

    @property
    def is_variadic(self) -> bool:
        return any(isinstance(a, Span) for a in self.arguments)

    def argument_registers(self) -> tuple[int, ...]:
        """Where a callee finds its arguments: each bank filled from 0, 64-bit values on even scalar registers."""
        scalars = refs = 0
        registers = []
        for bank in self.arguments:
            if bank is Bank.REF:
                registers.append(REF_BIT | refs)
                refs += 1
            else:
                wide = isinstance(bank, Bank) and bank.is_wide
                scalars += scalars & 1 if wide else 0
                registers.append(scalars)
                scalars += 2 if wide else 1
        return tuple(registers)

    @staticmethod
    def parse(text: str) -> CallingConvention:
        """Reads the text of a convention; the empty text means no arguments and no results. Raises VerifyError."""
        if not text:
            return CallingConvention((), ())
        if text[0] != "0":
            raise VerifyError(f"calling convention '{text[:80]}' has an unknown version; this reader knows '0'")
        arguments, _, results = text[1:].partition("_")
        parsed = _parse_fragment(results, text)
        if any(isinstance(r, Span) for r in parsed):
            raise VerifyError(f"calling convention '{text[:80]}' has variadic results")
        return CallingConvention(_parse_fragment(arguments, text), tuple(r for r in parsed if isinstance(r, Bank)))

    def __str__(self) -> str:
        def fragment(items: tuple[Bank | Span, ...]) -> str:
            return "".join(_BANKS[i] if isinstance(i, Bank) else f"C{fragment(i.banks)}D" for i in items) or "v"

        return f"0{fragment(self.arguments)}_{fragment(self.results)}"


def _parse_fragment(text: str, whole: str) -> tuple[Bank | Span, ...]:
    if text == "v":
        return ()
    items: list[Bank | Span] = []
    position = 0
    while position < len(text):
        letter = text[position]
        if letter == "C":
            end = text.find("D", position)
            banks = tuple(_LETTERS[x] for x in text[position + 1 : end] if x in _LETTERS)
            if end < 0 or not banks or len(banks) != end - position - 1:
                raise VerifyError(f"calling convention '{whole[:80]}' has a malformed span")
            items.append(Span(banks))
            position = end
        elif letter in _LETTERS:
            items.append(_LETTERS[letter])
        else:
            raise VerifyError(f"calling convention '{whole[:80]}' has the unknown letter '{letter}'")
        position += 1
    return tuple(items)


@dataclass(frozen=True, slots=True)
class Signature:
    """A calling convention (its text) and reflection attributes such as `iree.abi.declaration`."""

    calling_convention: str = ""
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    name: str
    minimum_version: int = 0
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """`name` is qualified with its module: `hal.fence.create`."""

    name: str
    signature: Signature
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    name: str
    function: int  # ordinal in Module.functions


@dataclass(frozen=True, slots=True)
class Function:
    """One function. Branch targets within `bytecode` are relative to its start."""

    signature: Signature
    bytecode: Data
    block_count: int
    scalar_registers: int
    ref_registers: int
    requirements: Feature = NO_FEATURE
    name: str = ""  # from the debug database or the exports; may be empty


@dataclass(frozen=True, slots=True)
class Segment:
    """Read-only data, inside the FlatBuffer or, if external, behind it at a multiple of EXTERNAL_ALIGNMENT.

    `alignment` is what the writer gives to embedded data.
    """

    data: Data
    is_external: bool = False
    alignment: int = 16


@dataclass(frozen=True, slots=True)
class Module:
    """A whole module. `types` are the names that TYPE fields of the bytecode index."""

    name: str
    version: int = 0
    requirements: Feature = NO_FEATURE
    attributes: Attributes = ()
    types: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    functions: tuple[Function, ...] = ()
    rodata: tuple[Segment, ...] = field(default=(), repr=False)
    global_bytes: int = 0
    global_refs: int = 0
    bytecode_version: int = BYTECODE_VERSION
